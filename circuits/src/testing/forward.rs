//! The search for a second witness: change one value, recompute everything that depends on it, see what refuses.
//!
//! A changed value breaks the rows that it stands in. Each broken row is repaired by the variables that it is the first
//! to use, as the synthesis computed them: rows that share such variables are solved together as linear equations (the
//! lanes of a Poseidon layer, a zero test and its inverse), and bits are taken from the number that they add up to. A
//! row that cannot be repaired refuses the change. If none does, the change has a second witness.
//!
//! The search is sound and not complete: a witness that it finds is one, checked against every row. That a change is
//! refused says that no witness follows from it in the order of the synthesis.

use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField};
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystem, OptimizationGoal, SynthesisError,
};
use ark_std::{
    collections::{BTreeMap, BTreeSet},
    vec,
    vec::Vec,
};
use maci_crypto::Fr;

use crate::{Circuit, Matrices, clause::clause_of};

/// A repair is given up after so many rows.
const MAX_STEPS: usize = 400_000;

/// A synthesised circuit with an assignment, ready to be searched.
#[derive(Clone, Debug)]
pub struct Search {
    matrices: Matrices,
    values: Vec<Fr>,
    /// For each variable the rows that it stands in, ascending.
    columns: Vec<Vec<u32>>,
    /// For each row the private variables that no earlier row uses.
    introduced: Vec<Vec<u32>>,
    /// Private variables with a row x·(x − 1) = 0 or its like.
    boolean: Vec<bool>,
}

/// What may differ in a second witness, and which rows need not hold.
#[derive(Clone, Copy, Debug, Default)]
pub struct Freedom<'a> {
    /// Rows of this clause are left out.
    pub without: Option<&'a str>,
    /// Public inputs may change too: is another statement provable?
    pub statement: bool,
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
    /// Every row holds (but those left out) with these new values.
    Accepted {
        /// Variable and value; variables below the number of instance variables are public.
        changed: BTreeMap<usize, Fr>,
        /// Whether a public input is among them.
        statement: bool,
        /// Whether a row that was left out does not hold.
        violates: bool,
    },
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
        Ok(Self::new(Matrices::of(&cs)?, values))
    }

    fn new(matrices: Matrices, values: Vec<Fr>) -> Self {
        let mut columns = vec![Vec::new(); values.len()];
        let mut introduced = Vec::with_capacity(matrices.a.len());
        let mut boolean = vec![false; values.len()];
        for row in 0..matrices.a.len() {
            let mut fresh = Vec::new();
            for (_, column) in [&matrices.a, &matrices.b, &matrices.c]
                .into_iter()
                .flat_map(|matrix| &matrix[row])
            {
                let rows: &mut Vec<u32> = &mut columns[*column];
                if rows.is_empty() && *column >= matrices.instance_variables {
                    fresh.push(*column as u32);
                }
                if rows.last() != Some(&(row as u32)) {
                    rows.push(row as u32);
                }
            }
            fresh.sort_unstable();
            introduced.push(fresh);
            if let Some(column) = boolean_row(&matrices, row) {
                boolean[column] = true;
            }
        }
        Self {
            matrices,
            values,
            columns,
            introduced,
            boolean,
        }
    }

    /// The circuit's matrices.
    pub const fn matrices(&self) -> &Matrices {
        &self.matrices
    }

    /// The honest value of a variable.
    pub fn value(&self, variable: usize) -> Option<Fr> {
        self.values.get(variable).copied()
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

    /// The clause that first uses a variable.
    pub fn home(&self, variable: usize) -> Option<&'static str> {
        let row = *self.columns.get(variable)?.first()?;
        clause_of(&self.matrices.clauses, row as usize).map(|(name, _)| name)
    }

    /// Looks for a witness in which `variable` has another value.
    pub fn change(&self, variable: usize, value: Fr, freedom: Freedom<'_>) -> Outcome {
        Repair::new(self, freedom).run(variable, value)
    }

    /// All entries of a row: matrix 0 to 2, coefficient, column.
    fn entries(&self, row: usize) -> impl Iterator<Item = (usize, Fr, usize)> {
        let Matrices { a, b, c, .. } = &self.matrices;
        [a, b, c]
            .into_iter()
            .enumerate()
            .flat_map(move |(which, matrix)| {
                matrix[row]
                    .iter()
                    .map(move |(coefficient, column)| (which, *coefficient, *column))
            })
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

/// One search under way.
struct Repair<'a> {
    search: &'a Search,
    freedom: Freedom<'a>,
    changed: BTreeMap<usize, Fr>,
    /// Rows to look at, lowest first.
    queue: BTreeSet<usize>,
    unknowns: Unknowns,
    /// Rows that were not linear in the unknowns once.
    again: BTreeSet<usize>,
}

