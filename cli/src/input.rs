//! Reads files, or standard input for `-`.

use std::{
    fs,
    io::{self, Read as _},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use crate::failure::Failure;

/// Whether standard input has been read: that works only once.
static STDIN_IS_READ: AtomicBool = AtomicBool::new(false);

pub(crate) fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    if is_stdin(path) && STDIN_IS_READ.swap(true, Ordering::Relaxed) {
        let twice = "standard input can be read only once: use files for the rest";
        return Err(Failure::usage(twice));
    }
    let mut bytes = Vec::new();
    let read = if is_stdin(path) {
        io::stdin().read_to_end(&mut bytes).map(drop)
    } else {
        fs::read(path).map(|content| bytes = content)
    };
    match read {
        Ok(()) => Ok(bytes),
        Err(error) => Err(Failure::usage(format_args!(
            "cannot read {}: {error}",
            path.display()
        ))),
    }
}
