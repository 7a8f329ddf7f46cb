//! What can go wrong, and what the command line [answers](ExitClass) to it.

mod answer;

use std::io;
use std::path::{Path, PathBuf};

use maci_chain::ingest::{IngestError, Standing};
use maci_keys::{InsecureKey, StoreError};
use maci_protocol::layout::ProcessError;
use maci_protocol::log::WrongCoordinatorKey;
use maci_protocol::recorded::RecordedError;
use maci_prover::ProveError;
use maci_verdict::SourceError;
use maci_verifier::{CircuitId, VkId};

use crate::chain::describe;
use crate::journal::{Table, Unreadable};
use crate::records::PollIdentity;
use crate::stage::StageId;
use crate::unit::ProofUnit;
pub use answer::ExitClass;

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
    #[error(
        "table {table}: expected the {expected} rows last written, found {found} rows that are not those"
    )]
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
    #[error(
        "expected a commit number, found something else; if nothing else is wrong, removing this file repairs it"
    )]
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
            Self::Row {
                table: Table::Proofs,
                key,
                ..
            } => ProofUnit::from_key(*key),
            _ => None,
        }
    }

    /// Whether dropping the damaged rows and proving again heals it.
    pub(crate) fn is_about_proofs(&self) -> bool {
        matches!(
            self,
            Self::Row {
                table: Table::Proofs,
                ..
            } | Self::Seal {
                table: Table::Proofs,
                ..
            }
        )
    }
}

