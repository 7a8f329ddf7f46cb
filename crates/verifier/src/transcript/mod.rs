//! The transcript of a whole poll: every proof, in order, from the first commitment to the published results.
//!
//! A proof says that one batch was processed honestly. That a *poll* was tallied needs more: the first commitment is the
//! poll's own, no batch is missing, repeated or swapped, each starts where the one before it ended, the messages are those
//! of the chain hash, and the last commitment opens to the results (security.md V-01, V-05). [`check`] derives every public
//! input that it can from the snapshot and compares; it believes only commitments that proofs link.
//!
//! What it does not know: whether the snapshot is the one on chain. That is an anchored or replayed grade
//! (settlement.md §3.1), decided by the caller.

mod error;
mod opening;

pub use error::TranscriptError;
pub use opening::{TallyOpening, VoiceCredits};

use alloc::vec::Vec;

use maci_crypto::Fr;
use maci_crypto::poseidon;
use maci_crypto::tree::binary::actual_depth;

use crate::batch::{Claim, verify_many};
use crate::circuit_id::CircuitId;
use crate::error::Error;
use crate::newtypes::{
    BallotRoot, ChainHash, PublicKeyHash, SbCommitment, StateRoot, TallyCommitment,
};
use crate::params::PollParams;
use crate::proof::Proof;
use crate::statement::{ProcessBatch, TallyBatch};
use crate::vk::{VerifyingKey, VkId};

/// keccak256("Maci") mod p: the chain hash before message 0 (protocol.md §1, §7).
pub const NUMS: ChainHash = ChainHash(ark_ff::MontFp!(
    "8370432830353022751713833565135785980866757267633941821328460903436894336785"
));

/// What the contracts fixed when the poll was closed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "std", serde(deny_unknown_fields))]
pub struct PollSnapshot {
    /// Depths, batch sizes, options and mode.
    pub params: PollParams,
    /// Root of the merged poll state tree.
    pub state_root: StateRoot,
    /// Its depth.
    pub actual_state_tree_depth: u64,
    /// Its leaves, the blank leaf 0 included.
    pub total_signups: u64,
    /// Messages, message 0 included.
    pub num_messages: u64,
    /// The chain hash at every batch boundary, [`NUMS`] first.
    pub batch_hashes: Vec<ChainHash>,
    /// The chain hash after the last message.
    pub chain_hash: ChainHash,
    /// H2 of the coordinator's public key.
    pub coordinator_public_key_hash: PublicKeyHash,
}

/// A proved processing batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProvedProcess {
    /// The public inputs.
    pub statement: ProcessBatch,
    /// The proof.
    pub proof: Proof,
}

/// A proved tally batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProvedTally {
    /// The public inputs.
    pub statement: TallyBatch,
    /// The proof.
    pub proof: Proof,
}

/// Every proof of a poll and the opening of its last commitment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PollTranscript {
    /// In the order of submission: the batch with the last messages first.
    pub process: Vec<ProvedProcess>,
    /// In the order of submission: ballots from 0 on.
    pub tally: Vec<ProvedTally>,
    /// The published results.
    pub opening: TallyOpening,
}

/// A tally that follows from the poll's snapshot: only [`check`] makes one.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedTally {
    snapshot: PollSnapshot,
    sb_commitment: SbCommitment,
    tally_commitment: TallyCommitment,
    process_key: VkId,
    tally_key: VkId,
    opening: TallyOpening,
}

impl VerifiedTally {
    /// The poll's closing state, from which everything was derived.
    pub fn snapshot(&self) -> &PollSnapshot {
        &self.snapshot
    }

    /// Votes for each option, one entry for each of the 5^v leaves.
    pub fn results(&self) -> &[u128] {
        &self.opening.results
    }

    /// Votes for the options that could be voted for.
    pub fn selectable_results(&self) -> &[u128] {
        let count = usize::try_from(self.snapshot.params.vote_options).unwrap_or(usize::MAX);
        self.opening
            .results
            .get(..count)
            .unwrap_or(&self.opening.results)
    }

    /// Voice credits spent in the whole poll.
    pub fn total_spent(&self) -> VoiceCredits {
        self.opening.total_spent
    }

    /// The published results with their salts.
    pub fn opening(&self) -> &TallyOpening {
        &self.opening
    }

    /// The commitment after the last message batch.
    pub fn sb_commitment(&self) -> SbCommitment {
        self.sb_commitment
    }

