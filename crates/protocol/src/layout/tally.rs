//! The tally, batch by batch, over any layout (protocol.md §13).
//!
//! Sums, salts and commitments are MACI's whatever the layout: the contracts take results only under a commitment of
//! their form. A layout adds how the ballots of a batch are opened.

use core::fmt;

use ark_ff::AdditiveGroup;
use maci_crypto::Fr;
use maci_verifier::{Salt, SbCommitment, TallyCommitment, statement::TallyBatch};

use super::{FinalState, Layout};
use crate::{
    log::PollLog,
    machine::Machine,
    secrets::{SaltRole, SaltSource},
    tally::{Results, TallyCommitments, TallySalts},
};

const NO_SALT: Salt = Salt(Fr::ZERO);

/// A layout that opens ballots for a tally circuit.
pub trait TallyLayout: Layout {
    /// The assignment of one tally circuit.
    type TallyInputs;

    /// Puts one batch's inputs together.
    fn tally_inputs(&mut self, frame: TallyFrame<'_>) -> Self::TallyInputs;
}

/// Everything about one tally batch, for [`TallyLayout::tally_inputs`].
pub struct TallyFrame<'a> {
    /// The poll.
    pub log: &'a PollLog,
    /// The final state.
    pub machine: &'a Machine,
    /// The public inputs.
    pub statement: TallyBatch,
    /// Salt of the state and ballot commitment.
    pub sb_salt: Salt,
    /// Totals before the batch.
    pub current: Results,
    /// Salts of the current commitment; 0 in the first batch.
    pub current_salts: TallySalts,
    /// Salts of the new commitment.
    pub new_salts: TallySalts,
}

impl fmt::Debug for TallyFrame<'_> {
    /// Shows the statement; ballots, running sums and salts are secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TallyFrame")
            .field("statement", &self.statement)
            .finish_non_exhaustive()
    }
}

impl TallyFrame<'_> {
    /// Indices of the batch's ballots; the last ones may be past the last leaf.
    pub fn ballots(&self) -> core::ops::Range<u64> {
        let start = self.statement.index;
        start..start + self.log.params.tally_batch_size()
    }
}

/// A poll being tallied batch by batch; each batch with its witness or without.
#[derive(Clone)]
pub struct Tallying<'a, L> {
    log: &'a PollLog,
    machine: Machine,
    layout: L,
    sb_salt: Salt,
    sb_commitment: SbCommitment,
    batch: u64,
    results: Results,
    salts: TallySalts,
    commitments: Option<TallyCommitments>,
}

impl<L> fmt::Debug for Tallying<'_, L> {
    /// Shows how far it is; ballots, running sums and salts are secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tallying")
            .field("batch", &self.batch)
            .finish_non_exhaustive()
    }
}

/// A tally with everything that opens its commitment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TallyOutcome {
    /// Votes and spent credits.
    pub results: Results,
    /// The salts of the last commitment.
    pub salts: TallySalts,
    /// The last commitment.
    pub commitments: TallyCommitments,
}

impl<'a, L: TallyLayout> Tallying<'a, L> {
    /// Starts before the first ballot.
    pub fn new(log: &'a PollLog, last: FinalState<L>) -> Self {
        let FinalState {
            machine,
            layout,
            salt,
            commitment,
            counts: _,
        } = last;
        let per_option_spent = log.params.mode.has_per_option_spent().then_some(NO_SALT);
        Self {
            results: Results::zero(&log.params),
            log,
            machine,
            layout,
            sb_salt: salt,
            sb_commitment: commitment,
            batch: 0,
            salts: TallySalts {
                results: NO_SALT,
                spent: NO_SALT,
                per_option_spent,
            },
            commitments: None,
        }
    }

    /// Batches not tallied yet.
    pub fn batches_left(&self) -> u64 {
        self.log
            .params
            .tally_batches(self.log.total_signups())
            .saturating_sub(self.batch)
    }

    /// The next batch without its witness. `None` when there is none.
    pub fn advance(&mut self, salts: &mut dyn SaltSource) -> Option<TallyBatch> {
        (self.batches_left() > 0).then_some(())?;
        let size = self.log.params.tally_batch_size();
        let index = self.batch * size;
        for ballot in index..(index + size).min(self.machine.total_signups()) {
            self.results.add(self.machine.votes(ballot));
        }
        let current = self.commitment();
        let circuit = self.log.params.tally_circuit();
        // The salts bind both commitments that the batch starts from: the tally's is 0 at the start of every poll.
        let input = maci_crypto::poseidon::hash2(self.sb_commitment.0, current.0);
        let batch = self.batch;
        let mut salt = |role| salts.salt(&circuit, role, batch, input);
        self.salts = TallySalts {
            results: salt(SaltRole::Results),
            spent: salt(SaltRole::Spent),
            per_option_spent: self
                .salts
                .per_option_spent
                .map(|_| salt(SaltRole::PerOptionSpent)),
        };
        let commitments = self
            .results
            .commit(self.log.params.vote_option_tree_depth, &self.salts);
        self.commitments = Some(commitments);
        self.batch += 1;
        Some(TallyBatch {
            sb_commitment: self.sb_commitment,
            current_tally_commitment: current,
            new_tally_commitment: commitments.tally,
            index,
            total_signups: self.log.total_signups(),
        })
    }

    /// The next batch's circuit inputs. `None` when there is none.
    pub fn next_inputs(&mut self, salts: &mut dyn SaltSource) -> Option<L::TallyInputs> {
        let (current, current_salts) = (self.results.clone(), self.salts);
        let statement = self.advance(salts)?;
        Some(self.layout.tally_inputs(TallyFrame {
            log: self.log,
            machine: &self.machine,
            statement,
            sb_salt: self.sb_salt,
            current,
            current_salts,
            new_salts: self.salts,
        }))
    }

    /// The commitment after the batches so far; 0 before the first.
    pub fn commitment(&self) -> TallyCommitment {
        self.commitments
            .map_or(TallyCommitment(Fr::ZERO), |commitments| commitments.tally)
    }

    /// The outcome; batches left are tallied without witness first.
    pub fn finish(mut self, salts: &mut dyn SaltSource) -> TallyOutcome {
        while self.advance(salts).is_some() {}
        let depth = self.log.params.vote_option_tree_depth;
        let commitments = self
            .commitments
            .unwrap_or_else(|| self.results.commit(depth, &self.salts));
        TallyOutcome {
            results: self.results,
            salts: self.salts,
            commitments,
        }
    }
}

/// A poll with all its tally inputs.
pub struct TalliedPoll<L: TallyLayout> {
    /// Circuit inputs in submission order.
    pub batches: Vec<L::TallyInputs>,
    /// The result.
    pub outcome: TallyOutcome,
}

impl<L: TallyLayout> fmt::Debug for TalliedPoll<L> {
    /// Shows the number of batches; their inputs are secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TalliedPoll")
            .field("batches", &self.batches.len())
            .finish_non_exhaustive()
    }
}

/// Tallies a processed poll and keeps every batch's inputs.
pub fn tally_batches<L: TallyLayout>(
    log: &PollLog,
    last: FinalState<L>,
    salts: &mut dyn SaltSource,
) -> TalliedPoll<L> {
    let mut tallying = Tallying::new(log, last);
    let mut batches = Vec::new();
    while let Some(inputs) = tallying.next_inputs(salts) {
        batches.push(inputs);
    }
    TalliedPoll {
        batches,
        outcome: tallying.finish(salts),
    }
}
