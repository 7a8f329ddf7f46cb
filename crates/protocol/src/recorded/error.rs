//! Everything that can be wrong with a recorded poll, by name.

use core::fmt;

use maci_crypto::keypair::KeyError;
use maci_verifier::{ChainHash, ParamsError, StateRoot};

use super::relay::{self, RelayFault};
use crate::types::{Address, AddressError};

/// Where a log stands on its chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct At {
    /// Block number.
    pub block: u64,
    /// Position of the transaction in its block.
    pub transaction: u32,
    /// Position of the log in its block.
    pub log_index: u32,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "block {}, log index {}", self.block, self.log_index)
    }
}

/// Why a recorded poll is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordedError {
    /// A file is no JSON of the expected form; a truncated file ends here.
    #[error("{file} cannot be read (truncated or of another form): {source}")]
    Json {
        /// Which file.
        file: &'static str,
        /// Where and why.
        source: serde_json::Error,
    },
    /// A value of the deployment file has the wrong form.
    #[error("deployment.json: {field} must be {expected}, found {found:?}")]
    Field {
        /// Path of the value.
        field: &'static str,
        /// What it has to be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// An address of the deployment file is none.
    #[error("deployment.json: {field}: {source}")]
    Address {
        /// Path of the value.
        field: &'static str,
        /// What is wrong with it.
        source: AddressError,
    },
    /// The coordinator's public key is no private key's (security.md S-07).
    #[error("deployment.json: params.coordinatorPublicKey: {source}")]
    CoordinatorKey {
        /// What is wrong with it.
        source: KeyError,
    },
    /// The poll's parameters are out of range.
    #[error("deployment.json: {0}")]
    Params(#[from] ParamsError),
    /// The sign-up tree's depth and the poll's differ, so no key is found on chain (protocol.md §11).
    #[error("deployment.json: stateTreeDepth {maci} and pollStateTreeDepth {poll} must be equal")]
    Depths {
        /// Depth of the sign-up tree.
        maci: u8,
        /// Depth of the poll state tree.
        poll: u8,
    },
    /// The deployment file and the `DeployPoll` event disagree.
    #[error(
        "deployment.json disagrees with the DeployPoll event at {at} about the {what}: the event says {expected}, the file {found}"
    )]
    Deployment {
        /// The event.
        at: At,
        /// Which value.
        what: &'static str,
        /// The event's.
        expected: String,
        /// The file's.
        found: String,
    },
    /// A log of another contract, for example of another poll.
    #[error(
        "the log at {at} is from contract {found}, but the {contract} of this deployment is {expected}; is logs.json of another poll?"
    )]
    Foreign {
        /// The log.
        at: At,
        /// Which contract it should be of.
        contract: &'static str,
        /// That contract's address.
        expected: Address,
        /// The log's address.
        found: String,
    },
    /// The node withdrew this log in a reorganisation.
    #[error("the log at {at} is marked as removed by a reorganisation; record the poll again")]
    Removed {
        /// The log.
        at: At,
    },
    /// Two logs claim one position.
    #[error("two logs at {at}")]
    Duplicate {
        /// The position.
        at: At,
    },
    /// Logs of one block disagree about the block, or of one transaction about the transaction.
    #[error("the log at {at} names another {what} than the log before it in the same {what}")]
    Inconsistent {
        /// The later log.
        at: At,
        /// Block or transaction.
        what: &'static str,
    },
    /// A number of a log is no hexadecimal quantity.
    #[error(
        "logs.json: log {position} of {contract}: {field} must be a hexadecimal quantity, found {found:?}"
    )]
    Quantity {
        /// Whose log.
        contract: &'static str,
        /// Position in the file.
        position: usize,
        /// Which number.
        field: &'static str,
        /// What it is.
        found: String,
    },
    /// Topics or data of a log do not have the event's form.
    #[error("the {event} log at {at} is malformed: {what}")]
    Malformed {
        /// The log.
        at: At,
        /// Which event its first topic names.
        event: &'static str,
        /// What is wrong.
        what: &'static str,
    },
    /// Message 0 is not the one that every Poll contract inserts (S-03).
    #[error("message 0 at {at} is not the placeholder of a MACI v3 poll")]
    Genesis {
        /// The message's log.
        at: At,
    },
    /// A message and the chain hash that the contract announced for it do not fit: one of the two, or an earlier
    /// log, was edited, moved or removed (D14).
    #[error(
        "message {message} at {at} does not continue the chain hash: the contract recorded {expected} at {hash_at}, the log gives {found}; one of the two logs was edited or an earlier message is missing"
    )]
    ChainHash {
        /// The message's log.
        at: At,
        /// The chain hash's log.
        hash_at: At,
        /// Number of the message.
        message: u64,
        /// What the contract recorded.
        expected: ChainHash,
        /// What the log gives.
        found: ChainHash,
    },
    /// A chain hash without its message.
    #[error("the message that belongs to the chain hash at {at} is missing")]
    MissingMessage {
        /// The chain hash's log.
        at: At,
    },
    /// A message without its chain hash.
    #[error("the chain hash that belongs to the message at {at} is missing")]
    MissingChainHash {
        /// The message's log.
        at: At,
    },
    /// A relayed batch whose contents are not at hand (N-01).
    #[error(
        "messages were relayed at {at}; their contents, the IPFS file {} (bytes32 0x{}), are missing",
        relay::cid(.digest), hex::encode(.digest)
    )]
    Relayed {
        /// The relay's log.
        at: At,
        /// What the chain names the contents by.
        digest: [u8; 32],
    },
    /// The contents of a relayed batch are not what the chain took in (N-01).
    #[error("the contents of the batch relayed at {at}, bytes32 0x{}, are wrong: {fault}", hex::encode(.digest))]
    RelayedContent {
        /// The relay's log.
        at: At,
        /// What the chain names the contents by.
        digest: [u8; 32],
        /// What is wrong.
        fault: RelayFault,
    },
    /// Several hashes relayed in one call crossed a batch boundary, so the contract's checkpoints are not those of the
    /// batches that the circuit proves (protocol.md §9.4, D14).
    #[error(
        "the {messages} messages relayed in one call at {at} cross or meet a boundary of batches of {batch_size}: the contract kept other checkpoints than any proof can have, so nobody can finish this poll"
    )]
    UnprovableCheckpoints {
        /// The relay's log.
        at: At,
        /// Messages in the call.
        messages: usize,
        /// Messages in a batch.
        batch_size: u8,
    },
    /// Logs are read in chain order, and this one comes late.
    #[error("the log at {at} comes after the log at {after}")]
    Disorder {
        /// The log.
        at: At,
        /// The log before it.
        after: At,
    },
    /// A sign-up is missing (C-07 would accuse an honest voter).
    #[error(
        "the voter who signed up at {at} has index {found}, expected {expected}; an earlier sign-up is missing or was edited"
    )]
    SignUpIndex {
        /// The sign-up's log.
        at: At,
        /// The next free index.
        expected: u64,
        /// The log's index.
        found: u64,
    },
    /// A voter's leaf is out of order.
    #[error(
        "the voter who joined at {at} has state index {found}, expected {expected}; an earlier join is missing or was edited"
    )]
    StateIndex {
        /// The join's log.
        at: At,
        /// The next free index.
        expected: u64,
        /// The log's index.
        found: u64,
    },
    /// More leaves than the tree holds.
    #[error("the voter who joined at {at} does not fit into a tree of {max} leaves")]
    TooManyLeaves {
        /// The join's log.
        at: At,
        /// Leaves of the tree.
        max: u64,
    },
    /// One nullifier joined twice.
    #[error("the nullifier of the join at {at} was used before")]
    Nullifier {
        /// The later join's log.
        at: At,
    },
    /// A join after the state was merged.
    #[error("the join at {at} comes after the state was merged at {merge}")]
    JoinAfterMerge {
        /// The join's log.
        at: At,
        /// The merge's log.
        merge: At,
    },
    /// The state was merged twice.
    #[error("the state was merged at {first} and again at {at}")]
    SecondMerge {
        /// The later merge.
        at: At,
        /// The earlier one.
        first: At,
    },
    /// The merge counted other leaves than the log has.
    #[error(
        "the merge at {at} counts {expected} leaves, the log has {found}; a join is missing or one too many"
    )]
    TotalSignups {
        /// The merge's log.
        at: At,
        /// What the contract counted.
        expected: u64,
        /// Leaves in the log, the blank one included.
        found: u64,
    },
    /// The leaves do not give the merged root.
    #[error(
        "the leaves joined in blocks {first} to {last} give state root {found}, the merge at {at} recorded {expected}; one of these logs was edited"
    )]
    StateRoot {
        /// The merge's log.
        at: At,
        /// Block of the first join.
        first: u64,
        /// Block of the last join.
        last: u64,
        /// The contract's root.
        expected: StateRoot,
        /// The leaves' root.
        found: StateRoot,
    },
    /// The poll's logs hold no message, not even the placeholder.
    #[error(
        "logs.json has no message of the poll, not even the placeholder; is it truncated or of another poll?"
    )]
    NoMessages,
    /// The recording ends before the merge.
    #[error(
        "logs.json has no MergeState event: the poll was recorded before it was merged, or the file is truncated"
    )]
    NotMerged,
    /// The keys file has no usable coordinator key.
    #[error("keys.json: {what}")]
    Key {
        /// What is wrong; never the key itself.
        what: &'static str,
    },
}