impl<'a> Repair<'a> {
    fn new(search: &'a Search, freedom: Freedom<'a>) -> Self {
        Self {
            search,
            freedom,
            changed: BTreeMap::new(),
            queue: BTreeSet::new(),
            unknowns: Unknowns::default(),
            again: BTreeSet::new(),
        }
    }

    fn run(mut self, start: usize, value: Fr) -> Outcome {
        self.set(start, value);
        let mut steps = 0;
        loop {
            let Some(row) = self.queue.pop_first() else {
                if self.unknowns.open.is_empty() {
                    return self.verdict();
                }
                self.settle();
                continue;
            };
            steps += 1;
            if steps > MAX_STEPS || !self.repair(row, start) {
                return self.refused(row);
            }
        }
    }

    fn left_out(&self, row: usize) -> bool {
        let clause = clause_of(&self.search.matrices.clauses, row);
        self.freedom.without.is_some() && clause.map(|(name, _)| name) == self.freedom.without
    }

    fn refused(&self, row: usize) -> Outcome {
        let clause = clause_of(&self.search.matrices.clauses, row);
        Outcome::Refused {
            row,
            clause: clause.map_or("unnamed", |(name, _)| name),
        }
    }

    fn value(&self, variable: usize) -> Fr {
        let honest = self.search.values[variable];
        self.changed.get(&variable).copied().unwrap_or(honest)
    }

    fn set(&mut self, variable: usize, value: Fr) {
        if value == self.value(variable) {
            return;
        }
        self.changed.insert(variable, value);
        let rows = self.search.columns[variable]
            .iter()
            .map(|row| *row as usize);
        self.queue.extend(rows);
    }

    /// The three products' values; entries of unknowns are left out.
    fn known(&self, row: usize) -> [Fr; 3] {
        let mut sums = [Fr::ZERO; 3];
        for (which, coefficient, column) in self.search.entries(row) {
            if !self.unknowns.open.contains(&column) {
                sums[which] += coefficient * self.value(column);
            }
        }
        sums
    }

    fn holds(&self, row: usize) -> bool {
        let mut sums = [Fr::ZERO; 3];
        for (which, coefficient, column) in self.search.entries(row) {
            sums[which] += coefficient * self.value(column);
        }
        sums[0] * sums[1] == sums[2]
    }

    /// Whether a row does not multiply a variable by itself.
    fn is_linear(&self, row: usize, variable: usize) -> bool {
        let Matrices { a, b, .. } = &self.search.matrices;
        let stands_in = |form: &[(Fr, usize)]| form.iter().any(|(_, column)| *column == variable);
        !(stands_in(&a[row]) && stands_in(&b[row]))
    }

    /// Makes a row hold, or says that it cannot.
    fn repair(&mut self, row: usize, start: usize) -> bool {
        if self.left_out(row) {
            return true;
        }
        let waits = self
            .search
            .entries(row)
            .any(|(_, _, column)| self.unknowns.open.contains(&column));
        if !waits {
            if self.holds(row) {
                return true;
            }
            let fresh: Vec<usize> = (self.search.introduced[row].iter())
                .map(|column| *column as usize)
                .filter(|column| *column != start && !self.search.boolean[*column])
                .filter(|column| !self.changed.contains_key(column) && self.is_linear(row, *column))
                .collect();
            if fresh.is_empty() {
                return self.by_bits(row, start) || self.by_statement(row, start);
            }
            for column in &fresh {
                self.unknowns.open.insert(*column);
                let rows = self.search.columns[*column].iter().map(|r| *r as usize);
                self.queue.extend(rows.filter(|other| *other > row));
            }
        }
        self.equation(row)
    }

