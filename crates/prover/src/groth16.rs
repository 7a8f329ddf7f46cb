//! A Groth16 proof from key and assignment.
//!
//! The same proof that ark-groth16 makes from the same r and s (a test compares them), over the compact matrices and the
//! queries without points at infinity.

use ark_bn254::{Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::{CurveGroup, VariableBaseMSM};
use ark_ff::{AdditiveGroup, FftField, Field, PrimeField};
use ark_poly::{EvaluationDomain, GeneralEvaluationDomain};
use maci_keys::{ProvingKey, R1cs, proving_key::Query};
use rayon::prelude::*;

use crate::cancel::Cancel;
use crate::error::ProveError;
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

/// The points of a key that are not multiplied by the witness, but by the randomness.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Blinding {
    pub(crate) alpha_g1: G1Affine,
    pub(crate) beta_g1: G1Affine,
    pub(crate) beta_g2: G2Affine,
    pub(crate) delta_g1: G1Affine,
    pub(crate) delta_g2: G2Affine,
}

/// Makes a proof with randomness `r` and `s`, after checking that the assignment satisfies the circuit.
pub fn create(
    key: &ProvingKey,
    assignment: &Assignment,
    (r, s): (Fr, Fr),
    cancel: &Cancel,
) -> Result<Points, ProveError> {
    let h = quotient(key, assignment.values(), cancel)?;
    let points = key.verifying_key().points();
    let blinding = Blinding {
        alpha_g1: *points.alpha_g1(),
        beta_g1: *key.beta_g1(),
        beta_g2: *points.beta_g2(),
        delta_g1: *key.delta_g1(),
        delta_g2: *points.delta_g2(),
    };
    let witness_from = key.r1cs().instance_variables;
    let query = key.query();
    combine(
        query,
        &blinding,
        (assignment.values(), witness_from),
        h,
        (r, s),
        cancel,
    )
}

/// The proof's points from a key's, the values of all variables (private ones from `witness_from` on), and the scalars of H.
pub(crate) fn combine(
    query: &Query,
    blinding: &Blinding,
    (values, witness_from): (&[Fr], usize),
    h: Vec<Fr>,
    (r, s): (Fr, Fr),
    cancel: &Cancel,
) -> Result<Points, ProveError> {
    cancel.check()?;
    let h_point = G1Projective::msm_bigint(&query.h, &bigints(&h));
    drop(h);
    cancel.check()?;
    let values = bigints(values);
    let witness = values.get(witness_from..).unwrap_or_default();
    let l_point = G1Projective::msm_bigint(&query.l, witness);
    cancel.check()?;
    let a_point = G1Projective::msm_bigint(&query.a, &gather(&values, &query.a_indices));
    cancel.check()?;
    let b_values = gather(&values, &query.b_indices);
    drop(values);
    let b_g1_point = G1Projective::msm_bigint(&query.b_g1, &b_values);
    cancel.check()?;
    let b_g2_point = G2Projective::msm_bigint(&query.b_g2, &b_values);

    let Blinding {
        alpha_g1,
        beta_g1,
        beta_g2,
        delta_g1,
        delta_g2,
    } = *blinding;
    let a = a_point + alpha_g1 + delta_g1 * r;
    let b_g1 = b_g1_point + beta_g1 + delta_g1 * s;
    let b = b_g2_point + beta_g2 + delta_g2 * s;
    let c = l_point + h_point + a * s + b_g1 * r - delta_g1 * (r * s);
    Ok(Points {
        a: a.into_affine(),
        b: b.into_affine(),
        c: c.into_affine(),
    })
}

fn bigints(values: &[Fr]) -> Vec<BigInt> {
    values.par_iter().map(|value| value.into_bigint()).collect()
}

fn gather(values: &[BigInt], indices: &[u32]) -> Vec<BigInt> {
    indices
        .par_iter()
        .map(|index| values[*index as usize])
        .collect()
}

fn domain_of(r1cs: &R1cs, key: &ProvingKey) -> Result<GeneralEvaluationDomain<Fr>, ProveError> {
    GeneralEvaluationDomain::new(r1cs.qap_rows()).ok_or(ProveError::Synthesis {
        circuit: key.circuit(),
        source: ark_relations::gr1cs::SynthesisError::PolynomialDegreeTooLarge,
    })
}

/// Coefficients of (A·B − C) / Z, where A, B and C interpolate the rows' values. The rows are checked on the way.
fn quotient(key: &ProvingKey, values: &[Fr], cancel: &Cancel) -> Result<Vec<Fr>, ProveError> {
    let r1cs = key.r1cs();
    let domain = domain_of(r1cs, key)?;
    let size = domain.size();
    let column = |matrix| {
        let mut out = vec![Fr::ZERO; size];
        r1cs.multiply(matrix, values, &mut out);
        out
    };
    let mut a = column(&r1cs.a);
    let mut b = column(&r1cs.b);
    let mut c = column(&r1cs.c);
    let violated = (0..r1cs.constraints())
        .into_par_iter()
        .with_min_len(1024)
        .find_first(|row| a[*row] * b[*row] != c[*row]);
    if let Some(row) = violated {
        let clause = r1cs.clause_of(row);
        return Err(ProveError::Unsatisfied {
            circuit: key.circuit(),
            clause: clause.map_or("unnamed", |clause| clause.name),
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
    let coset = domain
        .get_coset(Fr::GENERATOR)
        .ok_or(ProveError::Synthesis {
            circuit: key.circuit(),
            source: ark_relations::gr1cs::SynthesisError::PolynomialDegreeTooLarge,
        })?;
    for polynomial in [&mut a, &mut b, &mut c] {
        cancel.check()?;
        domain.ifft_in_place(polynomial);
        coset.fft_in_place(polynomial);
    }
    // Z is constant on the coset and not zero there.
    let inverse = domain
        .evaluate_vanishing_polynomial(Fr::GENERATOR)
        .inverse()
        .unwrap_or(Fr::ZERO);
    a.par_iter_mut()
        .zip(b)
        .zip(c)
        .with_min_len(1024)
        .for_each(|((a, b), c)| *a = (*a * b - c) * inverse);
    coset.ifft_in_place(&mut a);
    Ok(a)
}
