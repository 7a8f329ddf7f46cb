//! Checks of a synthesised constraint system, for the tests of gadgets and circuits (`docs/security.md` §3).
//!
//! [`Snapshot`] holds the matrices and one assignment, so values can be changed and rows evaluated without
//! synthesising again: `ConstraintSystem::is_satisfied` caches the values of linear combinations and would not see a
//! changed witness. [`Snapshot::survivors`] is the mutation test: every witness in turn becomes 0, 1, x + 1, −x and
//! another value, and the change must break a row.

use alloc::{vec, vec::Vec};

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
        let columns = self.columns();
        let products = self.products();
        let mut survivors = Vec::new();
        for witness in witnesses {
            let Some(old) = self.witness(witness) else {
                continue;
            };
            if self.free.contains(&witness) {
                continue;
            }
            let entries = &columns[self.public + witness];
            for value in mutations(old, witness) {
                if !notices(entries, &products, value - old) {
                    survivors.push(Survivor { witness, value });
                }
            }
        }
        survivors
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
