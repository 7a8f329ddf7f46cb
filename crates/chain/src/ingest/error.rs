//! Why a poll could not be read, with the blocks that it is about.

use std::path::PathBuf;

use maci_protocol::recorded::{At, RecordedError};
use maci_protocol::{Address, PollId};

use super::completeness::Mismatch;
use crate::error::{Error, Kind};

/// What was wrong with a range of blocks, or with an answer about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A node could not be asked, or refused.
    #[error(transparent)]
    Node(#[from] Error),
    /// The logs contradict one another or what the chain recorded in them.
    #[error(transparent)]
    Log(#[from] RecordedError),
    /// A list of logs that is none of the range that was asked for.
    #[error("{endpoint} gave {what}")]
    Answer {
        /// The node.
        endpoint: String,
        /// What is wrong with its list.
        what: String,
    },
    /// The logs are not all that the contracts took in.
    #[error(transparent)]
    Contract(#[from] Mismatch),
    /// Nodes contradict one another (N-06).
    #[error("the nodes disagree about {what}: {answers}")]
    Disagreement {
        /// What they were asked.
        what: String,
        /// Who says what.
        answers: String,
    },
    /// The chain was reorganised while the range was read.
    #[error("the chain was reorganised while they were read")]
    Moved,
    /// No node keeps state that old, and the question cannot be asked of a newer block.
    #[error("no node keeps the state of block {0}")]
    NoState(u64),
    /// Somebody padded the batch hashes while votes still came in (D15).
    #[error(
        "as of block {0} the last message batch was padded before the last message: the contracts contradict themselves, and no \
         proof of that batch exists"
    )]
    PaddedEarly(u64),
    /// The contracts' answers about what can never change differ from earlier ones.
    #[error(
        "as of block {0} the contracts describe another poll than at the beginning, though nothing in it can change: a node lied"
    )]
    Fickle(u64),
    /// A node does not have a block that it, or another, said exists.
    #[error("no node has block {0} yet")]
    Behind(u64),
}

const REORGANISED: &str = "reorganised";

/// Why ingest stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// A range of blocks could not be read, however small the windows and however often it was tried.
    #[error("blocks {first} to {last} could not be read completely: {fault}")]
    Blocks {
        /// The first block that may be wrong.
        first: u64,
        /// The last one.
        last: u64,
        /// What was wrong the last time.
        fault: Box<Fault>,
    },
    /// A question about the whole poll failed.
    #[error("{0}")]
    Question(Box<Fault>),
    /// A relayed batch is missing or wrong everywhere (N-01).
    #[error("{error}; tried: {}", if .tried.is_empty() { "nothing, name a folder or a gateway of relayed batches".to_owned() } else { .tried.join("; ") })]
    Relay {
        /// Which batch, and what is wrong.
        error: Box<RecordedError>,
        /// Where it was looked for, and what was found.
        tried: Vec<String>,
    },
    /// The relay folder could not be read.
    #[error("the folder of relayed batches {} cannot be read: {reason}", .path.display())]
    RelayFolder {
        /// The folder.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// The MACI contract has no such poll.
    #[error("the MACI contract {maci} has no poll {poll}: {reason}")]
    NoPoll {
        /// The contract.
        maci: Address,
        /// The wanted poll.
        poll: PollId,
        /// The contract's words.
        reason: String,
    },
    /// The poll is younger than the last block that counts.
    #[error(
        "poll {poll} of the MACI contract {maci} exists, but not yet as of block {block}, the last one that counts; wait until the \
         block of its creation counts too"
    )]
    NotFinal {
        /// The contract.
        maci: Address,
        /// The wanted poll.
        poll: PollId,
        /// The last block that counts.
        block: u64,
    },
    /// The poll's parameters are none that can be processed.
    #[error("the contracts' parameters of the poll cannot be used: {0}")]
    Parameters(#[source] Box<RecordedError>),
    /// The block in which MACI was deployed cannot be found.
    #[error(
        "the block in which the MACI contract {maci} was deployed cannot be found ({reason}); name the first block to read"
    )]
    Start {
        /// The contract.
        maci: Address,
        /// Why not.
        reason: String,
    },
    /// The range to read is empty.
    #[error("the first block to read is {first}, the last one {last}")]
    Range {
        /// The wanted first block.
        first: u64,
        /// The last block that counts.
        last: u64,
    },
    /// What is kept belongs to another poll or chain.
    #[error(
        "what was read before is of {expected}, the chain has {found}; or a node lies about one of them"
    )]
    OtherPoll {
        /// The kept poll.
        expected: String,
        /// The poll on the chain.
        found: String,
    },
    /// The chain did not hold still.
    #[error(
        "the chain was reorganised {times} times while it was read; wait, or count final blocks only"
    )]
    Restless {
        /// How often.
        times: u32,
    },
    /// Stopped on request; what was read is kept.
    #[error("stopped on request; everything read so far is kept")]
    Cancelled,
}

