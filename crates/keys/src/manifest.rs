//! `keys/manifest.toml`: which verifying keys ship, for which circuits, and where they come from (K-14).
//!
//! Beside it lies `<circuit-id>.vk` for each entry. A key is read only through the manifest: file digest, key identity,
//! circuit and label must all agree.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use maci_circuits::CircuitDigest;
use maci_verifier::{CircuitId, KeyPoints, Mode, VerifyingKey, VkId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::container::{Header, Kind, from_bytes, to_bytes};
use crate::error::{KeyFileError, ManifestError};
use crate::file::write_whole;
use crate::label::{Labelled, Provenance};
use crate::setup::dev_verifying_key;

/// The manifest's file name.
pub const FILE: &str = "manifest.toml";
const FORMAT: u32 = 1;
const PREFACE: &str = "\
# Verifying keys that ship, written by `maci keys setup`. Every key is checked against this file.
# insecure-dev: made from a public seed, so that anyone regenerates the same bytes and anyone can forge proofs.

";

/// A circuit's parameters, spelled out for readers of the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Depth of the state tree.
    pub state_tree_depth: u8,
    /// Messages in a batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_batch_size: Option<u8>,
    /// Depth of a tally batch's subtree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tally_processing_state_tree_depth: Option<u8>,
    /// Depth of the vote option tree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vote_option_tree_depth: Option<u8>,
    /// Voting mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
}

impl Parameters {
    /// The parameters of a circuit.
    pub fn of(circuit: &CircuitId) -> Self {
        let mut parameters = Self {
            state_tree_depth: 0,
            message_batch_size: None,
            tally_processing_state_tree_depth: None,
            vote_option_tree_depth: None,
            mode: None,
        };
        match *circuit {
            CircuitId::PollJoining { state_tree_depth }
            | CircuitId::PollJoined { state_tree_depth } => {
                parameters.state_tree_depth = state_tree_depth;
            }
            CircuitId::MessageProcessor {
                mode,
                state_tree_depth,
                message_batch_size,
                vote_option_tree_depth,
            } => {
                parameters.state_tree_depth = state_tree_depth;
                parameters.message_batch_size = Some(message_batch_size);
                parameters.vote_option_tree_depth = Some(vote_option_tree_depth);
                parameters.mode = Some(mode);
            }
            CircuitId::VoteTally {
                mode,
                state_tree_depth,
                tally_processing_state_tree_depth,
                vote_option_tree_depth,
            } => {
                parameters.state_tree_depth = state_tree_depth;
                parameters.tally_processing_state_tree_depth =
                    Some(tally_processing_state_tree_depth);
                parameters.vote_option_tree_depth = Some(vote_option_tree_depth);
                parameters.mode = Some(mode);
            }
        }
        parameters
    }
}

/// One key of the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The key's circuit.
    pub circuit: CircuitId,
    /// Digest of the circuit that the key was made for, in hex.
    pub circuit_digest: String,
    /// Identity of the verifying key.
    pub vk_id: VkId,
    /// SHA-256 of the `.vk` file, in hex.
    pub vk_sha256: String,
    /// Where the key comes from.
    pub provenance: Provenance,
    /// The circuit's parameters.
    pub parameters: Parameters,
}

/// The list of keys that ship.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    format: u32,
    #[serde(rename = "key", default)]
    entries: Vec<Entry>,
}

fn hex_digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn read(path: &Path) -> Result<Vec<u8>, ManifestError> {
    std::fs::read(path).map_err(|source| ManifestError::Io {
        path: path.to_path_buf(),
        source,
    })
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), ManifestError> {
    write_whole(path, |out| out.write_all(bytes)).map_err(|source| ManifestError::Io {
        path: path.to_path_buf(),
        source,
    })
}

impl Manifest {
    /// Reads the manifest of a key directory.
    pub fn load(directory: &Path) -> Result<Self, ManifestError> {
        let path = directory.join(FILE);
        Self::parse(&path, &read(&path)?)
    }

    /// Reads the bytes of a manifest; `path` is for errors.
    pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, ManifestError> {
        let format = |detail: String| ManifestError::Format {
            path: path.to_path_buf(),
            detail,
        };
        let text = std::str::from_utf8(bytes).map_err(|error| format(error.to_string()))?;
        let manifest: Self = toml::from_str(text).map_err(|error| format(error.to_string()))?;
        if manifest.format != FORMAT {
            return Err(format(format!(
                "expected format {FORMAT}, found {}",
                manifest.format
            )));
        }
        for (index, entry) in manifest.entries.iter().enumerate() {
            if entry.parameters != Parameters::of(&entry.circuit) {
                return Err(format(format!(
                    "parameters of {} are not those that its name says",
                    entry.circuit
                )));
            }
            if manifest.entries[..index]
                .iter()
                .any(|e| e.circuit == entry.circuit)
            {
                return Err(format(format!("{} is listed twice", entry.circuit)));
            }
        }
        Ok(manifest)
    }

    /// The keys, in the manifest's order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of a circuit.
    pub fn entry(&self, circuit: CircuitId) -> Result<&Entry, ManifestError> {
        self.entries
            .iter()
            .find(|entry| entry.circuit == circuit)
            .ok_or(ManifestError::Missing { circuit })
    }

    /// The file of a circuit's verifying key.
    pub fn path_of(directory: &Path, circuit: CircuitId) -> PathBuf {
        directory.join(format!("{circuit}.vk"))
    }

