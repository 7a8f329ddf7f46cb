//! The proving keys of this machine: made on demand, cached under `--cache`, opened only when a proof is really due.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use maci_coordinator::{Error, ProvingKeys, StoredKeys};
use maci_keys::{AllowInsecureDevKeys, KeyStore, ProvingKey};
use maci_verifier::CircuitId;

use crate::context::Context;

/// The key cache, not yet touched.
#[derive(Debug)]
pub(crate) struct LocalKeys {
    directory: PathBuf,
    allow: Option<AllowInsecureDevKeys>,
    stored: OnceLock<StoredKeys>,
}

impl LocalKeys {
    /// Keys in the cache of the settings. Without `allow`, development keys are refused when a proof asks for one (K-13).
    pub(crate) fn new(context: &Context<'_>, allow: Option<AllowInsecureDevKeys>) -> Arc<Self> {
        Arc::new(Self {
            directory: context.settings.cache.value.clone(),
            allow,
            stored: OnceLock::new(),
        })
    }
}

impl ProvingKeys for LocalKeys {
    fn proving_key(&self, circuit: &CircuitId) -> Result<Arc<ProvingKey>, Error> {
        if let Some(stored) = self.stored.get() {
            return stored.proving_key(circuit);
        }
        let store =
            KeyStore::open(&self.directory).map_err(|source| Error::keys(*circuit, source))?;
        self.stored
            .get_or_init(|| StoredKeys::new(store, self.allow))
            .proving_key(circuit)
    }
}
