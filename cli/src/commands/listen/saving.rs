use std::{
    fs::{self, File},
    path::PathBuf,
    process,
    sync::atomic::{AtomicU64, Ordering},
};

use super::store::Record;
use crate::{failure::Failure, saved};

/// How many refused requests are saved. Anyone can send those.
const REFUSED_KEPT: u64 = 1_000;

/// Where requests are saved.
pub(super) struct Save {
    dir: PathBuf,
    kept: AtomicU64,
    refused: AtomicU64,
}

impl Save {
    pub(super) fn new(dir: PathBuf) -> Result<Self, Failure> {
        saved::create_dir(&dir).map_err(|error| {
            Failure::usage(format_args!("cannot create {}: {error}", dir.display()))
        })?;
        let probe = dir.join(format!("probe-{}", process::id()));
        let probed = File::create_new(&probe).and_then(|_| fs::remove_file(&probe));
        probed.map_err(|error| {
            Failure::usage(format_args!("cannot write to {}: {error}", dir.display()))
        })?;
        Ok(Self {
            dir,
            kept: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        })
    }

    /// Saves a request with the status of its answer. Returns the file, or why there is none.
    pub(super) fn keep(&self, record: &Record, answer: u16) -> Result<String, String> {
        let is_accepted = record.arrived.verdict.is_accepted();
        if !is_accepted && self.refused.fetch_add(1, Ordering::Relaxed) >= REFUSED_KEPT {
            return Err("not saved: 1,000 refused requests are saved already".to_owned());
        }
        let n = self.kept.fetch_add(1, Ordering::Relaxed) + 1;
        let time = record.arrived.received.strftime("%Y%m%dT%H%M%S.%3fZ");
        let path = self.dir.join(format!("{time}-{n:04}.delivery"));
        let path_shown = path.display().to_string();
        let saved = record
            .request
            .create(&path, &record.arrived.verdict.name(), answer);
        saved.map_err(|error| format!("cannot save {path_shown}: {error}"))?;
        Ok(path_shown)
    }
}
