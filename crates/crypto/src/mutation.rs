//! Checks of a synthesised constraint system, for the tests of gadgets and circuits (`docs/security.md` §3).
//!
//! [`Snapshot`] holds the matrices and one assignment, so values can be changed and rows evaluated without
//! synthesising again: `ConstraintSystem::is_satisfied` caches the values of linear combinations and would not see a
//! changed witness. [`Snapshot::survivors`] is the mutation test: every witness in turn becomes 0, 1, x + 1, −x and
//! another value, and the change must break a row. [`Snapshot::loose`] is the stronger test: it finds witnesses that can
//! move *together*, the mark of a free slope or a missing row.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec,
    vec::Vec,
};

use ark_ff::{AdditiveGroup, Field};
use ark_relations::gr1cs::{
    ConstraintSystem, Matrix, R1CS_PREDICATE_LABEL, SynthesisError, SynthesisMode,
};

use crate::{
    Fr,
    bits::{Cs, FreeHints},
    poseidon,
};

/// Matrices, an assignment and the list of witnesses that may be free.
#[derive(Clone, Debug)]
pub struct Snapshot {
    matrices: Vec<Matrix<Fr>>,
    /// One, the public inputs, the witnesses.
    values: Vec<Fr>,
    public: usize,
    free: Vec<usize>,
}

/// A witness whose change broke no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Survivor {
    /// Index in the witness assignment.
    pub witness: usize,
    /// The value that was accepted in place of the assigned one.
    pub value: Fr,
}

/// The R1CS matrices A, B and C, with symbolic linear combinations inlined.
pub fn matrices(cs: &Cs) -> Result<Vec<Matrix<Fr>>, SynthesisError> {
    cs.finalize();
    cs.to_matrices()?
        .remove(R1CS_PREDICATE_LABEL)
        .ok_or(SynthesisError::PredicateNotFound)
}

/// Runs a synthesiser in set-up mode and returns its matrices.
pub fn setup_matrices(
    synthesise: impl FnOnce(&Cs) -> Result<(), SynthesisError>,
) -> Result<Vec<Matrix<Fr>>, SynthesisError> {
    let cs = ConstraintSystem::new_ref();
    cs.set_mode(SynthesisMode::Setup);
    synthesise(&cs)?;
    matrices(&cs)
}

impl Snapshot {
    /// Takes the matrices and the assignment of a constraint system that was synthesised with values and matrices.
    pub fn of(cs: &Cs) -> Result<Self, SynthesisError> {
        let matrices = matrices(cs)?;
        let mut values = cs.instance_assignment()?;
        let public = values.len();
        values.extend(cs.witness_assignment()?);
        Ok(Self {
            matrices,
            values,
            public,
            free: FreeHints::of(cs),
        })
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.matrices.first().map_or(0, Vec::len)
    }

    /// The number of witnesses.
    pub fn witnesses(&self) -> usize {
        self.values.len() - self.public
    }

    /// Non-zero entries of A, B and C.
    pub fn entries(&self) -> usize {
        self.matrices.iter().flatten().map(Vec::len).sum()
    }

    /// The value of a witness.
    pub fn witness(&self, index: usize) -> Option<Fr> {
        self.values.get(self.public + index).copied()
    }

    /// The first row that a witness stands in.
    pub fn first_row_of(&self, witness: usize) -> Option<usize> {
        let column = self.public + witness;
        (0..self.rows()).find(|row| {
            let mut entries = self.matrices.iter().flat_map(|matrix| &matrix[*row]);
            entries.any(|(_, found)| *found == column)
        })
    }

    /// Replaces the value of a witness; an index out of range changes nothing.
    pub fn set_witness(&mut self, index: usize, value: Fr) {
        if let Some(slot) = self.values.get_mut(self.public + index) {
            *slot = value;
        }
    }

    /// Replaces a public input (0 is the constant one).
    pub fn set_public(&mut self, index: usize, value: Fr) {
        if let Some(slot) = self.values[..self.public].get_mut(index) {
            *slot = value;
        }
    }

    /// The rows that do not hold, ascending.
    pub fn unsatisfied_rows(&self) -> Vec<usize> {
        let [a, b, c] = self.products();
        (0..self.rows())
            .filter(|row| a[*row] * b[*row] != c[*row])
            .collect()
    }

    /// Whether every row holds.
    pub fn is_satisfied(&self) -> bool {
        self.unsatisfied_rows().is_empty()
    }

