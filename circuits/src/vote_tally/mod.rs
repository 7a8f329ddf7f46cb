//! VoteTally: T ballots are opened from the final commitment and added to the results (protocol.md §13).
//!
//! Public: [`TallyBatch`]. Private: [`TallyInputs`]. A chain of these proofs leads from commitment 0 to the tally
//! commitment that the published results open. Non-QV and FULL polls share the non-QV circuit.
//!
//! Ballots are those of the compact layout (`docs/layout.md`): five weights to an element, T consecutive leaves of a tree
//! with up to sixteen children a node. Results and tally commitments are MACI's.
//!
//! [`TallyBatch`]: maci_verifier::statement::TallyBatch

use ark_ff::{AdditiveGroup, Field};
use ark_relations::gr1cs::{ConstraintSystemRef, SynthesisError};
use ark_std::vec::Vec;
use maci_crypto::{
    Fr,
    bits::{enforce_equal, enforce_product, enforce_range, is_zero, lanes, linear, split},
    poseidon::constraints::hash,
    tree::{quinary::constraints::root_of, wide::constraints::enforce_read},
};
use maci_protocol::layout::compact::{
    TallyInputs, packed_len,
    shape::{LANE_BITS, LANES, ballot_form},
    whole_levels,
};
use maci_protocol::tally::TallySalts;
use maci_verifier::{CircuitId, Mode};

use crate::{
    InputError,
    clause::{clause, outcome},
    expect_len,
    gadget::{FrVar, difference, sum, witness},
};

mod native;

pub(crate) use native::check;

/// The commitment to both roots opens.
pub const COMMITMENT: &str = "commitment";
/// The batch starts at a multiple of T inside the tree.
pub const POSITION: &str = "position";
/// The batch does not start beyond the last ballot.
pub const START: &str = "start";
/// Every element of a ballot is five weights.
pub const VOTES: &str = "votes";
/// The batch's ballots lie under the ballot root at their position.
pub const BALLOTS: &str = "ballots";
/// Whether this is the first batch.
pub const FIRST: &str = "first";
/// The totals so far open the current commitment, or are nothing in the first batch.
pub const CURRENT_TALLY: &str = "current-tally";
/// Squares of the weights, QV only.
pub const SQUARES: &str = "squares";
/// The totals after the batch.
pub const TOTALS: &str = "totals";
/// The new totals open the new commitment.
pub const NEW_TALLY: &str = "new-tally";

/// Bits of `total_signups − index`; MACI compares both in 50 bits.
const COUNT_BITS: usize = 50;

/// The circuit's parameters.
#[derive(Clone, Debug)]
struct Shape {
    quadratic: bool,
    depth: usize,
    batch_depth: usize,
    options: usize,
    /// Elements of a ballot.
    packed: usize,
    /// Form of the ballot tree.
    form: Vec<u8>,
    /// How many of its levels lie wholly inside a batch.
    whole: usize,
}

impl Shape {
    fn of(id: CircuitId) -> Option<Self> {
        let CircuitId::VoteTally {
            mode,
            state_tree_depth,
            tally_processing_state_tree_depth,
            vote_option_tree_depth,
        } = id
        else {
            return None;
        };
        Some(Self {
            quadratic: mode == Mode::Qv,
            depth: state_tree_depth.into(),
            batch_depth: tally_processing_state_tree_depth.into(),
            options: 5usize.pow(vote_option_tree_depth.into()),
            packed: packed_len(vote_option_tree_depth),
            whole: whole_levels(
                &ballot_form(state_tree_depth),
                tally_processing_state_tree_depth,
            ),
            form: ballot_form(state_tree_depth),
        })
    }

    const fn batch(&self) -> usize {
        1 << self.batch_depth
    }
}

/// Refuses inputs whose lists do not fit the circuit.
pub(crate) fn check_shape(id: CircuitId, inputs: &TallyInputs) -> Result<(), InputError> {
    let Some(shape) = Shape::of(id) else {
        return Err(InputError::Kind { circuit: id });
    };
    if inputs.circuit != id {
        return Err(InputError::Circuit {
            circuit: id,
            found: inputs.circuit,
        });
    }
    expect_len("ballots", inputs.ballots.len(), shape.batch())?;
    for ballot in &inputs.ballots {
        expect_len("votes of a ballot", ballot.packed.len(), shape.packed)?;
    }
    let above = &shape.form[shape.whole..];
    expect_len("ballot families", inputs.ballot_families.len(), above.len())?;
    for (family, bits) in inputs.ballot_families.iter().zip(above) {
        expect_len("ballot family", family.len(), 1 << bits)?;
    }
    let current = &inputs.current;
    expect_len("current results", current.votes.len(), shape.options)?;
    if let Some(spent) = &current.per_option_spent {
        expect_len(
            "current spent credits per option",
            spent.len(),
            shape.options,
        )?;
    }
    let expected = shape.quadratic;
    for (what, given) in [
        (
            "current spent credits per option",
            current.per_option_spent.is_some(),
        ),
        (
            "current salt of spent credits per option",
            inputs.current_salts.per_option_spent.is_some(),
        ),
        (
            "new salt of spent credits per option",
            inputs.new_salts.per_option_spent.is_some(),
        ),
    ] {
        if given != expected {
            return Err(InputError::Presence { what, expected });
        }
    }
    Ok(())
}

