//! What a circuit measures: matrices, sizes and digest, from the very synthesis that key generation runs.

use core::fmt;

use ark_ff::{BigInteger, PrimeField};
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystem, ConstraintSystemRef, Matrix, OptimizationGoal,
    R1CS_PREDICATE_LABEL, SynthesisError, SynthesisMode,
};
use ark_std::{collections::BTreeMap, vec::Vec};
use maci_crypto::{
    Fr,
    parts::{Part, parts},
};
use maci_verifier::CircuitId;
use sha2::{Digest, Sha256};

use crate::{
    Circuit,
    clause::{ClauseRows, Clauses},
    components::{Component, components},
    message_processor::SHARED_BY_MESSAGES,
};

/// The inlined R1CS matrices of a circuit, with its clause table.
#[derive(Clone, Debug)]
pub struct Matrices {
    /// Rows (coefficient, column). Column 0 is the constant 1, then the public inputs, then the private variables.
    pub a: Matrix<Fr>,
    /// As `a`.
    pub b: Matrix<Fr>,
    /// As `a`.
    pub c: Matrix<Fr>,
    /// Public variables, the constant 1 included.
    pub instance_variables: usize,
    /// Private variables.
    pub witness_variables: usize,
    /// Which rows say what.
    pub clauses: Vec<ClauseRows>,
    /// Which rows and private variables belong to which gadget, clauses included.
    pub parts: Vec<Part>,
}

impl Matrices {
    /// Takes the matrices out of a synthesised and finalised constraint system.
    pub fn of(cs: &ConstraintSystemRef<Fr>) -> Result<Self, SynthesisError> {
        let mut matrices = cs
            .to_matrices()?
            .remove(R1CS_PREDICATE_LABEL)
            .ok_or(SynthesisError::PredicateNotFound)?;
        let (Some(c), Some(b), Some(a)) = (matrices.pop(), matrices.pop(), matrices.pop()) else {
            return Err(SynthesisError::PredicateNotFound);
        };
        Ok(Self {
            a,
            b,
            c,
            instance_variables: cs.num_instance_variables(),
            witness_variables: cs.num_witness_variables(),
            clauses: Clauses::of(cs),
            parts: parts(cs),
        })
    }

    /// The digest of these matrices.
    pub fn digest(&self) -> CircuitDigest {
        let variables = [self.instance_variables, self.witness_variables];
        let matrices = [&self.a, &self.b, &self.c].map(|matrix| {
            matrix.iter().map(|row| {
                row.iter()
                    .map(|(coefficient, column)| (*column, *coefficient))
                    .collect()
            })
        });
        CircuitDigest::of(variables, self.a.len(), matrices)
    }
}

impl CircuitDigest {
    /// SHA-256 over a canonical serialisation: counts of public and private variables and of rows, then per matrix and row the
    /// entries in column order, every count and column as eight little-endian bytes and every coefficient as 32.
    pub fn of(
        variables: [usize; 2],
        rows: usize,
        matrices: [impl Iterator<Item = Vec<(usize, Fr)>>; 3],
    ) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"maci-rs/r1cs/1");
        let mut number = |n: usize| hash.update((n as u64).to_le_bytes());
        variables.into_iter().for_each(&mut number);
        number(rows);
        for matrix in matrices {
            for mut entries in matrix {
                entries.sort_unstable_by_key(|(column, _)| *column);
                hash.update((entries.len() as u64).to_le_bytes());
                for (column, coefficient) in entries {
                    hash.update((column as u64).to_le_bytes());
                    hash.update(coefficient.into_bigint().to_bytes_le());
                }
            }
        }
        Self(hash.finalize().into())
    }
}

/// The identity of a circuit's constraints; a key belongs to exactly one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CircuitDigest(pub [u8; 32]);

impl fmt::Display for CircuitDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for CircuitDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CircuitDigest({self})")
    }
}

/// Sizes of a circuit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CircuitStats {
    /// Which circuit.
    pub id: CircuitId,
    /// Rows of the constraint system.
    pub rows: usize,
    /// Rows of clauses that the circuit has once, without those whose cost grows with what messages share.
    pub fixed_rows: usize,
    /// Rows for each message of a batch, for processing circuits: (rows − fixed rows) / B.
    pub rows_per_message: Option<usize>,
    /// Public inputs, without the constant 1.
    pub public_inputs: usize,
    /// All variables, with the constant 1.
    pub variables: usize,
    /// Non-zero entries of A, B and C.
    pub non_zero: [usize; 3],
    /// Rows by clause name, summed over slots, in order of first appearance.
    pub clauses: Vec<(&'static str, usize)>,
    /// Rows, variables and entries by clause and gadget.
    pub components: Vec<Component>,
    /// Digest of the matrices.
    pub digest: CircuitDigest,
}

/// Synthesises a circuit as key generation does and returns its matrices.
pub fn matrices(id: CircuitId) -> Result<Matrices, SynthesisError> {
    let cs = ConstraintSystem::new_ref();
    cs.set_optimization_goal(OptimizationGoal::Constraints);
    cs.set_mode(SynthesisMode::Setup);
    Circuit::blank(id).generate_constraints(cs.clone())?;
    cs.finalize();
    Matrices::of(&cs)
}

/// The digest of a circuit's matrices.
pub fn circuit_digest(id: CircuitId) -> Result<CircuitDigest, SynthesisError> {
    Ok(matrices(id)?.digest())
}

/// Measures a circuit.
pub fn stats(id: CircuitId) -> Result<CircuitStats, SynthesisError> {
    Ok(CircuitStats::of(id, &matrices(id)?))
}

impl CircuitStats {
    /// The sizes of matrices that are already there.
    pub fn of(id: CircuitId, matrices: &Matrices) -> Self {
        let count = |matrix: &Matrix<Fr>| matrix.iter().map(Vec::len).sum();
        let fixed_rows = matrices
            .clauses
            .iter()
            .filter(|c| c.slot.is_none() && !SHARED_BY_MESSAGES.contains(&c.name))
            .map(|c| c.rows.len())
            .sum();
        let mut order = Vec::new();
        let mut by_name = BTreeMap::new();
        for clause in &matrices.clauses {
            *by_name.entry(clause.name).or_insert_with(|| {
                order.push(clause.name);
                0
            }) += clause.rows.len();
        }
        let rows = matrices.a.len();
        let rows_per_message = match id {
            CircuitId::MessageProcessor {
                message_batch_size, ..
            } => Some((rows - fixed_rows) / usize::from(message_batch_size.max(1))),
            _ => None,
        };
        Self {
            id,
            rows,
            fixed_rows,
            rows_per_message,
            public_inputs: matrices.instance_variables - 1,
            variables: matrices.instance_variables + matrices.witness_variables,
            non_zero: [count(&matrices.a), count(&matrices.b), count(&matrices.c)],
            clauses: order
                .into_iter()
                .map(|name| (name, by_name[name]))
                .collect(),
            components: components(matrices),
            digest: matrices.digest(),
        }
    }

    /// Rows of the quadratic arithmetic program: the constraints, and one for each public variable with the constant 1.
    pub const fn qap_rows(&self) -> usize {
        self.rows + self.public_inputs + 1
    }

    /// Size of the proof's evaluation domain, a power of two.
    pub const fn domain(&self) -> usize {
        self.qap_rows().next_power_of_two()
    }

    /// How much of the domain is used, in 0..=1.
    #[allow(clippy::cast_precision_loss)]
    pub fn fill(&self) -> f64 {
        self.qap_rows() as f64 / self.domain() as f64
    }
}
