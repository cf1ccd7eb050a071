//! The folder in which sidecars find each other: its user's alone, whoever else is on the machine. What stands there lets
//! its reader in.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How long another sidecar may take to claim its types.
const LOCK_LIMIT: Duration = Duration::from_secs(5);
/// How long until it is tried again.
const TRY_AGAIN: Duration = Duration::from_millis(20);

/// Makes it, if it is not there.
///
/// # Errors
/// It cannot be made, or another user could look into it or put another in its place.
pub(super) fn make(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)?;
    #[cfg(unix)]
    check(folder, rustix::process::geteuid().as_raw())?;
    Ok(())
}

/// Looks at every folder on the way, as it is named and as it is: whoever may rename one may put another in its place.
#[cfg(unix)]
fn check(folder: &Path, user: u32) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    const ROOT: u32 = 0;
    /// In such a folder each may rename what is its own alone.
    const STICKY: u32 = 0o1000;
    let refused = |part: &Path, why: String| Err(io::Error::other(format!("{} {why}", part.display())));
    let real = folder.canonicalize()?;
    for path in [std::path::absolute(folder)?, real.clone()] {
        for part in path.ancestors() {
            let found = part.symlink_metadata()?;
            if found.uid() != user && found.uid() != ROOT {
                return refused(part, format!("belongs to the user {}", found.uid()));
            }
            if !found.is_symlink() && found.mode() & 0o022 != 0 && found.mode() & STICKY == 0 {
                return refused(part, format!("may be changed by others: its mode is {:o}", found.mode() & 0o7777));
            }
        }
    }
    let found = real.symlink_metadata()?;
    if found.uid() != user || found.mode() & 0o077 != 0 {
        return refused(&real, "is not this user's alone: chmod 700 makes it so".into());
    }
    Ok(())
}

/// # Errors
/// Files cannot be locked there.
pub(super) fn check_locks(folder: &Path) -> io::Result<()> {
    match claims(folder)?.try_lock() {
        Ok(()) | Err(TryLockError::WouldBlock) => Ok(()),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn claims(folder: &Path) -> io::Result<File> {
    owners_alone(OpenOptions::new().create(true).append(true)).open(folder.join("claims.lock"))
}

/// Keeps others from claiming types at the same time, until it is dropped.
///
/// # Errors
/// Another has it for too long.
pub(super) async fn lock(folder: &Path) -> io::Result<File> {
    let file = claims(folder)?;
    let latest = Instant::now() + LOCK_LIMIT;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if Instant::now() >= latest => {
                let why = format!("another program has claims.lock for more than {LOCK_LIMIT:?}");
                return Err(io::Error::new(io::ErrorKind::TimedOut, why));
            }
            Err(TryLockError::WouldBlock) => sleep(TRY_AGAIN).await,
        }
    }
}

/// The files hold what lets others in: they are their user's alone.
pub(super) fn owners_alone(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};

    use super::*;

    fn mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("changed");
    }

    #[test]
    fn a_folder_that_another_could_read_or_exchange_is_none() {
        let base = tempfile::tempdir().expect("folder");
        let (parent, folder) = (base.path().join("sidecars"), base.path().join("sidecars/none"));
        make(&folder).expect("its own");
        assert_eq!(parent.metadata().expect("there").mode() & 0o777, 0o700);
        let refused = |why: &str| {
            let error = make(&folder).expect_err(why).to_string();
            assert!(error.contains(why), "{error}");
        };
        mode(&folder, 0o755);
        refused("is not this user's alone");
        mode(&folder, 0o700);
        mode(&parent, 0o777);
        refused("may be changed by others: its mode is 777");
        mode(&parent, 0o1777);
        make(&folder).expect("nobody else can exchange it");
        mode(&parent, 0o700);

        // As another user would have made it, or found it.
        let user = folder.metadata().expect("there").uid();
        let other = match chown(&parent, Some(user + 4711), None) {
            Ok(()) => user,
            Err(_) => user + 4711,
        };
        let error = check(&folder, other).expect_err("another's").to_string();
        assert!(error.contains("belongs to the user"), "{error}");
    }

    #[test]
    fn a_link_to_a_place_that_others_may_change_is_none() {
        let base = tempfile::tempdir().expect("folder");
        let (open, link) = (base.path().join("open"), base.path().join("link"));
        std::fs::create_dir(&open).expect("made");
        mode(&open, 0o777);
        symlink(&open, &link).expect("linked");
        assert!(make(&link.join("none")).is_err());
        mode(&open, 0o755);
        make(&link.join("none")).expect("its own");
    }

    #[tokio::test(start_paused = true)]
    async fn a_lock_that_nobody_gives_back_is_not_waited_for_for_ever() {
        let folder = tempfile::tempdir().expect("folder");
        let held = lock(folder.path()).await.expect("free");
        let error = lock(folder.path()).await.expect_err("held");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{error}");
        drop(held);
        lock(folder.path()).await.expect("free again");
    }
}
