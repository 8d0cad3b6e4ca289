use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use estampe_domain::backup::{CopyFacts, Engine, FORMAT};
use proptest::prelude::*;

use super::*;

struct Place {
    folder: tempfile::TempDir,
    backups: BackupFolder,
}

impl Place {
    fn new(keep: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let recipient = new_identity(&folder.path().join("identity")).unwrap();
        let data = folder.path().join("data");
        fs::create_dir_all(data.join("tls/acme")).unwrap();
        fs::write(data.join("tls/ca.key"), "a key").unwrap();
        fs::write(data.join("tls/acme/account.json"), "{}").unwrap();
        let plan = BackupPlan { folder: folder.path().join("backups"), every: None, keep };
        let settings = BackupSettings::new(plan, &[recipient]).unwrap();
        let backups = BackupFolder::new(Some(settings), data);
        backups.mark("0a").unwrap();
        Self { folder, backups }
    }

    fn make(&self, seconds: i64, content: &[u8]) -> BackupFile {
        let copy = self.folder.path().join("copy");
        fs::write(&copy, content).unwrap();
        self.backups.pack(&manifest(seconds), &copy, &Progress::default()).unwrap()
    }

    fn path(&self, file: &BackupFile) -> PathBuf {
        self.folder.path().join("backups").join(&file.name)
    }

    fn unpack(&self, path: &Path) -> Result<(Unpacked, Vec<u8>), String> {
        let into = tempfile::tempdir().unwrap();
        let identities = Identities::read(&self.folder.path().join("identity")).unwrap();
        let unpacked = unpack(path, &identities, into.path(), |_| Ok(()))?;
        let content = fs::read(&unpacked.copy).unwrap();
        Ok((unpacked, content))
    }
}

fn manifest(seconds: i64) -> Manifest {
    let database = CopyFacts {
        engine: Engine::Sqlite,
        schema: "20261127000017".into(),
        keys: vec!["0011223344556677".into()],
        counts: BTreeMap::from([("lead".into(), 3)]),
    };
    Manifest {
        format: FORMAT,
        estampe: "0.1.0".into(),
        made_at: Ts::from_micros(1_764_000_000_000_000).plus_seconds(seconds),
        installation: "aabbccdd".into(),
        database,
    }
}

#[test]
fn what_was_packed_is_there_and_others_cannot_open_it() {
    let place = Place::new(14);
    let content = vec![7; 300_000];
    let file = place.make(0, &content);
    let path = place.path(&file);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let (unpacked, read) = place.unpack(&path).unwrap();
    assert_eq!((unpacked.manifest, read), (manifest(0), content));
    assert_eq!(unpacked.certificates, ["tls/acme/account.json", "tls/ca.key"]);
    let sealed = fs::read(&path).unwrap();
    assert!(!sealed.windows(13).any(|w| w == b"manifest.json") && !sealed.windows(5).any(|w| w == b"a key"));

    let other = Place::new(14);
    let identities = Identities::read(&other.folder.path().join("identity")).unwrap();
    let into = tempfile::tempdir().unwrap();
    let error = unpack(&path, &identities, into.path(), |_| panic!("seen")).unwrap_err();
    assert!(error.contains("another recipient"), "{error}");
    assert_eq!(fs::read_dir(into.path()).unwrap().count(), 0);
}

#[test]
fn a_manifest_that_is_refused_leaves_nothing() {
    let place = Place::new(14);
    let path = place.path(&place.make(0, b"content"));
    let identities = Identities::read(&place.folder.path().join("identity")).unwrap();
    let into = tempfile::tempdir().unwrap();
    let error = unpack(&path, &identities, into.path(), |_| Err("no".into())).unwrap_err();
    assert_eq!((error.as_str(), fs::read_dir(into.path()).unwrap().count()), ("no", 0));
}

#[test]
fn the_oldest_go_and_other_files_stay() {
    let place = Place::new(2);
    let made: Vec<_> = [0, 10, 20, 30].into_iter().map(|seconds| place.make(seconds, b"content")).collect();
    let folder = place.folder.path().join("backups");
    let others = ["notes.txt", "estampe-1.tar.age", "estampe-20200101T000000Z.tar.age.old"];
    for other in others {
        fs::write(folder.join(other), "mine").unwrap();
    }
    let pruned = place.backups.prune(&made[3].name, manifest(31).made_at).unwrap();
    assert_eq!(pruned, Pruned { gone: vec![made[1].name.clone(), made[0].name.clone()], left: Vec::new() });
    let left: Vec<_> = place.backups.list().unwrap().into_iter().map(|file| file.made_at).collect();
    assert_eq!(left, [manifest(30).made_at, manifest(20).made_at]);
    assert!(others.iter().all(|other| folder.join(other).is_file()));
}

#[test]
fn what_a_kill_left_goes_and_what_is_being_written_stays() {
    let place = Place::new(2);
    let folder = place.folder.path().join("backups");
    let (left, held) = ("estampe-20260101T000000Z.tar.age.new", "estampe-20260102T000000Z.tar.age.new");
    fs::write(folder.join(left), "part").unwrap();
    let at_work = fs::File::create(folder.join(held)).unwrap();
    lock(&at_work).unwrap();
    fs::write(place.backups.work().unwrap().join("estampe.db"), "part").unwrap();
    assert_eq!(place.backups.list().unwrap(), []);
    place.backups.clean_work();
    place.backups.clean_folder();
    assert!(!folder.join(left).exists() && folder.join(held).exists());
    assert!(!place.folder.path().join("data/backup-work/copy").exists());
}

