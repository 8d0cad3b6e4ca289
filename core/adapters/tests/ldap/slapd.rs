//! Starts OpenLDAP's slapd on free ports with a directory of its own, over TLS with a CA of
//! its own, and ends it when dropped. Other test binaries may include this file by its path.

use std::fmt::Write;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair, date_time_ymd,
};
use tempfile::TempDir;

pub const SUFFIX: &str = "dc=example,dc=org";
pub const PEOPLE: &str = "ou=people,dc=example,dc=org";
/// May read everything, page by page.
pub const READER: &str = "cn=reader,dc=example,dc=org";
/// May read ten entries.
pub const SMALL: &str = "cn=small,dc=example,dc=org";
pub const PASSWORD: &str = "läse-recht";
/// May change everything, with [`Slapd::change`].
const ADMINISTRATOR: &str = "cn=administrator,dc=example,dc=org";
const ADMINISTRATORS_PASSWORD: &str = "schreib-recht";
/// A photo that is no text.
pub const PHOTO: &[u8] = &[0xff, 0xd8, 0, 0x0a, 0xff];

/// What the server's certificate is like.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Certificate {
    Good,
    Expired,
    /// In ten days.
    EndsSoon,
    OtherName,
    /// No TLS at all.
    None,
}

/// What a directory has beside.
pub struct More {
    /// Lines of the configuration, before that of the database: modules, schema. `{folder}`
    /// stands for the directory's folder.
    pub global: String,
    /// Lines of the configuration of the database: overlays, limits.
    pub of_database: String,
    /// LDIF, with an empty line after each entry.
    pub entries: String,
    /// So many deletions are remembered for content synchronisation (RFC 4533), which it does
    /// not have when there are none.
    pub sessionlog: u32,
}

impl Default for More {
    fn default() -> Self {
        Self { global: String::new(), of_database: String::new(), entries: String::new(), sessionlog: 1_000 }
    }
}

pub struct Slapd {
    folder: TempDir,
    port: u16,
    tls_port: u16,
    certificate: Certificate,
    process: Child,
}

impl Slapd {
    /// A directory with so many people (`uid=p0` on) and one referral.
    pub fn start(people: usize, certificate: Certificate) -> Self {
        Self::start_with(people, certificate, &More::default())
    }

    /// The same, with more.
    pub fn start_with(people: usize, certificate: Certificate, more: &More) -> Self {
        Self::start_from(&self::people(people), certificate, more)
    }

