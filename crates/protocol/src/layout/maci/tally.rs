//! MACI's layout of the tally: batches of T ballots opened by one path from their common node (protocol.md §13).

use core::fmt;

use ark_ff::AdditiveGroup;
use maci_crypto::Fr;
use maci_verifier::{Salt, TallyCommitment, statement::TallyBatch};

use super::{
    inputs::TallyInputs,
    process::{MaciLayout, Roots},
};
use crate::{
    layout::FinalState,
    log::PollLog,
    machine::Machine,
    secrets::{SaltRole, SaltSource},
    tally::{Results, TallyCommitments, TallySalts},
};

const NO_SALT: Salt = Salt(Fr::ZERO);

/// A poll being tallied batch by batch; each batch with its witness or without.
#[derive(Clone)]
pub struct Tallying<'a> {
    log: &'a PollLog,
    machine: Machine,
    layout: MaciLayout,
    roots: Roots,
    sb_salt: Salt,
    sb_commitment: maci_verifier::SbCommitment,
    batch: u64,
    results: Results,
    salts: TallySalts,
    commitments: Option<TallyCommitments>,
}

impl fmt::Debug for Tallying<'_> {
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

impl<'a> Tallying<'a> {
    /// Starts before the first ballot.
    pub fn new(log: &'a PollLog, last: FinalState<MaciLayout>) -> Self {
        let FinalState {
            machine,
            mut layout,
            salt,
            commitment,
            counts: _,
        } = last;
        let per_option_spent = log.params.mode.has_per_option_spent().then_some(NO_SALT);
        Self {
            roots: layout.roots(&machine),
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
    pub fn next_inputs(&mut self, salts: &mut dyn SaltSource) -> Option<TallyInputs> {
        let (current, current_salts) = (self.results.clone(), self.salts);
        let statement = self.advance(salts)?;
        let size = self.log.params.tally_batch_size();
        let height = self.log.params.tally_processing_state_tree_depth;
        let batch = statement.index..statement.index + size;
        let path = self
            .layout
            .ballots
            .path_above(height, statement.index / size);
        Some(TallyInputs {
            circuit: self.log.params.tally_circuit(),
            statement,
            state_root: self.roots.state,
            ballot_root: self.roots.ballots,
            sb_salt: self.sb_salt.0,
            ballots: batch
                .clone()
                .map(|index| {
                    let root = self.layout.vo_root(index);
                    (Fr::from(self.machine.nonce(index)), root)
                })
                .collect(),
            ballot_path_elements: path,
            votes: batch
                .map(|index| {
                    self.machine
                        .votes(index)
                        .iter()
                        .map(|weight| Fr::from(*weight))
                        .collect()
                })
                .collect(),
            current_results: current.votes,
            current_results_root_salt: current_salts.results.0,
            current_spent_voice_credit_subtotal: current.spent,
            current_spent_voice_credit_subtotal_salt: current_salts.spent.0,
            current_per_vote_option_spent: current
                .per_option_spent
                .zip(current_salts.per_option_spent.map(|salt| salt.0)),
            new_results_root_salt: self.salts.results.0,
            new_spent_voice_credit_subtotal_salt: self.salts.spent.0,
            new_per_vote_option_spent_root_salt: self.salts.per_option_spent.map(|salt| salt.0),
        })
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
#[derive(Debug)]
pub struct TalliedPoll {
    /// Circuit inputs in submission order.
    pub batches: Vec<TallyInputs>,
    /// The result.
    pub outcome: TallyOutcome,
}

/// Tallies a processed poll and keeps every batch's inputs.
pub fn tally_batches(
    log: &PollLog,
    last: FinalState<MaciLayout>,
    salts: &mut dyn SaltSource,
) -> TalliedPoll {
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
