//! Circuit inputs in MACI's recorded format: one JSON object per batch, every number a decimal string, names and order
//! as MACI's coordinator writes them, one space of indent.

mod process;
mod tally;

use maci_crypto::{Fr, field};
use serde::Serialize;

use crate::tally_file::Dec;

/// A text that is no circuit input of MACI's form.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InputsError {
    /// No JSON of that form.
    #[error("circuit inputs cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// A list has a length that fits no circuit.
    #[error("{field} has {found} entries, expected {expected}")]
    Length {
        /// Which list.
        field: &'static str,
        /// The length that goes with the other lists.
        expected: usize,
        /// Its length.
        found: usize,
    },
    /// A number is out of range.
    #[error("{field} must be a number of at most {bits} bits")]
    Range {
        /// Which number.
        field: &'static str,
        /// How many bits it may have.
        bits: u32,
    },
}

fn decs(values: &[Fr]) -> Vec<Dec> {
    values.iter().copied().map(Dec).collect()
}

fn wrapped(values: &[Fr]) -> Vec<[Dec; 1]> {
    values.iter().map(|value| [Dec(*value)]).collect()
}

fn plain(values: Vec<Dec>) -> Vec<Fr> {
    values.into_iter().map(|value| value.0).collect()
}

fn unwrapped(values: Vec<[Dec; 1]>) -> Vec<Fr> {
    values.into_iter().map(|[value]| value.0).collect()
}

/// JSON with MACI's one-space indent.
fn write(value: &impl Serialize) -> String {
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b" ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    // Writing strings and lists of them into memory has no way to fail.
    let written = value.serialize(&mut serializer);
    debug_assert!(written.is_ok());
    String::from_utf8(bytes).unwrap_or_default()
}

fn number(field: &'static str, value: Dec) -> Result<u64, InputsError> {
    field::to_u64(&value.0).ok_or(InputsError::Range { field, bits: 64 })
}

fn length(field: &'static str, expected: usize, found: usize) -> Result<(), InputsError> {
    if expected == found {
        Ok(())
    } else {
        Err(InputsError::Length {
            field,
            expected,
            found,
        })
    }
}

fn depth(field: &'static str, found: usize) -> Result<u8, InputsError> {
    u8::try_from(found).map_err(|_| InputsError::Length {
        field,
        expected: 255,
        found,
    })
}

/// The lengths of all paths, which have to be equal.
fn depths<T>(field: &'static str, paths: &[Vec<T>]) -> Result<u8, InputsError> {
    let expected = paths.first().map_or(0, Vec::len);
    for path in paths {
        length(field, expected, path.len())?;
    }
    depth(field, expected)
}
