//! Groth16 key generation over a circuit's matrices.
//!
//! It follows the generator of ark-groth16 with its `LibsnarkReduction`, so that either prover accepts the keys; unlike it,
//! it synthesises once, keeps the matrices for the prover, drops points at infinity, multiplies with affine sums and takes its
//! secrets as an argument.

use ark_bn254::{Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ec::{CurveGroup, PrimeGroup};
use ark_ff::{AdditiveGroup, Field, PrimeField, Zero};
use ark_poly::{EvaluationDomain, GeneralEvaluationDomain};
use maci_circuits::CircuitDigest;
use maci_verifier::{CircuitId, KeyPoints, VerifyingKey};
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::error::StoreError;
use crate::fixed_base::FixedBase;
use crate::label::{Labelled, Provenance};
use crate::proving_key::{ProvingKey, Query};
use crate::r1cs::R1cs;

/// What key generation is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Building the circuit's matrices.
    Synthesise,
    /// Reading a cached key.
    Load,
    /// Computing points; `done` of `total` so far.
    Points {
        /// Points computed.
        done: usize,
        /// Points in all.
        total: usize,
    },
    /// Writing the key to the cache.
    Write,
}

/// The secrets of a setup. Whoever knows them forges proofs.
#[derive(Clone)]
pub(crate) struct Secrets {
    alpha: Fr,
    beta: Fr,
    gamma: Fr,
    delta: Fr,
    tau: Fr,
}

impl Secrets {
    /// The public secrets of a circuit's dev key.
    ///
    /// ChaCha20 keyed with SHA-256("maci-rs insecure dev setup v1" ‖ circuit digest), nonce and counter zero; alpha, beta,
    /// gamma, delta and tau are the next 64 bytes each, little-endian, modulo p.
    pub(crate) fn insecure_dev(digest: &CircuitDigest) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(b"maci-rs insecure dev setup v1");
        hasher.update(digest.0);
        let mut rng = ChaCha20Rng::from_seed(hasher.finalize().into());
        let mut draw = || {
            let mut wide = [0u8; 64];
            rng.fill_bytes(&mut wide);
            Fr::from_le_bytes_mod_order(&wide)
        };
        Self {
            alpha: draw(),
            beta: draw(),
            gamma: draw(),
            delta: draw(),
            tau: draw(),
        }
    }
}

impl Secrets {
    pub(crate) fn delta(&self) -> Fr {
        self.delta
    }

    pub(crate) fn tau(&self) -> Fr {
        self.tau
    }
}

/// Each variable's polynomials of A, B and C at tau, and the powers' vanishing polynomial.
struct Evaluated {
    a: Vec<Fr>,
    b: Vec<Fr>,
    c: Vec<Fr>,
    vanishing: Fr,
    size: usize,
}

fn evaluate(r1cs: &R1cs, tau: Fr) -> Option<Evaluated> {
    let domain = GeneralEvaluationDomain::<Fr>::new(r1cs.qap_rows())?;
    let lagrange = domain.evaluate_all_lagrange_coefficients(tau);
    let mut columns: Vec<Vec<Fr>> = [&r1cs.a, &r1cs.b, &r1cs.c]
        .into_par_iter()
        .map(|matrix| {
            let mut column = vec![Fr::ZERO; r1cs.variables()];
            r1cs.add_transposed(matrix, &lagrange, &mut column);
            column
        })
        .collect();
    let c = columns.pop()?;
    let b = columns.pop()?;
    let mut a = columns.pop()?;
    // The rows that keep public inputs independent: input i times zero equals zero.
    for (value, extra) in a
        .iter_mut()
        .zip(&lagrange[r1cs.constraints()..r1cs.qap_rows()])
    {
        *value += extra;
    }
    Some(Evaluated {
        a,
        b,
        c,
        vanishing: domain.evaluate_vanishing_polynomial(tau),
        size: domain.size(),
    })
}

/// The scalars that have a point in the key: indices of the non-zero ones, and their values.
fn dense(values: &[Fr]) -> (Vec<u32>, Vec<Fr>) {
    (0u32..)
        .zip(values)
        .filter(|(_, value)| !value.is_zero())
        .map(|(index, value)| (index, *value))
        .unzip()
}

fn combine(secrets: &Secrets, at: &Evaluated, index: usize) -> Fr {
    secrets.beta * at.a[index] + secrets.alpha * at.b[index] + at.c[index]
}

fn verifying_points(secrets: &Secrets, at: &Evaluated, inputs: usize) -> Option<VkParts> {
    let g1 = G1Projective::generator();
    let g2 = G2Projective::generator();
    let gamma_inverse = secrets.gamma.inverse()?;
    let ic: Vec<G1Projective> = (0..inputs)
        .map(|index| g1 * (combine(secrets, at, index) * gamma_inverse))
        .collect();
    Some(VkParts {
        alpha_g1: (g1 * secrets.alpha).into_affine(),
        beta_g2: (g2 * secrets.beta).into_affine(),
        gamma_g2: (g2 * secrets.gamma).into_affine(),
        delta_g2: (g2 * secrets.delta).into_affine(),
        ic: G1Projective::normalize_batch(&ic),
    })
}

