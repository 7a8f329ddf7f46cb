//! The search for a second witness: change one value, recompute everything that depends on it, see what refuses.
//!
//! A changed value breaks the rows that it stands in. Each broken row is repaired by the variables that it computes, as the
//! synthesis does: those that its clause allocated last and that only later rows multiply. Rows that share such variables
//! are solved together as linear equations (the lanes of a Poseidon layer, a zero test and its inverse), and bits are taken
//! from the number that they add up to. A row that cannot be repaired refuses the change. If none does, the change has a
//! second witness.
//!
//! The search is sound and not complete: a witness that it finds is one, checked against every row. That a change is
//! refused says that no witness follows from it in the order of the synthesis.

use ark_ff::{AdditiveGroup, Field};
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystem, OptimizationGoal, SynthesisError,
};
use ark_std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    vec,
    vec::Vec,
};
use maci_crypto::Fr;

use crate::{Circuit, Matrices, clause::clause_of};

mod repair;
mod unknowns;

use repair::Repair;

/// A synthesised circuit with an assignment, ready to be searched.
#[derive(Clone, Debug)]
pub struct Search {
    matrices: Rc<Matrices>,
    values: Rc<Vec<Fr>>,
    /// Rows that need not hold.
    removed: BTreeSet<usize>,
    /// For each variable the rows that it stands in, ascending.
    columns: Vec<Vec<u32>>,
    /// For each row the private variables that its gadget computes by it: later rows are the first to multiply them.
    computed: Vec<Vec<u32>>,
    /// For each row the private variables that it is the first to multiply, or that came from elsewhere and that it is the
    /// first to use.
    taken: Vec<Vec<u32>>,
    /// Private variables with a row x·(x − 1) = 0 or its like.
    boolean: Vec<bool>,
}

/// Whether the public inputs may differ in a second witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statement {
    /// Is there another witness of this statement?
    Same,
    /// Is another statement provable?
    Any,
}

/// The end of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// No witness follows: this row cannot be repaired.
    Refused {
        /// Index of the row.
        row: usize,
        /// Its clause.
        clause: &'static str,
    },
    /// Every row holds but those taken away.
    Accepted(Found),
}

/// A second witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Variables with new values.
    pub changed: BTreeMap<usize, Fr>,
    /// Whether a public input is among them.
    pub statement: bool,
    /// Whether a row that was taken away does not hold.
    pub violates: bool,
}

impl Search {
    /// Synthesises a circuit with values and matrices.
    pub fn of(circuit: Circuit) -> Result<Self, SynthesisError> {
        let cs = ConstraintSystem::new_ref();
        cs.set_optimization_goal(OptimizationGoal::Constraints);
        circuit.generate_constraints(cs.clone())?;
        cs.finalize();
        let mut values = cs.instance_assignment()?;
        values.extend(cs.witness_assignment()?);
        let matrices = Matrices::of(&cs)?;
        Ok(Self::new(Rc::new(matrices), Rc::new(values), None))
    }

    /// The same without the rows of a clause.
    #[must_use]
    pub fn without(&self, clause: &str) -> Self {
        Self::new(self.matrices.clone(), self.values.clone(), Some(clause))
    }

    fn new(matrices: Rc<Matrices>, values: Rc<Vec<Fr>>, without: Option<&str>) -> Self {
        let mut search = Self {
            removed: (matrices.clauses.iter())
                .filter(|clause| Some(clause.name) == without)
                .flat_map(|clause| clause.rows.clone())
                .collect(),
            columns: vec![Vec::new(); values.len()],
            computed: vec![Vec::new(); matrices.a.len()],
            taken: vec![Vec::new(); matrices.a.len()],
            boolean: vec![false; values.len()],
            matrices,
            values,
        };
        for row in 0..search.matrices.a.len() {
            if !search.removed.contains(&row) {
                search.enter(row);
            }
        }
        for variable in search.matrices.instance_variables..search.values.len() {
            search.assign(variable);
        }
        search
    }

    /// Takes note of a row.
    fn enter(&mut self, row: usize) {
        let used: BTreeSet<usize> = self.entries(row).map(|(_, _, column)| column).collect();
        for column in used {
            self.columns[column].push(row as u32);
        }
        if let Some(column) = boolean_row(&self.matrices, row) {
            self.boolean[column] = true;
        }
    }

    /// Assigns a private variable to the rows that repair others by it.
    fn assign(&mut self, variable: usize) {
        let Some(first) = self.rows_of(variable).next() else {
            return;
        };
        if self.boolean[variable] {
            return;
        }
        if !self.is_computed(variable, first) {
            self.taken[first].push(variable as u32);
            return;
        }
        let multiplies = |row: &usize| self.factors(*row, variable) != [false; 2];
        let rows: Vec<usize> = (self.rows_of(variable))
            .take_while(|row| *row == first || !multiplies(row))
            .collect();
        let multiplied = self.rows_of(variable).find(multiplies);
        for row in rows {
            self.computed[row].push(variable as u32);
        }
        if let Some(row) = multiplied {
            self.taken[row].push(variable as u32);
        }
    }

