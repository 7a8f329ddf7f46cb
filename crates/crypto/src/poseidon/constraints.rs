//! Poseidon as constraints: three rows an S-box, everything else free.
//!
//! The S-box *input* of each round is the witness variable and its output enters as one long combination, which keeps
//! the matrices sparse: H2 is 240 rows and about 2,900 entries. First-round lanes that are
//! constants fold away (three rows each), so H2 … H5 cost 240, 261, 297 and 321 rows.
//!
//! Soundness: after round 0 every lane is a fixed linear function of new witness variables. Each S-box adds the rows
//! `x·x = x2`, `x2·x2 = x4`, `x4·x = y`, with `y` either a new variable or the linear form that solves the next layer
//! for it. The system of a layer is invertible because every minor of Poseidon's Cauchy matrix is non-zero, so the
//! inputs determine every variable.

use alloc::{boxed::Box, collections::BTreeMap, rc::Rc, vec, vec::Vec};
use core::any::TypeId;

use ark_ff::{AdditiveGroup, Field};
use ark_r1cs_std::{
    GR1CSVar,
    fields::fp::{AllocatedFp, FpVar},
};
use ark_relations::gr1cs::{ConstraintSystem, LinearCombination, SynthesisError, Variable};

use super::{MAX_WIDTH, MIN_WIDTH, Parameters, parameters};
use crate::{
    Fr,
    bits::{Cs, FrVar, normal, term, value_of},
    parts,
};

/// The hash of 1 to 16 inputs, the twin of [`super::hash`]. The result is one witness variable.
pub fn hash(inputs: &[FrVar]) -> Result<FrVar, SynthesisError> {
    let mut state = vec![FrVar::Constant(Fr::ZERO)];
    state.extend_from_slice(inputs);
    synthesise(&state, 1)?
        .pop()
        .ok_or(SynthesisError::ArityMismatch)
}

/// The permutation of 2 to 17 elements, the twin of [`super::permute`].
pub fn permute(state: &[FrVar]) -> Result<Vec<FrVar>, SynthesisError> {
    synthesise(state, state.len())
}

/// H2.
pub fn hash2(a: &FrVar, b: &FrVar) -> Result<FrVar, SynthesisError> {
    hash(&[a.clone(), b.clone()])
}

/// H3.
pub fn hash3(a: &FrVar, b: &FrVar, c: &FrVar) -> Result<FrVar, SynthesisError> {
    hash(&[a.clone(), b.clone(), c.clone()])
}

/// MACI's `hash12`, the message hash: H4(H5(x₀..x₄), H5(x₅..x₉), x₁₀, x₁₁), 939 rows.
pub fn hash12(inputs: &[FrVar; 12]) -> Result<FrVar, SynthesisError> {
    let (low, high) = (hash(&inputs[..5])?, hash(&inputs[5..10])?);
    hash(&[low, high, inputs[10].clone(), inputs[11].clone()])
}

/// What circuit statistics call a permutation, by its width.
const PART_NAMES: [&str; MAX_WIDTH - MIN_WIDTH + 1] = [
    "poseidon-2",
    "poseidon-3",
    "poseidon-4",
    "poseidon-5",
    "poseidon-6",
    "poseidon-7",
    "poseidon-8",
    "poseidon-9",
    "poseidon-10",
    "poseidon-11",
    "poseidon-12",
    "poseidon-13",
    "poseidon-14",
    "poseidon-15",
    "poseidon-16",
    "poseidon-17",
];

