//! What can go wrong, and which exit class of the command line it belongs to (style.md §12).

use std::io;
use std::path::{Path, PathBuf};

use crate::journal::{Table, Unreadable};
use crate::unit::ProofUnit;

/// The exit codes of the command line, by meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitClass {
    /// The check ran and the answer is no.
    AnswerNo = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// Disk, files or another part of the outside world; the same command may work later.
    Outside = 3,
    /// Journal, recording, key or parameters contradict one another.
    Conflict = 4,
    /// Stopped on request.
    Interrupted = 130,
}

impl ExitClass {
    /// The process exit code.
    pub fn code(self) -> u8 {
        self as u8
    }
}

/// What is wrong inside a journal file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JournalFault {
    /// One row does not open.
    #[error("table {table}, row {key}: {why}")]
    Row {
        /// Where it is.
        table: Table,
        /// Its key.
        key: u64,
        /// What is wrong with it.
        why: Unreadable,
    },
    /// A table lost rows, or has old ones.
    #[error("table {table}: expected the {expected} rows last written, found {found} rows that are not those")]
    Seal {
        /// Which table.
        table: Table,
        /// Rows that its seal counts.
        expected: u64,
        /// Rows that are there.
        found: u64,
    },
    /// The database below could not make sense of the file.
    #[error("the database file is damaged: {0}")]
    Database(String),
    /// The directory had a journal and has none now.
    #[error("the file is missing, though this directory had one")]
    Missing,
    /// The file is one that was overtaken by a later commit.
    #[error("expected the state after commit {expected}, found that after commit {found}")]
    RolledBack {
        /// The commit that the head names.
        expected: u64,
        /// The commit that the journal is at.
        found: u64,
    },
    /// The head file does not parse.
    #[error("expected a commit number, found something else; if nothing else is wrong, removing this file repairs it")]
    Head,
    /// A row that other rows need is not there.
    #[error("table {table}: expected row {key}, found none")]
    Gap {
        /// Which table.
        table: Table,
        /// The key.
        key: u64,
    },
}

impl JournalFault {
    /// The proof that the fault is about, if it is about one.
    pub fn proof(&self) -> Option<ProofUnit> {
        match self {
            Self::Row { table: Table::Proofs, key, .. } => ProofUnit::from_key(*key),
            _ => None,
        }
    }

    /// Whether dropping the damaged rows and proving again heals it.
    pub(crate) fn is_about_proofs(&self) -> bool {
        matches!(self, Self::Row { table: Table::Proofs, .. } | Self::Seal { table: Table::Proofs, .. })
    }
}

/// Any failure of a job.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file system refused something.
    #[error("could not {what} {}", .path.display())]
    Io {
        /// The verb.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process works in this data directory.
    #[error(
        "the data directory {} is in use by another coordinator ({holder}); wait for it, or choose another directory",
        .path.display()
    )]
    Locked {
        /// The directory.
        path: PathBuf,
        /// What the lock file says about the other process.
        holder: String,
    },
    /// The data directory is not one that this version knows.
    #[error("expected {} to say layout 1, found {found:?}", .path.display())]
    Layout {
        /// The layout file.
        path: PathBuf,
        /// Its beginning.
        found: String,
    },
    /// The journal is damaged.
    #[error("the journal {} is damaged: {fault}", .path.display())]
    Journal {
        /// The journal file.
        path: PathBuf,
        /// What is wrong.
        fault: JournalFault,
    },
    /// A finished proof in the journal is damaged.
    #[error("the proof {unit} in the journal {} is damaged ({why}); to prove it again, ask for damaged proofs to be remade", .path.display())]
    CorruptProof {
        /// Which proof.
        unit: ProofUnit,
        /// The journal file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A file that was derived from the journal holds other bytes.
    #[error(
        "{} is not what the journal says (first difference at byte {at}); move it away or ask for damaged files to be remade",
        .path.display()
    )]
    CorruptArtefact {
        /// The file.
        path: PathBuf,
        /// The offset of the first difference.
        at: usize,
    },
    /// Stopped on request, after committing the batch in hand.
    #[error("interrupted; everything finished is in the journal, and the same command goes on from there")]
    Interrupted,
}

impl Error {
    /// The exit class.
    pub fn class(&self) -> ExitClass {
        match self {
            Self::Io { .. } => ExitClass::Outside,
            Self::Locked { .. }
            | Self::Layout { .. }
            | Self::Journal { .. }
            | Self::CorruptProof { .. }
            | Self::CorruptArtefact { .. } => ExitClass::Conflict,
            Self::Interrupted => ExitClass::Interrupted,
        }
    }

    /// A database error: the disk's fault if it is one, else damage.
    pub(crate) fn database(path: &Path, error: redb::Error) -> Self {
        let path = path.to_path_buf();
        match error {
            // redb reports a file that is no database, or a cut one, through these kinds.
            redb::Error::Io(source)
                if matches!(source.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) =>
            {
                Self::Journal { path, fault: JournalFault::Database(source.to_string()) }
            }
            redb::Error::Io(source) => Self::Io { what: "use", path, source },
            redb::Error::PreviousIo => {
                Self::Io { what: "use", path, source: io::Error::other("an earlier write failed") }
            }
            redb::Error::DatabaseAlreadyOpen => Self::Locked { path, holder: "journal open twice".to_owned() },
            other => Self::Journal { path, fault: JournalFault::Database(other.to_string()) },
        }
    }
}
