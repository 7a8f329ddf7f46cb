//! Where proving keys come from.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use maci_keys::{AllowInsecureDevKeys, KeyStore, ProvingKey, shipped};
use maci_verifier::{CircuitId, VerifyingKey};

use crate::error::Error;

/// Hands out proving keys, each with its verifying key. A job asks for two: processing and tally.
pub trait ProvingKeys: fmt::Debug + Send + Sync {
    /// The key of a circuit. The first call for a circuit may take as long as making the key does.
    fn proving_key(&self, circuit: &CircuitId) -> Result<Arc<ProvingKey>, Error>;

    /// The verifying key alone, which need not take as long.
    fn verifying_key(&self, circuit: &CircuitId) -> Result<VerifyingKey, Error> {
        Ok(self.proving_key(circuit)?.verifying_key().clone())
    }
}

/// The keys of a [`KeyStore`], read or made once and then kept in memory.
#[derive(Debug)]
pub struct StoredKeys {
    store: KeyStore,
    allow: Option<AllowInsecureDevKeys>,
    loaded: Mutex<Vec<Arc<ProvingKey>>>,
}

impl StoredKeys {
    /// Takes keys from `store`. Without `allow`, development keys are refused when they are asked for (K-13).
    pub fn new(store: KeyStore, allow: Option<AllowInsecureDevKeys>) -> Self {
        Self {
            store,
            allow,
            loaded: Mutex::new(Vec::new()),
        }
    }
}

impl ProvingKeys for StoredKeys {
    fn proving_key(&self, circuit: &CircuitId) -> Result<Arc<ProvingKey>, Error> {
        // Held while a key is made, so that it is made once.
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = loaded.iter().find(|key| key.circuit() == *circuit) {
            return Ok(Arc::clone(key));
        }
        let labelled = self
            .store
            .load_or_generate(*circuit, &mut |_| {})
            .map_err(|source| Error::keys(*circuit, source))?;
        let key = Arc::new(
            labelled
                .accept(self.allow)
                .map_err(|source| Error::InsecureKey {
                    circuit: *circuit,
                    source,
                })?,
        );
        loaded.push(Arc::clone(&key));
        Ok(key)
    }

    /// A shipped circuit's key is compiled in: no proving key is made or read to check proofs.
    fn verifying_key(&self, circuit: &CircuitId) -> Result<VerifyingKey, Error> {
        match shipped::verifying_key(*circuit) {
            Ok(Some(key)) => key.accept(self.allow).map_err(|source| Error::InsecureKey {
                circuit: *circuit,
                source,
            }),
            _ => Ok(self.proving_key(circuit)?.verifying_key().clone()),
        }
    }
}
