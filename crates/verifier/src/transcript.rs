//! The transcript of a whole poll.

/// Why the proofs of a poll do not add up to its tally.
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
}

impl TranscriptError {
    /// The stable number of the reason.
    pub const fn code(&self) -> u16 {
        match self {
            Self::ProcessCount { .. } => 500,
        }
    }
}
