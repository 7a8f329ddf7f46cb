//! The witnesses of MACI's two processing circuits, field by field as MACI's coordinator writes them
//! (`processMessages.circom`, `tallyVotes.circom` and the JSON that `Poll.ts` builds for them).
//!
//! A value of these types is everything that a circuit needs; [`super::process`] and [`super::tally`] make them, the
//! circuits consume them, [`super::json`] reads and writes them in MACI's recorded format.

use core::fmt;

use maci_crypto::{
    Fr,
    babyjubjub::{RawPoint, Scalar},
};
use maci_verifier::{
    CircuitId,
    statement::{ProcessBatch, TallyBatch},
};

use crate::{
    message::Message,
    state::StateLeaf,
    tally::{Results, TallySalts},
};

/// The assignment of one `MessageProcessor` circuit: a batch of B message slots.
///
/// Slots are in log order; the circuit processes them from the last to the first. Slots at or past
/// `statement.batch_end_index - statement.index` are filler (D1).
///
/// The `current_*` vectors have one entry per slot and hold what the slot opens: the state of the leaf at
/// `position` *before* the slot is applied, where `position` is the command's state index if that is below
/// `total_signups`, else 0, and likewise for the vote option (protocol.md §12.4).
#[derive(Clone, PartialEq, Eq)]
pub struct ProcessInputs {
    /// The circuit and its parameters; always [`CircuitId::MessageProcessor`].
    pub circuit: CircuitId,
    /// The nine public inputs.
    pub statement: ProcessBatch,
    /// Chain hash before the first message of the batch.
    pub input_batch_hash: Fr,
    /// B messages with their encryption keys, filler included.
    pub messages: Vec<Message>,
    /// The coordinator's formatted private key.
    pub coordinator_private_key: Scalar,
    /// Root of the poll state tree at depth `statement.actual_state_tree_depth` before the batch.
    pub current_state_root: Fr,
    /// Root of the ballot tree (always depth D) before the batch.
    pub current_ballot_root: Fr,
    /// Salt of `statement.current_sb_commitment`.
    pub current_sb_salt: Fr,
    /// Per slot: the opened state leaf.
    pub current_state_leaves: Vec<StateLeaf>,
    /// Per slot: D siblings, of which the first `actual_state_tree_depth` count and the rest are 0.
    pub current_state_leaves_path_elements: Vec<Vec<Fr>>,
    /// Per slot: the opened ballot as (nonce, vote option root).
    pub current_ballots: Vec<(Fr, Fr)>,
    /// Per slot: D siblings in the ballot tree.
    pub current_ballots_path_elements: Vec<Vec<Fr>>,
    /// Per slot: the opened vote weight.
    pub current_vote_weights: Vec<Fr>,
    /// Per slot: v levels of four siblings in the ballot's vote option tree.
    pub current_vote_weights_path_elements: Vec<Vec<[Fr; 4]>>,
    /// Salt of `statement.new_sb_commitment`.
    pub new_sb_salt: Fr,
}

impl fmt::Debug for ProcessInputs {
    /// Shows the circuit and the statement only: the rest holds the coordinator's key and the plaintext ballots.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessInputs")
            .field("circuit", &self.circuit)
            .field("statement", &self.statement)
            .finish_non_exhaustive()
    }
}

/// The assignment of one `VoteTally` circuit: a batch of T = 2^`tally_processing_state_tree_depth` ballots.
#[derive(Clone, PartialEq, Eq)]
pub struct TallyInputs {
    /// The circuit and its parameters; always [`CircuitId::VoteTally`], mode `Qv` or `NonQv` (FULL polls use `NonQv`).
    pub circuit: CircuitId,
    /// The five public inputs.
    pub statement: TallyBatch,
    /// Final poll state root, opened from `statement.sb_commitment`.
    pub state_root: Fr,
    /// Final ballot root, opened from `statement.sb_commitment`.
    pub ballot_root: Fr,
    /// Salt of `statement.sb_commitment`.
    pub sb_salt: Fr,
    /// T ballots as (nonce, vote option root), blank past the last one.
    pub ballots: Vec<(Fr, Fr)>,
    /// D - `tally_processing_state_tree_depth` siblings of the batch's subtree root.
    pub ballot_path_elements: Vec<Fr>,
    /// Per ballot, its 5^v vote weights.
    pub votes: Vec<Vec<Fr>>,
    /// Totals before this batch.
    pub current: Results,
    /// Salts of the current commitment; 0 in the first batch.
    pub current_salts: TallySalts,
    /// Salts of the new commitment.
    pub new_salts: TallySalts,
}

impl fmt::Debug for TallyInputs {
    /// Shows the circuit and the statement only: the rest holds the plaintext ballots and the salts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TallyInputs")
            .field("circuit", &self.circuit)
            .field("statement", &self.statement)
            .finish_non_exhaustive()
    }
}

impl ProcessInputs {
    /// Encryption key of a slot, as the circuit's `encryptionPublicKeys` lists it.
    pub fn encryption_public_key(&self, slot: usize) -> Option<&RawPoint> {
        self.messages
            .get(slot)
            .map(|message| &message.encryption_public_key)
    }
}
