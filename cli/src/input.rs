//! Files that are read, or standard input where a file is named `-`.

use std::{
    fs,
    io::{self, Read as _},
    path::Path,
};

use crate::failure::Failure;

pub(crate) fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
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