    /// Adds a row to the linear system of the unknowns in it.
    fn equation(&mut self, row: usize) -> bool {
        let mut forms = [const { BTreeMap::new() }; 3];
        for (which, coefficient, column) in self.search.entries(row) {
            if self.unknowns.open.contains(&column) {
                *forms[which].entry(column).or_insert(Fr::ZERO) += coefficient;
            }
        }
        let [a, b, c] = self.known(row);
        let [in_a, in_b, in_c] = forms;
        if !in_a.is_empty() && !in_b.is_empty() {
            // Not linear: what is open keeps its value as far as the equations allow, and the row is looked at again.
            self.settle();
            return self.again.insert(row) && self.queue.insert(row);
        }
        // (a + A)·(b + B) − (c + C) = 0 with A or B empty.
        let mut terms: BTreeMap<usize, Fr> = BTreeMap::new();
        for (form, factor) in [(in_a, b), (in_b, a), (in_c, -Fr::ONE)] {
            for (column, coefficient) in form {
                *terms.entry(column).or_insert(Fr::ZERO) += coefficient * factor;
            }
        }
        let Some(solved) = self.unknowns.add(terms, c - a * b) else {
            return false;
        };
        for (column, value) in solved {
            self.set(column, value);
        }
        true
    }

    /// Gives every unknown that no equation fixes its present value.
    fn settle(&mut self) {
        let present: Vec<(usize, Fr)> = (self.unknowns.open.iter())
            .map(|column| (*column, self.value(*column)))
            .collect();
        for (column, value) in self.unknowns.close(&present) {
            self.set(column, value);
        }
    }

    /// Takes bits anew from the number that they add up to: a linear form over bits that must be 0, or 0 or 1.
    ///
    /// The largest weight goes first. For powers of two these are the number's bits; for c·ℓ + m, and for x = t + ℓ·(1 − flag)
    /// with its weight p − ℓ, quotient and flag are those of the honest hint.
    fn by_bits(&mut self, row: usize, start: usize) -> bool {
        let Some((form, constant)) = self.linear_form(row) else {
            return false;
        };
        let (bits, rest): (Vec<_>, Vec<_>) = form
            .into_iter()
            .partition(|(_, column)| self.search.boolean[*column] && *column != start);
        if bits.len() < 2 {
            return false;
        }
        let others: Fr = rest.iter().map(|(k, at)| *k * self.value(*at)).sum();
        for unit in [Fr::ONE, -Fr::ONE] {
            // Σ unit·weight·bit = −others, up to an implicit lowest bit.
            let mut left = (-(others + constant) * unit).into_bigint();
            let mut weights: Vec<_> = bits
                .iter()
                .map(|(coefficient, column)| ((*coefficient * unit).into_bigint(), *column))
                .collect();
            weights.sort_unstable_by(|a, b| b.cmp(a));
            let mut chosen = Vec::with_capacity(bits.len());
            for (weight, column) in weights {
                let bit = weight <= left;
                if bit {
                    left.sub_with_borrow(&weight);
                }
                chosen.push((column, Fr::from(bit)));
            }
            if left <= 1u64.into() {
                for (column, value) in chosen {
                    self.set(column, value);
                }
                return self.holds(row);
            }
        }
        false
    }

    /// A row as one linear form, and what its product adds to it: the row asks that form + constant is 0, or, for a row
    /// L·(L − 1) = 0, that it is 0 or 1.
    fn linear_form(&self, row: usize) -> Option<(Vec<(Fr, usize)>, Fr)> {
        let Matrices { a, b, c, .. } = &self.search.matrices;
        let is_constant = |form: &[(Fr, usize)]| form.iter().all(|(_, column)| *column == 0);
        if c[row]
            .iter()
            .any(|(_, column)| self.search.boolean[*column])
        {
            let value = |form: &[(Fr, usize)]| -> Fr {
                form.iter().map(|(k, at)| *k * self.value(*at)).sum()
            };
            return Some((c[row].clone(), -(value(&a[row]) * value(&b[row]))));
        }
        if !c[row].is_empty() {
            return None;
        }
        if is_constant(&b[row]) || self.differ_by_a_constant(row) {
            Some((a[row].clone(), Fr::ZERO))
        } else if is_constant(&a[row]) {
            Some((b[row].clone(), Fr::ZERO))
        } else {
            None
        }
    }

    /// Whether the factors of a row differ by a constant, as in L·(L − 1) = 0.
    fn differ_by_a_constant(&self, row: usize) -> bool {
        let Matrices { a, b, .. } = &self.search.matrices;
        let without_constant = |form: &[(Fr, usize)]| {
            let mut terms: Vec<_> = form.iter().copied().filter(|(_, at)| *at != 0).collect();
            terms.sort_unstable_by_key(|(_, column)| *column);
            terms
        };
        without_constant(&a[row]) == without_constant(&b[row])
    }

