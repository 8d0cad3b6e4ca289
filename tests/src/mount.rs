//! Small file systems, to be filled: what a full disk does can only be seen on one.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted tmpfs, gone with its test.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one of so many MiB; the folder is made. `None` when the environment says
    /// that nothing can be mounted here (`ESTAMPE_TEST_NO_MOUNT=1`).
    pub fn mount(folder: &Path, mebibytes: u32) -> Option<Self> {
        fs::create_dir_all(folder).unwrap();
        let options = format!("size={mebibytes}m,mode=755");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder).output().unwrap();
        if mounted.status.success() {
            return Some(Self(folder.to_owned()));
        }
        let why = String::from_utf8_lossy(&mounted.stderr);
        assert!(
            std::env::var("ESTAMPE_TEST_NO_MOUNT").is_ok_and(|v| v == "1"),
            "a full disk CANNOT BE TESTED here: mounting a small tmpfs failed ({why}). Run the tests as root where \
             mounting is allowed, or set ESTAMPE_TEST_NO_MOUNT=1 to leave this out"
        );
        eprintln!("NOT TESTED: a full disk, for nothing can be mounted here ({why})");
        None
    }

    /// Takes all the room there is.
    pub fn fill(&self) {
        let mut filler = File::options().create(true).append(true).open(self.0.join("filler")).unwrap();
        for step in [1 << 16, 1 << 12, 1] {
            let block = vec![b'x'; step];
            loop {
                match filler.write(&block) {
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }

    /// Lets nobody write to it any more.
    pub fn read_only(&self) {
        let mounted = Command::new("mount").args(["-o", "remount,ro"]).arg(&self.0).status().unwrap();
        assert!(mounted.success());
    }

    /// Gives it back.
    pub fn empty(&self) {
        fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // lazily: the server may still have files open there
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}