#[test]
fn too_little_room_is_told_with_what_is_needed() {
    let place = Place::new(2);
    place.backups.ensure_room(1 << 20).unwrap();
    let error = place.backups.ensure_room(1 << 60).unwrap_err();
    assert!(error.contains("MiB are needed"), "{error}");
}

#[test]
fn keys_are_told_apart_and_a_key_is_never_written_over() {
    let place = Place::new(2);
    let file = place.folder.path().join("identity");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let before = fs::read_to_string(&file).unwrap();
    assert!(new_identity(&file).unwrap_err().contains("is there already"));
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
    let secret = before.lines().last().unwrap();
    let error = keys::recipient(secret).unwrap_err();
    assert!(error.contains("secret half") && !error.contains(secret), "{error}");
    assert!(keys::recipient("age1nothing").unwrap_err().contains("age1nothing"));
    let plan = BackupPlan { folder: "/x".into(), every: None, keep: 1 };
    assert!(BackupSettings::new(plan, &[]).is_err());
    fs::write(&file, "# nothing\n").unwrap();
    assert!(Identities::read(&file).is_err());
}

#[test]
fn what_another_node_writes_in_the_same_second_stays() {
    let place = Place::new(2);
    let folder = place.folder.path().join("backups");
    let at_work = folder.join(format!("{}.new", backup::file_name(manifest(0).made_at)));
    fs::write(&at_work, "another node's").unwrap();
    let copy = place.folder.path().join("copy");
    fs::write(&copy, "content").unwrap();
    place.backups.pack(&manifest(0), &copy, &Progress::default()).unwrap_err();
    assert_eq!(fs::read_to_string(&at_work).unwrap(), "another node's");
}

#[test]
fn a_folder_is_known_by_its_mark_and_anothers_is_left_alone() {
    let place = Place::new(2);
    let folder = place.folder.path().join("backups");
    assert!(place.backups.is_marked("0a").unwrap());
    place.backups.mark("0a").unwrap();
    for refused in [place.backups.is_marked("0b").map(drop), place.backups.mark("0b")] {
        let error = refused.unwrap_err();
        assert!(error.contains("another installation") && error.contains("backup.folder"), "{error}");
    }
    // one that a kill left empty is nobody's
    fs::write(folder.join(backup::MARK), "").unwrap();
    assert!(!place.backups.is_marked("0b").unwrap());
    place.backups.mark("0b").unwrap();
    assert!(place.backups.is_marked("0b").unwrap());
    fs::remove_dir_all(&folder).unwrap();
    assert!(!place.backups.is_marked("0b").unwrap());
    assert!(!folder.exists(), "looking makes nothing");
    // nothing is written where no folder is
    place.backups.note_erasures(ListPlace::Backups, &["a".into()]).unwrap_err();
    assert!(!folder.exists());
}

#[test]
fn lists_are_added_to_after_a_cut_line_and_read_whatever_is_in_them() {
    let place = Place::new(2);
    let beside = place.folder.path().join("backups/erasures");
    let note = |lines: &[&str]| {
        let lines: Vec<_> = lines.iter().map(|line| (*line).to_owned()).collect();
        place.backups.note_erasures(ListPlace::Backups, &lines)
    };
    let read = || place.backups.erasures(ListPlace::Backups);
    assert_eq!(read().unwrap(), [""; 0]);
    note(&["a 5", "b 5"]).unwrap();
    assert_eq!(fs::metadata(&beside).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(place.backups.erasures(ListPlace::Data).unwrap(), [""; 0], "the other list is another");
    fs::write(&beside, b"a 5\n\xff\xfe\n\nb").unwrap();
    note(&["b 5"]).unwrap();
    assert_eq!(read().unwrap(), ["a 5", "\u{fffd}\u{fffd}", "b", "b 5"]);
    fs::write(&beside, vec![b'x'; 100_000]).unwrap();
    assert!(read().unwrap()[0].len() < 1_000);
    // what a link leads to is neither read nor written
    let other = place.folder.path().join("other");
    fs::write(&other, "mine").unwrap();
    fs::remove_file(&beside).unwrap();
    std::os::unix::fs::symlink(&other, &beside).unwrap();
    read().unwrap_err();
    note(&["c 5"]).unwrap_err();
    assert_eq!(fs::read_to_string(&other).unwrap(), "mine");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is flipped or cut is told, and never gives another content.
    #[test]
    fn a_flipped_bit_or_a_cut_is_told(content in proptest::collection::vec(any::<u8>(), 0..200_000), at in any::<prop::sample::Index>(), bit in 0_u8..8, cut in any::<bool>()) {
        let place = Place::new(2);
        let path = place.path(&place.make(0, &content));
        let (_, read) = place.unpack(&path).unwrap();
        prop_assert_eq!(&read, &content);
        let mut octets = fs::read(&path).unwrap();
        let at = at.index(octets.len());
        if cut {
            octets.truncate(at);
        } else {
            octets[at] ^= 1 << bit;
        }
        fs::write(&path, &octets).unwrap();
        prop_assert!(place.unpack(&path).is_err(), "octet {} of {}", at, octets.len());
    }
}