impl RecordedError {
    /// The first and the last block of the logs that the error is about, where it is about logs.
    pub fn blocks(&self) -> Option<(u64, u64)> {
        let one = |at: &At| Some((at.block, at.block));
        match self {
            Self::Deployment { at, .. }
            | Self::Foreign { at, .. }
            | Self::Removed { at }
            | Self::Duplicate { at }
            | Self::Inconsistent { at, .. }
            | Self::Malformed { at, .. }
            | Self::Genesis { at }
            | Self::MissingMessage { at }
            | Self::MissingChainHash { at }
            | Self::Relayed { at, .. }
            | Self::RelayedContent { at, .. }
            | Self::UnprovableCheckpoints { at, .. }
            | Self::SignUpIndex { at, .. }
            | Self::StateIndex { at, .. }
            | Self::TooManyLeaves { at, .. }
            | Self::Nullifier { at }
            | Self::TotalSignups { at, .. } => one(at),
            Self::ChainHash { at, hash_at, .. } => Some((hash_at.block, at.block)),
            Self::JoinAfterMerge { at, merge } => Some((merge.block, at.block)),
            Self::SecondMerge { at, first } => Some((first.block, at.block)),
            Self::Disorder { at, after } => Some((at.block, after.block)),
            Self::StateRoot { at, first, .. } => Some((*first, at.block)),
            _ => None,
        }
    }
}
