//! A Groth16 proof from key and assignment.
//!
//! The proof is the one of ark-groth16 (a test compares them), from fewer transforms and sums: the key's points take the
//! quotient's values as they come, and C's part with them; the blinding is another of the same distribution, which spares a sum
//! over B in G1.

use std::fmt;

use ark_bn254::{Fr, G1Affine, G2Affine};
use ark_ec::CurveGroup;
use ark_ff::{AdditiveGroup, Field, PrimeField, Zero};
use maci_circuits::clause::ClauseRows;
use maci_keys::{ProvingKey, Query};
use maci_verifier::CircuitId;
use rayon::prelude::*;
use zeroize::Zeroizing;

use crate::backend::Backend;
use crate::cancel::Cancel;
use crate::error::ProveError;
use crate::fft::{self, Columns};
use crate::msm;
use crate::timings::{Step, Stopwatch, Timings};
use crate::witness::Assignment;

/// The three points of a proof, not yet checked by anyone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Points {
    /// A
    pub a: G1Affine,
    /// B
    pub b: G2Affine,
    /// C
    pub c: G1Affine,
}

type BigInt = <Fr as PrimeField>::BigInt;

/// The points of a key that every proof takes once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Constants {
    pub(crate) alpha_g1: G1Affine,
    pub(crate) beta_g2: G2Affine,
    pub(crate) delta_g2: G2Affine,
}

/// How a proof is made: with which arithmetic, until when, and who hears of its steps.
pub struct Work<'a> {
    backend: Backend,
    cancel: &'a Cancel,
    watch: Stopwatch,
    report: Option<&'a mut (dyn FnMut(Step) + Send)>,
}

impl fmt::Debug for Work<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work")
            .field("backend", &self.backend)
            .field("cancel", &self.cancel)
            .field("watch", &self.watch)
            .finish_non_exhaustive()
    }
}

impl<'a> Work<'a> {
    /// With the fastest arithmetic there is, until `cancel` asks to stop.
    pub fn new(cancel: &'a Cancel) -> Self {
        Self {
            backend: Backend::default(),
            cancel,
            watch: Stopwatch::start(),
            report: None,
        }
    }

    /// With a chosen arithmetic; the proof is the same.
    #[must_use]
    pub fn with_backend(self, backend: Backend) -> Self {
        Self { backend, ..self }
    }

    /// Calls `report` after each step.
    #[must_use]
    pub fn reporting(self, report: &'a mut (dyn FnMut(Step) + Send)) -> Self {
        Self {
            report: Some(report),
            ..self
        }
    }

    /// The time of each step so far.
    pub fn timings(&self) -> Timings {
        self.watch.timings
    }

    /// Forgets the time since the last step: nobody worked.
    pub(crate) fn begin(&mut self) {
        self.watch.begin();
    }

    /// Ends a step, and the work if someone asked to stop.
    pub(crate) fn done(&mut self, step: Step) -> Result<(), ProveError> {
        self.watch.done(step);
        if let Some(report) = &mut self.report {
            report(step);
        }
        self.cancel.check()
    }

    /// The quotient's scalars from the rows' values.
    pub(crate) fn quotient(
        &mut self,
        columns: Columns,
        size: usize,
    ) -> Result<Option<Secret>, ProveError> {
        let scalars = fft::quotient(self.backend, columns, size, self.cancel)?.map(Zeroizing::new);
        self.done(Step::Quotient)?;
        Ok(scalars)
    }

