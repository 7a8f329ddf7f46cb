//! The audit bundle: everything about one poll that an offline auditor needs, in one canonical file.
//!
//! Step 10 of the way of a vote. A bundle is a pure function of its parts: the same transcript gives the same bytes on
//! every machine. It knows no market; the verdict joins a bundle to the question of one. Contents are those of
//! settlement.md §3.2, points 1, 2, 4 to 9, 11 and 13; points 3 and 10 are the verdict's.

mod codec;
mod proof;

use alloy_primitives::B256;
use maci_verifier::transcript::{
    PollSnapshot, PollTranscript, ProvedProcess, ProvedTally, TallyOpening, empty_ballot_root,
};
use maci_verifier::vk::KeyPoints;
use maci_verifier::{ChainHash, StateRoot};
use sha2::{Digest as _, Sha256};

use crate::audit::Anchor;
use crate::canonical::FormatError;
use crate::digest::DigestError;
use crate::keys::{Provenance, registry_hash, verifying_keys_hash};
use crate::pins::PollPins;
use crate::source::PollSource;

/// Format id of a bundle.
pub const BUNDLE_FORMAT: &str = "maci-rs audit bundle";
/// Version of the layout.
pub const BUNDLE_VERSION: &str = "1";

/// The keys that a bundle brings along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleKeys {
    /// Key of the processing proofs.
    pub process: KeyPoints,
    /// Key of the tally proofs.
    pub tally: KeyPoints,
    /// Registry hash of the joining key, if stated.
    pub joining: Option<B256>,
    /// What their maker says about their origin.
    pub provenance: Provenance,
}

impl BundleKeys {
    /// `verifyingKeys` of pins and verdict.
    pub fn hash(&self) -> B256 {
        verifying_keys_hash(
            registry_hash(&self.process),
            registry_hash(&self.tally),
            self.joining,
        )
    }
}

/// A well-formed bundle. Nothing about it is proven until [`crate::audit()`] says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditBundle {
    /// Block in which it was made, if its maker has a chain.
    pub created_block: Option<u64>,
    /// The poll's pins.
    pub pins: PollPins,
    /// Root of the merged poll state tree.
    pub state_root: StateRoot,
    /// Its depth.
    pub actual_state_tree_depth: u64,
    /// Its leaves, the blank leaf included.
    pub total_signups: u64,
    /// Messages, the placeholder included.
    pub num_messages: u64,
    /// The chain hash at every batch boundary; the last is the poll's chain hash.
    pub batch_hashes: Vec<ChainHash>,
    /// Processing proofs in submission order: the batch with the last messages first.
    pub process: Vec<ProvedProcess>,
    /// Tally proofs, ballots from 0 on.
    pub tally: Vec<ProvedTally>,
    /// The published results.
    pub opening: TallyOpening,
    /// The keys.
    pub keys: BundleKeys,
    /// The block on which the values were read, if any.
    pub anchor: Option<Anchor>,
}

impl PollSource {
    /// The pins of a poll, from its source, its closing parameters and its keys.
    pub fn pins(&self, snapshot: &PollSnapshot, keys: &BundleKeys) -> PollPins {
        PollPins {
            chain_id: self.chain_id,
            contracts: self.contracts.clone(),
            poll_id: alloy_primitives::U256::from(self.poll_id),
            verifying_keys: keys.hash(),
            coordinator_public_key_hash: snapshot.coordinator_public_key_hash,
            params: snapshot.params,
            empty_ballot_root: empty_ballot_root(&snapshot.params),
            start_date: self.start_date,
            end_date: self.end_date,
        }
    }
}

impl AuditBundle {
    /// Puts the parts together. Whether they fit each other is for the audit to say.
    pub fn make(
        source: &PollSource,
        snapshot: &PollSnapshot,
        transcript: &PollTranscript,
        keys: &BundleKeys,
    ) -> Self {
        Self {
            created_block: None,
            pins: source.pins(snapshot, keys),
            state_root: snapshot.state_root,
            actual_state_tree_depth: snapshot.actual_state_tree_depth,
            total_signups: snapshot.total_signups,
            num_messages: snapshot.num_messages,
            batch_hashes: snapshot.batch_hashes.clone(),
            process: transcript.process.clone(),
            tally: transcript.tally.clone(),
            opening: transcript.opening.clone(),
            keys: keys.clone(),
            anchor: None,
        }
    }

    /// The digest that identifies a bundle file: SHA-256 of its bytes.
    pub fn digest(bytes: &[u8]) -> B256 {
        B256::new(Sha256::digest(bytes).into())
    }

    /// The poll's closing state.
    pub fn snapshot(&self) -> PollSnapshot {
        PollSnapshot {
            params: self.pins.params,
            state_root: self.state_root,
            actual_state_tree_depth: self.actual_state_tree_depth,
            total_signups: self.total_signups,
            num_messages: self.num_messages,
            batch_hashes: self.batch_hashes.clone(),
            // Without any batch hash the count check fails, whatever stands here.
            chain_hash: self
                .batch_hashes
                .last()
                .copied()
                .unwrap_or(ChainHash(0u64.into())),
            coordinator_public_key_hash: self.pins.coordinator_public_key_hash,
        }
    }

    /// The poll's proofs and the opening.
    pub fn transcript(&self) -> PollTranscript {
        PollTranscript {
            process: self.process.clone(),
            tally: self.tally.clone(),
            opening: self.opening.clone(),
        }
    }
}

/// Why bytes are no bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// Not of the format; the place is named.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// Well formed, and changed after it was made; the section is named.
    #[error(transparent)]
    Digest(#[from] DigestError),
}
