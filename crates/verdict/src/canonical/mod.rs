//! Canonical JSON: the one byte form of bundles, verdicts, market specifications and ledger events.
//!
//! The form is RFC 8785 narrowed to what two implementations cannot read differently: no JSON numbers (every integer is
//! a decimal string, since RFC 8785 numbers are doubles and 12345678901234567890 would lose digits), no `null`, ASCII
//! member names, and bytes as lower-case `0x` hex (settlement.md §3.4). Reading is strict: whatever [`parse`] accepts is
//! exactly what [`Value::to_bytes`] writes, so one document has one digest.

mod fields;
mod parse;

use std::collections::BTreeMap;
use std::fmt::Write as _;

pub use fields::{
    Fields, address, address_value, boolean, bytes32, bytes32_value, field_element, field_value,
    hex_bytes, hex_value, list, text, uint, uint_value, word, word_value,
};
pub use parse::parse;

/// Nesting that no document of ours reaches; deeper input is refused instead of exhausting the stack.
pub const MAX_DEPTH: usize = 32;

/// A value of a canonical document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `true` or `false`.
    Bool(bool),
    /// A string; integers and bytes are strings too.
    Text(String),
    /// An array.
    List(Vec<Value>),
    /// An object; names are ASCII, so byte order is the UTF-16 order that RFC 8785 §3.2.3 asks for.
    Object(BTreeMap<String, Value>),
}

impl Value {
    /// An object of the given members.
    pub fn object<const N: usize>(members: [(&str, Self); N]) -> Self {
        Self::Object(
            members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        )
    }

