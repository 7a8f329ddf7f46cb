//! The shipped verifying keys, compiled in: what `keys/` held when the program was built.
//!
//! The manifest is the law (K-14): a shipped circuit's key is the one that the manifest lists by digest, and nothing is
//! generated to recognise it. That the list is current is a test over the directory.

use std::path::PathBuf;

use maci_circuits::CircuitDigest;
use maci_verifier::{CircuitId, VerifyingKey};

use crate::error::ManifestError;
use crate::label::Labelled;
use crate::manifest::{FILE, Manifest};

/// Where errors say that a compiled-in file came from.
const DIRECTORY: &str = "keys";

const MANIFEST: &[u8] = include_bytes!("../../../keys/manifest.toml");

macro_rules! key_files {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_bytes!(concat!("../../../keys/", $name, ".vk")))),+]
    };
}

const KEYS: &[(&str, &[u8])] = key_files![
    "message-processor-qv-10-20-2",
    "message-processor-nonqv-10-20-2",
    "message-processor-full-10-20-2",
    "vote-tally-qv-10-1-2",
    "vote-tally-nonqv-10-1-2",
    "poll-joining-10",
    "poll-joined-10",
];

/// The manifest that was compiled in.
pub fn manifest() -> Result<Manifest, ManifestError> {
    Manifest::parse(&PathBuf::from(DIRECTORY).join(FILE), MANIFEST)
}

/// The digest of a shipped circuit's matrices, as the manifest has it.
pub fn circuit_digest(circuit: CircuitId) -> Option<CircuitDigest> {
    let manifest = manifest().ok()?;
    let mut digest = [0; 32];
    hex::decode_to_slice(&manifest.entry(circuit).ok()?.circuit_digest, &mut digest).ok()?;
    Some(CircuitDigest(digest))
}

/// The shipped key of a circuit, checked against the manifest; `None` for a circuit that does not ship.
pub fn verifying_key(circuit: CircuitId) -> Result<Option<Labelled<VerifyingKey>>, ManifestError> {
    let manifest = manifest()?;
    if manifest.entry(circuit).is_err() {
        return Ok(None);
    }
    let name = circuit.to_string();
    let bytes = KEYS
        .iter()
        .find_map(|(key, bytes)| (*key == name).then_some(*bytes))
        .ok_or(ManifestError::Missing { circuit })?;
    let path = Manifest::path_of(DIRECTORY.as_ref(), circuit);
    manifest.read_key(&path, circuit, bytes).map(Some)
}
