//! From a batch's inputs to the assignment of the circuit's variables.

use core::fmt;

use ark_bn254::Fr;
use ark_ff::{BigInteger, PrimeField};
use ark_relations::gr1cs::{ConstraintSynthesizer, SynthesisError};
use sha2::{Digest, Sha256};
use zeroize::Zeroize;

/// SHA-256 over the private variables: with the public inputs it decides a proof's randomness (D16).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct WitnessDigest(pub [u8; 32]);

impl fmt::Debug for WitnessDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It is a function of secrets.
        f.write_str("WitnessDigest(..)")
    }
}

/// The values of all variables: 1, the public inputs, the private variables. Secret: it holds the votes and the
/// coordinator's key, and is overwritten when dropped.
pub struct Assignment {
    values: Vec<Fr>,
    instance_variables: usize,
}

impl fmt::Debug for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assignment")
            .field("variables", &self.values.len())
            .finish_non_exhaustive()
    }
}

impl Drop for Assignment {
    fn drop(&mut self) {
        self.values.zeroize();
    }
}

impl Assignment {
    /// Runs the circuit for its values alone.
    pub fn of(circuit: impl ConstraintSynthesizer<Fr>) -> Result<Self, SynthesisError> {
        let cs = maci_circuits::assign(circuit)?;
        let instance_variables = cs.num_instance_variables();
        let inner = cs.borrow().ok_or(SynthesisError::MissingCS)?;
        let values = [inner.instance_assignment()?, inner.witness_assignment()?].concat();
        Ok(Self {
            values,
            instance_variables,
        })
    }

    /// Every value.
    pub fn values(&self) -> &[Fr] {
        &self.values
    }

    /// The public inputs, without the constant 1.
    pub fn public_inputs(&self) -> &[Fr] {
        self.values
            .get(1..self.instance_variables)
            .unwrap_or_default()
    }

    /// The private variables.
    pub fn witness(&self) -> &[Fr] {
        self.values
            .get(self.instance_variables..)
            .unwrap_or_default()
    }

    /// SHA-256 over the private variables.
    pub fn witness_digest(&self) -> WitnessDigest {
        let mut hasher = Sha256::new();
        hasher.update(b"maci-rs witness v1");
        for value in self.witness() {
            hasher.update(value.into_bigint().to_bytes_le());
        }
        WitnessDigest(hasher.finalize().into())
    }
}
