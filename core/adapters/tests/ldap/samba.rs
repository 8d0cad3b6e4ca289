//! Starts Samba as an Active Directory domain controller with a domain of its own, over TLS
//! with a CA of its own, and ends it when dropped. Its ports are fixed, so that it runs in
//! a network namespace of its own, which needs root. Other test binaries may include this
//! file by its path.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

pub const SUFFIX: &str = "DC=bank,DC=example";
/// `CN=Person 0` on, every tenth with a photo; beside them an account that is disabled, one
/// of a machine, and the address of an outsider.
pub const STAFF: &str = "OU=Staff,DC=bank,DC=example";
/// Beside [`STAFF`], and empty.
pub const LEAVERS: &str = "OU=Leavers,DC=bank,DC=example";
/// `Everyone` with all people; `Bank` and `All`, each a member of the other.
pub const GROUPS: &str = "OU=Groups,DC=bank,DC=example";
/// An account without any rights of its own.
pub const READER: &str = "estampe@bank.example";
pub const READER_DN: &str = "CN=Estampe,OU=Services,DC=bank,DC=example";
/// The same, and it may see what was deleted: without that, `DirSync` keeps quiet about it.
pub const WATCHER: &str = "watcher@bank.example";
/// The account in [`STAFF`] that is disabled.
pub const DISABLED: &str = "gone@bank.example";
/// Of these three.
pub const PASSWORD: &str = "läse-Recht-7";
/// Who may do everything.
const ADMINISTRATOR: &str = "Administrator@bank.example";
const ADMINISTRATOR_PASSWORD: &str = "Adm1n-of-tests";

/// Makes the domain.
const PROVISION: [&str; 8] = [
    "domain",
    "provision",
    "--realm=BANK.EXAMPLE",
    "--domain=BANK",
    "--server-role=dc",
    "--dns-backend=NONE",
    "--host-name=dc1",
    "--host-ip=127.0.0.1",
];
/// Fills the domain.
const FILLING: &str = include_str!("samba_people.py");
/// The way into its network namespace.
const FORWARD: &str = include_str!("samba_forward.py");
/// An anonymous bind (RFC 4511, section 4.2).
const ANONYMOUS: &[u8] = b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00";

pub struct Samba {
    folder: TempDir,
    port: u16,
    tls_port: u16,
    /// Holds the network namespace and forwards into it.
    namespace: Child,
    process: Option<Child>,
}

/// What a domain held, to be put back.
pub struct Backup(TempDir);

