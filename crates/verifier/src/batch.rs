//! Verification of many proofs at once, under one key or several.
//!
//! Each proof's equation is raised to a random weight and all are multiplied: N proofs cost N + 3 Miller loops a key and
//! one final exponentiation, in place of 3·N and N. The loops run side by side (see `miller`), so one of them costs two
//! thirds of one of arkworks. A false proof survives with probability 2⁻¹²⁸ (V-13): the weights come from SHA-256 over
//! every key, statement and proof, so whoever chose the proofs could not choose them.

use alloc::vec;
use alloc::vec::Vec;

use ark_bn254::{Bn254, Fr, G1Affine, G1Projective, G2Affine};
use ark_ec::pairing::{Pairing, PairingOutput};
use ark_ec::scalar_mul::glv::GLVConfig;
use ark_ec::{AdditiveGroup, CurveGroup, VariableBaseMSM};
use ark_ff::Zero;
use maci_crypto::field;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::miller;
use crate::proof::Proof;
use crate::statement::Statement;
use crate::verify::{Verified, verify};
use crate::vk::{VerifyingKey, VkId};

/// One claim of a batch: this proof proves this statement under this key.
#[derive(Clone, Copy)]
pub struct Claim<'a> {
    /// The key of the statement's circuit.
    pub key: &'a VerifyingKey,
    /// What is proved.
    pub statement: &'a dyn Statement,
    /// The proof.
    pub proof: &'a Proof,
}

impl core::fmt::Debug for Claim<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Claim")
            .field("key", self.key)
            .field("public_inputs", &self.statement.public_inputs())
            .field("proof", self.proof)
            .finish()
    }
}

/// A weight a + λ·b with a and b uniform below 2⁶⁴, λ the eigenvalue of G1's endomorphism φ. The 2¹²⁸ pairs give distinct
/// scalars, and a + λ·b times P is a·P + b·φ(P): 64 doublings in place of 128.
#[derive(Clone, Copy, Debug)]
struct Weight {
    a: u64,
    b: u64,
}

impl Weight {
    fn to_scalar(self) -> Fr {
        Fr::from(self.a) + Fr::from(self.b) * <ark_bn254::g1::Config as GLVConfig>::LAMBDA
    }

    fn times(self, point: &G1Affine) -> G1Projective {
        let image = endomorphism(point);
        // 1 + λ + λ² = 0.
        let both = -endomorphism(&image);
        let mut sum = G1Projective::zero();
        for bit in (0..u64::BITS).rev() {
            sum.double_in_place();
            match (self.a >> bit & 1, self.b >> bit & 1) {
                (1, 1) => sum += both,
                (1, _) => sum += point,
                (_, 1) => sum += image,
                _ => {}
            }
        }
        sum
    }
}

fn endomorphism(point: &G1Affine) -> G1Affine {
    <ark_bn254::g1::Config as GLVConfig>::endomorphism_affine(point)
}

/// What the batch equation needs to know of each key: sums over the proofs of that key.
struct Group<'a> {
    key: &'a VerifyingKey,
    weights: Fr,
    inputs: Vec<Fr>,
    c_points: Vec<G1Affine>,
    c_weights: Vec<u64>,
}