/// The circuit.
pub(crate) fn synthesise(
    cs: &ConstraintSystemRef<Fr>,
    id: CircuitId,
    publics: &[FrVar],
    inputs: Option<&TallyInputs>,
) -> Result<(), SynthesisError> {
    let (
        Some(shape),
        [
            sb_commitment,
            current_commitment,
            new_commitment,
            index,
            total_signups,
        ],
    ) = (Shape::of(id), publics)
    else {
        return Err(SynthesisError::Unsatisfiable);
    };
    let private = |value: &dyn Fn(&TallyInputs) -> Fr| witness(cs, inputs.map(value));
    let salts = |of: fn(&TallyInputs) -> &TallySalts| {
        Ok::<_, SynthesisError>(Salts {
            results: private(&|i| of(i).results.0)?,
            spent: private(&|i| of(i).spent.0)?,
            per_option: (shape.quadratic)
                .then(|| private(&|i| of(i).per_option_spent.map_or(Fr::ZERO, |salt| salt.0)))
                .transpose()?,
        })
    };

    let ballot_root = private(&|i| i.ballot_root)?;
    clause(cs, COMMITMENT, None, || {
        let state_root = private(&|i| i.state_root)?;
        let salt = private(&|i| i.sb_salt)?;
        enforce_equal(
            &hash(&[state_root, ballot_root.clone(), salt])?,
            sb_commitment,
        )
    })?;

    // index = T · position, so that a start inside another batch has no position at all.
    let position: Vec<FrVar> = clause(cs, POSITION, None, || {
        let levels = shape.depth - shape.batch_depth;
        let inverse = Fr::from(shape.batch() as u64).inverse().unwrap_or(Fr::ZERO);
        split(&linear(&[(inverse, index)], Fr::ZERO)?, levels)?
            .into_iter()
            .map(|bit| outcome(cs, POSITION, None, bit.into()))
            .collect()
    })?;
    clause(cs, START, None, || {
        enforce_range(&difference(total_signups, index)?, COUNT_BITS)
    })?;

    let ballots = open_ballots(cs, &shape, &position, &ballot_root, inputs)?;

    let first = clause(cs, FIRST, None, || {
        outcome(cs, FIRST, None, is_zero(index)?.into())
    })?;
    let later = linear(&[(-Fr::ONE, &first)], Fr::ONE)?;
    let current = TotalsVar::current(cs, &shape, inputs)?;
    clause(cs, CURRENT_TALLY, None, || {
        let salts = salts(|i| &i.current_salts)?;
        // The first batch starts from commitment 0; every later one from the commitment it opens.
        enforce_product(&later, &current.commit(salts)?, current_commitment)
    })?;
    let squares = clause(cs, SQUARES, None, || squares(cs, &shape, &ballots))?;
    let new = clause(cs, TOTALS, None, || {
        current.add(cs, &later, &ballots, &squares)
    })?;
    clause(cs, NEW_TALLY, None, || {
        enforce_equal(&new.commit(salts(|i| &i.new_salts)?)?, new_commitment)
    })
}

/// Opens the batch's T ballots under the ballot root and returns their votes.
fn open_ballots(
    cs: &ConstraintSystemRef<Fr>,
    shape: &Shape,
    position: &[FrVar],
    ballot_root: &FrVar,
    inputs: Option<&TallyInputs>,
) -> Result<Vec<Vec<FrVar>>, SynthesisError> {
    let mut leaves = Vec::with_capacity(shape.batch());
    let mut ballots = Vec::with_capacity(shape.batch());
    for slot in 0..shape.batch() {
        let head = (0..4)
            .map(|i| witness(cs, inputs.map(|t| t.ballots[slot].head.elements()[i])))
            .collect::<Result<Vec<_>, _>>()?;
        let packed = (0..shape.packed)
            .map(|i| witness(cs, inputs.map(|t| t.ballots[slot].packed[i])))
            .collect::<Result<Vec<_>, _>>()?;
        ballots.push(clause(cs, VOTES, Some(slot), || {
            let mut votes = Vec::with_capacity(shape.options);
            for element in &packed {
                votes.extend(lanes(element, LANES, LANE_BITS)?);
            }
            Ok(votes)
        })?);
        leaves.push(clause(cs, BALLOTS, Some(slot), || {
            let mut nodes = packed;
            while nodes.len() > 5 {
                nodes = nodes.chunks_exact(5).map(hash).collect::<Result<_, _>>()?;
            }
            hash(&[head, nodes].concat())
        })?);
    }
    clause(cs, BALLOTS, None, || {
        enforce_opening(cs, shape, leaves, position, ballot_root, inputs)
    })?;
    Ok(ballots)
}

