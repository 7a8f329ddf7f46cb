//! Verification of one proof.

use ark_bn254::{Bn254, G1Affine};
use ark_ec::CurveGroup;
use ark_ec::pairing::Pairing;

use crate::error::Error;
use crate::proof::Proof;
use crate::statement::{Statement, StatementKind};
use crate::vk::{VerifyingKey, VkId};

/// Says that a proof was checked and holds. Only [`verify`] and the batch check make one.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    key: VkId,
    kind: StatementKind,
}

impl Verified {
    pub(crate) fn by(key: &VerifyingKey) -> Self {
        Self {
            key: key.id(),
            kind: key.circuit().statement_kind(),
        }
    }

    /// The key under which the proof holds.
    pub fn key(&self) -> VkId {
        self.key
    }

    /// What kind of statement was proved.
    pub fn kind(&self) -> StatementKind {
        self.kind
    }
}

/// Checks that `proof` proves `statement` under `key`.
///
/// The statement must be of the key's kind and its counts must fit the key's circuit; a proof that does not verify is
/// [`Error::FalseProof`], never a value. The equation is e(A, B) = e(alpha, beta)·e(IC(inputs), gamma)·e(C, delta).
pub fn verify<S: Statement + ?Sized>(
    key: &VerifyingKey,
    statement: &S,
    proof: &Proof,
) -> Result<Verified, Error> {
    statement.check_against(key.circuit())?;
    let inputs: G1Affine = key.combine(&statement.public_inputs())?.into_affine();
    let product = Bn254::multi_miller_loop(
        [*proof.a(), inputs, *proof.c()],
        [
            (*proof.b()).into(),
            key.gamma_neg().clone(),
            key.delta_neg().clone(),
        ],
    );
    match Bn254::final_exponentiation(product) {
        Some(value) if value == *key.alpha_beta() => Ok(Verified::by(key)),
        _ => Err(Error::FalseProof {
            circuit: *key.circuit(),
        }),
    }
}
