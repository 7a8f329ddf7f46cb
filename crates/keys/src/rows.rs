//! A matrix in compressed rows.
//!
//! arkworks keeps a vector per row and 40 bytes per entry; a processing circuit has millions of entries and only a few
//! thousand different coefficients. Here an entry is a column and the number of its coefficient, 8 bytes; 1 and −1, most of
//! them, have numbers of their own and cost no multiplication.

use std::collections::HashMap;
use std::io;

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, BigInt, Field, PrimeField};
use ark_relations::gr1cs::Matrix;
use rayon::prelude::*;

use crate::error::KeyFileError;
use crate::list::List;
use crate::sections::{Input, Output};

/// Column and coefficient number.
type Entry = [u32; 2];

/// One matrix: entries of row i are `entries[ends[i - 1]..ends[i]]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    ends: List<u32>,
    entries: List<Entry>,
}

/// A matrix where it lies.
#[derive(Clone, Copy)]
struct View<'a> {
    ends: &'a [u32],
    entries: &'a [Entry],
}

impl<'a> View<'a> {
    fn row(self, index: usize) -> &'a [Entry] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.entries[start as usize..self.ends[index] as usize]
    }
}

impl Rows {
    pub(crate) fn of(matrix: &Matrix<Fr>, coefficients: &mut Coefficients) -> Self {
        let mut ends = Vec::with_capacity(matrix.len());
        let mut entries: Vec<Entry> = Vec::with_capacity(matrix.iter().map(Vec::len).sum());
        for row in matrix {
            entries.extend(
                row.iter().map(|(coefficient, column)| {
                    [*column as u32, coefficients.number(*coefficient)]
                }),
            );
            ends.push(entries.len() as u32);
        }
        Self {
            ends: ends.into(),
            entries: entries.into(),
        }
    }

    /// Rows from entries (row, column, coefficient number) in any order.
    pub(crate) fn of_entries(rows: usize, mut entries: Vec<(u32, u32, u32)>) -> Self {
        entries.sort_by_key(|(row, ..)| *row);
        let mut ends = vec![0; rows];
        for (row, ..) in &entries {
            ends[*row as usize] += 1;
        }
        let mut end = 0;
        for count in &mut ends {
            end += *count;
            *count = end;
        }
        Self {
            ends: ends.into(),
            entries: entries
                .into_iter()
                .map(|(_, column, number)| [column, number])
                .collect(),
        }
    }

    fn view(&self) -> View<'_> {
        View {
            ends: &self.ends,
            entries: &self.entries,
        }
    }

    /// A row's entries as (column, coefficient number).
    pub(crate) fn row(&self, index: usize) -> impl Iterator<Item = (u32, u32)> {
        let row = self.view().row(index);
        row.iter().map(|[column, number]| (*column, *number))
    }

    /// Every entry as (row, column, coefficient number), row by row.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, u32, u32)> {
        (0..self.len()).flat_map(|index| {
            self.row(index)
                .map(move |(column, number)| (index as u32, column, number))
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

    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.ends) + size_of_val(&*self.entries)
    }

    /// The matrix times an assignment, written to the front of `out`.
    pub(crate) fn multiply(&self, coefficients: &[Fr], assignment: &[Fr], out: &mut [Fr]) {
        let view = self.view();
        out[..self.len()]
            .par_iter_mut()
            .enumerate()
            .with_min_len(256)
            .for_each(|(index, value)| {
                *value = evaluate(view.row(index), coefficients, assignment);
            });
    }

    /// A row times an assignment.
    pub(crate) fn evaluate(&self, index: usize, coefficients: &[Fr], assignment: &[Fr]) -> Fr {
        evaluate(self.view().row(index), coefficients, assignment)
    }

    /// The transposed matrix times a vector of one value per row, added to `out`.
    pub(crate) fn add_transposed(&self, coefficients: &[Fr], rows: &[Fr], out: &mut [Fr]) {
        let view = self.view();
        for (index, factor) in rows.iter().enumerate().take(self.len()) {
            for [column, number] in view.row(index) {
                let slot = &mut out[*column as usize];
                match *number {
                    ONE => *slot += factor,
                    MINUS_ONE => *slot -= factor,
                    number => *slot += *factor * coefficients[number as usize],
                }
            }
        }
    }

    pub(crate) fn write(&self, out: &mut Output<'_>) -> io::Result<()> {
        out.list(&self.ends)?;
        out.list(&self.entries)
    }

    /// Reads what [`Rows::write`] wrote, to be followed by [`Rows::check`].
    pub(crate) fn read(body: &mut Input) -> Result<Self, KeyFileError> {
        Ok(Self {
            ends: body.list()?,
            entries: body.list()?,
        })
    }

    /// That every entry lies in a matrix of so many rows and columns.
    pub(crate) fn check(
        &self,
        section: &'static str,
        (rows, columns): (usize, usize),
        coefficients: &[Fr],
    ) -> Result<(), KeyFileError> {
        if self.len() != rows {
            return Err(KeyFileError::Section {
                section,
                expected: rows,
                found: self.len(),
            });
        }
        let end = self.ends.last().map_or(0, |end| *end as usize);
        if end != self.entries.len() || !self.ends.is_sorted() {
            return Err(KeyFileError::Rows { section });
        }
        for (bound, which) in [(columns, 0), (coefficients.len(), 1)] {
            let most = self.entries.iter().map(|entry| entry[which]).max();
            if let Some(found) = most.map(|it| it as usize).filter(|it| *it >= bound) {
                return Err(KeyFileError::Range {
                    section,
                    found,
                    bound,
                });
            }
        }
        Ok(())
    }
}

/// One row times an assignment.
fn evaluate(row: &[Entry], coefficients: &[Fr], assignment: &[Fr]) -> Fr {
    let mut sum = Fr::ZERO;
    for [column, number] in row {
        let value = assignment[*column as usize];
        match *number {
            ONE => sum += value,
            MINUS_ONE => sum -= value,
            number => sum += value * coefficients[number as usize],
        }
    }
    sum
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
        coefficients.number(Fr::ONE);
        coefficients.number(-Fr::ONE);
        debug_assert_eq!(coefficients.number(Fr::ONE), ONE);
        coefficients
    }

    pub(crate) fn number(&mut self, value: Fr) -> u32 {
        *self.numbers.entry(value).or_insert_with(|| {
            self.table.push(value);
            (self.table.len() - 1) as u32
        })
    }
}

/// Writes a table of coefficients, as their Montgomery limbs.
pub(crate) fn write_coefficients(out: &mut Output<'_>, table: &[Fr]) -> io::Result<()> {
    let limbs: Vec<[u64; 4]> = table.iter().map(|value| value.0.0).collect();
    out.list(&limbs)
}

/// Reads what [`write_coefficients`] wrote.
pub(crate) fn read_coefficients(body: &mut Input) -> Result<Vec<Fr>, KeyFileError> {
    let limbs = body.list::<[u64; 4]>()?;
    let refuse = |detail: &str| KeyFileError::Field {
        field: "coefficients",
        detail: detail.into(),
    };
    if limbs.iter().any(|limbs| BigInt(*limbs) >= Fr::MODULUS) {
        return Err(refuse("a number is not below its prime"));
    }
    let table = limbs.iter().map(|limbs| Fr::new_unchecked(BigInt(*limbs)));
    let table: Vec<Fr> = table.collect();
    if table.starts_with(&[Fr::ONE, -Fr::ONE]) {
        Ok(table)
    } else {
        Err(refuse("the first two are not 1 and −1"))
    }
}