/// Enforces that the leaves are the tree's T consecutive ones at `position`.
///
/// Levels inside the batch are hashed as they are. Where the batch ends inside a level, its nodes are one run of a family;
/// the bits of the position that belong to the level say which. Every level above has a run of one node.
fn enforce_opening(
    cs: &ConstraintSystemRef<Fr>,
    shape: &Shape,
    leaves: Vec<FrVar>,
    position: &[FrVar],
    root: &FrVar,
    inputs: Option<&TallyInputs>,
) -> Result<(), SynthesisError> {
    let (inside, above) = shape.form.split_at(shape.whole);
    let mut nodes = leaves;
    for bits in inside {
        nodes = nodes
            .chunks_exact(1 << bits)
            .map(hash)
            .collect::<Result<_, _>>()?;
    }
    let mut position = position;
    for (level, bits) in above.iter().enumerate() {
        let run = nodes.len();
        let family = (0..1 << bits)
            .map(|node| witness(cs, inputs.map(|t| t.ballot_families[level][node])))
            .collect::<Result<Vec<_>, _>>()?;
        let taken = usize::from(*bits) - run.trailing_zeros() as usize;
        let (address, rest) = position.split_at(taken);
        for (place, node) in nodes.iter().enumerate() {
            let candidates: Vec<_> = family.iter().skip(place).step_by(run).cloned().collect();
            enforce_read(address, &candidates, node)?;
        }
        nodes = [hash(&family)?].into();
        position = rest;
    }
    let top = nodes.first().ok_or(SynthesisError::Unsatisfiable)?;
    enforce_equal(top, root)
}

/// What each weight spends: its square in QV, itself otherwise.
fn squares(
    cs: &ConstraintSystemRef<Fr>,
    shape: &Shape,
    ballots: &[Vec<FrVar>],
) -> Result<Vec<Vec<FrVar>>, SynthesisError> {
    if !shape.quadratic {
        return Ok(ballots.to_vec());
    }
    let square = |weight: &FrVar| outcome(cs, SQUARES, None, weight * weight);
    ballots
        .iter()
        .map(|votes| votes.iter().map(square).collect())
        .collect()
}

/// Salts of a tally commitment; the last one in QV only.
struct Salts {
    results: FrVar,
    spent: FrVar,
    per_option: Option<FrVar>,
}

/// Running totals in the circuit; per-option spending in QV only.
struct TotalsVar {
    results: Vec<FrVar>,
    spent: FrVar,
    per_option: Option<Vec<FrVar>>,
}

impl TotalsVar {
    fn current(
        cs: &ConstraintSystemRef<Fr>,
        shape: &Shape,
        inputs: Option<&TallyInputs>,
    ) -> Result<Self, SynthesisError> {
        let list = |get: &dyn Fn(&TallyInputs, usize) -> Fr| {
            (0..shape.options)
                .map(|option| witness(cs, inputs.map(|i| get(i, option))))
                .collect::<Result<Vec<_>, _>>()
        };
        let spent_of = |i: &TallyInputs, option: usize| {
            let spent = i.current.per_option_spent.as_ref();
            spent.and_then(|spent| spent.get(option).copied())
        };
        Ok(Self {
            results: list(&|i, option| i.current.votes[option])?,
            spent: witness(cs, inputs.map(|i| i.current.spent))?,
            per_option: (shape.quadratic)
                .then(|| list(&|i, option| spent_of(i, option).unwrap_or(Fr::ZERO)))
                .transpose()?,
        })
    }

    fn commit(&self, salts: Salts) -> Result<FrVar, SynthesisError> {
        let results = hash(&[root_of(&self.results)?, salts.results])?;
        let spent = hash(&[self.spent.clone(), salts.spent])?;
        match (&self.per_option, salts.per_option) {
            (Some(per_option), Some(salt)) => {
                hash(&[results, spent, hash(&[root_of(per_option)?, salt])?])
            }
            _ => hash(&[results, spent]),
        }
    }

    /// `later` · self + the batch: whatever the current values claim counts as nothing in the first batch (S12).
    fn add(
        &self,
        cs: &ConstraintSystemRef<Fr>,
        later: &FrVar,
        ballots: &[Vec<FrVar>],
        squares: &[Vec<FrVar>],
    ) -> Result<Self, SynthesisError> {
        let carry = |current: &FrVar, added: &[&FrVar]| {
            let carried = outcome(cs, TOTALS, None, later * current)?;
            sum(core::iter::once(&carried).chain(added.iter().copied()))
        };
        let columns = |current: &[FrVar], rows: &[Vec<FrVar>]| {
            current
                .iter()
                .enumerate()
                .map(|(option, current)| {
                    carry(
                        current,
                        &rows.iter().map(|row| &row[option]).collect::<Vec<_>>(),
                    )
                })
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            results: columns(&self.results, ballots)?,
            spent: carry(&self.spent, &squares.iter().flatten().collect::<Vec<_>>())?,
            per_option: self
                .per_option
                .as_ref()
                .map(|current| columns(current, squares))
                .transpose()?,
        })
    }
}