    /// Reads a verifying key and checks it against its entry.
    pub fn verifying_key(
        &self,
        directory: &Path,
        circuit: CircuitId,
    ) -> Result<Labelled<VerifyingKey>, ManifestError> {
        let path = Self::path_of(directory, circuit);
        self.entry(circuit)?;
        self.read_key(&path, circuit, &read(&path)?)
    }

    /// Checks the bytes of a verifying key file against its entry; `path` is for errors.
    pub(crate) fn read_key(
        &self,
        path: &Path,
        circuit: CircuitId,
        bytes: &[u8],
    ) -> Result<Labelled<VerifyingKey>, ManifestError> {
        let entry = self.entry(circuit)?;
        let mismatch = |field, expected: String, found: String| ManifestError::Mismatch {
            path: path.to_path_buf(),
            field,
            expected,
            found,
        };
        // The file's own digests name the damaged part; the manifest's digest covers all of it.
        let (header, key) = parse_vk(bytes).map_err(|source| ManifestError::KeyFile {
            path: path.to_path_buf(),
            source,
        })?;
        let found = hex_digest(bytes);
        if found != entry.vk_sha256 {
            return Err(mismatch("sha256", entry.vk_sha256.clone(), found));
        }
        if header.circuit != circuit {
            return Err(mismatch(
                "circuit",
                circuit.to_string(),
                header.circuit.to_string(),
            ));
        }
        let found = header.circuit_digest.to_string();
        if found != entry.circuit_digest {
            return Err(mismatch(
                "circuit digest",
                entry.circuit_digest.clone(),
                found,
            ));
        }
        if header.provenance != entry.provenance {
            return Err(mismatch(
                "provenance",
                entry.provenance.to_string(),
                header.provenance.to_string(),
            ));
        }
        if key.id() != entry.vk_id {
            return Err(mismatch(
                "key id",
                entry.vk_id.to_string(),
                key.id().to_string(),
            ));
        }
        Ok(Labelled::new(key, entry.provenance))
    }

    /// Reads every key of the manifest and compares each circuit, as it is now, with the one that the key was made for. Dev
    /// keys are made anew from their seed and compared too.
    pub fn check(
        &self,
        directory: &Path,
        progress: &mut dyn FnMut(CircuitId),
    ) -> Result<(), ManifestError> {
        for entry in &self.entries {
            progress(entry.circuit);
            let key = self.verifying_key(directory, entry.circuit)?;
            let (made, digest) = dev_verifying_key(entry.circuit)?;
            if digest.to_string() != entry.circuit_digest {
                return Err(ManifestError::CircuitChanged {
                    circuit: entry.circuit,
                    expected: entry.circuit_digest.clone(),
                    found: digest.to_string(),
                });
            }
            if made.peek() != key.peek() {
                return Err(ManifestError::Mismatch {
                    path: Self::path_of(directory, entry.circuit),
                    field: "key made from the public seed",
                    expected: made.peek().id().to_string(),
                    found: key.peek().id().to_string(),
                });
            }
        }
        Ok(())
    }

    /// Makes the dev verifying keys of a list of circuits and writes them with their manifest.
    pub fn write_dev_keys(
        directory: &Path,
        circuits: &[CircuitId],
        progress: &mut dyn FnMut(CircuitId),
    ) -> Result<Self, ManifestError> {
        std::fs::create_dir_all(directory).map_err(|source| ManifestError::Io {
            path: directory.to_path_buf(),
            source,
        })?;
        let mut entries = Vec::new();
        for circuit in circuits {
            progress(*circuit);
            let (key, digest) = dev_verifying_key(*circuit)?;
            let bytes = vk_bytes(&key, digest);
            write(&Self::path_of(directory, *circuit), &bytes)?;
            entries.push(Entry {
                circuit: *circuit,
                circuit_digest: digest.to_string(),
                vk_id: key.peek().id(),
                vk_sha256: hex_digest(&bytes),
                provenance: key.provenance(),
                parameters: Parameters::of(circuit),
            });
        }
        let manifest = Self {
            format: FORMAT,
            entries,
        };
        let path = directory.join(FILE);
        let text = toml::to_string(&manifest).map_err(|error| ManifestError::Format {
            path: path.clone(),
            detail: error.to_string(),
        })?;
        write(&path, format!("{PREFACE}{text}").as_bytes())?;
        Ok(manifest)
    }
}

/// The bytes of a `.vk` file.
pub fn vk_bytes(key: &Labelled<VerifyingKey>, circuit_digest: CircuitDigest) -> Vec<u8> {
    let header = Header {
        kind: Kind::VerifyingKey,
        provenance: key.provenance(),
        circuit: *key.peek().circuit(),
        circuit_digest,
    };
    to_bytes(&header, &key.peek().points().to_bytes())
}

fn parse_vk(bytes: &[u8]) -> Result<(Header, VerifyingKey), KeyFileError> {
    let (header, key) = from_bytes(bytes, Kind::VerifyingKey)?;
    let points = KeyPoints::from_bytes(key).map_err(maci_verifier::Error::from)?;
    Ok((header, VerifyingKey::new(header.circuit, points)?))
}

/// Reads a `.vk` file outside a manifest.
pub fn read_vk(path: &Path) -> Result<(Header, Labelled<VerifyingKey>), KeyFileError> {
    let (header, key) = parse_vk(&std::fs::read(path)?)?;
    Ok((header, Labelled::new(key, header.provenance)))
}
