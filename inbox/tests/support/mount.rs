//! A small disk for one test, which can fill it.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use super::skip;

pub(crate) struct Mount(TempDir);

impl Mount {
    /// Mounts a disk of a few megabytes. Skips the test if that is not allowed.
    pub(crate) fn new(megabytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args([
            "-t",
            "tmpfs",
            "-o",
            &format!("size={megabytes}m,mode=755"),
            "tmpfs",
        ]);
        let mounted = mount.arg(folder.path()).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(folder));
        }
        skip(
            "the tests of a full disk mount one, which only root may do: \
             run them as root, on Linux",
        );
        None
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Fills the disk except for some bytes.
    pub(crate) fn fill_up(&self, left: usize) {
        let mut ballast = File::create(self.ballast()).unwrap();
        while ballast.write_all(&[1; 4096]).is_ok() {}
        let size = ballast.metadata().unwrap().len();
        ballast.set_len(size - left as u64).unwrap();
    }

    pub(crate) fn make_room(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily, since files on it may still be open.
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}