    /// The same with these people, as LDIF.
    pub fn start_from(people: &str, certificate: Certificate, more: &More) -> Self {
        let mut folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("db")).unwrap();
        certificates(folder.path(), certificate);
        std::fs::write(at("slapd.conf"), configuration(folder.path(), certificate, more)).unwrap();
        std::fs::write(at("data.ldif"), frame() + people + &more.entries).unwrap();
        let loaded = Command::new("/usr/sbin/slapadd")
            .args(["-q", "-f"])
            .arg(at("slapd.conf"))
            .arg("-l")
            .arg(at("data.ldif"))
            .output()
            .expect("slapd is installed: apt-get install slapd");
        assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
        // a port may be taken by somebody else between looking and listening
        for _ in 0..5 {
            let (port, tls_port) = (free_port(), free_port());
            let process = spawn(folder.path(), port, tls_port, certificate);
            let mut slapd = Self { folder, port, tls_port, certificate, process };
            if slapd.listens() {
                return slapd;
            }
            slapd.kill();
            folder = std::mem::replace(&mut slapd.folder, tempfile::tempdir().unwrap());
        }
        panic!("slapd does not listen");
    }

    fn listens(&mut self) -> bool {
        for _ in 0..400 {
            if self.process.try_wait().unwrap().is_some() {
                return false;
            }
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        false
    }

    pub fn ldap(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }

    pub fn ldaps(&self) -> String {
        format!("ldaps://127.0.0.1:{}", self.tls_port)
    }

    /// PEM of its CA.
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// PEM of a certificate of its CA for `cn=estampe`, and of its key.
    pub fn client(&self) -> (PathBuf, PathBuf) {
        (self.folder.path().join("client.pem"), self.folder.path().join("client.key"))
    }

    /// Changes entries: LDIF with `changetype`.
    pub fn change(&self, ldif: &str) {
        let file = self.folder.path().join("change.ldif");
        std::fs::write(&file, ldif).unwrap();
        let changed = Command::new("ldapmodify")
            .args(["-x", "-H", &self.ldap(), "-D", ADMINISTRATOR, "-w", ADMINISTRATORS_PASSWORD, "-e", "relax", "-f"])
            .arg(&file)
            .output()
            .expect("ldapmodify is installed: apt-get install ldap-utils");
        assert!(changed.status.success(), "{}", String::from_utf8_lossy(&changed.stderr));
    }

    /// Lets it take connections and answer nothing.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.process.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// A copy of all that it holds, for [`restore`](Self::restore).
    pub fn backup(&mut self) -> TempDir {
        self.kill();
        let kept = tempfile::tempdir().unwrap();
        for file in ["data.mdb", "lock.mdb"] {
            copy(&self.folder.path().join("db").join(file), kept.path());
        }
        self.start_again();
        kept
    }

    /// Holds what it held then, and nothing that came later.
    pub fn restore(&mut self, backup: &TempDir) {
        self.kill();
        for file in ["data.mdb", "lock.mdb"] {
            copy(&backup.path().join(file), &self.folder.path().join("db"));
        }
        self.start_again();
    }

    /// After [`kill`](Self::kill), on the same ports.
    pub fn start_again(&mut self) {
        self.process = spawn(self.folder.path(), self.port, self.tls_port, self.certificate);
        assert!(self.listens(), "slapd does not start again");
    }

    /// Ends it as a crash does.
    pub fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The database is a file with holes, which stay holes.
fn copy(file: &Path, folder: &Path) {
    let done = Command::new("cp").arg("--sparse=always").arg(file).arg(folder).status().unwrap();
    assert!(done.success(), "{}", file.display());
}

/// A port that nobody listens on just now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn spawn(folder: &Path, port: u16, tls_port: u16, certificate: Certificate) -> Child {
    let mut listeners = format!("ldap://127.0.0.1:{port}");
    if certificate != Certificate::None {
        write!(listeners, " ldaps://127.0.0.1:{tls_port}").unwrap();
    }
    Command::new("/usr/sbin/slapd")
        .arg("-f")
        .arg(folder.join("slapd.conf"))
        .args(["-h", &listeners, "-d", "0"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn certificates(folder: &Path, certificate: Certificate) {
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
    let names = match certificate {
        Certificate::OtherName => vec!["other.example".to_owned()],
        _ => vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
    };
    let mut leaf = CertificateParams::new(names).unwrap();
    if certificate == Certificate::Expired {
        (leaf.not_before, leaf.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
    }
    if certificate == Certificate::EndsSoon {
        #[expect(clippy::disallowed_methods, reason = "a real server reads it, by the real time")]
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        leaf.not_after = date_time_ymd(1970, 1, 1) + now + Duration::from_hours(10 * 24 + 1);
    }
    let key = KeyPair::generate().unwrap();
    let leaf = leaf.signed_by(&key, &ca).unwrap();
    let mut client = CertificateParams::new(Vec::new()).unwrap();
    client.distinguished_name = DistinguishedName::new();
    client.distinguished_name.push(DnType::CommonName, "estampe");
    let clients_key = KeyPair::generate().unwrap();
    let client = client.signed_by(&clients_key, &ca).unwrap();
    std::fs::write(folder.join("client.pem"), client.pem()).unwrap();
    std::fs::write(folder.join("client.key"), clients_key.serialize_pem()).unwrap();
    std::fs::write(folder.join("ca.pem"), ca.pem()).unwrap();
    std::fs::write(folder.join("server.pem"), leaf.pem()).unwrap();
    std::fs::write(folder.join("server.key"), key.serialize_pem()).unwrap();
}

fn configuration(folder: &Path, certificate: Certificate, more: &More) -> String {
    let at = folder.display();
    let More { global, of_database, .. } = more;
    let global = global.replace("{folder}", &at.to_string());
    let tls = match certificate {
        Certificate::None => String::new(),
        _ => format!("TLSCertificateFile {at}/server.pem\nTLSCertificateKeyFile {at}/server.key\n"),
    };
    let overlay = match more.sessionlog {
        0 => String::new(),
        length => format!("overlay syncprov\nsyncprov-sessionlog {length}\n"),
    };
    format!(
        "include /etc/ldap/schema/core.schema\n\
         include /etc/ldap/schema/cosine.schema\n\
         include /etc/ldap/schema/inetorgperson.schema\n\
         include /etc/ldap/schema/nis.schema\n\
         modulepath /usr/lib/ldap\n\
         moduleload back_mdb\n\
         moduleload syncprov\n\
         {global}\
         {tls}\
         database mdb\n\
         suffix \"{SUFFIX}\"\n\
         rootdn \"{ADMINISTRATOR}\"\n\
         rootpw {ADMINISTRATORS_PASSWORD}\n\
         directory {at}/db\n\
         maxsize 1073741824\n\
         index objectClass,uid,entryUUID,entryCSN eq\n\
         limits dn.exact=\"{READER}\" size=unlimited size.prtotal=unlimited\n\
         limits dn.exact=\"{SMALL}\" size.soft=10 size.hard=10 size.prtotal=10\n\
         access to attrs=userPassword by anonymous auth by * none\n\
         access to * by users read by * none\n\
         {of_database}\n\
         {overlay}"
    )
}

/// Everything but people.
fn frame() -> String {
    let mut data = format!(
        "dn: {SUFFIX}\nobjectClass: organization\nobjectClass: dcObject\no: Example\ndc: example\n\n\
         dn: {PEOPLE}\nobjectClass: organizationalUnit\nou: people\n\n\
         dn: ou=other,{SUFFIX}\nobjectClass: organizationalUnit\nou: other\n\n\
         dn: ou=elsewhere,{PEOPLE}\nobjectClass: referral\nobjectClass: extensibleObject\nou: elsewhere\n\
         ref: ldap://127.0.0.1:1/ou=elsewhere,dc=example,dc=com\n\n"
    );
    for name in [READER, SMALL] {
        let cn = &name[3..name.find(',').unwrap()];
        let base64 = base64(PASSWORD.as_bytes());
        writeln!(data, "dn: {name}\nobjectClass: person\ncn: {cn}\nsn: {cn}\nuserPassword:: {base64}\n").unwrap();
    }
    data
}

fn people(people: usize) -> String {
    let mut data = String::new();
    let photo = base64(PHOTO);
    for number in 0..people {
        writeln!(
            data,
            "dn: uid=p{number},{PEOPLE}\nobjectClass: inetOrgPerson\nuid: p{number}\ncn: Person {number}\n\
             sn: Number {number}\nmail: p{number}@example.org\njpegPhoto:: {photo}\n"
        )
        .unwrap();
    }
    data
}

pub fn base64(octets: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in octets.chunks(3) {
        let bits = three.iter().chain(&[0, 0]).take(3).fold(0_u32, |bits, octet| bits << 8 | u32::from(*octet));
        for position in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * position) & 63) as usize];
            text.push(if position > three.len() { '=' } else { char::from(digit) });
        }
    }
    text
}
