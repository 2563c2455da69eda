//! A disk of a test's own, that can be full.

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
    /// Mounts one of some megabytes. Says so where that is not allowed.
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

    /// Fills it but for some bytes.
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
        // Lazily: files on it may be open still.
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}
