//! Proving keys cached by circuit digest.
//!
//! A key is found by what the circuit *is*, not by its name: after any change of the circuit another file is looked for. What
//! a shipped circuit is, the manifest says, and tests hold it to the circuit (C-29). A damaged file is an error that names it, and is replaced only when the caller says so.

use std::path::{Path, PathBuf};

use maci_circuits::CircuitDigest;
use maci_verifier::CircuitId;

use crate::container::Kind;
use crate::error::StoreError;
use crate::label::{Labelled, Provenance};
use crate::proving_key::ProvingKey;
use crate::r1cs::R1cs;
use crate::setup::{Secrets, Stage, generate};
use crate::shipped;

/// A directory of proving keys.
#[derive(Clone, Debug)]
pub struct KeyStore {
    directory: PathBuf,
}

impl KeyStore {
    /// Opens a cache directory, making it if it is not there.
    pub fn open(directory: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let directory = directory.into();
        std::fs::create_dir_all(&directory).map_err(|source| StoreError::Io {
            path: directory.clone(),
            source,
        })?;
        Ok(Self { directory })
    }

    /// The directory that the environment asks for: `MACI_CACHE`, else `maci-rs` in `XDG_CACHE_HOME` or `~/.cache`.
    pub fn default_directory() -> PathBuf {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        if let Some(path) = variable("MACI_CACHE") {
            return path.into();
        }
        let base = variable("XDG_CACHE_HOME").map_or_else(
            || {
                variable("HOME")
                    .map_or_else(std::env::temp_dir, PathBuf::from)
                    .join(".cache")
            },
            PathBuf::from,
        );
        base.join("maci-rs")
    }

    /// Where this store is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The file of a circuit's proving key.
    pub fn path_of(&self, circuit: CircuitId, digest: &CircuitDigest) -> PathBuf {
        let ending = Self::ending();
        self.directory.join(format!("{circuit}-{digest}{ending}"))
    }

    /// How the names of proving keys end. The format's version is in it: what an earlier program left is not looked at.
    pub fn ending() -> String {
        format!(".v{}.pk", Kind::ProvingKey.version())
    }

    /// The circuit's dev key: from the cache, or made and cached. The digest of a shipped circuit is known, so its key is
    /// found and loaded without a look at the circuit; others are synthesised first.
    pub fn load_or_generate(
        &self,
        circuit: CircuitId,
        progress: &mut dyn FnMut(Stage),
    ) -> Result<Labelled<ProvingKey>, StoreError> {
        if let Some(digest) = shipped::circuit_digest(circuit)
            && let Some(key) = self.load(circuit, &digest, progress)?
        {
            return Ok(key);
        }
        progress(Stage::Synthesise);
        let r1cs = synthesise(circuit)?;
        match self.load(circuit, &r1cs.digest, progress)? {
            Some(key) => Ok(key),
            None => make(circuit, r1cs, self, progress),
        }
    }

    /// The key of a circuit with a digest, if the cache has it.
    fn load(
        &self,
        circuit: CircuitId,
        digest: &CircuitDigest,
        progress: &mut dyn FnMut(Stage),
    ) -> Result<Option<Labelled<ProvingKey>>, StoreError> {
        let path = self.path_of(circuit, digest);
        if !path.exists() {
            return Ok(None);
        }
        progress(Stage::Load);
        ProvingKey::load(&path, circuit, digest)
            .map(Some)
            .map_err(|source| StoreError::Corrupt { path, source })
    }

    /// The circuit's dev key, made anew whatever the cache holds.
    pub fn regenerate(
        &self,
        circuit: CircuitId,
        progress: &mut dyn FnMut(Stage),
    ) -> Result<Labelled<ProvingKey>, StoreError> {
        progress(Stage::Synthesise);
        make(circuit, synthesise(circuit)?, self, progress)
    }
}

fn make(
    circuit: CircuitId,
    r1cs: R1cs,
    store: &KeyStore,
    progress: &mut dyn FnMut(Stage),
) -> Result<Labelled<ProvingKey>, StoreError> {
    let path = store.path_of(circuit, &r1cs.digest);
    let key = insecure_dev_key(circuit, r1cs, progress)?;
    progress(Stage::Write);
    key.peek()
        .save(&path)
        .map_err(|source| StoreError::Io { path, source })?;
    Ok(key)
}

fn synthesise(circuit: CircuitId) -> Result<R1cs, StoreError> {
    R1cs::of(circuit).map_err(|source| StoreError::Synthesis { circuit, source })
}

/// Makes the dev key of given matrices, without a cache.
pub fn insecure_dev_key(
    circuit: CircuitId,
    r1cs: R1cs,
    progress: &mut dyn FnMut(Stage),
) -> Result<Labelled<ProvingKey>, StoreError> {
    let secrets = Secrets::insecure_dev(&r1cs.digest);
    let key = generate(circuit, r1cs, &secrets, progress)?;
    Ok(Labelled::new(key, Provenance::InsecureDev))
}