/// Any failure of a job. [`Error::class`] is what the process exits with, [`Error::code`] a name for scripts, and
/// [`Error::hint`] the next step.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file system refused something.
    #[error("could not {what} {}: {source}", .path.display())]
    Io {
        /// The verb.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An input file is not UTF-8 text.
    #[error("{} is not text: the byte at {at} is not UTF-8", .path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// Offset of the first bad byte.
        at: usize,
    },
    /// The recorded poll does not parse, or contradicts itself.
    #[error("the recorded poll in {}: {source}", .dir.display())]
    Recorded {
        /// The recorded directory.
        dir: PathBuf,
        /// What is wrong.
        source: Box<RecordedError>,
    },
    /// The recorded poll is not the one that the journal was begun with.
    #[error("the journal is of {expected}, the recorded directory is of {found}")]
    OtherPoll {
        /// The journal's poll.
        expected: PollIdentity,
        /// The directory's poll.
        found: PollIdentity,
    },
    /// A recorded file changed since the journal was begun.
    #[error(
        "{} changed since this journal was begun: expected SHA-256 {expected}, found {found}",
        .path.display()
    )]
    ChangedSource {
        /// The file.
        path: PathBuf,
        /// Its digest then, in hex.
        expected: String,
        /// Its digest now, in hex.
        found: String,
    },
    /// A poll on a chain could not be read completely.
    #[error(transparent)]
    Ingest(Box<IngestError>),
    /// The poll still takes votes, or nobody merged its state; what was read so far is kept.
    #[error("{}", describe(*.standing, *.end_time, *.block))]
    PollNotOver {
        /// How far it is.
        standing: Standing,
        /// Unix time of the last second in which votes are accepted.
        end_time: u64,
        /// The last block that counts.
        block: u64,
    },
    /// The journal was begun from files and is to go on from a chain, or the other way round.
    #[error(
        "the journal was begun from another kind of source: recorded files and a chain do not mix"
    )]
    OtherSource,
    /// No recorded directory was given, and the journal is not complete.
    #[error("this data directory holds no complete log, and no recorded directory was given")]
    SourceNeeded,
    /// A command that decrypts was run without the coordinator key.
    #[error("the coordinator key is needed for this step, and none was given")]
    KeyNeeded,
    /// The key is not the poll's.
    #[error(transparent)]
    WrongKey(#[from] WrongCoordinatorKey),
    /// The log cannot be processed.
    #[error(transparent)]
    Process(ProcessError),
    /// A stage was asked to run before the one that it builds on.
    #[error("expected the stage {stage} to be complete, found it is not")]
    StageNeeded {
        /// The stage that must come first.
        stage: StageId,
    },
    /// Another process works in this data directory.
    #[error("the data directory {} is in use by another coordinator ({holder})", .path.display())]
    Locked {
        /// The directory.
        path: PathBuf,
        /// What the lock file says about the other process.
        holder: String,
    },
    /// The data directory is not one that this version knows.
    #[error("expected {} to say layout 2, found {found:?}; make the job anew in another directory", .path.display())]
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
    #[error("the proof {unit} in the journal {} is damaged: {why}", .path.display())]
    CorruptProof {
        /// Which proof.
        unit: ProofUnit,
        /// The journal file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A file that was derived from the journal holds other bytes.
    #[error("{} is not what the journal says: the first difference is at byte {at}", .path.display())]
    CorruptArtefact {
        /// The file.
        path: PathBuf,
        /// The offset of the first difference.
        at: usize,
    },
    /// The log and key give another statement than the journal holds.
    #[error("the journal holds other public inputs for {unit} than the log and the key give")]
    OtherStatement {
        /// Which proof's.
        unit: ProofUnit,
    },
    /// A finished proof belongs to another verifying key than the one in use.
    #[error(
        "the proof {unit} was made for the verifying key {expected}, the key in use is {found}"
    )]
    OtherKey {
        /// Which proof.
        unit: ProofUnit,
        /// The key that it was made for.
        expected: VkId,
        /// The key in use.
        found: VkId,
    },
    /// A result does not fit the published form; no poll within MACI's limits reaches this.
    #[error("expected every option's votes to be below 2^128, found more")]
    ResultRange,
    /// The keys of a circuit could not be made, read or used.
    #[error("the keys of {circuit}: {source}")]
    Keys {
        /// The circuit.
        circuit: CircuitId,
        /// Why.
        source: Box<StoreError>,
    },
    /// The keys are development keys, whose secrets are public, and were not asked for (K-13).
    #[error("the keys of {circuit}: {source}")]
    InsecureKey {
        /// The circuit.
        circuit: CircuitId,
        /// Which kind of key it is.
        source: InsecureKey,
    },
    /// A batch could not be proved.
    #[error("a batch could not be proved: {0}")]
    Prove(#[source] Box<ProveError>),
    /// The proofs of the poll do not add up to its tally.
    #[error("the transcript does not verify: {0}")]
    Transcript(#[source] Box<maci_verifier::Error>),
    /// The deployment file does not name the poll's contracts.
    #[error("the poll's contracts: {0}")]
    Source(#[source] Box<SourceError>),
    /// The chain, the node or the account.
    #[error(transparent)]
    Chain(#[from] Box<maci_chain::Error>),
    /// A stage that needs a chain was asked for without one.
    #[error("this step sends transactions, and no node was named")]
    NoChain,
    /// Stopped on request, after committing the batch in hand.
    #[error("interrupted; everything finished is in the journal")]
    Interrupted,
}

impl Error {
    /// The keys of a circuit could not be had.
    pub fn keys(circuit: CircuitId, source: StoreError) -> Self {
        Self::Keys {
            circuit,
            source: Box::new(source),
        }
    }

    /// A database error: the disk's fault if it is one, else damage.
    pub(crate) fn database(path: &Path, error: redb::Error) -> Self {
        let path = path.to_path_buf();
        match error {
            // redb reports a file that is no database, or a cut one, through these kinds.
            redb::Error::Io(source)
                if matches!(
                    source.kind(),
                    io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
                ) =>
            {
                Self::Journal {
                    path,
                    fault: JournalFault::Database(source.to_string()),
                }
            }
            redb::Error::Io(source) => Self::Io {
                what: "use",
                path,
                source,
            },
            redb::Error::PreviousIo => Self::Io {
                what: "use",
                path,
                source: io::Error::other("an earlier write failed"),
            },
            redb::Error::DatabaseAlreadyOpen => Self::Locked {
                path,
                holder: "journal open twice".to_owned(),
            },
            other => Self::Journal {
                path,
                fault: JournalFault::Database(other.to_string()),
            },
        }
    }
}

impl From<maci_chain::Error> for Error {
    fn from(error: maci_chain::Error) -> Self {
        Self::Chain(Box::new(error))
    }
}

impl From<ProcessError> for Error {
    fn from(error: ProcessError) -> Self {
        match error {
            ProcessError::CoordinatorKey(error) => Self::WrongKey(error),
            other => Self::Process(other),
        }
    }
}

/// The text of a panic, as far as it has one.
pub(crate) fn panic_text(panic: &(dyn core::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}
