//! The native twin of the circuit: the same clauses under the same names, over the native primitives.

use ark_ff::AdditiveGroup;
use ark_std::vec::Vec;
use maci_crypto::{Fr, poseidon, tree::quinary};
use maci_protocol::layout::compact::{TallyInputs, top_nodes, unpack};
use maci_protocol::tally::TallySalts;
use maci_verifier::CircuitId;

use super::{
    BALLOTS, COMMITMENT, COUNT_BITS, CURRENT_TALLY, NEW_TALLY, POSITION, START, Shape, VOTES,
};
use crate::{ClauseViolation, ensure};

/// Checks the statement natively, clause by clause.
pub(crate) fn check(id: CircuitId, inputs: &TallyInputs) -> Result<(), ClauseViolation> {
    let Some(shape) = Shape::of(id) else {
        return Err(ClauseViolation {
            clause: POSITION,
            slot: None,
        });
    };
    let votes = check_ballots(&shape, inputs)?;
    check_totals(&shape, inputs, &votes)
}

/// The batch is where the statement says, and its ballots are the committed ones. Returns their weights.
fn check_ballots(shape: &Shape, inputs: &TallyInputs) -> Result<Vec<Vec<Fr>>, ClauseViolation> {
    let statement = &inputs.statement;
    let opened = poseidon::hash3(inputs.state_root, inputs.ballot_root, inputs.sb_salt);
    ensure(opened == statement.sb_commitment.0, COMMITMENT, None)?;
    let position = statement.index >> shape.batch_depth;
    ensure(
        position << shape.batch_depth == statement.index,
        POSITION,
        None,
    )?;
    ensure(
        position >> (shape.depth - shape.batch_depth) == 0,
        POSITION,
        None,
    )?;
    let ahead = statement.total_signups.checked_sub(statement.index);
    ensure(
        ahead.is_some_and(|ahead| ahead >> COUNT_BITS == 0),
        START,
        None,
    )?;

    let mut nodes = Vec::with_capacity(shape.batch());
    let mut ballots = Vec::with_capacity(shape.batch());
    for (slot, ballot) in inputs.ballots.iter().enumerate() {
        let mut votes = Vec::with_capacity(shape.options);
        for element in &ballot.packed {
            let lanes = unpack(element);
            ensure(lanes.is_some(), VOTES, Some(slot))?;
            votes.extend(lanes.into_iter().flatten().map(Fr::from));
        }
        nodes.push(ballot.head.leaf(&top_nodes(&ballot.packed)));
        ballots.push(votes);
    }
    let (inside, above) = shape.form.split_at(shape.whole);
    for bits in inside {
        nodes = nodes.chunks_exact(1 << bits).map(poseidon::hash).collect();
    }
    let mut position = position;
    for (bits, family) in above.iter().zip(&inputs.ballot_families) {
        let run = nodes.len();
        let taken = u32::from(*bits) - run.trailing_zeros();
        let first = (position as usize & ((1 << taken) - 1)) * run;
        ensure(family[first..first + run] == nodes, BALLOTS, None)?;
        nodes = [poseidon::hash(family)].into();
        position >>= taken;
    }
    ensure(nodes == [inputs.ballot_root], BALLOTS, None)?;
    Ok(ballots)
}

/// The totals open the commitments before and after the batch.
fn check_totals(
    shape: &Shape,
    inputs: &TallyInputs,
    ballots: &[Vec<Fr>],
) -> Result<(), ClauseViolation> {
    let statement = &inputs.statement;
    let mut totals = Totals {
        results: inputs.current.votes.clone(),
        spent: inputs.current.spent,
        per_option: inputs.current.per_option_spent.clone(),
    };
    let current = if statement.index == 0 {
        totals.clear();
        Some(Fr::ZERO)
    } else {
        totals.commit(&inputs.current_salts)
    };
    ensure(
        current == Some(statement.current_tally_commitment.0),
        CURRENT_TALLY,
        None,
    )?;
    for votes in ballots {
        totals.add(votes, shape.quadratic);
    }
    let new = totals.commit(&inputs.new_salts);
    ensure(
        new == Some(statement.new_tally_commitment.0),
        NEW_TALLY,
        None,
    )
}

/// Running totals; per-option spending in QV only.
struct Totals {
    results: Vec<Fr>,
    spent: Fr,
    per_option: Option<Vec<Fr>>,
}

impl Totals {
    /// What the first batch starts from.
    fn clear(&mut self) {
        self.results.fill(Fr::ZERO);
        self.spent = Fr::ZERO;
        if let Some(per_option) = &mut self.per_option {
            per_option.fill(Fr::ZERO);
        }
    }

    fn add(&mut self, votes: &[Fr], quadratic: bool) {
        for (option, weight) in votes.iter().enumerate() {
            let spent = if quadratic { *weight * weight } else { *weight };
            self.results[option] += weight;
            self.spent += spent;
            if let Some(per_option) = &mut self.per_option {
                per_option[option] += spent;
            }
        }
    }

    /// The tally commitment under these salts.
    fn commit(&self, salts: &TallySalts) -> Option<Fr> {
        let results = poseidon::hash2(quinary_root(&self.results)?, salts.results.0);
        let spent = poseidon::hash2(self.spent, salts.spent.0);
        Some(match (&self.per_option, salts.per_option_spent) {
            (Some(per_option), Some(salt)) => poseidon::hash3(
                results,
                spent,
                poseidon::hash2(quinary_root(per_option)?, salt.0),
            ),
            _ => poseidon::hash2(results, spent),
        })
    }
}

/// Root over 5^v leaves; the lengths were checked.
fn quinary_root(leaves: &[Fr]) -> Option<Fr> {
    quinary::root_of(leaves, u8::try_from(leaves.len().checked_ilog(5)?).ok()?)
}
