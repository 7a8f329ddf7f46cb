//! The proving keys of this machine: made on demand, cached under `--cache`, opened only when a proof is really due.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use maci_circuits::CircuitDigest;
use maci_coordinator::{Error, ProvingKeys, StoredKeys};
use maci_keys::{AllowInsecureDevKeys, KeyStore, ProvingKey};
use maci_verifier::{CircuitId, VerifyingKey};

use crate::context::Context;

/// The key cache, not yet touched.
#[derive(Debug)]
pub(crate) struct LocalKeys {
    directory: PathBuf,
    allow: Option<AllowInsecureDevKeys>,
    stored: OnceLock<StoredKeys>,
    /// Matrices of the keys that proofs were made with.
    used: Mutex<Vec<Arc<ProvingKey>>>,
}

impl LocalKeys {
    /// Keys in the cache of the settings. Without `allow`, development keys are refused when a proof asks for one (K-13).
    pub(crate) fn new(context: &Context<'_>, allow: Option<AllowInsecureDevKeys>) -> Arc<Self> {
        Arc::new(Self {
            directory: context.settings.cache.value.clone(),
            allow,
            stored: OnceLock::new(),
            used: Mutex::default(),
        })
    }

    /// Circuits whose keys this process proved with, and the digests of the matrices that it proved with.
    pub(crate) fn proved(&self) -> Vec<(CircuitId, CircuitDigest)> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.iter()
            .map(|key| (key.circuit(), key.r1cs().recomputed_digest()))
            .collect()
    }
}

impl LocalKeys {
    /// The cache, opened when the first key is asked for.
    fn stored(&self, circuit: CircuitId) -> Result<&StoredKeys, Error> {
        if let Some(stored) = self.stored.get() {
            return Ok(stored);
        }
        let store =
            KeyStore::open(&self.directory).map_err(|source| Error::keys(circuit, source))?;
        Ok(self
            .stored
            .get_or_init(|| StoredKeys::new(store, self.allow)))
    }
}

impl ProvingKeys for LocalKeys {
    fn proving_key(&self, circuit: &CircuitId) -> Result<Arc<ProvingKey>, Error> {
        let key = self.stored(*circuit)?.proving_key(circuit)?;
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if !used.iter().any(|known| known.circuit() == *circuit) {
            used.push(Arc::clone(&key));
        }
        Ok(key)
    }

    fn verifying_key(&self, circuit: &CircuitId) -> Result<VerifyingKey, Error> {
        self.stored(*circuit)?.verifying_key(circuit)
    }
}
