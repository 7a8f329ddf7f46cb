//! Why the proofs of a poll do not add up to its tally.

use crate::circuit_id::CircuitId;
use crate::params::ParamsError;

/// Why the proofs of a poll do not add up to its tally. Numbers are stable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TranscriptError {
    /// The number of processing proofs is not that of the poll's message batches.
    #[error("expected {expected} processing proofs, found {found}")]
    ProcessCount {
        /// ceil(messages / B)
        expected: u64,
        /// How many were given.
        found: u64,
    },
    /// The number of tally proofs is not that of the poll's ballot batches.
    #[error("expected {expected} tally proofs, found {found}")]
    TallyCount {
        /// ceil(leaves / T)
        expected: u64,
        /// How many were given.
        found: u64,
    },
    /// A public input of a processing proof is not what the snapshot and the proof before it imply.
    #[error(
        "processing proof {position} (in order of submission, from 0): {input} is not the expected one"
    )]
    ProcessInput {
        /// Position in submission order.
        position: u64,
        /// Name of the public input.
        input: &'static str,
    },
    /// A public input of a tally proof is not what the snapshot and the proof before it imply.
    #[error(
        "tally proof {position} (in order of submission, from 0): {input} is not the expected one"
    )]
    TallyInput {
        /// Position in submission order.
        position: u64,
        /// Name of the public input.
        input: &'static str,
    },
    /// A verifying key of another circuit than the poll's.
    #[error("expected the verifying key of {expected}, found that of {found}")]
    WrongKey {
        /// The poll's circuit.
        expected: CircuitId,
        /// The key's circuit.
        found: CircuitId,
    },
    /// The poll's parameters are outside their limits.
    #[error("poll parameters: {source}")]
    Params {
        /// Which one.
        source: ParamsError,
    },
    /// No leaf, or more leaves than the tree holds.
    #[error("total signups must be 1 to {max}, found {found}")]
    Signups {
        /// 2^D
        max: u64,
        /// What was given.
        found: u64,
    },
    /// The depth of the merged state tree does not follow from its leaves.
    #[error("actual state tree depth must be {expected} for that many signups, found {found}")]
    ActualDepth {
        /// The smallest depth that holds the leaves.
        expected: u64,
        /// What was given.
        found: u64,
    },
    /// Every poll holds message 0.
    #[error("number of messages must be at least 1, found 0")]
    NoMessages,
    /// The list of batch hashes does not fit the number of messages.
    #[error("expected {expected} batch hashes, found {found}")]
    BatchHashCount {
        /// One more than the message batches.
        expected: u64,
        /// What was given.
        found: u64,
    },
    /// The chain does not start at MACI's constant.
    #[error("first batch hash is not the constant with which every poll starts")]
    FirstBatchHash,
    /// The last batch does not end at the poll's chain hash.
    #[error("last batch hash is not the chain hash")]
    LastBatchHash,
    /// A list of the opening has the wrong length.
    #[error("{list}: expected {expected} entries, found {found}")]
    OpeningLength {
        /// Which list.
        list: &'static str,
        /// 5^v
        expected: u64,
        /// What was given.
        found: u64,
    },
    /// Spent credits per option are published in quadratic voting and in no other mode.
    #[error("spent credits per option are expected in quadratic voting only")]
    OpeningMode,
    /// The published results do not open the last tally commitment.
    #[error("published results do not open the last tally commitment")]
    Opening,
    /// An option beyond the poll's options has votes.
    #[error("option {option} cannot be voted for and has votes")]
    UnselectableOption {
        /// Its index.
        option: u64,
    },
}

impl TranscriptError {
    /// The stable number of the reason.
    pub const fn code(&self) -> u16 {
        match self {
            Self::ProcessCount { .. } => 500,
            Self::TallyCount { .. } => 501,
            Self::ProcessInput { .. } => 502,
            Self::TallyInput { .. } => 503,
            Self::WrongKey { .. } => 504,
            Self::Params { .. } => 505,
            Self::Signups { .. } => 506,
            Self::ActualDepth { .. } => 507,
            Self::NoMessages => 508,
            Self::BatchHashCount { .. } => 509,
            Self::FirstBatchHash => 510,
            Self::LastBatchHash => 511,
            Self::OpeningLength { .. } => 512,
            Self::OpeningMode => 513,
            Self::Opening => 514,
            Self::UnselectableOption { .. } => 515,
        }
    }
}
