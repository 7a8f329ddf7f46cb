//! What makes the directory `keys/` trustworthy: setup, key files, the store of proving keys, and the manifest.
//!
//! Until a ceremony exists, every key comes from a public seed, so that anyone regenerates the same bytes and anyone can
//! forge proofs. Such keys are marked `insecure-dev` in their file, in the manifest and in their type: a
//! [`Labelled`] key cannot be used before it is accepted, and a dev key is accepted only against an
//! [`AllowInsecureDevKeys`] token (security.md K-13).
//!
//! - [`r1cs`]: a circuit's matrices in the compact form that setup and prover share.
//! - [`iden3`]: the same for circom's tools.
//! - [`setup`]: Groth16 key generation from given secrets.
//! - [`container`]: the file format of keys; any changed byte is refused by name (O-03).
//! - [`proving_key`]: the proving key and its file.
//! - [`store`]: proving keys cached by circuit digest.
//! - [`manifest`]: `keys/manifest.toml` and the verifying keys beside it.
//! - [`shipped`]: both, compiled in.
//! - [`textbook`]: a dev key's points as other provers have them.
//! - [`snarkjs`]: keys and witnesses of circom's and snarkjs' own file formats.

pub mod container;
pub mod error;
mod file;
mod fixed_base;
pub mod iden3;
pub mod label;
mod list;
pub mod manifest;
pub mod proving_key;
mod query;
pub mod r1cs;
mod rows;
mod sections;
pub mod setup;
pub mod shipped;
pub mod snarkjs;
pub mod store;
pub mod textbook;

pub use error::{KeyFileError, ManifestError, StoreError};
pub use label::{AllowInsecureDevKeys, InsecureKey, Labelled, Provenance};
pub use list::List;
pub use manifest::{Entry, Manifest};
pub use proving_key::ProvingKey;
pub use query::Query;
pub use r1cs::R1cs;
pub use rows::Rows;
pub use setup::{Stage, dev_verifying_key};
pub use store::KeyStore;
pub use textbook::Textbook;