    /// Solves a row for a public input that has not changed yet.
    fn by_statement(&mut self, row: usize, start: usize) -> bool {
        if !self.freedom.statement {
            return false;
        }
        let public = self.search.entries(row).map(|(_, _, column)| column);
        let public = public
            .filter(|column| *column != 0 && self.search.is_public(*column))
            .find(|column| *column != start && !self.changed.contains_key(column));
        let Some(public) = public else {
            return false;
        };
        self.unknowns.open.insert(public);
        let solved = self.equation(row);
        self.settle();
        if solved && self.holds(row) {
            return true;
        }
        self.unknowns = Unknowns::default();
        false
    }

    /// Holds the result against every row.
    fn verdict(&self) -> Outcome {
        let (mut violates, mut statement) = (false, false);
        let mut rows = BTreeSet::new();
        for variable in self.changed.keys() {
            rows.extend(self.search.columns[*variable].iter().map(|r| *r as usize));
            statement |= self.search.is_public(*variable);
        }
        for row in rows {
            if !self.holds(row) {
                if !self.left_out(row) {
                    return self.refused(row);
                }
                violates = true;
            }
        }
        Outcome::Accepted {
            changed: self.changed.clone(),
            statement,
            violates,
        }
    }
}

/// Linear equations over variables whose new values are being looked for, kept in reduced form.
#[derive(Debug, Default)]
struct Unknowns {
    open: BTreeSet<usize>,
    /// Solved variable = constant + Σ coefficient · open variable.
    solved: BTreeMap<usize, (Fr, BTreeMap<usize, Fr>)>,
}

impl Unknowns {
    /// Adds `Σ coefficient · variable = constant`; returns what became known, or `None` for a contradiction.
    fn add(&mut self, terms: BTreeMap<usize, Fr>, constant: Fr) -> Option<Vec<(usize, Fr)>> {
        let mut constant = constant;
        let mut form: BTreeMap<usize, Fr> = BTreeMap::new();
        for (column, coefficient) in terms {
            match self.solved.get(&column) {
                Some((known, others)) => {
                    constant -= coefficient * known;
                    for (other, k) in others {
                        *form.entry(*other).or_insert(Fr::ZERO) += coefficient * k;
                    }
                }
                None => *form.entry(column).or_insert(Fr::ZERO) += coefficient,
            }
        }
        form.retain(|_, coefficient| *coefficient != Fr::ZERO);
        // The youngest variable: the one that the row was made for.
        let Some((pivot, coefficient)) = form.pop_last() else {
            return (constant == Fr::ZERO).then(Vec::new);
        };
        let scale = coefficient.inverse()?;
        let known = constant * scale;
        for k in form.values_mut() {
            *k *= -scale;
        }
        for (value, others) in self.solved.values_mut() {
            if let Some(k) = others.remove(&pivot) {
                *value += k * known;
                for (other, l) in &form {
                    *others.entry(*other).or_insert(Fr::ZERO) += k * l;
                }
                others.retain(|_, coefficient| *coefficient != Fr::ZERO);
            }
        }
        self.solved.insert(pivot, (known, form));
        Some(self.take_known())
    }

    fn take_known(&mut self) -> Vec<(usize, Fr)> {
        let known: Vec<(usize, Fr)> = (self.solved.iter())
            .filter(|(_, (_, others))| others.is_empty())
            .map(|(column, (value, _))| (*column, *value))
            .collect();
        for (column, _) in &known {
            self.solved.remove(column);
            self.open.remove(column);
        }
        known
    }

    /// Ends the system: variables that nothing fixes keep the given values.
    fn close(&mut self, present: &[(usize, Fr)]) -> Vec<(usize, Fr)> {
        let free: BTreeMap<usize, Fr> = (present.iter().copied())
            .filter(|(column, _)| !self.solved.contains_key(column))
            .collect();
        let values = self.solved.iter().map(|(column, (value, others))| {
            let rest = others.iter().map(|(other, k)| {
                let value = free.get(other).copied().unwrap_or(Fr::ZERO);
                *k * value
            });
            (*column, *value + rest.sum::<Fr>())
        });
        let values = values.collect();
        *self = Self::default();
        values
    }
}
