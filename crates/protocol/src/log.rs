//! A poll's log after ingest: what the machine works on.
//!
//! Between steps 2 and 3 of the way of a vote. Whoever makes a [`PollLog`] from a chain or a file has compared it with
//! every value that the chain confirms (D14); field elements are already reduced (D10).

use std::collections::BTreeSet;

use maci_crypto::{babyjubjub::RawPoint, poseidon, tree::binary::actual_depth};
use maci_verifier::{ChainHash, PollParams, PublicKeyHash, StateRoot};

use crate::{
    chain::{self, BatchHashes},
    keys::CoordinatorKey,
    message::Message,
    state::StateLeaf,
    types::{Address, PollId, StateIndex},
};

/// Values that the chain itself recorded about the poll, all equal to what the log recomputes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OnChain {
    /// The chain hash after the last message.
    pub chain_hash: Option<ChainHash>,
    /// The merged state root.
    pub merged_state_root: Option<StateRoot>,
    /// Leaves at the merge, the blank leaf included.
    pub total_signups: Option<u64>,
}

/// One poll: parameters, leaves and messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PollLog {
    /// Depths, batch sizes, options and mode.
    pub params: PollParams,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The MACI contract.
    pub maci_address: Address,
    /// The Poll contract.
    pub poll_address: Address,
    /// The poll's number in its MACI contract.
    pub poll_id: PollId,
    /// Whom the messages are encrypted to.
    pub coordinator_public_key: RawPoint,
    /// The leaves of the poll state tree; leaf 0 is blank.
    pub leaves: Vec<StateLeaf>,
    /// The keys that signed up with the MACI contract, in log order; `None` where the log carries no sign-ups.
    pub signups: Option<Vec<RawPoint>>,
    /// All messages in log order; message 0 is the contract's placeholder.
    pub messages: Vec<Message>,
    /// The chain hash before batch 1 and after every batch.
    pub batch_hashes: Vec<ChainHash>,
    /// What the chain confirms.
    pub onchain: OnChain,
    /// Unix time of the first second in which messages are accepted.
    pub start_time: u64,
    /// Unix time of the last second in which messages are accepted.
    pub end_time: u64,
}

/// The given key is not the poll's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the coordinator key does not belong to this poll: the hash of its public key is {found}, the poll's is {expected}"
)]
pub struct WrongCoordinatorKey {
    /// Hash of the poll's coordinator public key.
    pub expected: PublicKeyHash,
    /// Hash of the given key's public key.
    pub found: PublicKeyHash,
}

impl PollLog {
    /// Leaves of the poll state tree, the blank leaf included: the statement's `totalSignups`.
    pub fn total_signups(&self) -> u64 {
        self.leaves.len() as u64
    }

    /// Messages, the placeholder included.
    pub fn num_messages(&self) -> u64 {
        self.messages.len() as u64
    }

    /// ceil(messages / B), at least 1.
    pub fn message_batches(&self) -> u64 {
        self.params.message_batches(self.num_messages()).max(1)
    }

    /// The chain hash after the last message.
    pub fn chain_hash(&self) -> ChainHash {
        self.batch_hashes.last().copied().unwrap_or(chain::START)
    }

    /// The smallest d >= 1 with 2^d >= leaves (protocol.md §8).
    pub fn actual_state_tree_depth(&self) -> u8 {
        actual_depth(self.total_signups())
    }

    /// The joined leaves whose keys are not among the recorded sign-ups; empty where the log carries no sign-ups.
    ///
    /// Poll key and MACI key are the same (protocol.md §9.3), and PollJoining proves membership of *some* node of the
    /// sign-up tree only (D17, C-07): this is how an auditor sees a join that the tree does not account for.
    pub fn joined_without_signup(&self) -> Vec<StateIndex> {
        let Some(signups) = &self.signups else {
            return Vec::new();
        };
        let known: BTreeSet<&RawPoint> = signups.iter().collect();
        (0..)
            .zip(&self.leaves)
            .skip(1)
            .filter(|(_, leaf)| !known.contains(&leaf.public_key))
            .map(|(index, _)| StateIndex(index))
            .collect()
    }

    /// Computes [`Self::batch_hashes`] from the messages: for logs that were made or changed by hand.
    pub fn recompute_batch_hashes(&mut self) {
        let mut hashes = BatchHashes::new(self.params.message_batch_size);
        for message in &self.messages {
            hashes.push(message);
        }
        self.batch_hashes = hashes.padded();
    }

    /// Refuses a key that is not the poll's: with it every message would silently be garbage.
    pub fn check_coordinator(&self, key: &CoordinatorKey) -> Result<(), WrongCoordinatorKey> {
        let RawPoint { x, y } = self.coordinator_public_key;
        let expected = PublicKeyHash(poseidon::hash2(x, y));
        let found = key.public_hash();
        if expected == found {
            Ok(())
        } else {
            Err(WrongCoordinatorKey { expected, found })
        }
    }
}