struct VkParts {
    alpha_g1: G1Affine,
    beta_g2: G2Affine,
    gamma_g2: G2Affine,
    delta_g2: G2Affine,
    ic: Vec<G1Affine>,
}

impl VkParts {
    fn into_key(self, circuit: CircuitId) -> Result<VerifyingKey, StoreError> {
        let refused = |source| StoreError::Setup { circuit, source };
        let points = KeyPoints::new(
            self.alpha_g1,
            self.beta_g2,
            self.gamma_g2,
            self.delta_g2,
            self.ic,
        )
        .map_err(|error| refused(error.into()))?;
        VerifyingKey::new(circuit, points).map_err(refused)
    }
}

/// Scalars of one query are multiplied in pieces of this size, so that progress shows and intermediate points stay small.
const PIECE: usize = 1 << 15;

/// Multiplies and reports.
struct Multiplier<'a> {
    done: usize,
    total: usize,
    progress: &'a mut dyn FnMut(Stage),
}

impl Multiplier<'_> {
    fn run<P>(&mut self, table: &FixedBase<P>, scalars: &[Fr]) -> Vec<Affine<P>>
    where
        P: SWCurveConfig<ScalarField = Fr>,
    {
        let mut points = Vec::with_capacity(scalars.len());
        for piece in scalars.chunks(PIECE) {
            points.extend(table.multiply(piece));
            self.done += piece.len();
            (self.progress)(Stage::Points {
                done: self.done,
                total: self.total,
            });
        }
        points
    }
}

/// Makes the proving key of a circuit from given secrets.
pub(crate) fn generate(
    circuit: CircuitId,
    r1cs: R1cs,
    secrets: &Secrets,
    progress: &mut dyn FnMut(Stage),
) -> Result<ProvingKey, StoreError> {
    let too_large = || StoreError::Synthesis {
        circuit,
        source: ark_relations::gr1cs::SynthesisError::PolynomialDegreeTooLarge,
    };
    let at = evaluate(&r1cs, secrets.tau).ok_or_else(too_large)?;
    let inputs = r1cs.instance_variables;
    let vk = verifying_points(secrets, &at, inputs)
        .ok_or_else(too_large)?
        .into_key(circuit)?;
    let delta_inverse = secrets.delta.inverse().ok_or_else(too_large)?;

    let (a_indices, a_scalars) = dense(&at.a);
    let (b_indices, b_scalars) = dense(&at.b);
    let l_scalars: Vec<Fr> = (inputs..r1cs.variables())
        .into_par_iter()
        .map(|index| combine(secrets, &at, index) * delta_inverse)
        .collect();
    let h_scalars = powers(secrets.tau, at.vanishing * delta_inverse, at.size - 1);
    drop(at);

    let g1_total = a_scalars.len() + b_scalars.len() + l_scalars.len() + h_scalars.len();
    let mut multiplier = Multiplier {
        done: 0,
        total: g1_total + b_scalars.len(),
        progress,
    };
    let g2_table = FixedBase::new(G2Projective::generator(), b_scalars.len());
    let b_g2 = multiplier.run(&g2_table, &b_scalars);
    drop(g2_table);
    let g1_table = FixedBase::new(G1Projective::generator(), g1_total);
    let a = multiplier.run(&g1_table, &a_scalars);
    let b_g1 = multiplier.run(&g1_table, &b_scalars);
    let h = multiplier.run(&g1_table, &h_scalars);
    let l = multiplier.run(&g1_table, &l_scalars);

    let g1 = G1Projective::generator();
    Ok(ProvingKey {
        circuit,
        provenance: Provenance::InsecureDev,
        vk,
        beta_g1: (g1 * secrets.beta).into_affine(),
        delta_g1: (g1 * secrets.delta).into_affine(),
        query: Query {
            a_indices,
            a,
            b_indices,
            b_g1,
            b_g2,
            h,
            l,
        },
        r1cs,
    })
}

/// `first`, `first`·tau, `first`·tau² …
fn powers(tau: Fr, first: Fr, count: usize) -> Vec<Fr> {
    let mut value = first;
    (0..count)
        .map(|_| {
            let current = value;
            value *= tau;
            current
        })
        .collect()
}

/// The verifying key of a circuit's dev key, without the proving key: the time of one synthesis.
pub fn dev_verifying_key(
    circuit: CircuitId,
) -> Result<(Labelled<VerifyingKey>, CircuitDigest), StoreError> {
    let r1cs = R1cs::of(circuit).map_err(|source| StoreError::Synthesis { circuit, source })?;
    let secrets = Secrets::insecure_dev(&r1cs.digest);
    let vk = evaluate(&r1cs, secrets.tau)
        .and_then(|at| verifying_points(&secrets, &at, r1cs.instance_variables))
        .ok_or(StoreError::Synthesis {
            circuit,
            source: ark_relations::gr1cs::SynthesisError::PolynomialDegreeTooLarge,
        })?
        .into_key(circuit)?;
    Ok((Labelled::new(vk, Provenance::InsecureDev), r1cs.digest))
}