    /// Which factors of a row a variable stands in.
    fn factors(&self, row: usize, variable: usize) -> [bool; 2] {
        let Matrices { a, b, .. } = &*self.matrices;
        [a, b].map(|matrix| matrix[row].iter().any(|(_, column)| *column == variable))
    }

    /// Whether the first row that uses a variable computes it: the row's clause allocated it, and later than everything that
    /// earlier rows knew. Else it is an input.
    fn is_computed(&self, variable: usize, first: usize) -> bool {
        let witness = variable - self.matrices.instance_variables;
        let mut clauses = (self.matrices.parts.iter()).filter(|part| part.parent.is_none());
        let known = self.entries(first).map(|(_, _, column)| column);
        let mut known = known.filter(|column| self.rows_of(*column).next() < Some(first));
        clauses.any(|part| part.rows.contains(&first) && part.witnesses.contains(&witness))
            && known.all(|column| column < variable)
    }

    /// The circuit's matrices.
    pub fn matrices(&self) -> &Matrices {
        &self.matrices
    }

    /// The honest value of a variable.
    pub fn value(&self, variable: usize) -> Option<Fr> {
        self.values.get(variable).copied()
    }

    /// Private variables that the circuit takes in: no row computes them.
    pub fn inputs(&self) -> impl Iterator<Item = usize> {
        let first = self.matrices.instance_variables;
        (first..self.values.len()).filter(|variable| {
            self.rows_of(*variable)
                .next()
                .is_some_and(|row| !self.is_computed(*variable, row))
        })
    }

    /// Variables that a row of their own holds to 0 or 1.
    pub fn booleans(&self) -> impl Iterator<Item = usize> {
        (0..self.values.len()).filter(|variable| self.boolean[*variable])
    }

    /// The variables that stand in the rows of a clause, ascending.
    pub fn variables_of(&self, clause: &str) -> Vec<usize> {
        let mut found = BTreeSet::new();
        for range in self.matrices.clauses.iter().filter(|c| c.name == clause) {
            for row in range.rows.clone() {
                found.extend(self.entries(row).map(|(_, _, column)| column));
            }
        }
        found.remove(&0);
        found.into_iter().collect()
    }

    /// The clauses, with their slots, whose rows a variable stands in; the one that introduces it comes first.
    pub fn readers(&self, variable: usize) -> Vec<(&'static str, Option<usize>)> {
        let rows = self.columns.get(variable).into_iter().flatten();
        let mut readers = Vec::new();
        for clause in rows.map(|row| self.clause(*row as usize)) {
            if !readers.contains(&clause) {
                readers.push(clause);
            }
        }
        readers
    }

    /// Looks for a witness in which `variable` has another value.
    pub fn change(&self, variable: usize, value: Fr, statement: Statement) -> Outcome {
        Repair::new(self, Some(variable), statement).change(value)
    }

    /// Whether the statement of a witness that was found without some rows can be proved with all of them: what is broken
    /// is computed anew. Without this a clause would seem to refuse a true statement because its own bits did not follow.
    pub fn proves(&self, found: &Found) -> bool {
        let mut values = self.values.to_vec();
        for (variable, value) in &found.changed {
            values[*variable] = *value;
        }
        let search = Self {
            values: Rc::new(values),
            ..self.clone()
        };
        let outcome = Repair::new(&search, None, Statement::Same).follow();
        matches!(outcome, Outcome::Accepted(_))
    }

    fn clause(&self, row: usize) -> (&'static str, Option<usize>) {
        clause_of(&self.matrices.clauses, row).unwrap_or(("unnamed", None))
    }

    /// All entries of a row: matrix 0 to 2, coefficient, column.
    fn entries(&self, row: usize) -> impl Iterator<Item = (usize, Fr, usize)> {
        let Matrices { a, b, c, .. } = &*self.matrices;
        [a, b, c]
            .into_iter()
            .enumerate()
            .flat_map(move |(which, matrix)| {
                matrix[row]
                    .iter()
                    .map(move |(coefficient, column)| (which, *coefficient, *column))
            })
    }

    fn rows_of(&self, variable: usize) -> impl Iterator<Item = usize> {
        self.columns[variable].iter().map(|row| *row as usize)
    }

    fn is_public(&self, variable: usize) -> bool {
        variable < self.matrices.instance_variables
    }
}

/// The variable of a row that says nothing but that it is 0 or 1: (k·x)·(m·x + n) = l·x with roots 0 and 1.
fn boolean_row(matrices: &Matrices, row: usize) -> Option<usize> {
    let forms = [&matrices.a[row], &matrices.b[row], &matrices.c[row]];
    let mut columns: Vec<usize> = forms
        .iter()
        .flat_map(|form| form.iter().map(|(_, column)| *column))
        .filter(|column| *column != 0)
        .collect();
    columns.dedup();
    let [column] = columns.as_slice() else {
        return None;
    };
    let holds = |x: Fr| {
        let [a, b, c] = forms.map(|form| {
            let value = |at: usize| if at == 0 { Fr::ONE } else { x };
            form.iter().map(|(k, at)| *k * value(*at)).sum::<Fr>()
        });
        a * b == c
    };
    let others = [2u64, 3, 5].map(Fr::from);
    (holds(Fr::ZERO) && holds(Fr::ONE) && !others.into_iter().any(holds)).then_some(*column)
}
