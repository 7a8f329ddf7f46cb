//! Files that leave the data directory: proofs, result file, audit bundle.
//!
//! A reader never sees half a file: bytes go to a temporary file in the same folder, which is synced and then renamed over the
//! name, and the folder is synced too. Every artefact is a function of the journal (D16), so a file that is there already
//! must hold exactly the expected bytes; one that does not was changed by somebody and is named, never used and never
//! silently replaced (O-03).

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::Path;

use crate::error::Error;
use crate::faults::{self, Moment};

/// Replaces `path` by a file of these bytes, or leaves it as it was. Creates the folder if it is missing.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write(path, bytes, Access::Everybody)
}

/// [`write_atomic`] without waiting for the disk, for files that nothing depends on.
pub(crate) fn write_unsynced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let temporary = path.with_extension("tmp");
    fs::write(&temporary, bytes)?;
    fs::rename(&temporary, path)
}

/// Removes a file, or a folder with everything in it; one that is not there is as good.
pub(crate) fn remove(path: &Path) -> Result<(), Error> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(source) if source.kind() != ErrorKind::NotFound => Err(Error::Io {
            what: "remove",
            path: path.to_path_buf(),
            source,
        }),
        _ => Ok(()),
    }
}

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    /// Whoever the umask lets.
    Everybody,
    /// Its owner alone (mode 0600).
    Owner,
}

fn write(path: &Path, bytes: &[u8], access: Access) -> Result<(), Error> {
    let failed = |source| Error::Io {
        what: "write",
        path: path.to_path_buf(),
        source,
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    let temporary = path.with_file_name(name);
    let named = || {
        let name = path.file_name().unwrap_or_default();
        format!("file {}", name.to_string_lossy())
    };
    let write = || {
        let mut file = create(&temporary, access)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        faults::point(Moment::Before, named);
        fs::rename(&temporary, path)?;
        File::open(folder)?.sync_all()?;
        faults::point(Moment::After, named);
        Ok(())
    };
    write().map_err(|source| {
        // Best effort: a left-over temporary file is overwritten by the next try.
        let _ = fs::remove_file(&temporary);
        failed(source)
    })
}

/// Creates a file, closed to others from its first byte on where it is private.
fn create(path: &Path, access: Access) -> std::io::Result<File> {
    if access == Access::Everybody {
        return File::create(path);
    }
    // A left-over of another mode would keep it.
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Creates a folder that only its owner may enter; leaves one that is there as it is.
pub fn private_folder(path: &Path) -> Result<(), Error> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|source| Error::Io {
        what: "create",
        path: path.to_path_buf(),
        source,
    })
}

/// What [`settle`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// The file was there with the expected bytes.
    Present,
    /// The file was missing and is written.
    Written,
    /// The file held other bytes and is replaced, as asked.
    Replaced,
}

/// Makes sure that `path` holds exactly `bytes`. A file with other bytes is [`Error::CorruptArtefact`] unless `remake` asks
/// to replace it.
pub fn settle(path: &Path, bytes: &[u8], remake: bool) -> Result<Settled, Error> {
    settle_as(path, bytes, remake, Access::Everybody)
}

/// [`settle`] for a file with secrets in it: only its owner may read it, whoever could read it before.
pub fn settle_private(path: &Path, bytes: &[u8], remake: bool) -> Result<Settled, Error> {
    let settled = settle_as(path, bytes, remake, Access::Owner)?;
    #[cfg(unix)]
    if settled == Settled::Present {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(|source| {
            Error::Io {
                what: "protect",
                path: path.to_path_buf(),
                source,
            }
        })?;
    }
    Ok(settled)
}

fn settle_as(path: &Path, bytes: &[u8], remake: bool, access: Access) -> Result<Settled, Error> {
    let settled = match fs::read(path) {
        Ok(found) if found == bytes => return Ok(Settled::Present),
        Ok(_) if remake => Settled::Replaced,
        Ok(found) => {
            let at = found
                .iter()
                .zip(bytes)
                .position(|(a, b)| a != b)
                .unwrap_or(found.len().min(bytes.len()));
            return Err(Error::CorruptArtefact {
                path: path.to_path_buf(),
                at,
            });
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Settled::Written,
        Err(source) => {
            return Err(Error::Io {
                what: "read",
                path: path.to_path_buf(),
                source,
            });
        }
    };
    write(path, bytes, access)?;
    Ok(settled)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::error::ExitClass;

    #[test]
    fn o_03_a_changed_artefact_is_named_and_replaced_only_when_asked() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("proofs/process_0.json");
        assert_eq!(settle(&path, b"abcd", false).unwrap(), Settled::Written);
        assert_eq!(settle(&path, b"abcd", false).unwrap(), Settled::Present);
        for damaged in [&b"abXd"[..], b"ab", b"abcde", b""] {
            fs::write(&path, damaged).unwrap();
            let error = settle(&path, b"abcd", false).unwrap_err();
            assert_eq!(error.class(), ExitClass::Conflict);
            assert!(error.to_string().contains("process_0.json"), "{error}");
            assert_eq!(fs::read(&path).unwrap(), damaged);
            assert_eq!(settle(&path, b"abcd", true).unwrap(), Settled::Replaced);
            assert_eq!(fs::read(&path).unwrap(), b"abcd");
        }
    }

    #[test]
    fn o_01_a_left_over_temporary_file_is_harmless() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tally.json");
        fs::write(dir.path().join("tally.json.tmp"), "half a fi").unwrap();
        write_atomic(&path, b"whole").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert!(!dir.path().join("tally.json.tmp").exists());
    }

    #[test]
    fn o_04_a_failed_write_leaves_no_half_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("taken");
        fs::create_dir(&path).unwrap();
        let error = write_atomic(&path, b"bytes").unwrap_err();
        assert_eq!(error.class(), ExitClass::Outside);
        assert!(!dir.path().join("taken.tmp").exists());
    }
}
