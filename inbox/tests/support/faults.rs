//! System calls that fail in a child process.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt as _,
    process::Command,
    sync::OnceLock,
};

use tempfile::TempDir;

use super::skip;

/// Controls a preloaded library, which intercepts the system calls.
pub(crate) struct Faults {
    folder: TempDir,
    control: File,
}

impl Faults {
    /// Compiles the library. Skips the test if there is no C compiler.
    pub(crate) fn new() -> Option<Self> {
        let library = library()?;
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("faults.so"), library).unwrap();
        let control = folder.path().join("control");
        fs::write(&control, [0; 24]).unwrap();
        let control = File::options().write(true).open(control).unwrap();
        Some(Self { folder, control })
    }

    /// Kills the process before the n-th write or sync of a file from now; the next one is 1.
    pub(crate) fn kill_before_write(&self, number: i64) {
        self.set(0, number);
    }

    pub(crate) fn fail_syncs(&self, fail: bool) {
        self.set(1, i64::from(fail));
    }

    /// Shifts the clock of the process, ahead or back.
    pub(crate) fn shift_clock(&self, seconds: i64) {
        self.set(2, seconds);
    }

    fn set(&self, place: u64, value: i64) {
        self.control
            .write_all_at(&value.to_ne_bytes(), place * 8)
            .unwrap();
    }

    pub(crate) fn apply_to(&self, command: &mut Command) {
        command
            .env("LD_PRELOAD", self.folder.path().join("faults.so"))
            .env("INBOX_TEST_FAULTS", self.folder.path().join("control"));
    }
}

fn library() -> Option<&'static [u8]> {
    static LIBRARY: OnceLock<Option<Vec<u8>>> = OnceLock::new();
    let library = LIBRARY.get_or_init(|| {
        if !cfg!(target_os = "linux") {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let (source, library) = (
            folder.path().join("faults.c"),
            folder.path().join("faults.so"),
        );
        fs::write(&source, include_str!("faults.c")).unwrap();
        let mut compiler = Command::new("cc");
        compiler
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(&library)
            .arg(&source)
            .arg("-ldl");
        // Without a compiler, the tests are skipped. If the library does not compile, they fail.
        let status = compiler.status().ok()?;
        assert!(status.success(), "tests/support/faults.c does not compile");
        Some(fs::read(library).unwrap())
    });
    if library.is_none() {
        skip(
            "the tests of failing syncs, crashes and jumping clocks load a library of their own: \
             run them on Linux, with a C compiler named cc",
        );
    }
    library.as_deref()
}
