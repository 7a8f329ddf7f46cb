//! The head: the number of the last commit, in a small file beside the journal.
//!
//! redb keeps its last two states and one bit of its header says which of them holds. Should that bit flip, the journal would
//! read as it was one commit ago, whole and consistent, and a finished proof would silently be made again. The head, written
//! after each commit, notices: a journal may be ahead of its head (the process died in between), never behind it.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::{Row, Table};
use crate::error::{Error, JournalFault};

const MAGIC: &[u8; 8] = b"macihead";

/// The number of commits so far, as the journal itself has it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sequence(pub(super) u64);

impl Row for Sequence {
    const TABLE: Table = Table::Sequence;
    const VERSION: u8 = 1;

    fn encode(&self) -> Vec<u8> {
        self.0.to_be_bytes().to_vec()
    }

    fn decode(content: &[u8]) -> Option<Self> {
        Some(Self(u64::from_be_bytes(content.try_into().ok()?)))
    }
}

/// The open head file.
#[derive(Debug)]
pub(super) struct Head {
    path: PathBuf,
    // With the last number written: proving threads commit at the same time, and the file must not go back.
    file: Mutex<(File, u64)>,
    /// What the file said when it was opened; `None`: it is new.
    pub(super) found: Option<u64>,
}

impl Head {
    /// Opens the head that belongs to a journal.
    pub(super) fn open(journal: &Path) -> Result<Self, Error> {
        let path = journal.with_extension("head");
        let open = || {
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok((file, bytes))
        };
        let (file, bytes) = open().map_err(|source| Error::Io {
            what: "open",
            path: path.clone(),
            source,
        })?;
        let found = match bytes.as_slice() {
            [] => None,
            bytes => Some(parse(bytes).ok_or(Error::Journal {
                path: path.clone(),
                fault: JournalFault::Head,
            })?),
        };
        Ok(Self {
            path,
            file: Mutex::new((file, found.unwrap_or(0))),
            found,
        })
    }

    /// Removes the head of a journal that is being replaced.
    pub(super) fn remove(journal: &Path) -> Result<(), Error> {
        let path = journal.with_extension("head");
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != ErrorKind::NotFound => Err(Error::Io {
                what: "remove",
                path,
                source,
            }),
            _ => Ok(()),
        }
    }

    /// Notes a commit. Not synced: after a power cut the head may lag behind the journal, which is allowed. 24 bytes in place
    /// are one sector, so the file is never half old and half new.
    pub(super) fn note(&self, sequence: u64) -> Result<(), Error> {
        let mut open = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let (file, last) = &mut *open;
        if *last >= sequence {
            return Ok(());
        }
        *last = sequence;
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&sequence.to_be_bytes());
        bytes.extend_from_slice(&(!sequence).to_be_bytes());
        let write = file.rewind().and_then(|()| file.write_all(&bytes));
        write.map_err(|source| Error::Io {
            what: "write",
            path: self.path.clone(),
            source,
        })
    }
}

fn parse(bytes: &[u8]) -> Option<u64> {
    let (magic, rest) = bytes.split_first_chunk::<8>()?;
    let (sequence, check) = rest.split_first_chunk::<8>()?;
    let sequence = u64::from_be_bytes(*sequence);
    let check = u64::from_be_bytes(check.try_into().ok()?);
    (magic == MAGIC && check == !sequence).then_some(sequence)
}