    /// A list of what `write` makes of every item.
    pub fn list<'a, T: 'a>(
        items: impl IntoIterator<Item = &'a T>,
        write: impl Fn(&'a T) -> Self,
    ) -> Self {
        Self::List(items.into_iter().map(write).collect())
    }

    /// A string.
    pub fn text(value: impl Into<String>) -> Self {
        Self::Text(value.into())
    }

    /// The canonical bytes (RFC 8785): sorted names, no white space, shortest escapes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = String::new();
        self.write(&mut out);
        out.into_bytes()
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Text(text) => write_text(text, out),
            Self::List(items) => {
                out.push('[');
                for (position, item) in items.iter().enumerate() {
                    if position > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (position, (name, value)) in members.iter().enumerate() {
                    if position > 0 {
                        out.push(',');
                    }
                    write_text(name, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    /// What this value is called in an error.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Bool(_) => "a boolean",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

/// RFC 8785 §3.2.2.2: two-character escapes where JSON has them, `\u00xx` for other control characters, the rest as it is.
fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            control if control < ' ' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", control as u32);
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

/// Why bytes are not a document of ours; every variant names the place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The bytes are not JSON of the narrowed form.
    #[error("byte {offset}: expected {expected}")]
    Syntax {
        /// Position of the first byte that does not fit.
        offset: usize,
        /// What could have stood there.
        expected: &'static str,
    },
    /// JSON, but not in canonical form.
    #[error(
        "byte {offset}: not canonical JSON (RFC 8785: sorted names, no white space, shortest escapes)"
    )]
    NotCanonical {
        /// First byte that the canonical form has otherwise.
        offset: usize,
    },
    /// A member occurs twice.
    #[error("byte {offset}: member {name:?} occurs twice in one object")]
    DuplicateMember {
        /// Where the second one starts.
        offset: usize,
        /// Its name.
        name: String,
    },
    /// A member that the format does not know.
    #[error("{path}: unknown field {name:?}")]
    UnknownField {
        /// The object.
        path: String,
        /// The member.
        name: String,
    },
    /// A member that the format demands is not there.
    #[error("{path}: field {name:?} is missing")]
    MissingField {
        /// The object.
        path: String,
        /// The member.
        name: &'static str,
    },
    /// Another type than the format demands.
    #[error("{path}: expected {expected}, found {found}")]
    WrongType {
        /// The value.
        path: String,
        /// The demanded type.
        expected: &'static str,
        /// The type found.
        found: &'static str,
    },
    /// A value outside what the format allows.
    #[error("{path}: expected {expected}, found {found}")]
    BadValue {
        /// The value.
        path: String,
        /// What the format allows.
        expected: String,
        /// The text found.
        found: String,
    },
}

impl FormatError {
    /// A [`FormatError::BadValue`], with the found text cut to a readable length.
    pub fn bad_value(path: &str, expected: impl Into<String>, found: impl Into<String>) -> Self {
        const SHOWN: usize = 90;
        let found: String = found.into();
        let found = if found.chars().count() > SHOWN {
            found.chars().take(SHOWN).collect::<String>() + ".."
        } else {
            found
        };
        Self::BadValue {
            path: path.to_owned(),
            expected: expected.into(),
            found,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn arb_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::Bool),
            any::<String>().prop_map(Value::Text)
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::List),
                prop::collection::btree_map("[a-z_]{1,8}", inner, 0..6).prop_map(Value::Object),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in arb_value()) {
            let bytes = value.to_bytes();
            prop_assert_eq!(parse(&bytes).unwrap(), value);
        }

        #[test]
        fn v_18_the_parser_never_panics_and_accepts_canonical_bytes_only(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            if let Ok(value) = parse(&bytes) {
                prop_assert_eq!(value.to_bytes(), bytes);
            }
        }

        #[test]
        fn a_changed_byte_is_refused_or_is_another_value(value in arb_value(), position in any::<usize>(), to in any::<u8>()) {
            let mut bytes = value.to_bytes();
            let position = position % bytes.len();
            prop_assume!(bytes[position] != to);
            bytes[position] = to;
            if let Ok(other) = parse(&bytes) {
                prop_assert_ne!(other, value);
            }
        }
    }

    #[test]
    fn escapes_follow_rfc_8785() {
        let value = Value::text("\u{8}\t\n\u{c}\r\"\\\u{1}\u{7f}é€😀/");
        assert_eq!(
            value.to_bytes(),
            "\"\\b\\t\\n\\f\\r\\\"\\\\\\u0001\u{7f}é€😀/\"".as_bytes()
        );
    }

    #[test]
    fn refusals_name_the_place() {
        let cases: [(&str, &str); 12] = [
            (
                "{\"a\":1}",
                "byte 5: expected a string, list, object, true or false (numbers are written as decimal strings)",
            ),
            (
                "{\"a\":null}",
                "byte 5: expected a string, list, object, true or false (numbers are written as decimal strings)",
            ),
            (
                "{\"a\":\"1\",\"a\":\"2\"}",
                "byte 9: member \"a\" occurs twice in one object",
            ),
            (
                "{\"b\":\"1\",\"a\":\"2\"}",
                "byte 2: not canonical JSON (RFC 8785: sorted names, no white space, shortest escapes)",
            ),
            (
                "{ \"a\":\"1\"}",
                "byte 1: expected a member name in quotes or \"}\"",
            ),
            (
                "[\"\\u0041\"]",
                "byte 2: not canonical JSON (RFC 8785: sorted names, no white space, shortest escapes)",
            ),
            (
                "[\"\\/\"]",
                "byte 2: not canonical JSON (RFC 8785: sorted names, no white space, shortest escapes)",
            ),
            (
                "[\"\u{1}\"]",
                "byte 2: expected an escaped control character",
            ),
            ("[\"a\"]x", "byte 5: expected the end of the document"),
            ("[\"a\"", "byte 4: expected \",\" or \"]\""),
            (
                "[\"\\ud800\"]",
                "byte 3: expected an escape sequence of RFC 8259",
            ),
            (
                "",
                "byte 0: expected a string, list, object, true or false (numbers are written as decimal strings)",
            ),
        ];
        for (input, message) in cases {
            assert_eq!(
                parse(input.as_bytes()).unwrap_err().to_string(),
                message,
                "{input}"
            );
        }
        assert_eq!(
            parse(b"[\"\xff\"]").unwrap_err(),
            FormatError::Syntax {
                offset: 2,
                expected: "UTF-8"
            }
        );
        let deep = "[".repeat(MAX_DEPTH + 1);
        assert_eq!(
            parse(deep.as_bytes()).unwrap_err().to_string(),
            "byte 32: expected less nesting"
        );
    }
}
