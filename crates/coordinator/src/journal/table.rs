//! The tables of the journal.

use core::fmt;

use redb::TableDefinition;

/// A table. Names and ids are part of the file format: never reuse one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Table {
    /// Row 0: which poll this is, and the digests of the files that it was read from.
    Poll,
    /// Row 0: the text of `deployment.json`.
    Deployment,
    /// Progress of each stage, by stage id.
    Checkpoints,
    /// Sign-ups by state index.
    Leaves,
    /// Messages by index.
    Messages,
    /// The chain hash at each batch border.
    BatchHashes,
    /// Public inputs of each message batch, in submission order.
    ProcessBatches,
    /// Public inputs of each ballot batch, in submission order.
    TallyBatches,
    /// Row 0: the results.
    Results,
    /// Finished proofs, by [`crate::ProofUnit`].
    Proofs,
    /// How often each proof was begun, by [`crate::ProofUnit`].
    Attempts,
    /// Row 0: the digest of the audit bundle.
    Bundle,
    /// Row 0: the transaction that is on its way to the chain, if there is one.
    Pending,
    /// Transactions that ended, in order.
    Transactions,
    /// Row 0: the poll that is read from a chain, and the first block that is read for it.
    ChainPoll,
    /// Headers of blocks that were read, by number; the last one is the cursor.
    Headers,
    /// Logs that were read, by block and log index.
    Logs,
    /// Contents of relayed batches, by the beginning of their digest.
    Relayed,
    /// Row 0: how many commits there were.
    Sequence,
    /// Count and digest sum of each other table, by its id.
    Seals,
}

impl Table {
    /// Every table that has a seal.
    pub(super) const ALL: [Self; 19] = [
        Self::Poll,
        Self::Checkpoints,
        Self::Leaves,
        Self::Messages,
        Self::ProcessBatches,
        Self::TallyBatches,
        Self::Results,
        Self::Proofs,
        Self::Attempts,
        Self::Bundle,
        Self::Sequence,
        Self::BatchHashes,
        Self::Deployment,
        Self::Pending,
        Self::Transactions,
        Self::ChainPoll,
        Self::Headers,
        Self::Logs,
        Self::Relayed,
    ];

    pub(super) fn id(self) -> u64 {
        match self {
            Self::Seals => 0,
            Self::Poll => 1,
            Self::Checkpoints => 2,
            Self::Leaves => 3,
            Self::Messages => 4,
            Self::ProcessBatches => 5,
            Self::TallyBatches => 6,
            Self::Results => 7,
            Self::Proofs => 8,
            Self::Attempts => 9,
            Self::Bundle => 10,
            Self::Sequence => 11,
            Self::BatchHashes => 12,
            Self::Deployment => 13,
            Self::Pending => 20,
            Self::Transactions => 21,
            Self::ChainPoll => 14,
            Self::Headers => 15,
            Self::Logs => 16,
            Self::Relayed => 17,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Seals => "seals",
            Self::Poll => "poll",
            Self::Checkpoints => "checkpoints",
            Self::Leaves => "leaves",
            Self::Messages => "messages",
            Self::ProcessBatches => "process_batches",
            Self::TallyBatches => "tally_batches",
            Self::Results => "results",
            Self::Proofs => "proofs",
            Self::Attempts => "attempts",
            Self::Bundle => "bundle",
            Self::Sequence => "sequence",
            Self::BatchHashes => "batch_hashes",
            Self::Deployment => "deployment",
            Self::Pending => "pending",
            Self::Transactions => "transactions",
            Self::ChainPoll => "chain_poll",
            Self::Headers => "headers",
            Self::Logs => "logs",
            Self::Relayed => "relayed",
        }
    }

    pub(super) fn definition(self) -> TableDefinition<'static, u64, &'static [u8]> {
        TableDefinition::new(self.name())
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