    /// The commitment that the results open.
    pub fn tally_commitment(&self) -> TallyCommitment {
        self.tally_commitment
    }

    /// The key of the processing proofs.
    pub fn process_key(&self) -> VkId {
        self.process_key
    }

    /// The key of the tally proofs.
    pub fn tally_key(&self) -> VkId {
        self.tally_key
    }
}

/// Root of the ballot tree in which every ballot is blank, computed from nothing but the depths (protocol.md §8).
pub fn empty_ballot_root(params: &PollParams) -> BallotRoot {
    let mut options = Fr::from(0u64);
    for _ in 0..params.vote_option_tree_depth {
        options = poseidon::hash5(&[options; 5]);
    }
    let mut node = poseidon::hash2(Fr::from(0u64), options);
    for _ in 0..params.state_tree_depth {
        node = poseidon::hash2(node, node);
    }
    BallotRoot(node)
}

/// H3(state root, empty ballot root, 0): the commitment with which processing must start (V-01).
pub fn initial_sb_commitment(params: &PollParams, state_root: StateRoot) -> SbCommitment {
    SbCommitment(poseidon::hash3(
        state_root.0,
        empty_ballot_root(params).0,
        Fr::from(0u64),
    ))
}

impl PollSnapshot {
    /// Checks that the snapshot's numbers belong together, before any proof is read (D15).
    pub fn check(&self) -> Result<(), TranscriptError> {
        let params = self
            .params
            .validate()
            .map_err(|source| TranscriptError::Params { source })?;
        let max = params.max_state_leaves();
        if self.total_signups == 0 || self.total_signups > max {
            return Err(TranscriptError::Signups {
                max,
                found: self.total_signups,
            });
        }
        let depth = u64::from(actual_depth(self.total_signups));
        if self.actual_state_tree_depth != depth {
            return Err(TranscriptError::ActualDepth {
                expected: depth,
                found: self.actual_state_tree_depth,
            });
        }
        if self.num_messages == 0 {
            return Err(TranscriptError::NoMessages);
        }
        let expected = params.message_batches(self.num_messages).saturating_add(1);
        let found = self.batch_hashes.len() as u64;
        if found != expected {
            return Err(TranscriptError::BatchHashCount { expected, found });
        }
        if self.batch_hashes.first() != Some(&NUMS) {
            return Err(TranscriptError::FirstBatchHash);
        }
        if self.batch_hashes.last() != Some(&self.chain_hash) {
            return Err(TranscriptError::LastBatchHash);
        }
        Ok(())
    }

    /// The statement of the processing proof at `position` in submission order, given the commitments around it.
    fn process_statement(
        &self,
        position: u64,
        current: SbCommitment,
        new: SbCommitment,
    ) -> Option<ProcessBatch> {
        let size = u64::from(self.params.message_batch_size);
        let batches = self.params.message_batches(self.num_messages);
        let batch = batches.checked_sub(position)?;
        let index = batch.checked_sub(1)?.checked_mul(size)?;
        Some(ProcessBatch {
            total_signups: self.total_signups,
            output_batch_hash: *self.batch_hashes.get(usize::try_from(batch).ok()?)?,
            actual_state_tree_depth: self.actual_state_tree_depth,
            coordinator_public_key_hash: self.coordinator_public_key_hash,
            vote_options: self.params.vote_options,
            current_sb_commitment: current,
            new_sb_commitment: new,
            index,
            batch_end_index: index.checked_add(size)?.min(self.num_messages),
        })
    }

    /// The statement of the tally proof at `position`, given the commitments around it.
    fn tally_statement(
        &self,
        position: u64,
        sb_commitment: SbCommitment,
        current: TallyCommitment,
        new: TallyCommitment,
    ) -> Option<TallyBatch> {
        Some(TallyBatch {
            sb_commitment,
            current_tally_commitment: current,
            new_tally_commitment: new,
            index: position.checked_mul(self.params.tally_batch_size())?,
            total_signups: self.total_signups,
        })
    }
}