impl Samba {
    /// A domain with so many people.
    pub fn start(people: usize) -> Self {
        let domain = filled(people);
        let folder = tempfile::tempdir().unwrap();
        for part in PARTS {
            copy(&domain.join(part), folder.path());
        }
        certificates(folder.path());
        let (listener, tls_listener) =
            (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
        let [port, tls_port] = [&listener, &tls_listener].map(|listener| listener.local_addr().unwrap().port());
        let namespace = Command::new("/usr/bin/unshare")
            .args(["-n", "sh", "-c", "ip link set lo up && exec /usr/bin/python3 -c \"$0\"", FORWARD])
            .stdin(Stdio::piped())
            .stdout(OwnedFd::from(listener))
            .stderr(OwnedFd::from(tls_listener))
            .spawn()
            .unwrap();
        let mut samba = Self { folder, port, tls_port, namespace, process: None };
        samba.start_again();
        samba
    }

    /// For StartTLS: Samba refuses a bind in clear text.
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

    /// Changes what LDIF with `changetype` says.
    pub fn modify(&self, ldif: &str) {
        self.run("ldapmodify", &[], ldif);
    }

    /// Adds the entries of LDIF.
    pub fn add(&self, ldif: &str) {
        self.run("ldapadd", &[], ldif);
    }

    pub fn delete(&self, dn: &str) {
        self.run("ldapdelete", &[dn], "");
    }

    /// Gives an entry another name, another parent, or both.
    pub fn rename(&self, dn: &str, rdn: &str, parent: &str) {
        self.modify(&format!("dn: {dn}\nchangetype: modrdn\nnewrdn: {rdn}\ndeleteoldrdn: 1\nnewsuperior: {parent}\n"));
    }

    /// The first value of an attribute.
    pub fn value(&self, dn: &str, name: &str) -> Option<Vec<u8>> {
        let wrap = ["-LLL", "-o", "ldif-wrap=no", "-s", "base", "-b", dn, "(objectClass=*)", name];
        let said = self.run("ldapsearch", &wrap, "");
        let line = said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        Some(match line.strip_prefix(": ") {
            Some(base64) => data_encoding::BASE64.decode(base64.as_bytes()).unwrap(),
            None => line.trim_start().as_bytes().to_vec(),
        })
    }

    fn run(&self, tool: &str, arguments: &[&str], input: &str) -> String {
        let mut command = Command::new(format!("/usr/bin/{tool}"));
        command.env("LDAPTLS_CACERT", self.ca()).args(["-x", "-H", &self.ldaps()]);
        command.args(["-D", ADMINISTRATOR, "-w", ADMINISTRATOR_PASSWORD]).args(arguments);
        let process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut process = process.expect("the tools of LDAP are installed: apt-get install ldap-utils");
        process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}\n{input}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Ends it as a crash does.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// After [`Self::kill`], where it was before.
    pub fn start_again(&mut self) {
        let namespace = self.entered();
        let folder = self.folder.path();
        write_configuration(folder);
        let _ = fs::remove_dir_all(folder.join("run"));
        fs::create_dir(folder.join("run")).unwrap();
        let log = File::create(folder.join("log")).unwrap();
        // it ends with its standard input, and so with us; as one process, and so at once
        let process = Command::new("/usr/bin/nsenter")
            .arg(format!("--net={namespace}"))
            .args(["/usr/sbin/samba", "-F", "-M", "single", "--no-process-group", "--debug-stdout", "-s"])
            .arg(folder.join("smb.conf"))
            .stdin(Stdio::piped())
            .stderr(log.try_clone().unwrap())
            .stdout(log)
            .spawn()
            .unwrap();
        self.process = Some(process);
        for _ in 0..800 {
            if self.answers() {
                return;
            }
            let ended = self.process.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none(), "Samba ends ({ended:?}): {}", self.log());
            std::thread::sleep(Duration::from_millis(25));
        }
        panic!("Samba does not answer: {}", self.log());
    }

