//! One search under way.

use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField};
use ark_std::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use maci_crypto::Fr;

use super::{Found, Outcome, Search, Statement, unknowns::Unknowns};
use crate::Matrices;

/// A repair is given up after so many rows.
const MAX_STEPS: usize = 400_000;

/// The changes so far and the rows that they may have broken.
pub(super) struct Repair<'a> {
    search: &'a Search,
    /// The variable that was changed first: no row may change it again.
    start: Option<usize>,
    statement: Statement,
    changed: BTreeMap<usize, Fr>,
    /// Bits that a row has chosen: no other row may choose them again.
    decided: BTreeSet<usize>,
    /// Rows to look at, lowest first.
    queue: BTreeSet<usize>,
    unknowns: Unknowns,
    /// Rows that were not linear in the unknowns once.
    again: BTreeSet<usize>,
}

/// A linear form over bits that a row holds to a number.
struct BitSum {
    /// Weights and columns of the bits that may be chosen.
    bits: Vec<(Fr, usize)>,
    /// What they must add up to.
    target: Fr,
}

impl<'a> Repair<'a> {
    pub(super) fn new(search: &'a Search, start: Option<usize>, statement: Statement) -> Self {
        Self {
            search,
            start,
            statement,
            changed: BTreeMap::new(),
            decided: start.into_iter().collect(),
            queue: BTreeSet::new(),
            unknowns: Unknowns::default(),
            again: BTreeSet::new(),
        }
    }

    pub(super) fn change(mut self, value: Fr) -> Outcome {
        if let Some(start) = self.start {
            self.set(start, value);
        }
        self.run()
    }

    pub(super) fn follow(mut self) -> Outcome {
        self.queue = self.broken().collect();
        self.run()
    }

