//! Sealing a document: one digest for every top-level section, so that a changed byte is named by its section, and one
//! over the whole.
//!
//! The file digest is SHA-256 of the canonical bytes of the document without its members `digest` and `digests`; a
//! section's digest is SHA-256 of the canonical bytes of that member. Anyone can make both, so they protect against
//! accidents, not against forgers: those meet the proofs.

use std::collections::BTreeMap;

use alloy_primitives::B256;
use sha2::{Digest as _, Sha256};

use crate::canonical::{FormatError, Value, bytes32, bytes32_value};

/// A digest that does not match.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DigestError {
    /// A section was changed, or its digest.
    #[error("section {section:?}: expected SHA-256 {expected}, found {found}")]
    Section {
        /// The top-level member.
        section: String,
        /// The digest of what the document holds.
        expected: B256,
        /// The digest that the document states.
        found: B256,
    },
    /// The list of digests names a section that is not there, or lacks one.
    #[error("digests: expected one for each section, found another list at {section:?}")]
    Sections {
        /// The first section that only one side has.
        section: String,
    },
    /// The whole was changed, or its digest.
    #[error("digest: expected SHA-256 {expected}, found {found}")]
    Document {
        /// The digest of what the document holds.
        expected: B256,
        /// The digest that the document states.
        found: B256,
    },
}

fn sha256(value: &Value) -> B256 {
    B256::new(Sha256::digest(value.to_bytes()).into())
}

/// The digests of a document: of its sections and of the whole.
fn digests(members: &BTreeMap<String, Value>) -> (BTreeMap<String, B256>, B256) {
    let sections = members
        .iter()
        .map(|(name, value)| (name.clone(), sha256(value)))
        .collect();
    (sections, sha256(&Value::Object(members.clone())))
}

/// Adds the digests and writes the canonical bytes.
pub(crate) fn seal(document: Value) -> Vec<u8> {
    let Value::Object(mut members) = document else {
        return document.to_bytes();
    };
    let (sections, whole) = digests(&members);
    let sections = sections
        .into_iter()
        .map(|(name, digest)| (name, bytes32_value(digest)))
        .collect();
    members.insert("digests".to_owned(), Value::Object(sections));
    members.insert("digest".to_owned(), bytes32_value(whole));
    Value::Object(members).to_bytes()
}

/// The stated and the computed digests of an opened document.
#[derive(Debug)]
pub(crate) struct Sealed {
    stated: BTreeMap<String, B256>,
    stated_whole: B256,
    computed: BTreeMap<String, B256>,
    whole: B256,
}

/// Takes the digests out of a document. They are compared later, by [`Sealed::check`], so that a value which is wrong in
/// itself is reported by its own path first.
pub(crate) fn open(document: Value) -> Result<(Sealed, Value), FormatError> {
    let Value::Object(mut members) = document else {
        return Err(FormatError::WrongType {
            path: "document".to_owned(),
            expected: "an object",
            found: document.kind(),
        });
    };
    let mut take = |name: &'static str| {
        members
            .remove(name)
            .ok_or_else(|| FormatError::MissingField {
                path: "document".to_owned(),
                name,
            })
    };
    let stated_whole = bytes32("digest", take("digest")?)?;
    let stated = match take("digests")? {
        Value::Object(sections) => sections
            .into_iter()
            .map(|(name, value)| Ok((name.clone(), bytes32(&format!("digests.{name}"), value)?)))
            .collect::<Result<_, FormatError>>()?,
        other => {
            return Err(FormatError::WrongType {
                path: "digests".to_owned(),
                expected: "an object",
                found: other.kind(),
            });
        }
    };
    let (computed, whole) = digests(&members);
    Ok((
        Sealed {
            stated,
            stated_whole,
            computed,
            whole,
        },
        Value::Object(members),
    ))
}

impl Sealed {
    pub(crate) fn check(&self) -> Result<(), DigestError> {
        for (section, expected) in &self.computed {
            match self.stated.get(section) {
                Some(found) if found == expected => {}
                Some(found) => {
                    return Err(DigestError::Section {
                        section: section.clone(),
                        expected: *expected,
                        found: *found,
                    });
                }
                None => {
                    return Err(DigestError::Sections {
                        section: section.clone(),
                    });
                }
            }
        }
        if let Some(section) = self
            .stated
            .keys()
            .find(|section| !self.computed.contains_key(*section))
        {
            return Err(DigestError::Sections {
                section: section.clone(),
            });
        }
        if self.whole == self.stated_whole {
            Ok(())
        } else {
            Err(DigestError::Document {
                expected: self.whole,
                found: self.stated_whole,
            })
        }
    }
}