/// One permutation that returns its first `outputs` lanes.
fn synthesise(state: &[FrVar], outputs: usize) -> Result<Vec<FrVar>, SynthesisError> {
    let width = state.len();
    if !(MIN_WIDTH..=MAX_WIDTH).contains(&width) {
        return Err(SynthesisError::ArityMismatch);
    }
    let shape = Shape {
        constant: state
            .iter()
            .map(|x| matches!(x, FpVar::Constant(_)))
            .collect(),
        outputs,
    };
    let values: Option<Vec<Fr>> = state.iter().map(value_of).collect();
    let cs = state.iter().fold(Cs::None, |cs, x| cs.or(x.cs()));
    let _part = parts::enter(&cs, PART_NAMES[width - MIN_WIDTH]);
    let Some(mut system) = cs.borrow_mut() else {
        let mut values = values.ok_or(SynthesisError::AssignmentMissing)?;
        super::permute(&mut values);
        values.truncate(outputs);
        return Ok(values.into_iter().map(FrVar::Constant).collect());
    };

    let parameters = parameters(width);
    let first = system.num_witness_variables();
    let trace = values.map(|values| shape.trace(parameters, values));
    for index in 0..shape.wires(parameters) {
        let _ = system.new_witness_variable(|| {
            let value = trace.as_ref().and_then(|trace| trace.get(index)).copied();
            value.ok_or(SynthesisError::AssignmentMissing)
        })?;
    }
    if system.should_construct_matrices() {
        let plan = Plan::cached(&system, &shape, parameters);
        plan.enforce(&mut system, state, parameters, first)?;
    }
    drop(system);
    // The last layer's variables are the outputs followed by the S-box outputs that it does not solve.
    let end = shape.wires(parameters) - (width - outputs);
    Ok((end - outputs..end)
        .map(|index| {
            let value = trace.as_ref().and_then(|trace| trace.get(index)).copied();
            let variable = Variable::witness(first + index);
            FrVar::Var(AllocatedFp::new(value, variable, cs.clone()))
        })
        .collect())
}

/// What the variables of a permutation depend on besides its width.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Shape {
    /// Lanes that enter as constants.
    constant: Vec<bool>,
    /// How many output lanes become variables.
    outputs: usize,
}

impl Shape {
    fn width(&self) -> usize {
        self.constant.len()
    }

    /// The lanes with an S-box in `round` whose input is not a constant.
    fn boxed(&self, round: usize, parameters: &Parameters) -> impl Iterator<Item = usize> {
        let lanes = if is_full(round, parameters) {
            self.width()
        } else {
            1
        };
        (0..lanes).filter(move |lane| round > 0 || !self.constant[*lane])
    }

    /// How many lanes of the next layer become variables, at most one for each S-box output. After a full round all
    /// lanes do: the partial rounds' combinations are then one entry shorter each.
    fn solved(&self, round: usize, parameters: &Parameters) -> usize {
        let wanted = if round + 1 == rounds(parameters) {
            self.outputs
        } else if is_full(round, parameters) || is_full(round + 1, parameters) {
            self.width()
        } else {
            1
        };
        wanted.min(self.boxed(round, parameters).count())
    }

    /// The number of variables: x2 and x4 of each S-box, and one for each S-box output, solved for or not.
    fn wires(&self, parameters: &Parameters) -> usize {
        (0..rounds(parameters))
            .map(|round| 3 * self.boxed(round, parameters).count())
            .sum()
    }

    /// The values of all variables, in the order in which [`Plan`] numbers them.
    fn trace(&self, parameters: &Parameters, mut state: Vec<Fr>) -> Vec<Fr> {
        let width = self.width();
        let mut inputs = Vec::with_capacity(self.wires(parameters));
        super::permute_observed(&mut state, |x| inputs.push(x));
        let mut trace = Vec::with_capacity(inputs.capacity());
        let mut outputs = Vec::with_capacity(width);
        let mut rest = inputs.as_slice();
        for round in 0..rounds(parameters) {
            let full = is_full(round, parameters);
            let (now, next) = rest.split_at(if full { width } else { 1 });
            rest = next;
            outputs.clear();
            for (lane, x) in now.iter().enumerate() {
                let square = x.square();
                let fourth = square.square();
                if round > 0 || !self.constant[lane] {
                    trace.extend([square, fourth]);
                }
                if full {
                    outputs.push(fourth * x);
                }
            }
            let solved = self.solved(round, parameters);
            if round + 1 == rounds(parameters) {
                trace.extend(&state[..solved]);
            } else if full && !is_full(round + 1, parameters) {
                // The lanes before the partial rounds, of which only the first is an S-box input.
                let constants = &parameters.round_constants[(round + 1) * width..];
                trace.extend((parameters.mds.iter().zip(constants)).take(solved).map(
                    |(row, constant)| {
                        let mixed: Fr = row.iter().zip(&outputs).map(|(m, y)| *m * y).sum();
                        mixed + constant
                    },
                ));
            } else {
                trace.extend(&next[..solved]);
            }
            let unsolved = self.boxed(round, parameters).skip(solved);
            trace.extend(unsolved.map(|lane| outputs[lane]));
        }
        trace
    }
}

