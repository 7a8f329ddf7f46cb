//! Proving keys cached by circuit digest.
//!
//! A key is found by what the circuit *is*, not by its name: after any change of the circuit another file is looked for. A
//! damaged file is an error that names it, and is replaced only when the caller says so.

use std::path::{Path, PathBuf};

use maci_circuits::CircuitDigest;
use maci_verifier::CircuitId;

use crate::error::StoreError;
use crate::label::{Labelled, Provenance};
use crate::proving_key::ProvingKey;
use crate::r1cs::R1cs;
use crate::setup::{Secrets, Stage, generate};

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
        self.directory.join(format!("{circuit}-{digest}.pk"))
    }

    /// The circuit's dev key: from the cache, or made and cached.
    pub fn load_or_generate(
        &self,
        circuit: CircuitId,
        progress: &mut dyn FnMut(Stage),
    ) -> Result<Labelled<ProvingKey>, StoreError> {
        progress(Stage::Synthesise);
        let r1cs = synthesise(circuit)?;
        let path = self.path_of(circuit, &r1cs.digest);
        if path.exists() {
            progress(Stage::Load);
            return ProvingKey::load(&path, circuit, r1cs)
                .map_err(|source| StoreError::Corrupt { path, source });
        }
        make(circuit, r1cs, &path, progress)
    }

    /// The circuit's dev key, made anew whatever the cache holds.
    pub fn regenerate(
        &self,
        circuit: CircuitId,
        progress: &mut dyn FnMut(Stage),
    ) -> Result<Labelled<ProvingKey>, StoreError> {
        progress(Stage::Synthesise);
        let r1cs = synthesise(circuit)?;
        let path = self.path_of(circuit, &r1cs.digest);
        make(circuit, r1cs, &path, progress)
    }
}

fn make(
    circuit: CircuitId,
    r1cs: R1cs,
    path: &Path,
    progress: &mut dyn FnMut(Stage),
) -> Result<Labelled<ProvingKey>, StoreError> {
    let key = insecure_dev_key(circuit, r1cs, progress)?;
    progress(Stage::Write);
    key.peek().save(path).map_err(|source| StoreError::Io {
        path: path.to_path_buf(),
        source,
    })?;
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