    /// Witnesses that appear in no row.
    pub fn unused(&self) -> Vec<usize> {
        let columns = self.columns();
        (0..self.witnesses())
            .filter(|index| columns[self.public + index].is_empty())
            .collect()
    }

    /// Mutates every witness alone and lists the mutations that no row notices, except those of registered free hints.
    pub fn survivors(&self) -> Vec<Survivor> {
        self.survivors_among(0..self.witnesses())
    }

    /// [`Self::survivors`] for some witnesses, to sample a large circuit.
    pub fn survivors_among(&self, witnesses: impl IntoIterator<Item = usize>) -> Vec<Survivor> {
        let mut survivors = self.accepted_among(witnesses);
        survivors.retain(|survivor| self.free.binary_search(&survivor.witness).is_err());
        survivors
    }

    /// The registered free hints, ascending ([`FreeHints`]).
    pub fn free_hints(&self) -> &[usize] {
        &self.free
    }

    /// [`Self::survivors_among`] with the registered free hints: every mutation that no row notices.
    pub fn accepted_among(&self, witnesses: impl IntoIterator<Item = usize>) -> Vec<Survivor> {
        let columns = self.columns();
        let products = self.products();
        let mut survivors = Vec::new();
        for witness in witnesses {
            let Some(old) = self.witness(witness) else {
                continue;
            };
            let entries = &columns[self.public + witness];
            for value in mutations(old, witness) {
                if !notices(entries, &products, value - old) {
                    survivors.push(Survivor { witness, value });
                }
            }
        }
        survivors
    }

    /// Witnesses that the rows do not fix locally, when the public inputs and the `given` witnesses are fixed.
    ///
    /// The derivative of every row at the assignment is a linear equation in the changes of the witnesses. A witness is
    /// fixed if its change must be 0; where none is loose, the assignment is an isolated solution. Registered free hints
    /// count as fixed.
    pub fn loose(&self, given: impl IntoIterator<Item = usize>) -> Vec<usize> {
        let mut system = Tangent::default();
        let free = self.free.iter().copied();
        let fixed = given.into_iter().chain(free).map(|w| self.public + w);
        system.fixed.extend((0..self.public).chain(fixed));
        let [a, b, _] = self.products();
        let [left, right, output] = self.matrices.as_slice() else {
            return (0..self.witnesses()).collect();
        };
        for row in 0..self.rows() {
            let scaled = |entries: &[(Fr, usize)], factor: Fr| {
                let scaled = entries
                    .iter()
                    .map(move |(c, column)| (*column, *c * factor));
                scaled.collect::<Vec<_>>()
            };
            system.add(
                [
                    scaled(&left[row], b[row]),
                    scaled(&right[row], a[row]),
                    scaled(&output[row], -Fr::ONE),
                ]
                .concat(),
            );
        }
        (0..self.witnesses())
            .filter(|witness| !system.fixed.contains(&(self.public + witness)))
            .collect()
    }

    /// A·z, B·z and C·z.
    fn products(&self) -> [Vec<Fr>; 3] {
        let mut products = [const { Vec::new() }; 3];
        for (product, matrix) in products.iter_mut().zip(&self.matrices) {
            product.extend(
                (matrix.iter())
                    .map(|row| row.iter().map(|(c, i)| *c * self.values[*i]).sum::<Fr>()),
            );
        }
        products
    }

    /// For each column: row, coefficients in A, B and C, rows ascending.
    fn columns(&self) -> Vec<Vec<(usize, [Fr; 3])>> {
        let mut columns: Vec<Vec<(usize, [Fr; 3])>> = vec![Vec::new(); self.values.len()];
        for row in 0..self.rows() {
            for (which, matrix) in self.matrices.iter().enumerate() {
                for (coefficient, column) in &matrix[row] {
                    let column = &mut columns[*column];
                    if column.last().is_none_or(|(last, _)| *last != row) {
                        column.push((row, [Fr::ZERO; 3]));
                    }
                    if let Some((_, coefficients)) = column.last_mut() {
                        coefficients[which] += coefficient;
                    }
                }
            }
        }
        columns
    }
}

/// Homogeneous linear equations in the changes of columns, kept solved.
#[derive(Debug, Default)]
struct Tangent {
    /// Columns that cannot change.
    fixed: BTreeSet<usize>,
    /// Columns as combinations of columns that were unsolved when they were added.
    solved: BTreeMap<usize, BTreeMap<usize, Fr>>,
    /// The solved columns that a column stands in.
    users: BTreeMap<usize, Vec<usize>>,
}