    /// Its network namespace, once what forwards runs there: all is ready then.
    fn entered(&mut self) -> String {
        let at = format!("/proc/{}", self.namespace.id());
        for _ in 0..800 {
            let ended = self.namespace.try_wait().unwrap();
            assert!(ended.is_none(), "no network namespace can be made here ({ended:?}): run the tests as root");
            if fs::read_to_string(format!("{at}/comm")).is_ok_and(|name| name.starts_with("python3")) {
                return format!("{at}/ns/net");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("no network namespace was made");
    }

    /// One process listens on all of its ports before it answers on any.
    fn answers(&self) -> bool {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let mut first = [0];
        stream.write_all(ANONYMOUS).is_ok() && stream.read_exact(&mut first).is_ok() && first == [0x30]
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Its databases as they are now; it is started again for that.
    pub fn back_up(&mut self) -> Backup {
        let backup = tempfile::tempdir().unwrap();
        self.kill();
        for part in PARTS {
            copy(&self.folder.path().join(part), backup.path());
        }
        self.start_again();
        Backup(backup)
    }

    /// Puts a folder back as nobody should: what was changed since never was, and the domain
    /// counts its changes again from there, under the same name.
    pub fn put_back(&mut self, backup: &Backup) {
        self.kill();
        for part in PARTS {
            fs::remove_dir_all(self.folder.path().join(part)).unwrap();
            copy(&backup.0.path().join(part), self.folder.path());
        }
        self.start_again();
    }
}

impl Drop for Samba {
    fn drop(&mut self) {
        self.kill();
        let _ = self.namespace.kill();
        let _ = self.namespace.wait();
    }
}

/// Folders of a domain.
const PARTS: [&str; 2] = ["private", "state"];

/// The folder of a domain with so many people, made once.
fn filled(people: usize) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let version = Command::new("/usr/sbin/samba").arg("--version").output();
    let version = version.expect(
        "Samba is installed: apt-get install samba samba-ad-dc samba-ad-provision samba-dsdb-modules \
         python3-samba winbind ldb-tools",
    );
    let mut stamp = DefaultHasher::new();
    let recipe = (PROVISION, configuration(Path::new("")), FILLING, PASSWORD, ADMINISTRATOR_PASSWORD);
    (recipe, version.stdout).hash(&mut stamp);
    let own = std::env::current_exe().unwrap();
    // target/debug/deps/it-…, target/release/estampe-bench → target/samba
    let deps = own.parent().is_some_and(|folder| folder.ends_with("deps"));
    let caches = own.ancestors().nth(if deps { 3 } else { 2 }).unwrap().join("samba");
    let cache = caches.join(format!("{:016x}", stamp.finish()));
    if !cache.is_dir() {
        // of another recipe
        let _ = fs::remove_dir_all(&caches);
    }
    fs::create_dir_all(&cache).unwrap();
    let empty = once(&cache, "empty", provision);
    once(&cache, &people.to_string(), |folder| {
        for part in PARTS {
            copy(&empty.join(part), folder);
        }
        fs::create_dir(folder.join("run")).unwrap();
        write_configuration(folder);
        let script = folder.join("fill.py");
        fs::write(&script, FILLING).unwrap();
        let mut fill = Command::new("/usr/bin/python3");
        fill.arg(script).arg(folder.join("smb.conf")).args([&people.to_string(), PASSWORD]);
        well(&fill.output().unwrap());
    })
}

/// A folder below the cache; another process may make the same one meanwhile.
fn once(cache: &Path, name: &str, make: impl FnOnce(&Path)) -> PathBuf {
    let ready = cache.join(name);
    if !ready.is_dir() {
        let making = tempfile::tempdir_in(cache).unwrap();
        make(making.path());
        let making = making.keep();
        if fs::rename(&making, &ready).is_err() {
            assert!(ready.is_dir(), "{} cannot be made", ready.display());
            fs::remove_dir_all(making).unwrap();
        }
    }
    ready
}

fn provision(folder: &Path) {
    for part in PARTS.iter().chain(&["run"]) {
        fs::create_dir(folder.join(part)).unwrap();
    }
    write_configuration(folder);
    let mut provision = Command::new("/usr/bin/samba-tool");
    provision.args(PROVISION).arg("--configfile").arg(folder.join("smb.conf"));
    well(&provision.arg(format!("--adminpass={ADMINISTRATOR_PASSWORD}")).output().unwrap());
}

fn well(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Into a folder, with attributes and holes.
fn copy(from: &Path, into: &Path) {
    well(&Command::new("/bin/cp").arg("-a").arg(from).arg(into).output().unwrap());
}

/// Nothing is left to the system's own configuration; without `nosync` each change waits for
/// the disk, and filling is 50 times slower.
fn configuration(folder: &Path) -> String {
    let at = folder.display();
    format!(
        "[global]\n\
         netbios name = DC1\n\
         realm = BANK.EXAMPLE\n\
         workgroup = BANK\n\
         server role = active directory domain controller\n\
         server services = ldap\n\
         interfaces = lo\n\
         bind interfaces only = yes\n\
         private dir = {at}/private\n\
         state directory = {at}/state\n\
         cache directory = {at}/run\n\
         lock directory = {at}/run\n\
         pid directory = {at}/run\n\
         ncalrpc dir = {at}/run/ncalrpc\n\
         winbindd socket directory = {at}/run/winbindd\n\
         ntp signd socket directory = {at}/run/ntp_signd\n\
         ldb:nosync = true\n\
         ldap server require strong auth = allow_sasl_over_tls\n\
         tls enabled = yes\n\
         tls cafile = {at}/ca.pem\n\
         tls certfile = {at}/server.pem\n\
         tls keyfile = {at}/server.key\n\
         [sysvol]\n\
         path = {at}/state/sysvol\n\
         [netlogon]\n\
         path = {at}/state/sysvol/bank.example/scripts\n"
    )
}

fn write_configuration(folder: &Path) {
    fs::write(folder.join("smb.conf"), configuration(folder)).unwrap();
}

fn certificates(folder: &Path) {
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
    let leaf = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = leaf.signed_by(&key, &ca).unwrap();
    fs::write(folder.join("ca.pem"), ca.pem()).unwrap();
    fs::write(folder.join("server.pem"), leaf.pem()).unwrap();
    // Samba takes no key that others may read
    let mut options = File::options();
    let mut file = options.create_new(true).write(true).mode(0o600).open(folder.join("server.key")).unwrap();
    file.write_all(key.serialize_pem().as_bytes()).unwrap();
}