    fn run(mut self) -> Outcome {
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
            if steps > MAX_STEPS || !self.repair(row) {
                return self.refused(row);
            }
        }
    }

    fn refused(&self, row: usize) -> Outcome {
        let (clause, _) = self.search.clause(row);
        Outcome::Refused { row, clause }
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
        self.queue.extend(self.search.rows_of(variable));
    }

    /// The values of the three linear forms of a row, without some variables.
    fn sums(&self, row: usize, without: impl Fn(usize) -> bool) -> [Fr; 3] {
        let mut sums = [Fr::ZERO; 3];
        for (which, coefficient, column) in self.search.entries(row) {
            if !without(column) {
                sums[which] += coefficient * self.value(column);
            }
        }
        sums
    }

    fn holds(&self, row: usize) -> bool {
        let [a, b, c] = self.sums(row, |_| false);
        a * b == c
    }

    /// The rows that do not hold, but for those that need not.
    fn broken(&self) -> impl Iterator<Item = usize> {
        (0..self.search.computed.len())
            .filter(|row| !self.search.removed.contains(row) && !self.holds(*row))
    }

    /// Makes a row hold, or says that it cannot.
    fn repair(&mut self, row: usize) -> bool {
        let waits = self
            .search
            .entries(row)
            .any(|(_, _, column)| self.unknowns.open.contains(&column));
        if !waits {
            if self.holds(row) || self.by_statement(row) {
                return true;
            }
            if !self.open(row, &self.search.computed[row]) {
                return self.by_bits(row) || self.by_input(row);
            }
        }
        self.equation(row)
    }

    /// Makes those of the variables unknowns that this row may find anew; says whether there are any.
    fn open(&mut self, row: usize, variables: &[u32]) -> bool {
        let mut any = false;
        for variable in variables.iter().map(|variable| *variable as usize) {
            let fixed = Some(variable) == self.start || self.changed.contains_key(&variable);
            if !fixed && self.search.factors(row, variable) != [true; 2] {
                self.unknowns.open.insert(variable);
                self.queue
                    .extend(self.search.rows_of(variable).filter(|other| *other != row));
                any = true;
            }
        }
        any
    }

    /// Solves a row for what it takes in, or for what it is the first to multiply: the flag z of x·z = 0.
    fn by_input(&mut self, row: usize) -> bool {
        self.open(row, &self.search.taken[row]) && self.equation(row)
    }

    /// Adds a row to the linear system of the unknowns in it.
    fn equation(&mut self, row: usize) -> bool {
        let mut forms = [const { BTreeMap::new() }; 3];
        for (which, coefficient, column) in self.search.entries(row) {
            if self.unknowns.open.contains(&column) {
                *forms[which].entry(column).or_insert(Fr::ZERO) += coefficient;
            }
        }
        let [a, b, c] = self.sums(row, |column| self.unknowns.open.contains(&column));
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

    /// Takes bits anew from the number that they add up to.
    ///
    /// The largest weight goes first. For powers of two these are the number's bits; for c·ℓ + m, and for x = t + ℓ·(1 − flag)
    /// with its weight p − ℓ, quotient and flag are those of the honest hint.
    fn by_bits(&mut self, row: usize) -> bool {
        let Some(BitSum { bits, target }) = self.bit_sum(row) else {
            return false;
        };
        for unit in [Fr::ONE, -Fr::ONE] {
            // Σ unit·weight·bit = unit·target, up to an implicit lowest bit.
            let mut left = (target * unit).into_bigint();
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
                    self.decided.insert(column);
                    self.set(column, value);
                }
                return self.holds(row);
            }
        }
        false
    }

    /// The bits of a row that are still to be chosen, and their sum. They stand in C, or in one factor alone, or the row
    /// is L·(L − 1) = 0, where the sum may be 1 more.
    fn bit_sum(&self, row: usize) -> Option<BitSum> {
        let Matrices { a, b, c, .. } = self.search.matrices();
        let (a, b, c) = (&a[row], &b[row], &c[row]);
        let is_open =
            |column: usize| self.search.boolean[column] && !self.decided.contains(&column);
        let has_open = |form: &[(Fr, usize)]| form.iter().any(|(_, column)| is_open(*column));
        let sum =
            |form: &[(Fr, usize)]| -> Fr { form.iter().map(|(k, at)| *k * self.value(*at)).sum() };
        let (form, value) = match (has_open(a), has_open(b), has_open(c)) {
            (false, false, true) => (c, sum(a) * sum(b)),
            (true, false, false) => (a, sum(c) * sum(b).inverse()?),
            (false, true, false) => (b, sum(c) * sum(a).inverse()?),
            // A selector of few bits times a sum of many, or L·(L − 1) = 0.
            (true, true, false) if c.is_empty() && 4 * a.len() < b.len() && sum(a) != Fr::ZERO => {
                (b, Fr::ZERO)
            }
            (true, true, false) if c.is_empty() => (a, Fr::ZERO),
            _ => return None,
        };
        let (bits, rest): (Vec<_>, Vec<_>) =
            (form.iter().copied()).partition(|(_, column)| is_open(*column));
        let target = value - sum(&rest);
        Some(BitSum { bits, target })
    }

    /// Solves a row for a public input that has not changed yet.
    fn by_statement(&mut self, row: usize) -> bool {
        if self.statement == Statement::Same {
            return false;
        }
        let public = self.search.entries(row).map(|(_, _, column)| column);
        let public = public
            .filter(|column| *column != 0 && self.search.is_public(*column))
            .filter(|column| self.search.factors(row, *column) != [true; 2])
            .find(|column| Some(*column) != self.start && !self.changed.contains_key(column));
        let Some(public) = public else {
            return false;
        };
        // (a + A·x)·(b + B·x) = c + C·x with A or B 0.
        let [a, b, c] = self.sums(row, |column| column == public);
        let mut slope = [Fr::ZERO; 3];
        for (which, coefficient, column) in self.search.entries(row) {
            if column == public {
                slope[which] += coefficient;
            }
        }
        let [in_a, in_b, in_c] = slope;
        let Some(inverse) = (in_a * b + in_b * a - in_c).inverse() else {
            return false;
        };
        self.set(public, (c - a * b) * inverse);
        self.holds(row)
    }

    /// Holds the result against every row.
    fn verdict(self) -> Outcome {
        let search = self.search;
        if let Some(row) = self.broken().next() {
            return self.refused(row);
        }
        Outcome::Accepted(Found {
            statement: self
                .changed
                .keys()
                .any(|variable| search.is_public(*variable)),
            violates: search.removed.iter().any(|row| !self.holds(*row)),
            changed: self.changed,
        })
    }
}
