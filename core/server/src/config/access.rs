//! Whether the service's user may read the files that the configuration names: by owners and modes, for whoever asks
//! is root as a rule, who reads everything.

use std::fs::{self, File, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use uzers::{Group, User};

use super::layers::CREDENTIALS;
use super::{Settings, layers};

/// The user that the package makes for the service.
const PACKAGED: &str = "estampe";

/// Somebody who reads, as the kernel judges them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// Their name, or their number.
    pub name: String,
    pub uid: u32,
    pub gid: u32,
    /// The other groups that they are in.
    groups: Vec<u32>,
}

/// A file that somebody cannot read.
#[derive(Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The key that names it, and why.
    pub found: String,
    /// The command that mends it.
    pub mend: String,
}

impl Reader {
    /// The user of the service: whose the data folder is, or the one of the package while there is no such folder.
    /// None where that is root.
    pub fn of_the_service(data_dir: &Path) -> Option<Self> {
        match fs::metadata(data_dir) {
            Ok(facts) => Some(Self::numbered(facts.uid(), facts.gid())).filter(|reader| reader.uid != 0),
            Err(_) => Self::packaged(),
        }
    }

    /// The user that the package makes for the service.
    pub fn packaged() -> Option<Self> {
        uzers::get_user_by_name(PACKAGED).as_ref().map(Self::known)
    }

    /// Whoever runs this process.
    pub fn me() -> Self {
        let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        let groups = rustix::process::getgroups().unwrap_or_default();
        Self { groups: groups.into_iter().map(rustix::process::Gid::as_raw).collect(), ..Self::numbered(uid, gid) }
    }

    fn numbered(uid: u32, gid: u32) -> Self {
        let known = uzers::get_user_by_uid(uid);
        let unknown = || Self { name: uid.to_string(), uid, gid, groups: Vec::new() };
        known.as_ref().map_or_else(unknown, Self::known)
    }

    /// One that the system knows, by whatever it asks (nsswitch.conf), with all of their groups.
    fn known(user: &User) -> Self {
        let groups = user.groups().unwrap_or_default().iter().map(Group::gid).collect();
        let name = user.name().to_string_lossy().into_owned();
        Self { name, uid: user.uid(), gid: user.primary_group_id(), groups }
    }

    /// Whether they have this right (4: read, 1: enter).
    fn may(&self, facts: &Metadata, right: u32) -> bool {
        self.uid == 0 || (facts.mode() >> self.class(facts).0) & right != 0
    }

    /// Where the rights that count for them stand, and their letter for chmod.
    fn class(&self, facts: &Metadata) -> (u32, char) {
        if facts.uid() == self.uid {
            (6, 'u')
        } else if facts.gid() == self.gid || self.groups.contains(&facts.gid()) {
            (3, 'g')
        } else {
            (0, 'o')
        }
    }

    /// What keeps them from a file; none where nothing does, or where it cannot be told.
    fn obstacle(&self, key: &str, path: &Path) -> Option<Unreadable> {
        let given = std::path::absolute(path).ok()?;
        // what is reached by a link has folders of its own above it
        let whole = fs::canonicalize(&given).ok();
        [Some(given), whole].into_iter().flatten().find_map(|path| self.obstacle_to(key, &path))
    }

    fn obstacle_to(&self, key: &str, path: &Path) -> Option<Unreadable> {
        let shown = path.display();
        let mut above: Vec<_> = path.ancestors().skip(1).collect();
        above.reverse();
        for folder in above {
            let facts = fs::metadata(folder).ok()?;
            if !self.may(&facts, 1) && !has_list(folder) {
                let (at, letter) = (folder.display(), self.class(&facts).1);
                return Some(Unreadable {
                    found: format!("{key}: {shown}: {} may not enter {at} ({})", self.words(), owned(&facts)),
                    mend: format!("chmod {letter}+x {at}, or keep the file elsewhere"),
                });
            }
        }
        let facts = fs::metadata(path).ok()?;
        if self.may(&facts, 4) || has_list(path) {
            return None;
        }
        let mend = match self.class(&facts).1 {
            // nobody but its owner may read a key
            'o' if key == "database.key_file" => format!("chown {} {shown}", self.name),
            'o' => format!("chgrp {} {shown} && chmod g+r {shown}", group(self.gid)),
            letter => format!("chmod {letter}+r {shown}"),
        };
        Some(Unreadable {
            found: format!("{key}: {shown}: {} may not read it ({})", self.words(), owned(&facts)),
            mend,
        })
    }

    fn words(&self) -> String {
        format!("the service's user {}", self.name)
    }
}

/// Whether other rights than the mode's hold: those are not judged here.
fn has_list(path: &Path) -> bool {
    rustix::fs::getxattr(path, "system.posix_acl_access", &mut [0_u8; 512][..]).is_ok_and(|length| length > 0)
}

fn owned(facts: &Metadata) -> String {
    let owner = Reader::numbered(facts.uid(), facts.gid()).name;
    format!("owner {owner}, group {}, mode {:o}", group(facts.gid()), facts.mode() & 0o777)
}

/// The name of a group, or its number.
fn group(gid: u32) -> String {
    uzers::get_group_by_gid(gid).map_or_else(|| gid.to_string(), |group| group.name().to_string_lossy().into_owned())
}

