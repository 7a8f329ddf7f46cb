//! Proofs from snarkjs' keys and circom's witnesses.
//!
//! For polls that were registered with MACI's own verifying keys: its witness generator and its zkey, our engine. A zkey has
//! no matrix C, so whether a witness satisfies its circuit cannot be seen from the rows; the finished proof is verified under
//! the key's own verifying key before it is handed over, and a witness that does not fit shows there.

use ark_bn254::{Bn254, Fr, G1Affine, G1Projective, G2Affine};
use ark_ec::pairing::Pairing;
use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::Field;
use maci_keys::snarkjs::{SnarkjsFileError, Wtns, Zkey};
use maci_verifier::Proof;
use rayon::prelude::*;

use crate::cancel::Cancel;
use crate::error::ProveError;
use crate::fft::Columns;
use crate::groth16::{Constants, Points, Work};
use crate::timings::{Step, Timings};

/// Why a zkey and a witness gave no proof.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CircomError {
    /// The witness belongs to another circuit.
    #[error(transparent)]
    Witness(#[from] SnarkjsFileError),
    /// The finished proof does not verify: the witness does not satisfy the circuit, or key and witness do not belong together.
    #[error(
        "the finished proof does not verify under the key: the witness does not satisfy the circuit, or belongs to another one"
    )]
    Rejected,
    /// The key's domain cannot be doubled.
    #[error("a domain of {0} points cannot be doubled")]
    Domain(usize),
    /// The engine stopped: cancelled, or r is 0.
    #[error(transparent)]
    Prove(#[from] ProveError),
}

/// A verified proof and its public inputs.
#[derive(Clone, Debug)]
pub struct CircomProof {
    /// The proof.
    pub proof: Proof,
    /// The public inputs, without the constant 1.
    pub public_inputs: Vec<Fr>,
    /// The time of each step; the witness was there.
    pub timings: Timings,
}

/// Proves a witness with Groth16's randomness `r` and `s`, which must be drawn anew for each proof.
pub fn prove_circom(
    key: &Zkey,
    witness: &Wtns,
    r_s: (Fr, Fr),
    cancel: &Cancel,
) -> Result<CircomProof, CircomError> {
    prove_with(key, witness, r_s, Work::new(cancel))
}

/// As [`prove_circom`], with a chosen arithmetic, reporting each step.
pub fn prove_with(
    key: &Zkey,
    witness: &Wtns,
    r_s: (Fr, Fr),
    mut work: Work<'_>,
) -> Result<CircomProof, CircomError> {
    key.expect(witness)?;
    let values = witness.values();
    let [a, b] = key.evaluate(values);
    // Without a matrix C, the rows' values of C are what they must be.
    let c = Some(a.par_iter().zip(&b).map(|(a, b)| *a * *b).collect());
    work.done(Step::Rows)?;
    let h = work
        .quotient(Columns { a, b, c }, key.domain_size)?
        .ok_or(CircomError::Domain(key.domain_size))?;
    let constants = Constants {
        alpha_g1: key.alpha_g1,
        beta_g2: key.beta_g2,
        delta_g2: key.delta_g2,
    };
    let points = work.combine(&key.query, &constants, values, h, r_s)?;
    let public_inputs = values.get(1..key.instance_variables);
    let public_inputs = public_inputs.unwrap_or_default().to_vec();
    if !holds(key, &public_inputs, &points) {
        return Err(CircomError::Rejected);
    }
    let Points { a, b, c } = points;
    let proof = Proof::new(a, b, c).map_err(|_| CircomError::Rejected)?;
    // Made and checked: it is handed over even if someone just asked to stop.
    let _stopped = work.done(Step::Check);
    Ok(CircomProof {
        proof,
        public_inputs,
        timings: work.timings(),
    })
}

/// Groth16's equation: e(A, B) = e(alpha, beta)·e(IC(inputs), gamma)·e(C, delta).
fn holds(key: &Zkey, public_inputs: &[Fr], points: &Points) -> bool {
    let scalars: Vec<Fr> = [Fr::ONE].iter().chain(public_inputs).copied().collect();
    let Ok(inputs) = G1Projective::msm(&key.ic, &scalars) else {
        return false;
    };
    let in_groups = points.a.is_on_curve()
        && points.c.is_on_curve()
        && points.b.is_on_curve()
        && points.b.is_in_correct_subgroup_assuming_on_curve();
    let g1: [G1Affine; 4] = [
        points.a,
        (-key.alpha_g1.into_group()).into_affine(),
        (-inputs).into_affine(),
        (-points.c.into_group()).into_affine(),
    ];
    let g2: [G2Affine; 4] = [points.b, key.beta_g2, key.gamma_g2, key.delta_g2];
    let product = || Bn254::final_exponentiation(Bn254::multi_miller_loop(g1, g2));
    in_groups && product().is_some_and(|it| it.0 == <Bn254 as Pairing>::TargetField::ONE)
}
