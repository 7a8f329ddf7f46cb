//! Groth16 key generation over a circuit's matrices.
//!
//! The verifying key and the proofs are those of ark-groth16's generator with the same secrets. The proving key is made for
//! fewer transforms: the quotient's points belong to its values at the odd points of the doubled domain, as circom's do, and
//! what C adds to the quotient is in L already (docs/prover.md §3). [`Textbook`](crate::textbook::Textbook) has the points as
//! others want them.

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
use crate::list::List;
use crate::proving_key::ProvingKey;
use crate::query::Query;
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
    pub(crate) beta: Fr,
    gamma: Fr,
    pub(crate) delta: Fr,
    pub(crate) tau: Fr,
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

/// Each variable's polynomials of A, B and C at tau, and the polynomial that vanishes on the domain.
pub(crate) struct Evaluated {
    a: Vec<Fr>,
    pub(crate) b: Vec<Fr>,
    c: Vec<Fr>,
    pub(crate) vanishing: Fr,
    pub(crate) size: usize,
}

pub(crate) fn evaluate(r1cs: &R1cs, tau: Fr) -> Option<Evaluated> {
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

/// β·A + α·B + C of a variable.
pub(crate) fn combine(secrets: &Secrets, at: &Evaluated, index: usize) -> Fr {
    secrets.beta * at.a[index] + secrets.alpha * at.b[index] + at.c[index]
}

/// The scalars of L, times delta. The quotient takes A·B in place of A·B − C at the odd points, where Z is −2; what that adds is
/// −C·Z/2, so each variable brings its own C·Z/2 along, a public one nothing else.
fn folded(secrets: &Secrets, at: &Evaluated, inputs: usize) -> Vec<Fr> {
    let half = (Fr::ONE + Fr::ONE).inverse().unwrap_or_default() * at.vanishing;
    (0..at.c.len())
        .into_par_iter()
        .map(|index| {
            let quotient = half * at.c[index];
            if index < inputs {
                quotient
            } else {
                combine(secrets, at, index) + quotient
            }
        })
        .collect()
}

/// The Lagrange polynomials of the doubled domain's odd points, at tau.
fn odd_lagrange(tau: Fr, size: usize) -> Option<Vec<Fr>> {
    let doubled = GeneralEvaluationDomain::<Fr>::new(2 * size)?;
    let all = doubled.evaluate_all_lagrange_coefficients(tau);
    Some(all.into_iter().skip(1).step_by(2).collect())
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
    fn run<P, T>(&mut self, table: &FixedBase<P>, scalars: &[Fr]) -> List<T>
    where
        P: SWCurveConfig<ScalarField = Fr>,
        T: From<Affine<P>>,
    {
        let mut points = Vec::with_capacity(scalars.len());
        for piece in scalars.chunks(PIECE) {
            points.extend(table.multiply(piece).into_iter().map(T::from));
            self.done += piece.len();
            (self.progress)(Stage::Points {
                done: self.done,
                total: self.total,
            });
        }
        points.into()
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
    let over_delta = |scalars: Vec<Fr>| -> Vec<Fr> {
        let scalars = scalars.into_par_iter();
        scalars.map(|scalar| scalar * delta_inverse).collect()
    };
    let l_scalars = over_delta(folded(secrets, &at, inputs));
    let h_scalars = over_delta(odd_lagrange(secrets.tau, at.size).ok_or_else(too_large)?);
    drop(at);

    let g1_total = a_scalars.len() + l_scalars.len() + h_scalars.len();
    let mut multiplier = Multiplier {
        done: 0,
        total: g1_total + b_scalars.len(),
        progress,
    };
    let g2_table = FixedBase::new(G2Projective::generator(), b_scalars.len());
    let b = multiplier.run(&g2_table, &b_scalars);
    drop(g2_table);
    let g1_table = FixedBase::new(G1Projective::generator(), g1_total);
    let a = multiplier.run(&g1_table, &a_scalars);
    let h = multiplier.run(&g1_table, &h_scalars);
    let l = multiplier.run(&g1_table, &l_scalars);

    Ok(ProvingKey {
        circuit,
        provenance: Provenance::InsecureDev,
        vk,
        query: Query {
            a_indices: a_indices.into(),
            a,
            b_indices: b_indices.into(),
            b,
            h,
            l,
        },
        r1cs,
    })
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
