//! The data directory of one tally job, and the lock that keeps a second coordinator out of it.
//!
//! ```text
//! <data directory>/
//!   lock            held for the life of a job (an operating-system file lock: a dead process holds none)
//!   layout          written once the journal exists, so that a journal that vanished is noticed
//!   journal.redb    every row and checkpoint; the only file that resuming needs
//!   tally.json      MACI's result file
//!   proofs/         process_0.json .. and tally_0.json .., numbered in submission order
//!   bundle.json     the audit bundle
//!   evidence.json   why reading a chain stopped, until it goes on
//!   status.json     what the running process says about itself; nothing depends on it
//! ```
//!
//! Everything but the journal is derived from it and written atomically ([`crate::artefact`]).

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::artefact;
use crate::error::Error;

const LAYOUT: &[u8] = b"maci-rs data directory, layout 2\n";

/// An open, locked data directory.
#[derive(Debug)]
pub struct DataDir {
    root: PathBuf,
    // Closing the file releases the lock.
    _lock: File,
}

impl DataDir {
    /// Creates the directory if it is missing, and locks it. Returns at once when another process holds it (O-05).
    pub fn open(root: &Path) -> Result<Self, Error> {
        let outside = |what, path: &Path| {
            let path = path.to_path_buf();
            move |source| Error::Io { what, path, source }
        };
        fs::create_dir_all(root).map_err(outside("create the data directory", root))?;
        let path = root.join("lock");
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(outside("open the lock file", &path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // The name of the holder is a courtesy: it may be unreadable or half written.
                let _ = lock.read_to_string(&mut holder);
                return Err(Error::Locked {
                    path: root.to_path_buf(),
                    holder: holder.trim().to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => {
                return Err(Error::Io {
                    what: "lock",
                    path,
                    source,
                });
            }
        }
        let note = |lock: &mut File| {
            lock.set_len(0)?;
            lock.rewind()?;
            writeln!(lock, "process {}", std::process::id())
        };
        note(&mut lock).map_err(outside("write the lock file", &path))?;
        let dir = Self {
            root: root.to_path_buf(),
            _lock: lock,
        };
        dir.check_layout()?;
        Ok(dir)
    }

    /// A layout file that says something else is another program's directory, or a later version's.
    fn check_layout(&self) -> Result<(), Error> {
        match fs::read(self.layout()) {
            Ok(found) if found == LAYOUT => Ok(()),
            Ok(found) => Err(Error::Layout {
                path: self.layout(),
                found: String::from_utf8_lossy(&found[..found.len().min(60)])
                    .trim()
                    .to_owned(),
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(Error::Io {
                what: "read",
                path: self.layout(),
                source,
            }),
        }
    }

    /// Whether a journal was completely created here before.
    pub(crate) fn is_initialised(&self) -> bool {
        self.layout().exists()
    }

    /// Says that a journal was completely created.
    pub(crate) fn mark_initialised(&self) -> Result<(), Error> {
        if self.is_initialised() {
            Ok(())
        } else {
            artefact::write_atomic(&self.layout(), LAYOUT)
        }
    }

    fn layout(&self) -> PathBuf {
        self.root.join("layout")
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The journal file.
    pub fn journal(&self) -> PathBuf {
        self.root.join("journal.redb")
    }

    /// MACI's result file.
    pub fn tally_json(&self) -> PathBuf {
        self.root.join("tally.json")
    }

    /// The audit bundle.
    pub fn bundle(&self) -> PathBuf {
        self.root.join("bundle.json")
    }

    /// The file that says why reading a chain stopped.
    pub fn evidence(&self) -> PathBuf {
        self.root.join("evidence.json")
    }

    /// The folder of proof files.
    pub fn proofs(&self) -> PathBuf {
        self.root.join("proofs")
    }

    /// The file of one proof.
    pub fn proof(&self, unit: crate::ProofUnit) -> PathBuf {
        self.proofs().join(format!("{unit}.json"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::error::ExitClass;

    #[test]
    fn o_05_a_second_coordinator_is_refused_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let first = DataDir::open(dir.path()).unwrap();
        let start = Instant::now();
        let error = DataDir::open(dir.path()).unwrap_err();
        assert!(start.elapsed().as_millis() < 1000);
        assert_eq!(error.class(), ExitClass::Conflict);
        assert!(
            error
                .to_string()
                .contains(&format!("process {}", std::process::id())),
            "{error}"
        );
        drop(first);
        DataDir::open(dir.path()).unwrap();
    }

    #[test]
    fn o_05_a_stale_lock_file_locks_nobody_out() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("lock"), "process 1\n").unwrap();
        DataDir::open(dir.path()).unwrap();
    }

    #[test]
    fn o_04_an_unusable_directory_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        for path in [file.join("data"), PathBuf::from("/proc/maci-data")] {
            let error = DataDir::open(&path).unwrap_err();
            assert_eq!(error.class(), ExitClass::Outside);
            assert!(
                error.to_string().contains(path.to_str().unwrap()),
                "{error}"
            );
        }
    }

    #[test]
    fn another_layout_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(
            dir.path().join("layout"),
            "maci-rs data directory, layout 9\n",
        )
        .unwrap();
        let error = DataDir::open(dir.path()).unwrap_err();
        assert_eq!(error.class(), ExitClass::Conflict);
        assert!(error.to_string().contains("layout 9"), "{error}");
    }
}