impl IngestError {
    /// The blocks that the error is about, where it is about blocks: the range to look at, or to read again.
    pub fn blocks(&self) -> Option<(u64, u64)> {
        match self {
            Self::Relay { error, .. } => error.blocks(),
            Self::Blocks { first, last, .. } | Self::Range { first, last } => Some((*first, *last)),
            _ => None,
        }
    }

    /// What was wrong with a range of blocks or with an answer, where that is the reason.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Blocks { fault, .. } | Self::Question(fault) => Some(fault),
            _ => None,
        }
    }

    /// The relayed batch that the error is about: its log and its bytes32.
    pub fn batch(&self) -> Option<(At, [u8; 32])> {
        match self {
            Self::Relay { error, .. } => match error.as_ref() {
                RecordedError::Relayed { at, digest }
                | RecordedError::RelayedContent { at, digest, .. } => Some((*at, *digest)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whose move it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Blocks { fault, .. } | Self::Question(fault) => match fault.as_ref() {
                Fault::Node(error) => error.kind(),
                Fault::Behind(_) | Fault::NoState(_) | Fault::Moved => Kind::Outside,
                Fault::Log(_)
                | Fault::Answer { .. }
                | Fault::Contract(_)
                | Fault::PaddedEarly(_)
                | Fault::Fickle(_)
                | Fault::Disagreement { .. } => Kind::State,
            },
            Self::Start { .. } | Self::Range { .. } => Kind::Usage,
            Self::NotFinal { .. }
            | Self::RelayFolder { .. }
            | Self::Restless { .. }
            | Self::Cancelled => Kind::Outside,
            Self::Relay { .. }
            | Self::NoPoll { .. }
            | Self::Parameters(_)
            | Self::OtherPoll { .. } => Kind::State,
        }
    }

    /// A stable name of the kind of failure, in snake case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Blocks { fault, .. } | Self::Question(fault) => match fault.as_ref() {
                Fault::Node(Error::WrongChain { .. }) => "wrong_chain",
                Fault::Node(_) => "node",
                Fault::Log(_) | Fault::Answer { .. } | Fault::Contract(_) => "incomplete_logs",
                Fault::Disagreement { .. } => "nodes_disagree",
                Fault::PaddedEarly(_) => "padded_early",
                Fault::Fickle(_) => "fickle_node",
                Fault::Moved => REORGANISED,
                Fault::Behind(_) => "node_behind",
                Fault::NoState(_) => "node_without_state",
            },
            Self::Relay { .. } | Self::RelayFolder { .. } => "relayed_batch",
            Self::NoPoll { .. } => "no_such_poll",
            Self::NotFinal { .. } => "poll_not_final",
            Self::Parameters(_) => "poll_parameters",
            Self::Start { .. } => "first_block",
            Self::Range { .. } => "block_range",
            Self::OtherPoll { .. } => "other_poll",
            Self::Restless { .. } => REORGANISED,
            Self::Cancelled => "interrupted",
        }
    }
}

impl From<Fault> for IngestError {
    fn from(fault: Fault) -> Self {
        Self::Question(Box::new(fault))
    }
}

/// A failure of ingest or of the store that it writes to.
#[derive(Debug, thiserror::Error)]
pub enum Failure<E> {
    /// Ingest stopped.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// The store failed.
    #[error("{0}")]
    Store(E),
}
