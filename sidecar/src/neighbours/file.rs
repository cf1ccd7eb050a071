//! The file in which a sidecar tells of itself, and the one beside it that is locked as long as it runs.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::Neighbour;
use super::folder::owners_alone;

/// What the files are called.
pub(super) const EXTENSION: &str = "sidecar";
/// And what is locked beside each: on some systems nobody else can read what is locked.
pub(super) const ALIVE: &str = "alive";

/// Writes a new file, and locks the one beside it.
///
/// # Errors
/// It cannot be written, and nothing of it is left.
pub(super) fn write(told: &Neighbour, folder: &Path) -> io::Result<(PathBuf, File)> {
    let path = folder.join(format!("{}.{EXTENSION}", Uuid::new_v4()));
    let (alive, hidden) = (path.with_extension(ALIVE), path.with_extension("new"));
    let lock = owners_alone(OpenOptions::new().append(true).create_new(true)).open(&alive)?;
    // Nobody knows of it yet.
    let written = lock.try_lock().map_err(io::Error::from).and_then(|()| {
        let mut file = owners_alone(OpenOptions::new().append(true).create_new(true)).open(&hidden)?;
        file.write_all(&serde_json::to_vec(told)?)?;
        std::fs::rename(&hidden, &path)
    });
    if let Err(error) = written {
        let _ = std::fs::remove_file(&hidden);
        forget(&path);
        return Err(error);
    }
    Ok((path, lock))
}

/// Removes the own file, and unlocks the one beside it.
pub(super) fn remove((path, lock): (PathBuf, File)) {
    forget(&path);
    drop(lock);
}

fn forget(path: &Path) {
    let _ = std::fs::remove_file(path);
    let _ = std::fs::remove_file(path.with_extension(ALIVE));
}

/// Every sidecar that runs. What others left behind is removed.
///
/// # Errors
/// It cannot be known of one, or of all of them.
pub(super) fn all(folder: &Path) -> io::Result<Vec<Neighbour>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == EXTENSION) {
            found.extend(read(&path)?);
        }
    }
    Ok(found)
}

/// `None` for one that does not run any more, or went while it was looked at.
fn read(path: &Path) -> io::Result<Option<Neighbour>> {
    if !is_locked(&path.with_extension(ALIVE))? {
        forget(path);
        return Ok(None);
    }
    let told = match std::fs::read(path) {
        Ok(told) => told,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let told = serde_json::from_slice(&told);
    told.map(Some).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display())))
}

fn is_locked(alive: &Path) -> io::Result<bool> {
    let alive = match File::open(alive) {
        Ok(alive) => alive,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    match alive.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
