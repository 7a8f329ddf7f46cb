//! Why a key was refused.

use std::path::PathBuf;

use maci_verifier::CircuitId;

use crate::label::InsecureKey;

/// What is wrong with a key file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// Not a key file of this kind.
    #[error("magic: expected {expected}, found other bytes")]
    Magic {
        /// What the file must begin with.
        expected: &'static str,
    },
    /// Written by another version of this program.
    #[error("format version: expected {expected}, found {found}")]
    Version {
        /// The version that this program reads.
        expected: u32,
        /// What the file says.
        found: u32,
    },
    /// The header is not the one that was written.
    #[error("header: its digest does not match its bytes")]
    HeaderDigest,
    /// A field of an undamaged header has no meaning.
    #[error("header field {field}: {detail}")]
    Field {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// The key of another circuit.
    #[error("circuit: expected {expected}, found {found}")]
    Circuit {
        /// The circuit that was asked for.
        expected: CircuitId,
        /// The circuit of the file.
        found: CircuitId,
    },
    /// The key of another version of the circuit.
    #[error("circuit digest: expected {expected}, found {found}")]
    CircuitDigest {
        /// The digest of the circuit as it is now.
        expected: String,
        /// The digest of the circuit that the key was made for.
        found: String,
    },
    /// The body is not the one that was written.
    #[error("body: its digest does not match its bytes")]
    BodyDigest,
    /// Bytes are missing.
    #[error("the file ends early")]
    Truncated,
    /// Bytes follow the end.
    #[error("bytes follow the end of the key")]
    TrailingBytes,
    /// A section of an undamaged body has no meaning.
    #[error("section {section}: expected {expected} entries, found {found}")]
    Section {
        /// Which section.
        section: &'static str,
        /// Entries that the circuit needs.
        expected: usize,
        /// Entries in the file.
        found: usize,
    },
    /// An entry of an undamaged body names what is not there.
    #[error("section {section}: entry {found} is out of range, it must be below {bound}")]
    Range {
        /// Which section.
        section: &'static str,
        /// What the entry says.
        found: usize,
        /// The first number that is too great.
        bound: usize,
    },
    /// The rows of an undamaged body contradict each other.
    #[error("section {section}: the ends of its rows are not in order")]
    Rows {
        /// Which section.
        section: &'static str,
    },
    /// The verifying key inside was refused.
    #[error("verifying key: {0}")]
    VerifyingKey(#[from] maci_verifier::Error),
    /// The file cannot be read or written.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

/// Why the key store could not give a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A cached key is damaged or of another circuit. Nothing was changed.
    #[error("key file {}: {source}; delete it or ask for it to be made anew", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: KeyFileError,
    },
    /// A directory or file cannot be used.
    #[error("key cache {}: {source}", path.display())]
    Io {
        /// The directory or file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The circuit cannot be synthesised with these parameters.
    #[error("circuit {circuit} cannot be synthesised: {source}")]
    Synthesis {
        /// Which circuit.
        circuit: CircuitId,
        /// What the constraint system said.
        source: ark_relations::gr1cs::SynthesisError,
    },
    /// The setup made a key that its own checks refuse.
    #[error("setup of {circuit}: {source}")]
    Setup {
        /// Which circuit.
        circuit: CircuitId,
        /// Why the key is refused.
        source: maci_verifier::Error,
    },
    /// A dev key without permission.
    #[error(transparent)]
    Insecure(#[from] InsecureKey),
}

/// Why the manifest or a verifying key beside it was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The manifest is not of the expected form.
    #[error("{}: {detail}", path.display())]
    Format {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The manifest has no key for a circuit.
    #[error("the manifest has no key for {circuit}")]
    Missing {
        /// Which circuit.
        circuit: CircuitId,
    },
    /// A verifying key file is not the one that the manifest names.
    #[error("{}: {field} is {found}, the manifest says {expected}", path.display())]
    Mismatch {
        /// The verifying key file.
        path: PathBuf,
        /// Which value differs.
        field: &'static str,
        /// What the manifest says.
        expected: String,
        /// What the file has.
        found: String,
    },
    /// A verifying key file is damaged.
    #[error("{}: {source}", path.display())]
    KeyFile {
        /// The verifying key file.
        path: PathBuf,
        /// What is wrong with it.
        source: KeyFileError,
    },
    /// A circuit is no longer the one that its key was made for.
    #[error(
        "circuit {circuit} has digest {found}, its key was made for {expected}; make the keys anew"
    )]
    CircuitChanged {
        /// Which circuit.
        circuit: CircuitId,
        /// The manifest's digest.
        expected: String,
        /// The digest of the circuit as it is now.
        found: String,
    },
    /// Making a key failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