impl Tangent {
    /// Adds `Σ coefficient · change = 0`.
    fn add(&mut self, terms: Vec<(usize, Fr)>) {
        let mut open = BTreeMap::new();
        let mut pending = terms;
        while let Some((column, coefficient)) = pending.pop() {
            if self.fixed.contains(&column) {
                continue;
            }
            match self.solved.get(&column) {
                Some(form) => pending.extend(form.iter().map(|(c, k)| (*c, *k * coefficient))),
                None => *open.entry(column).or_insert(Fr::ZERO) += coefficient,
            }
        }
        open.retain(|_, coefficient| *coefficient != Fr::ZERO);
        // The newest column, so that rows solve for what they define.
        let Some((pivot, coefficient)) = open.pop_last() else {
            return;
        };
        let scale = -coefficient.inverse().unwrap_or(Fr::ZERO);
        for (column, coefficient) in &mut open {
            *coefficient *= scale;
            self.users.entry(*column).or_default().push(pivot);
        }
        let determined = open.is_empty();
        self.solved.insert(pivot, open);
        if determined {
            self.fix(pivot);
        }
    }

    /// Marks a column as fixed, and the solved columns that have no other open term.
    fn fix(&mut self, column: usize) {
        let mut pending = vec![column];
        while let Some(column) = pending.pop() {
            self.fixed.insert(column);
            self.solved.remove(&column);
            for user in self.users.remove(&column).unwrap_or_default() {
                if let Some(form) = self.solved.get_mut(&user) {
                    form.remove(&column);
                    if form.is_empty() {
                        pending.push(user);
                    }
                }
            }
        }
    }
}

/// Whether a change of one column breaks a row that it stands in.
fn notices(entries: &[(usize, [Fr; 3])], [a, b, c]: &[Vec<Fr>; 3], change: Fr) -> bool {
    entries.iter().any(|(row, k)| {
        (a[*row] + k[0] * change) * (b[*row] + k[1] * change) != c[*row] + k[2] * change
    })
}

/// The replacements for `old` that differ from it.
fn mutations(old: Fr, seed: usize) -> impl Iterator<Item = Fr> {
    let other = poseidon::hash2(Fr::from(seed as u64), old);
    [Fr::ZERO, Fr::ONE, old + Fr::ONE, -old, other]
        .into_iter()
        .filter(move |value| *value != old)
}

#[cfg(test)]
mod tests {
    //! The checks see a free witness, and a free pair.

    #![allow(clippy::unwrap_used)]

    use ark_r1cs_std::{alloc::AllocVar, fields::FieldVar};

    use super::*;
    use crate::bits::{FrVar, enforce_equal, product};

    fn new_witness(cs: &Cs, value: u64) -> FrVar {
        FrVar::new_witness(cs.clone(), || Ok(Fr::from(value))).unwrap()
    }

    #[test]
    fn a_free_witness_survives() {
        let cs = ConstraintSystem::new_ref();
        let (x, _unused) = (new_witness(&cs, 2), new_witness(&cs, 3));
        // x·0 = 0 uses x and fixes nothing.
        let _ = product(&x, &(&x - &x)).unwrap();
        let snapshot = Snapshot::of(&cs).unwrap();
        let survivors: Vec<usize> = snapshot.survivors().iter().map(|s| s.witness).collect();
        assert!(survivors.contains(&0) && survivors.contains(&1));
        assert_eq!(snapshot.unused(), [1]);
        assert_eq!(snapshot.loose([]), [0, 1]);
    }

    #[test]
    fn a_free_pair_is_loose_although_neither_survives() {
        let cs = ConstraintSystem::new_ref();
        let (x, y) = (new_witness(&cs, 2), new_witness(&cs, 3));
        enforce_equal(&(&x + &y), &FrVar::constant(Fr::from(5u64))).unwrap();
        let snapshot = Snapshot::of(&cs).unwrap();
        assert_eq!(snapshot.survivors(), []);
        assert_eq!(snapshot.loose([]), [0, 1]);
        assert!(snapshot.loose([0]).is_empty());
        let square = product(&x, &x).unwrap();
        enforce_equal(&square, &FrVar::constant(Fr::from(4u64))).unwrap();
        assert!(Snapshot::of(&cs).unwrap().loose([]).is_empty());
    }
}
