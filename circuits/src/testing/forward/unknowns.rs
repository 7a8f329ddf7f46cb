//! Linear equations over variables whose new values are being looked for.

use ark_ff::{AdditiveGroup, Field};
use ark_std::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use maci_crypto::Fr;

/// The equations so far, kept in reduced form.
#[derive(Debug, Default)]
pub(super) struct Unknowns {
    pub(super) open: BTreeSet<usize>,
    /// Solved variable = constant + Σ coefficient · open variable.
    solved: BTreeMap<usize, (Fr, BTreeMap<usize, Fr>)>,
}

impl Unknowns {
    /// Adds `Σ coefficient · variable = constant`; returns what became known, or `None` for a contradiction.
    pub(super) fn add(
        &mut self,
        terms: BTreeMap<usize, Fr>,
        constant: Fr,
    ) -> Option<Vec<(usize, Fr)>> {
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
    pub(super) fn close(&mut self, present: &[(usize, Fr)]) -> Vec<(usize, Fr)> {
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