fn rounds(parameters: &Parameters) -> usize {
    parameters.full_rounds + parameters.partial_rounds
}

fn is_full(round: usize, parameters: &Parameters) -> bool {
    let half = parameters.full_rounds / 2;
    round < half || round >= half + parameters.partial_rounds
}

/// A linear form over `One`, input lanes (`Variable::instance(lane)`: the input, or the constant lane's S-box output)
/// and the permutation's own variables (`Variable::witness(index)`).
type Form = Vec<(Fr, Variable)>;

/// The rows of one shape, independent of the values of its inputs.
#[derive(Debug)]
struct Plan {
    boxes: Vec<SBox>,
}

#[derive(Debug)]
struct SBox {
    input: Form,
    /// Index of x2; x4 follows it.
    square: usize,
    output: Form,
}

/// The plans of one constraint system.
type Plans = BTreeMap<Shape, Rc<Plan>>;

impl Plan {
    fn cached(system: &ConstraintSystem<Fr>, shape: &Shape, parameters: &Parameters) -> Rc<Self> {
        let mut cache = system.cache_map.borrow_mut();
        let plans = cache
            .entry(TypeId::of::<Plans>())
            .or_insert_with(|| Box::new(Plans::new()));
        let build = || Rc::new(Self::build(shape, parameters));
        match plans.downcast_mut::<Plans>() {
            Some(plans) => plans.entry(shape.clone()).or_insert_with(build).clone(),
            None => build(),
        }
    }

    fn build(shape: &Shape, parameters: &Parameters) -> Self {
        let width = shape.width();
        let constant = |round: usize, lane: usize| {
            let index = round * width + lane;
            (parameters.round_constants.get(index).copied()).unwrap_or(Fr::ZERO)
        };
        let mut boxes = Vec::new();
        let mut wires = 0;
        // Before round 0: inputs plus constants, or the S-box output where the input is a constant.
        let mut lanes: Vec<Form> = (0..width)
            .map(|lane| {
                let mut form = vec![(Fr::ONE, Variable::instance(lane))];
                if !shape.constant[lane] {
                    form.insert(0, (constant(0, lane), Variable::One));
                }
                form
            })
            .collect();
        for round in 0..rounds(parameters) {
            let boxed: Vec<usize> = shape.boxed(round, parameters).collect();
            let first_box = boxes.len();
            for lane in &boxed {
                boxes.push(SBox {
                    input: core::mem::take(&mut lanes[*lane]),
                    square: wires,
                    output: Form::new(),
                });
                wires += 2;
            }
            // What the next layer is without the outputs of this round's S-boxes.
            let known: Vec<Form> = (0..width)
                .map(|row| {
                    let base = vec![(constant(round + 1, row), Variable::One)];
                    let mixed = (0..width)
                        .filter(|lane| !boxed.contains(lane))
                        .map(|lane| (parameters.mds[row][lane], &lanes[lane]));
                    combine(core::iter::once((Fr::ONE, &base)).chain(mixed))
                })
                .collect();
            let solved = shape.solved(round, parameters);
            let variable = |index: usize| vec![(Fr::ONE, Variable::witness(wires + index))];
            let new: Vec<Form> = (0..boxed.len()).map(variable).collect();
            wires += boxed.len();
            let (inputs, rest) = new.split_at(solved);
            let (solved_lanes, rest_lanes) = boxed.split_at(solved);
            // Solve Σ M·y = input − known − Σ M·rest for the first `solved` outputs y.
            let minor: Vec<Vec<Fr>> = (parameters.mds.iter().take(solved))
                .map(|row| solved_lanes.iter().map(|lane| row[*lane]).collect())
                .collect();
            let inverse = invert(minor);
            let right: Vec<Form> = (0..solved)
                .map(|row| {
                    let rest = (rest_lanes.iter().zip(rest))
                        .map(|(lane, form)| (-parameters.mds[row][*lane], form));
                    combine(
                        [(Fr::ONE, &inputs[row]), (-Fr::ONE, &known[row])]
                            .into_iter()
                            .chain(rest),
                    )
                })
                .collect();
            let outputs: Vec<Form> = inverse
                .iter()
                .map(|row| combine(row.iter().copied().zip(&right)))
                .chain(rest.iter().cloned())
                .collect();
            lanes = (0..width)
                .map(|row| match inputs.get(row) {
                    Some(input) => input.clone(),
                    None => combine(
                        core::iter::once((Fr::ONE, &known[row])).chain(
                            (boxed.iter().zip(&outputs))
                                .map(|(lane, form)| (parameters.mds[row][*lane], form)),
                        ),
                    ),
                })
                .collect();
            for (sbox, output) in boxes[first_box..].iter_mut().zip(outputs) {
                sbox.output = output;
            }
        }
        Self { boxes }
    }

