//! A circuit's matrices in compressed rows.
//!
//! arkworks keeps a vector per row and 40 bytes per entry; a processing circuit has millions of entries and only a few
//! thousand different coefficients. Here an entry is a column and the number of its coefficient, 8 bytes.

use std::collections::HashMap;
use std::io::{self, Read as _, Write};

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystem, Matrix, OptimizationGoal, SynthesisError,
    SynthesisMode,
};
use maci_circuits::{Circuit, CircuitDigest, Matrices};
use maci_verifier::CircuitId;
use rayon::prelude::*;

use crate::container::Body;
use crate::error::KeyFileError;
use crate::proving_key::section;
use crate::sections::{
    ended, read_indices, read_items, read_scalars, write_indices, write_items, write_scalars,
};

/// One matrix: entries of row i are `entries[ends[i - 1]..ends[i]]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    ends: Vec<u32>,
    /// (column, coefficient number)
    entries: Vec<(u32, u32)>,
}

impl Rows {
    fn of(matrix: &Matrix<Fr>, coefficients: &mut Coefficients) -> Self {
        let mut rows = Self {
            ends: Vec::with_capacity(matrix.len()),
            entries: Vec::with_capacity(matrix.iter().map(Vec::len).sum()),
        };
        for row in matrix {
            rows.entries.extend(
                row.iter().map(|(coefficient, column)| {
                    (*column as u32, coefficients.number(*coefficient))
                }),
            );
            rows.ends.push(rows.entries.len() as u32);
        }
        rows
    }

    /// Rows from entries (row, column, coefficient number) in any order.
    pub(crate) fn of_entries(rows: usize, mut entries: Vec<(u32, u32, u32)>) -> Self {
        entries.sort_by_key(|(row, ..)| *row);
        let mut out = Self {
            ends: vec![0; rows],
            entries: Vec::with_capacity(entries.len()),
        };
        for (row, column, coefficient) in entries {
            out.ends[row as usize] += 1;
            out.entries.push((column, coefficient));
        }
        let mut end = 0;
        for count in &mut out.ends {
            end += *count;
            *count = end;
        }
        out
    }

    /// Every entry as (row, column, coefficient number), row by row.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, u32, u32)> {
        (0u32..).zip(&self.ends).flat_map(|(index, _)| {
            let entries = self.row(index as usize);
            entries
                .iter()
                .map(move |(column, number)| (index, *column, *number))
        })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Number of entries.
    pub fn entries(&self) -> usize {
        self.entries.len()
    }

    fn row(&self, index: usize) -> &[(u32, u32)] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.entries[start as usize..self.ends[index] as usize]
    }
}

/// Distinct coefficients, 1 and −1 at fixed numbers.
#[derive(Debug)]
pub(crate) struct Coefficients {
    pub(crate) table: Vec<Fr>,
    // Looked up by value, never iterated.
    numbers: HashMap<Fr, u32>,
}

const ONE: u32 = 0;
const MINUS_ONE: u32 = 1;

impl Coefficients {
    pub(crate) fn new() -> Self {
        let mut coefficients = Self {
            table: Vec::new(),
            numbers: HashMap::new(),
        };
        debug_assert_eq!(coefficients.number(Fr::ONE), ONE);
        coefficients.number(Fr::ONE);
        coefficients.number(-Fr::ONE);
        coefficients
    }

    pub(crate) fn number(&mut self, value: Fr) -> u32 {
        *self.numbers.entry(value).or_insert_with(|| {
            self.table.push(value);
            (self.table.len() - 1) as u32
        })
    }
}

/// One row times an assignment.
fn evaluate_row(row: &[(u32, u32)], coefficients: &[Fr], assignment: &[Fr]) -> Fr {
    let mut sum = Fr::ZERO;
    for (column, coefficient) in row {
        let value = assignment[*column as usize];
        match *coefficient {
            ONE => sum += value,
            MINUS_ONE => sum -= value,
            number => sum += value * coefficients[number as usize],
        }
    }
    sum
}

