//! What the parts of a circuit cost: rows, variables and entries by clause, and within a clause by gadget.

use ark_ff::PrimeField;
use ark_relations::gr1cs::Matrix;
use ark_std::{collections::BTreeMap, vec, vec::Vec};
use maci_crypto::parts::Part;

use crate::Matrices;

/// The variables that stand in no clause: what the prover brings along.
pub const INPUTS: &str = "inputs";

/// All calls of one clause or gadget in the same place of the circuit, taken together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// The clause, then the gadgets that led here.
    pub path: Vec<&'static str>,
    /// How often it stands in the circuit.
    pub count: usize,
    /// Rows, those of the components within included.
    pub rows: usize,
    /// Rows of no component within.
    pub own_rows: usize,
    /// Private variables, those of the components within included.
    pub witnesses: usize,
    /// Non-zero entries of its rows in A, B and C.
    pub non_zero: [usize; 3],
}

/// The components of a circuit in order of first appearance, every component before those within it; the private inputs
/// come first.
pub(crate) fn components(matrices: &Matrices) -> Vec<Component> {
    let entries = [
        Entries::of(&matrices.a),
        Entries::of(&matrices.b),
        Entries::of(&matrices.c),
    ];
    let parts = &matrices.parts;
    let in_clauses: usize = roots(parts).map(|part| part.witnesses.len()).sum();
    let mut components = vec![Component {
        path: vec![INPUTS],
        count: 1,
        rows: 0,
        own_rows: 0,
        witnesses: matrices.witness_variables - in_clauses,
        non_zero: [0; 3],
    }];
    let mut places = BTreeMap::new();
    let mut paths: Vec<Vec<&'static str>> = Vec::with_capacity(parts.len());
    for part in parts {
        let mut path = part
            .parent
            .and_then(|parent| paths.get(parent).cloned())
            .unwrap_or_default();
        path.push(part.name);
        let rows = part.rows.len();
        if let Some(above) = path
            .get(..path.len() - 1)
            .and_then(|above| places.get(above))
        {
            let above: &mut Component = &mut components[*above];
            above.own_rows -= rows;
        }
        let place = *places.entry(path.clone()).or_insert_with(|| {
            components.push(Component {
                path: path.clone(),
                count: 0,
                rows: 0,
                own_rows: 0,
                witnesses: 0,
                non_zero: [0; 3],
            });
            components.len() - 1
        });
        let component = &mut components[place];
        component.count += 1;
        component.rows += rows;
        component.own_rows += rows;
        component.witnesses += part.witnesses.len();
        for (sum, matrix) in component.non_zero.iter_mut().zip(&entries) {
            *sum += matrix.within(&part.rows);
        }
        paths.push(path);
    }
    components
}

fn roots(parts: &[Part]) -> impl Iterator<Item = &Part> {
    parts.iter().filter(|part| part.parent.is_none())
}

/// Entries of a matrix above each row.
struct Entries(Vec<usize>);

impl Entries {
    fn of<F: PrimeField>(matrix: &Matrix<F>) -> Self {
        let mut sums = Vec::with_capacity(matrix.len() + 1);
        let mut sum = 0;
        sums.push(sum);
        for row in matrix {
            sum += row.len();
            sums.push(sum);
        }
        Self(sums)
    }

    fn within(&self, rows: &core::ops::Range<usize>) -> usize {
        self.0[rows.end] - self.0[rows.start]
    }
}
