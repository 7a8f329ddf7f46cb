//! The witnesses of our two processing circuits over the compact layout.

use core::fmt;

use maci_crypto::{Fr, babyjubjub::Scalar};
use maci_verifier::{
    CircuitId,
    statement::{ProcessBatch, TallyBatch},
};

use super::ballot::BallotHead;
use crate::{
    message::Message,
    state::StateLeaf,
    tally::{Results, TallySalts},
};

/// The assignment of one `MessageProcessor` circuit: a batch of B message slots.
///
/// Slots are in log order; the circuit processes them from the last to the first. Slots at or past
/// `statement.batch_end_index - statement.index` are filler (D1).
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
    /// Root of the merged state tree, at depth `statement.actual_state_tree_depth`.
    pub state_root: Fr,
    /// What the current commitment says of the ballots: MACI's empty ballot root in a poll's first batch, else the root
    /// of the compact ballot tree.
    pub current_ballot_root: Fr,
    /// Salt of `statement.current_sb_commitment`.
    pub current_sb_salt: Fr,
    /// Salt of `statement.new_sb_commitment`.
    pub new_sb_salt: Fr,
    /// The nodes of the state tree at the height of its cells; 0 outside the merged tree. Empty if the root is the cell.
    pub state_cells: Vec<Fr>,
    /// The nodes of the compact ballot tree at the height of its cells, before the batch.
    pub ballot_cells: Vec<Fr>,
    /// What each slot opens, before it is applied: the command's own positions if those are in range, else position 0
    /// (protocol.md §12.4).
    pub slots: Vec<SlotInputs>,
}

/// What one slot opens.
#[derive(Clone, PartialEq, Eq)]
pub struct SlotInputs {
    /// The state leaf as it was merged.
    pub leaf: StateLeaf,
    /// Its siblings below the state cells; 0 outside the merged tree.
    pub leaf_path: Vec<Fr>,
    /// The ballot's head.
    pub ballot: BallotHead,
    /// The opened option's weight.
    pub weight: Fr,
    /// The packed element that it is a lane of.
    pub element: Fr,
    /// The nodes above the element up to the leaf's own five, with their siblings: v − 1 families.
    pub vote_families: Vec<[Fr; 5]>,
    /// The ballot leaf and the nodes above it, with their siblings, up to below the ballot cells.
    pub ballot_families: Vec<Vec<Fr>>,
}

impl fmt::Debug for SlotInputs {
    /// Shows nothing: this is the plaintext state.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlotInputs").finish_non_exhaustive()
    }
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
    /// Root of the merged state tree, opened from `statement.sb_commitment`.
    pub state_root: Fr,
    /// Final root of the compact ballot tree, opened from `statement.sb_commitment`.
    pub ballot_root: Fr,
    /// Salt of `statement.sb_commitment`.
    pub sb_salt: Fr,
    /// T ballots, blank past the last one.
    pub ballots: Vec<TallyBallot>,
    /// The batch's common node and the nodes above it, with their siblings; the first family holds more than one node of
    /// the batch where the batch ends inside a level.
    pub ballot_families: Vec<Vec<Fr>>,
    /// Totals before this batch.
    pub current: Results,
    /// Salts of the current commitment; 0 in the first batch.
    pub current_salts: TallySalts,
    /// Salts of the new commitment.
    pub new_salts: TallySalts,
}

/// One ballot of a tally batch.
#[derive(Clone, PartialEq, Eq)]
pub struct TallyBallot {
    /// Nonce, key and balance, which only the leaf reads.
    pub head: BallotHead,
    /// 5^(v−1) elements of five weights.
    pub packed: Vec<Fr>,
}

impl fmt::Debug for TallyBallot {
    /// Shows nothing: these are plaintext votes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TallyBallot").finish_non_exhaustive()
    }
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