/// Checks a list of claims together and says which keys they hold under, in the list's order.
///
/// If the batch fails, the claims are checked one by one and the first false one is named. An empty list is refused: it
/// would prove nothing and look like success.
pub fn verify_many(claims: &[Claim<'_>]) -> Result<Vec<Verified>, Error> {
    if claims.is_empty() {
        return Err(Error::EmptyBatch);
    }
    let mut inputs = Vec::with_capacity(claims.len());
    for claim in claims {
        claim.statement.check_against(claim.key.circuit())?;
        let list = claim.statement.public_inputs();
        // The key's own count decides, before any arithmetic.
        let expected = claim.key.points().ic().len().saturating_sub(1);
        if list.len() != expected {
            return Err(Error::InputCount {
                expected,
                found: list.len(),
            });
        }
        inputs.push(list);
    }
    if holds(claims, &inputs) {
        return Ok(claims.iter().map(|claim| Verified::by(claim.key)).collect());
    }
    for (index, claim) in claims.iter().enumerate() {
        if verify(claim.key, claim.statement, claim.proof).is_err() {
            return Err(Error::FalseBatch {
                count: claims.len(),
                index,
            });
        }
    }
    // Every proof holds alone and the product does not: impossible, and still no success.
    Err(Error::FalseBatch {
        count: claims.len(),
        index: claims.len(),
    })
}

/// Π e(wᵢ·Aᵢ, Bᵢ) · Π_keys e(−Σwᵢ·alpha, beta)·e(−Σwᵢ·ICᵢ, gamma)·e(−ΣwᵢCᵢ, delta) == 1.
fn holds(claims: &[Claim<'_>], inputs: &[Vec<Fr>]) -> bool {
    let weights = draw_weights(claims, inputs);
    let mut groups: Vec<(VkId, Group<'_>)> = Vec::new();
    let mut left: Vec<G1Projective> = Vec::with_capacity(claims.len().saturating_add(8));
    let mut right: Vec<G2Affine> = Vec::with_capacity(left.capacity());
    for ((claim, list), weight) in claims.iter().zip(inputs).zip(&weights) {
        left.push(weight.times(claim.proof.a()));
        right.push(*claim.proof.b());
        let id = claim.key.id();
        if !groups.iter().any(|(known, _)| *known == id) {
            groups.push((id, Group::new(claim.key, list.len())));
        }
        let Some((_, group)) = groups.iter_mut().find(|(known, _)| *known == id) else {
            return false;
        };
        group.add(*weight, list, claim.proof.c());
    }
    for (_, group) in &groups {
        let points = group.key.points();
        // One loop more a key: an exponentiation of e(alpha, beta) costs several.
        left.push(-(*points.alpha_g1() * group.weights));
        right.push(*points.beta_g2());
        left.push(-group.inputs_sum());
        right.push(*points.gamma_g2());
        left.push(-G1Projective::msm_u64(&group.c_points, &group.c_weights));
        right.push(*points.delta_g2());
    }
    let left = G1Projective::normalize_batch(&left);
    let pairs: Vec<(G1Affine, G2Affine)> = left.into_iter().zip(right).collect();
    Bn254::final_exponentiation(miller::product(&pairs)) == Some(PairingOutput::zero())
}

impl<'a> Group<'a> {
    fn new(key: &'a VerifyingKey, inputs: usize) -> Self {
        Self {
            key,
            weights: Fr::zero(),
            inputs: vec![Fr::zero(); inputs],
            c_points: Vec::new(),
            c_weights: Vec::new(),
        }
    }

    fn add(&mut self, weight: Weight, inputs: &[Fr], c: &G1Affine) {
        let scalar = weight.to_scalar();
        self.weights += scalar;
        for (sum, input) in self.inputs.iter_mut().zip(inputs) {
            *sum += scalar * input;
        }
        // a·C + b·φ(C): a sum of twice the points with scalars a quarter as long.
        self.c_points.extend([*c, endomorphism(c)]);
        self.c_weights.extend([weight.a, weight.b]);
    }

    /// Σwᵢ·(IC₀ + Σⱼ inputᵢⱼ·ICⱼ).
    fn inputs_sum(&self) -> G1Projective {
        let mut scalars = Vec::with_capacity(self.inputs.len().saturating_add(1));
        scalars.push(self.weights);
        scalars.extend(&self.inputs);
        G1Projective::msm_unchecked(self.key.points().ic(), &scalars)
    }
}

fn draw_weights(claims: &[Claim<'_>], inputs: &[Vec<Fr>]) -> Vec<Weight> {
    let mut transcript = Sha256::new();
    transcript.update(b"maci-rs batch verification v1");
    transcript.update((claims.len() as u64).to_le_bytes());
    for (claim, list) in claims.iter().zip(inputs) {
        // The key's identity covers its circuit and its bytes.
        transcript.update(claim.key.id().0);
        transcript.update((list.len() as u64).to_le_bytes());
        for input in list {
            transcript.update(field::to_be_bytes(input));
        }
        transcript.update(claim.proof.to_bytes());
    }
    let seed: [u8; 32] = transcript.finalize().into();
    (0u64..)
        .zip(claims)
        .map(|(position, _)| {
            let mut hasher = Sha256::new();
            hasher.update(b"maci-rs batch weight v1");
            hasher.update(seed);
            hasher.update(position.to_le_bytes());
            let digest: [u8; 32] = hasher.finalize().into();
            let (words, _) = digest.as_chunks::<8>();
            let mut words = words.iter().map(|word| u64::from_le_bytes(*word));
            Weight {
                a: words.next().unwrap_or(1),
                b: words.next().unwrap_or(1),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ec::AffineRepr;

    #[test]
    fn a_weight_times_a_point_is_the_scalar_times_the_point() {
        let point = (G1Affine::generator() * Fr::from(77u64)).into_affine();
        for (a, b) in [(0, 0), (1, 0), (0, 1), (u64::MAX, u64::MAX), (3 << 40, 5)] {
            let weight = Weight { a, b };
            assert_eq!(weight.times(&point), point * weight.to_scalar());
        }
    }
}