    /// The proof's points from a key's, the values of all variables, and the scalars of H.
    ///
    /// The sums alone are the proof (A0, B0, C0) that Groth16 makes with randomness 0. It would show what the witness is to
    /// whoever guesses it, so it does not leave this function: what does is r·A0, (B0 + s·delta)/r and C0 + s·A0, which
    /// verifies alike and has the distribution of a proof with fresh randomness (docs/prover.md §4). B is needed in G2 only.
    pub(crate) fn combine(
        &mut self,
        query: &Query,
        constants: &Constants,
        values: &[Fr],
        h: Secret,
        (r, s): (Fr, Fr),
    ) -> Result<Points, ProveError> {
        let backend = self.backend;
        let h_point = msm::g1(backend, &query.h, &h, self.cancel)?;
        drop(h);
        self.done(Step::H)?;
        let values = bigints(values);
        let l_point = msm::g1(backend, &query.l, &values, self.cancel)?;
        self.done(Step::L)?;
        let a_point = msm::g1(
            backend,
            &query.a,
            &gather(&values, &query.a_indices),
            self.cancel,
        )?;
        self.done(Step::A)?;
        let b_values = gather(&values, &query.b_indices);
        drop(values);
        let b_point = msm::g2(backend, &query.b, &b_values, self.cancel)?;
        self.done(Step::B)?;

        let a = a_point + constants.alpha_g1;
        let b = b_point + constants.beta_g2 + constants.delta_g2 * s;
        let c = l_point + h_point + a * s;
        let inverse = r.inverse().filter(|_| !a.is_zero());
        let inverse = inverse.ok_or(ProveError::Randomness)?;
        Ok(Points {
            a: (a * r).into_affine(),
            b: (b * inverse).into_affine(),
            c: c.into_affine(),
        })
    }
}

/// Makes a proof with randomness `r`, which is not 0, and `s`, after checking that the assignment satisfies the circuit.
///
/// The points are not verified, and hide the witness only if r and s are drawn at random: [`crate::prove`] does both.
pub fn create(
    key: &ProvingKey,
    assignment: &Assignment,
    r_s: (Fr, Fr),
    work: &mut Work<'_>,
) -> Result<Points, ProveError> {
    let (circuit, r1cs) = (key.circuit(), key.r1cs());
    let (expected, found) = (r1cs.variables(), assignment.values().len());
    if expected != found {
        return Err(ProveError::Variables {
            circuit,
            expected,
            found,
        });
    }
    let columns = rows(key, assignment.values())?;
    work.done(Step::Rows)?;
    let h = work
        .quotient(columns, r1cs.domain_size())?
        .ok_or(ProveError::Synthesis {
            circuit,
            source: ark_relations::gr1cs::SynthesisError::PolynomialDegreeTooLarge,
        })?;
    let points = key.verifying_key().points();
    let constants = Constants {
        alpha_g1: *points.alpha_g1(),
        beta_g2: *points.beta_g2(),
        delta_g2: *points.delta_g2(),
    };
    work.combine(key.query(), &constants, assignment.values(), h, r_s)
}

/// Scalars of the witness, overwritten when dropped.
type Secret = Zeroizing<Vec<BigInt>>;

fn bigints(values: &[Fr]) -> Secret {
    Zeroizing::new(values.par_iter().map(|value| value.into_bigint()).collect())
}

fn gather(values: &[BigInt], indices: &[u32]) -> Secret {
    let chosen = indices.par_iter().map(|index| values[*index as usize]);
    Zeroizing::new(chosen.collect())
}

/// The rows' values of A and B, checked against C's.
fn rows(key: &ProvingKey, values: &[Fr]) -> Result<Columns, ProveError> {
    let r1cs = key.r1cs();
    let column = |matrix| {
        let mut out = vec![Fr::ZERO; r1cs.qap_rows()];
        r1cs.multiply(matrix, values, &mut out);
        out
    };
    let mut a = column(&r1cs.a);
    let b = column(&r1cs.b);
    let c = column(&r1cs.c);
    let violated = (0..r1cs.constraints())
        .into_par_iter()
        .with_min_len(1024)
        .find_first(|row| a[*row] * b[*row] != c[*row]);
    if let Some(row) = violated {
        let clause = clause_of(key.circuit(), row);
        return Err(ProveError::Unsatisfied {
            circuit: key.circuit(),
            clause: clause.as_ref().map_or("unnamed", |clause| clause.name),
            slot: clause.and_then(|clause| clause.slot),
            row,
        });
    }
    for (value, input) in a[r1cs.constraints()..]
        .iter_mut()
        .zip(&values[..r1cs.instance_variables])
    {
        *value = *input;
    }
    // What C adds to the quotient is in the key's points L.
    Ok(Columns { a, b, c: None })
}

/// The clause that a row belongs to. The key does not have the names: they are asked for once, when there is no proof.
fn clause_of(circuit: CircuitId, row: usize) -> Option<ClauseRows> {
    let clauses = maci_circuits::matrices(circuit).ok()?.clauses;
    // Clauses may nest; the innermost one is the shortest.
    clauses
        .into_iter()
        .filter(|clause| clause.rows.contains(&row))
        .min_by_key(|clause| clause.rows.len())
}