/// Checks a poll's transcript from its closing state to its published results.
///
/// The keys must be those of the poll's circuits. Structure, links and opening are compared first; then all proofs are
/// verified together.
pub fn check(
    snapshot: &PollSnapshot,
    transcript: &PollTranscript,
    process_key: &VerifyingKey,
    tally_key: &VerifyingKey,
) -> Result<VerifiedTally, Error> {
    snapshot.check()?;
    same_circuit(process_key, snapshot.params.process_circuit())?;
    same_circuit(tally_key, snapshot.params.tally_circuit())?;
    let sb_commitment = check_process(snapshot, &transcript.process)?;
    let tally_commitment = check_tally(snapshot, &transcript.tally, sb_commitment)?;
    transcript
        .opening
        .check(&snapshot.params, tally_commitment)?;

    let process = transcript.process.iter().map(|record| Claim {
        key: process_key,
        statement: &record.statement,
        proof: &record.proof,
    });
    let tally = transcript.tally.iter().map(|record| Claim {
        key: tally_key,
        statement: &record.statement,
        proof: &record.proof,
    });
    let claims: Vec<Claim<'_>> = process.chain(tally).collect();
    let verified = verify_many(&claims)?;
    debug_assert_eq!(verified.len(), claims.len());
    Ok(VerifiedTally {
        snapshot: snapshot.clone(),
        sb_commitment,
        tally_commitment,
        process_key: process_key.id(),
        tally_key: tally_key.id(),
        opening: transcript.opening.clone(),
    })
}

fn same_circuit(key: &VerifyingKey, expected: CircuitId) -> Result<(), TranscriptError> {
    if *key.circuit() == expected {
        Ok(())
    } else {
        Err(TranscriptError::WrongKey {
            expected,
            found: *key.circuit(),
        })
    }
}

/// Order, count, links and public inputs of the processing proofs; returns the last commitment.
fn check_process(
    snapshot: &PollSnapshot,
    records: &[ProvedProcess],
) -> Result<SbCommitment, TranscriptError> {
    let expected = snapshot.params.message_batches(snapshot.num_messages);
    let found = records.len() as u64;
    if found != expected {
        return Err(TranscriptError::ProcessCount { expected, found });
    }
    let mut current = initial_sb_commitment(&snapshot.params, snapshot.state_root);
    for (position, record) in (0u64..).zip(records) {
        let statement = &record.statement;
        let derived = snapshot
            .process_statement(position, current, statement.new_sb_commitment)
            .ok_or(TranscriptError::ProcessCount { expected, found })?;
        let input = [
            (
                "current_sb_commitment",
                statement.current_sb_commitment == derived.current_sb_commitment,
            ),
            (
                "output_batch_hash",
                statement.output_batch_hash == derived.output_batch_hash,
            ),
            ("index", statement.index == derived.index),
            (
                "batch_end_index",
                statement.batch_end_index == derived.batch_end_index,
            ),
            (
                "total_signups",
                statement.total_signups == derived.total_signups,
            ),
            (
                "actual_state_tree_depth",
                statement.actual_state_tree_depth == derived.actual_state_tree_depth,
            ),
            (
                "coordinator_public_key_hash",
                statement.coordinator_public_key_hash == derived.coordinator_public_key_hash,
            ),
            (
                "vote_options",
                statement.vote_options == derived.vote_options,
            ),
        ]
        .into_iter()
        .find_map(|(input, equal)| (!equal).then_some(input));
        if let Some(input) = input {
            return Err(TranscriptError::ProcessInput { position, input });
        }
        current = statement.new_sb_commitment;
    }
    Ok(current)
}

/// Order, count, links and public inputs of the tally proofs; returns the last commitment.
fn check_tally(
    snapshot: &PollSnapshot,
    records: &[ProvedTally],
    sb_commitment: SbCommitment,
) -> Result<TallyCommitment, TranscriptError> {
    let expected = snapshot.params.tally_batches(snapshot.total_signups);
    let found = records.len() as u64;
    if found != expected {
        return Err(TranscriptError::TallyCount { expected, found });
    }
    let mut current = TallyCommitment(Fr::from(0u64));
    for (position, record) in (0u64..).zip(records) {
        let statement = &record.statement;
        let derived = snapshot
            .tally_statement(
                position,
                sb_commitment,
                current,
                statement.new_tally_commitment,
            )
            .ok_or(TranscriptError::TallyCount { expected, found })?;
        let input = [
            (
                "sb_commitment",
                statement.sb_commitment == derived.sb_commitment,
            ),
            (
                "current_tally_commitment",
                statement.current_tally_commitment == derived.current_tally_commitment,
            ),
            ("index", statement.index == derived.index),
            (
                "total_signups",
                statement.total_signups == derived.total_signups,
            ),
        ]
        .into_iter()
        .find_map(|(input, equal)| (!equal).then_some(input));
        if let Some(input) = input {
            return Err(TranscriptError::TallyInput { position, input });
        }
        current = statement.new_tally_commitment;
    }
    Ok(current)
}
