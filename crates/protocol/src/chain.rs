//! The chain hash over all messages and the batches it is cut into (protocol.md §7).
//!
//! Step 2 of the way of a vote: the running hash is compared with the chain's after every message.

use ark_ff::MontFp;
use maci_crypto::{Fr, poseidon};
use maci_verifier::ChainHash;

use crate::message::Message;

/// keccak256("Maci") mod p, where every poll's chain hash starts.
pub const NUMS: Fr =
    MontFp!("8370432830353022751713833565135785980866757267633941821328460903436894336785");

/// The chain hash before message 0.
pub const START: ChainHash = ChainHash(NUMS);

/// `H2(previous, message hash)`.
pub fn chain(previous: ChainHash, message_hash: Fr) -> ChainHash {
    ChainHash(poseidon::hash2(previous.0, message_hash))
}

/// The running chain hash and the checkpoints the Poll contract keeps of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchHashes {
    batch_size: u64,
    current: ChainHash,
    messages: u64,
    checkpoints: Vec<ChainHash>,
}

impl BatchHashes {
    /// The state before message 0: one checkpoint, [`START`]. A batch size of 0 counts as 1.
    pub fn new(batch_size: u8) -> Self {
        Self {
            batch_size: u64::from(batch_size.max(1)),
            current: START,
            messages: 0,
            checkpoints: vec![START],
        }
    }

    /// Takes in the next message and returns the chain hash after it.
    pub fn push(&mut self, message: &Message) -> ChainHash {
        self.push_hash(message.hash())
    }

    /// Takes in the next message by its hash.
    pub fn push_hash(&mut self, message_hash: Fr) -> ChainHash {
        self.current = chain(self.current, message_hash);
        self.messages += 1;
        if self.messages.is_multiple_of(self.batch_size) {
            self.checkpoints.push(self.current);
        }
        self.current
    }

    /// The chain hash after the last message.
    pub const fn current(&self) -> ChainHash {
        self.current
    }

    /// `batchHashes` so far: entry k closes batch k, entry 0 is [`START`].
    pub fn checkpoints(&self) -> &[ChainHash] {
        &self.checkpoints
    }

    /// `batchHashes` after `padLastBatch()`: entry k closes batch k, entry 0 is [`START`].
    pub fn padded(mut self) -> Vec<ChainHash> {
        if !self.messages.is_multiple_of(self.batch_size) {
            self.checkpoints.push(self.current);
        }
        self.checkpoints
    }
}