    /// Adds the rows for the permutation whose variables start at witness `first`.
    fn enforce(
        &self,
        system: &mut ConstraintSystem<Fr>,
        state: &[FrVar],
        parameters: &Parameters,
        first: usize,
    ) -> Result<(), SynthesisError> {
        let lanes: Vec<(Fr, Variable)> = state
            .iter()
            .zip(&parameters.round_constants)
            .map(|(x, constant)| match x {
                FpVar::Constant(c) => (super::pow5(*c + constant), Variable::One),
                FpVar::Var(_) => term(Fr::ONE, x),
            })
            .collect();
        let place = |form: &Form| -> LinearCombination<Fr> {
            let moved = form
                .iter()
                .map(|(c, v)| match (v.is_instance(), v.index()) {
                    (true, Some(lane)) => (*c * lanes[lane].0, lanes[lane].1),
                    (false, Some(wire)) => (*c, Variable::witness(first + wire)),
                    (_, None) => (*c, *v),
                });
            normal(moved.collect())
        };
        for sbox in &self.boxes {
            let square = LinearCombination::from(Variable::witness(first + sbox.square));
            let fourth = LinearCombination::from(Variable::witness(first + sbox.square + 1));
            // One combination for all three uses: the system stores it once.
            let input = system.new_lc(|| place(&sbox.input))?;
            let (by_square, by_fourth) = (square.clone(), fourth.clone());
            system.enforce_r1cs_constraint(|| input.into(), || input.into(), || square)?;
            system.enforce_r1cs_constraint(
                || by_square.clone(),
                || by_square.clone(),
                || fourth,
            )?;
            system.enforce_r1cs_constraint(
                || by_fourth,
                || input.into(),
                || place(&sbox.output),
            )?;
        }
        Ok(())
    }
}

/// `Σ coefficient · form`, sorted and without zeros.
fn combine<'a>(terms: impl Iterator<Item = (Fr, &'a Form)>) -> Form {
    let scaled = terms.flat_map(|(c, form)| form.iter().map(move |(d, v)| (c * d, *v)));
    normal(scaled.collect()).0
}

/// Gauss-Jordan inversion of a matrix all of whose leading minors are non-zero, as a Cauchy matrix's are.
fn invert(mut matrix: Vec<Vec<Fr>>) -> Vec<Vec<Fr>> {
    let size = matrix.len();
    for (i, row) in matrix.iter_mut().enumerate() {
        row.extend((0..size).map(|j| Fr::from(i == j)));
    }
    for pivot in 0..size {
        let scale = matrix[pivot][pivot].inverse().unwrap_or(Fr::ZERO);
        let scaled: Vec<Fr> = matrix[pivot].iter().map(|x| *x * scale).collect();
        for row in &mut matrix {
            let factor = row[pivot];
            for (x, p) in row.iter_mut().zip(&scaled) {
                *x -= factor * p;
            }
        }
        matrix[pivot] = scaled;
    }
    for row in &mut matrix {
        row.drain(..size);
    }
    matrix
}

#[cfg(test)]
mod tests;
