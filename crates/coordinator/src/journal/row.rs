//! One value of the journal: `version (1) || content || SHA-256 (32)`.
//!
//! The digest covers a domain string, the table, the key, the version and the content, so a row under another key or in
//! another table does not open either.

use sha2::{Digest, Sha256};

use super::Table;

const DOMAIN: &[u8] = b"maci-rs journal row 1";
const OVERHEAD: usize = 1 + 32;

/// A type that is stored as rows of one table.
pub trait Row: Sized {
    /// Where it lives.
    const TABLE: Table;
    /// The version of its content, raised with every change of the codec.
    const VERSION: u8;

    /// The content.
    fn encode(&self) -> Vec<u8>;

    /// The inverse of [`Row::encode`]; `None` for anything else.
    fn decode(content: &[u8]) -> Option<Self>;
}

/// Why a row does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// Not there, though every journal has it.
    #[error("it is missing")]
    Missing,
    /// Shorter than a version and a digest.
    #[error("expected at least {OVERHEAD} bytes, found {0}")]
    Short(usize),
    /// The digest is not that of the content.
    #[error("its digest does not match its content")]
    Digest,
    /// Written by another version of this program.
    #[error("expected format version {expected}, found {found}")]
    Version {
        /// The version that this program reads.
        expected: u8,
        /// The version of the row.
        found: u8,
    },
    /// The digest is right, but the content does not decode.
    #[error("its content does not decode")]
    Content,
}

pub(super) struct Opened<'a> {
    pub(super) version: u8,
    pub(super) content: &'a [u8],
    pub(super) digest: [u8; 32],
}

pub(super) fn seal(table: Table, key: u64, version: u8, content: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(content.len() + OVERHEAD);
    value.push(version);
    value.extend_from_slice(content);
    value.extend_from_slice(&digest(table, key, version, content));
    value
}

pub(super) fn unseal(table: Table, key: u64, value: &[u8]) -> Result<Opened<'_>, Unreadable> {
    let short = Unreadable::Short(value.len());
    let (body, stored) = value.split_last_chunk::<32>().ok_or(short)?;
    let (version, content) = body.split_first().ok_or(short)?;
    if digest(table, key, *version, content) == *stored {
        Ok(Opened {
            version: *version,
            content,
            digest: *stored,
        })
    } else {
        Err(Unreadable::Digest)
    }
}

/// The stored digest of a value, unchecked. A value too short to have one counts as zero: its seal will not match.
pub(super) fn digest_of(value: &[u8]) -> [u8; 32] {
    value.last_chunk::<32>().copied().unwrap_or_default()
}

fn digest(table: Table, key: u64, version: u8, content: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(DOMAIN);
    hash.update(table.id().to_be_bytes());
    hash.update(key.to_be_bytes());
    hash.update([version]);
    hash.update(content);
    hash.finalize().into()
}
