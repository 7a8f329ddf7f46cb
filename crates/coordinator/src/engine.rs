//! What makes proofs. Today the cores of this machine; a worker on another machine is another implementation.

use std::num::NonZeroUsize;
use std::sync::Arc;

use maci_circuits::Inputs;
use maci_protocol::secrets::RunSeed;
use maci_verifier::{CircuitId, Proof, VerifyingKey};

use crate::error::Error;

/// Makes proofs. Called from several threads at once.
pub trait Engine: core::fmt::Debug + Send + Sync {
    /// The verifying key of a circuit. The first call for a circuit may take as long as making its proving key does.
    fn verifying_key(&self, circuit: &CircuitId) -> Result<Arc<VerifyingKey>, Error>;

    /// Proves one batch and verifies the proof before handing it out. Blinding comes from the seed, so equal inputs give
    /// equal bytes (D16).
    fn prove(&self, circuit: &CircuitId, inputs: Inputs, seed: &RunSeed) -> Result<Proof, Error>;

    /// How many proofs to make at the same time.
    fn workers(&self) -> NonZeroUsize;
}
