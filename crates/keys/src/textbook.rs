//! A dev key's points as Groth16's paper and other provers have them: B in G1, the quotient's coefficients, L without the
//! quotient's part.
//!
//! Our own prover does without them, so our keys do not have them; they are made anew from the public seed.

use ark_bn254::{Fr, G1Affine, G1Projective, G2Affine};
use ark_ec::{AffineRepr, CurveGroup, PrimeGroup};
use ark_ff::Field;

use crate::error::StoreError;
use crate::fixed_base::FixedBase;
use crate::label::AllowInsecureDevKeys;
use crate::list::List;
use crate::proving_key::ProvingKey;
use crate::setup::{Evaluated, Secrets, combine, evaluate};

/// The points of a key. Lists of A and B have one point for each variable, infinity among them.
pub struct Textbook<'a> {
    key: &'a ProvingKey,
    secrets: Secrets,
    delta_inverse: Fr,
    at: Evaluated,
    multiples: FixedBase<ark_bn254::g1::Config>,
}

impl core::fmt::Debug for Textbook<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Textbook")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl<'a> Textbook<'a> {
    /// The points of a dev key: the secrets are public, and the token says that its holder knows.
    pub fn new(key: &'a ProvingKey, _token: AllowInsecureDevKeys) -> Result<Self, StoreError> {
        let too_large = || StoreError::Synthesis {
            circuit: key.circuit(),
            source: ark_relations::gr1cs::SynthesisError::PolynomialDegreeTooLarge,
        };
        let secrets = Secrets::insecure_dev(key.circuit_digest());
        let at = evaluate(key.r1cs(), secrets.tau).ok_or_else(too_large)?;
        Ok(Self {
            key,
            delta_inverse: secrets.delta.inverse().ok_or_else(too_large)?,
            multiples: FixedBase::new(G1Projective::generator(), 3 * at.size),
            secrets,
            at,
        })
    }

    /// beta in G1.
    pub fn beta_g1(&self) -> G1Affine {
        (G1Projective::generator() * self.secrets.beta).into_affine()
    }

    /// delta in G1.
    pub fn delta_g1(&self) -> G1Affine {
        (G1Projective::generator() * self.secrets.delta).into_affine()
    }

    /// A's polynomials at tau.
    pub fn a(&self) -> Vec<G1Affine> {
        let query = self.key.query();
        self.spread(&query.a_indices, &query.a)
    }

    /// B's polynomials at tau, in G1.
    pub fn b_g1(&self) -> Vec<G1Affine> {
        self.multiples.multiply(&self.at.b)
    }

    /// B's polynomials at tau, in G2.
    pub fn b_g2(&self) -> Vec<G2Affine> {
        let query = self.key.query();
        self.spread(&query.b_indices, &query.b)
    }

    /// Powers of tau times the vanishing polynomial over delta, as many as the quotient has coefficients.
    pub fn h(&self) -> Vec<G1Affine> {
        let first = self.at.vanishing * self.delta_inverse;
        let powers = core::iter::successors(Some(first), |power| Some(*power * self.secrets.tau));
        let powers: Vec<Fr> = powers.take(self.at.size - 1).collect();
        self.multiples.multiply(&powers)
    }

    /// (β·A + α·B + C) / δ of each private variable.
    pub fn l(&self) -> Vec<G1Affine> {
        let r1cs = self.key.r1cs();
        let scalars: Vec<Fr> = (r1cs.instance_variables..r1cs.variables())
            .map(|index| combine(&self.secrets, &self.at, index) * self.delta_inverse)
            .collect();
        self.multiples.multiply(&scalars)
    }

    fn spread<P, G>(&self, indices: &[u32], points: &List<P>) -> Vec<G>
    where
        P: bytemuck::Pod,
        G: AffineRepr + From<P>,
    {
        let mut all = vec![G::zero(); self.key.r1cs().variables()];
        for (index, point) in indices.iter().zip(points.iter()) {
            all[*index as usize] = G::from(*point);
        }
        all
    }
}
