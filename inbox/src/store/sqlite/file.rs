//! The database file, and the lock file of its worker.

use std::{
    fs::{self, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use crate::{InboxError, InboxErrorKind};

/// Creates the file, for its owner only, unless it exists. Returns its full path.
pub(super) fn create(path: &Path) -> Result<PathBuf, InboxError> {
    // Do not open a file that exists: closing it again would drop the locks that SQLite may hold on
    // it in this process.
    match owner_only().create_new(true).open(path) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(sqlx::Error::Io(error).into()),
    }
    let path = fs::canonicalize(path).map_err(sqlx::Error::Io)?;
    // Only Linux is asked.
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    match network_file_system(&path, &mounts) {
        Some(kind) => Err(InboxError::with_detail(
            InboxErrorKind::NetworkFileSystem,
            kind,
        )),
        None => Ok(path),
    }
}

/// Locks a file beside the database until the returned file is dropped.
pub(super) fn lock_for_work(database: &Path) -> Result<fs::File, InboxError> {
    let mut path = database.as_os_str().to_owned();
    path.push("-worker");
    let file = owner_only().create(true).open(PathBuf::from(path));
    let file = file.map_err(sqlx::Error::Io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(InboxError::new(InboxErrorKind::WorkerRunning)),
        Err(TryLockError::Error(error)) => Err(sqlx::Error::Io(error).into()),
    }
}

fn owner_only() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Returns which network file system the file is on, if any.
fn network_file_system<'a>(path: &Path, mounts: &'a str) -> Option<&'a str> {
    let mounts = mounts.lines().filter_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        Some((mount.split(' ').nth(4)?, kind.split(' ').next()?))
    });
    // Of several mounts on one folder, the last one covers the others.
    let (_, kind) = mounts
        .filter(|(folder, _)| path.starts_with(folder))
        .max_by_key(|(folder, _)| folder.len())?;
    const NETWORK: [&str; 11] = [
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "ncpfs",
        "afs",
        "ceph",
        "fuse.glusterfs",
        "fuse.sshfs",
        "lustre",
    ];
    NETWORK.contains(&kind).then_some(kind)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::network_file_system;

    #[test]
    fn a_network_file_system_is_found_by_the_innermost_and_last_mount() {
        let mounts = "\
22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
40 22 0:35 / /srv rw - nfs4 server:/srv rw,vers=4.2
41 40 0:36 / /srv/local rw shared:2 - xfs /dev/vdb rw
42 22 0:37 / /data rw - cifs //server/data rw
43 42 0:38 / /data rw - ext4 /dev/vdc rw";
        let on = |path: &str| network_file_system(Path::new(path), mounts);
        assert_eq!(on("/srv/deliveries.db"), Some("nfs4"));
        for local in [
            "/deliveries.db",
            "/srv/local/a.db",
            "/srvx/a.db",
            "/data/a.db",
        ] {
            assert_eq!(on(local), None, "{local}");
        }
        assert_eq!(network_file_system(Path::new("/a.db"), ""), None);
    }
}