/// The files that the configuration names, with their keys.
fn named(settings: &Settings) -> Vec<(&'static str, PathBuf)> {
    let Settings { database, tls, acme, smtp, egress, sign_in, .. } = settings;
    let files = [
        ("database.key_file", &database.key_file),
        ("database.password_file", &database.password_file),
        ("tls.certificate_file", &tls.certificate_file),
        ("tls.key_file", &tls.key_file),
        ("acme.ca_file", &acme.ca_file),
        ("smtp.password_file", &smtp.password_file),
        ("smtp.ca_file", &smtp.ca_file),
        ("egress.ca_file", &egress.ca_file),
        ("sign_in.breached_passwords_file", &sign_in.breached_passwords_file),
    ];
    // what the service manager hands over is its own affair
    let files = files.into_iter().filter(|(_, path)| !path.is_empty() && !path.starts_with(CREDENTIALS));
    files.map(|(key, path)| (key, PathBuf::from(path))).collect()
}

/// How many files the configuration consists of and names, and those that somebody cannot read.
pub fn unreadable(file: Option<&Path>, settings: &Settings, reader: &Reader) -> (usize, Vec<Unreadable>) {
    let own = layers::files(file).unwrap_or_default().into_iter().map(|path| ("configuration", path));
    let files: Vec<_> = own.chain(named(settings)).collect();
    (files.len(), files.iter().filter_map(|(key, path)| reader.obstacle(key, path)).collect())
}

/// Files that this process tried to open and may not, each with the command that mends it.
pub fn denied(settings: &Settings) -> Vec<String> {
    named(settings).iter().filter_map(|(key, path)| denied_file(key, path)).collect()
}

/// The same of one file.
pub fn denied_file(key: &str, path: &Path) -> Option<String> {
    let opened = match fs::metadata(path) {
        Ok(facts) if facts.is_file() => File::open(path).map(drop),
        // a pipe would wait for whoever writes into it
        looked => looked.map(drop),
    };
    let error = opened.err().filter(|error| error.kind() == ErrorKind::PermissionDenied)?;
    Some(match Reader::me().obstacle(key, path) {
        Some(Unreadable { found, mend }) => format!("{found}; mend it: {mend}"),
        None => format!("{key}: {}: {error}", path.display()),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn said(program: &str, arguments: &[&str]) -> String {
        let output = std::process::Command::new(program).args(arguments).output().unwrap();
        assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    #[test]
    fn users_and_groups_are_those_of_the_system() {
        let mut looked = 0;
        for line in said("getent", &["passwd"]).lines() {
            let fields: Vec<_> = line.split(':').collect();
            let (name, uid, gid) = (fields[0], fields[2].parse().unwrap(), fields[3].parse().unwrap());
            // of two that share a number either may be named
            if said("getent", &["passwd", fields[2]]) == line {
                let reader = Reader::numbered(uid, 54_321);
                assert_eq!((reader.name.as_str(), reader.uid, reader.gid), (name, uid, gid));
                let mut groups = reader.groups;
                groups.extend([gid]);
                groups.sort_unstable();
                groups.dedup();
                let mut told: Vec<u32> = said("id", &["-G", name]).split(' ').map(|id| id.parse().unwrap()).collect();
                told.sort_unstable();
                assert_eq!(groups, told, "{name}");
                assert_eq!(group(gid), said("id", &["-gn", name]), "{name}");
                looked += 1;
            }
        }
        assert!(looked > 2, "{looked}");
        // nobody's number
        let reader = Reader::numbered(4_123_456_789, 4_123_456_788);
        assert_eq!((reader.name.as_str(), reader.gid), ("4123456789", 4_123_456_788));
        assert_eq!(group(4_123_456_788), "4123456788");
    }

    #[test]
    fn rights_are_judged_as_the_kernel_does() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        fs::write(&file, "x").unwrap();
        let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        let facts = fs::metadata(&file).unwrap();
        let reader = |uid, gid, groups: &[u32]| Reader { name: "somebody".into(), uid, gid, groups: groups.to_vec() };
        let stranger = reader(facts.uid() + 7, facts.gid() + 7, &[]);
        let member = reader(facts.uid() + 7, facts.gid() + 7, &[facts.gid()]);
        let told = |reader: &Reader, key: &str| reader.obstacle(key, &file);
        mode(folder.path(), 0o755);
        mode(&file, 0o644);
        assert_eq!(told(&stranger, "smtp.password_file"), None);
        mode(&file, 0o640);
        assert_eq!(told(&member, "smtp.password_file"), None);
        let found = told(&stranger, "smtp.password_file").unwrap();
        assert!(found.found.contains("smtp.password_file") && found.found.contains("mode 640"), "{found:?}");
        assert!(found.mend.contains("chgrp") && found.mend.contains("chmod g+r"), "{found:?}");
        assert!(told(&stranger, "database.key_file").unwrap().mend.starts_with("chown somebody "));
        // the group's rights count for its members, though others have more
        mode(&file, 0o604);
        assert_eq!(told(&member, "tls.key_file").unwrap().mend, format!("chmod g+r {}", file.display()));
        // a folder above it
        mode(&file, 0o644);
        mode(folder.path(), 0o700);
        let found = told(&stranger, "tls.key_file").unwrap();
        assert!(found.found.contains("may not enter") && found.mend.starts_with("chmod o+x "), "{found:?}");
        assert_eq!(told(&reader(0, 0, &[]), "tls.key_file"), None, "root reads everything");
    }
}
