//! A circuit's matrices, and everything that setup and prover need to know of them.

use std::io;

use ark_bn254::Fr;
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystem, OptimizationGoal, SynthesisError, SynthesisMode,
};
use maci_circuits::{Circuit, CircuitDigest, Matrices};
use maci_verifier::CircuitId;
use rayon::prelude::*;

use crate::error::KeyFileError;
use crate::rows::{Coefficients, Rows, read_coefficients, write_coefficients};
use crate::sections::{Input, Output};

/// The matrices of a circuit and everything that setup and prover need to know of it.
#[derive(Clone, Debug)]
pub struct R1cs {
    /// Matrix A.
    pub a: Rows,
    /// Matrix B.
    pub b: Rows,
    /// Matrix C.
    pub c: Rows,
    coefficients: Vec<Fr>,
    /// Public variables, the constant 1 included.
    pub instance_variables: usize,
    /// Private variables.
    pub witness_variables: usize,
    /// Digest of the matrices; of those from a key file, what the file says.
    pub digest: CircuitDigest,
}

/// Synthesises a circuit without inputs, as setup does.
fn synthesise(circuit: impl ConstraintSynthesizer<Fr>) -> Result<Matrices, SynthesisError> {
    let cs = ConstraintSystem::new_ref();
    cs.set_optimization_goal(OptimizationGoal::Constraints);
    cs.set_mode(SynthesisMode::Setup);
    circuit.generate_constraints(cs.clone())?;
    cs.finalize();
    Matrices::of(&cs)
}

impl R1cs {
    /// The matrices of a shipped circuit.
    pub fn of(circuit: CircuitId) -> Result<Self, SynthesisError> {
        Self::of_circuit(Circuit::blank(circuit))
    }

    /// The matrices of any circuit.
    pub fn of_circuit(circuit: impl ConstraintSynthesizer<Fr>) -> Result<Self, SynthesisError> {
        Ok(Self::from_matrices(&synthesise(circuit)?))
    }

    /// Compresses matrices that are already there.
    pub fn from_matrices(matrices: &Matrices) -> Self {
        let mut coefficients = Coefficients::new();
        Self {
            a: Rows::of(&matrices.a, &mut coefficients),
            b: Rows::of(&matrices.b, &mut coefficients),
            c: Rows::of(&matrices.c, &mut coefficients),
            coefficients: coefficients.table,
            instance_variables: matrices.instance_variables,
            witness_variables: matrices.witness_variables,
            digest: matrices.digest(),
        }
    }

    /// Number of constraints.
    pub fn constraints(&self) -> usize {
        self.a.len()
    }

    /// All variables, the constant 1 included.
    pub fn variables(&self) -> usize {
        self.instance_variables + self.witness_variables
    }

    /// Rows of the quadratic arithmetic program: the constraints, and one row for each public variable that keeps the
    /// public inputs linearly independent.
    pub fn qap_rows(&self) -> usize {
        self.constraints() + self.instance_variables
    }

    /// The rows padded to a power of two.
    pub fn domain_size(&self) -> usize {
        self.qap_rows().next_power_of_two()
    }

    /// The entries of a matrix's row: column and coefficient.
    pub fn row(&self, matrix: &Rows, index: usize) -> impl Iterator<Item = (u32, Fr)> {
        matrix
            .row(index)
            .map(|(column, coefficient)| (column, self.coefficients[coefficient as usize]))
    }

    /// A matrix times an assignment, written to the front of `out`.
    pub fn multiply(&self, matrix: &Rows, assignment: &[Fr], out: &mut [Fr]) {
        matrix.multiply(&self.coefficients, assignment, out);
    }

    /// The digest of these very matrices, whatever a file said.
    pub fn recomputed_digest(&self) -> CircuitDigest {
        let variables = [self.instance_variables, self.witness_variables];
        let matrices = [&self.a, &self.b, &self.c].map(|matrix| {
            (0..matrix.len()).map(move |index| {
                self.row(matrix, index)
                    .map(|(column, coefficient)| (column as usize, coefficient))
                    .collect()
            })
        });
        CircuitDigest::of(variables, self.constraints(), matrices)
    }

    /// The distinct coefficients, by their numbers.
    pub(crate) fn coefficients(&self) -> &[Fr] {
        &self.coefficients
    }

    /// The transposed matrix times a vector of one value per row, added to `out`.
    pub fn add_transposed(&self, matrix: &Rows, rows: &[Fr], out: &mut [Fr]) {
        matrix.add_transposed(&self.coefficients, rows, out);
    }

    /// The first row that an assignment violates.
    pub fn first_violation(&self, assignment: &[Fr]) -> Option<usize> {
        (0..self.constraints())
            .into_par_iter()
            .with_min_len(256)
            .find_first(|index| {
                let value = |matrix: &Rows| matrix.evaluate(*index, &self.coefficients, assignment);
                value(&self.a) * value(&self.b) != value(&self.c)
            })
    }

    /// Bytes of the matrices.
    pub fn memory_bytes(&self) -> usize {
        let rows: usize = self.matrices().map(Rows::bytes).iter().sum();
        rows + size_of_val(self.coefficients.as_slice())
    }

    fn matrices(&self) -> [&Rows; 3] {
        [&self.a, &self.b, &self.c]
    }

    /// Writes the matrices as the last part of a key file.
    pub(crate) fn write(&self, out: &mut Output<'_>) -> io::Result<()> {
        out.number(self.instance_variables)?;
        out.number(self.witness_variables)?;
        write_coefficients(out, &self.coefficients)?;
        self.matrices()
            .into_iter()
            .try_for_each(|rows| rows.write(out))
    }

    /// Reads what [`R1cs::write`] wrote, to be followed by [`R1cs::check`].
    pub(crate) fn read(body: &mut Input, digest: CircuitDigest) -> Result<Self, KeyFileError> {
        Ok(Self {
            instance_variables: body.number()?,
            witness_variables: body.number()?,
            coefficients: read_coefficients(body)?,
            a: Rows::read(body)?,
            b: Rows::read(body)?,
            c: Rows::read(body)?,
            digest,
        })
    }

    /// That every entry lies in its matrix.
    pub(crate) fn check(&self) -> Result<(), KeyFileError> {
        let bound = u32::MAX as usize;
        let variables = self.instance_variables.checked_add(self.witness_variables);
        let variables = variables.filter(|count| *count <= bound);
        let columns = variables.ok_or(KeyFileError::Range {
            section: "variables",
            found: self.instance_variables.max(self.witness_variables),
            bound,
        })?;
        let rows = self.constraints();
        for (name, matrix) in [
            ("matrix A", &self.a),
            ("matrix B", &self.b),
            ("matrix C", &self.c),
        ] {
            matrix.check(name, (rows, columns), &self.coefficients)?;
        }
        Ok(())
    }
}