/// A matrix times an assignment, written to the front of `out`.
pub(crate) fn multiply(matrix: &Rows, coefficients: &[Fr], assignment: &[Fr], out: &mut [Fr]) {
    out[..matrix.len()]
        .par_iter_mut()
        .enumerate()
        .with_min_len(256)
        .for_each(|(index, value)| {
            *value = evaluate_row(matrix.row(index), coefficients, assignment);
        });
}

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

    /// The entries of a matrix's row: column and coefficient.
    pub fn row(&self, matrix: &Rows, index: usize) -> impl Iterator<Item = (u32, Fr)> {
        matrix
            .row(index)
            .iter()
            .map(|(column, coefficient)| (*column, self.coefficients[*coefficient as usize]))
    }

    /// A matrix times an assignment, written to the front of `out`.
    pub fn multiply(&self, matrix: &Rows, assignment: &[Fr], out: &mut [Fr]) {
        multiply(matrix, &self.coefficients, assignment, out);
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
        for (index, factor) in rows.iter().enumerate().take(matrix.len()) {
            for (column, coefficient) in matrix.row(index) {
                let slot = &mut out[*column as usize];
                match *coefficient {
                    ONE => *slot += factor,
                    MINUS_ONE => *slot -= factor,
                    number => *slot += *factor * self.coefficients[number as usize],
                }
            }
        }
    }

    /// The first row that an assignment violates.
    pub fn first_violation(&self, assignment: &[Fr]) -> Option<usize> {
        (0..self.constraints())
            .into_par_iter()
            .with_min_len(256)
            .find_first(|index| {
                let value = |matrix: &Rows| {
                    evaluate_row(matrix.row(*index), &self.coefficients, assignment)
                };
                value(&self.a) * value(&self.b) != value(&self.c)
            })
    }

    /// Bytes that the matrices take in memory.
    pub fn memory_bytes(&self) -> usize {
        [&self.a, &self.b, &self.c]
            .iter()
            .map(|rows| rows.ends.len() * 4 + rows.entries.len() * 8)
            .sum::<usize>()
            + self.coefficients.len() * 32
    }

    /// Writes the matrices as the last part of a key file.
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let counts = [self.instance_variables, self.witness_variables];
        for count in counts {
            out.write_all(&(count as u64).to_le_bytes())?;
        }
        write_scalars(out, &self.coefficients)?;
        for rows in [&self.a, &self.b, &self.c] {
            write_indices(out, &rows.ends)?;
            write_items(out, &rows.entries, |(column, number)| {
                let entry = u64::from(*column) | u64::from(*number) << 32;
                entry.to_le_bytes()
            })?;
        }
        Ok(())
    }

    /// Reads what [`R1cs::write`] wrote; nothing is believed before the file's digest has matched and [`R1cs::check`] passed.
    pub(crate) fn read(body: &mut Body, digest: CircuitDigest) -> Result<Self, KeyFileError> {
        let mut counts = [[0u8; 8]; 2];
        for count in &mut counts {
            body.read_exact(count).map_err(ended)?;
        }
        let [instance_variables, witness_variables] =
            counts.map(|bytes| usize::try_from(u64::from_le_bytes(bytes)).unwrap_or(usize::MAX));
        let coefficients = read_scalars(body)?;
        let mut rows = || -> Result<Rows, KeyFileError> {
            Ok(Rows {
                ends: read_indices(body)?,
                entries: read_items::<_, 8>(body, |bytes| {
                    let entry = u64::from_le_bytes(*bytes);
                    (entry as u32, (entry >> 32) as u32)
                })?,
            })
        };
        Ok(Self {
            a: rows()?,
            b: rows()?,
            c: rows()?,
            coefficients,
            instance_variables,
            witness_variables,
            digest,
        })
    }

    /// That every entry lies in its matrix: what the digest cannot say of a file that someone made.
    pub(crate) fn check(&self) -> Result<(), KeyFileError> {
        let variables = self
            .instance_variables
            .checked_add(self.witness_variables)
            .filter(|count| u32::try_from(*count).is_ok())
            .ok_or_else(|| section("variables", u32::MAX as usize, usize::MAX))?;
        if !self.coefficients.starts_with(&[Fr::ONE, -Fr::ONE]) {
            return Err(section("coefficients", 2, self.coefficients.len()));
        }
        for (name, rows) in [
            ("matrix A", &self.a),
            ("matrix B", &self.b),
            ("matrix C", &self.c),
        ] {
            let end = rows.ends.last().map_or(0, |end| *end as usize);
            let fits = |(column, number): &(u32, u32)| {
                (*column as usize) < variables && (*number as usize) < self.coefficients.len()
            };
            if end != rows.entries.len() || !rows.ends.is_sorted() {
                return Err(section(name, rows.entries.len(), end));
            }
            if rows.len() != self.a.len() || !rows.entries.iter().all(fits) {
                return Err(section(name, self.a.len(), rows.len()));
            }
        }
        Ok(())
    }
}
