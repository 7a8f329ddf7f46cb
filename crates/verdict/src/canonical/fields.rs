//! Typed reading of a [`Value`]: every reader takes the path of the value, so that an error names the field.

use std::collections::BTreeMap;
use std::str::FromStr;

use alloy_primitives::{Address, B256, U256};
use maci_crypto::{Fr, field};

use super::{FormatError, Value};

/// The members of one object, taken out one by one; what is left at the end is unknown and refused.
#[derive(Debug)]
pub struct Fields {
    path: String,
    members: BTreeMap<String, Value>,
}

impl Fields {
    /// Reads the object `value` with `read` and refuses members that `read` did not take.
    pub fn read<T>(
        path: &str,
        value: Value,
        read: impl FnOnce(&mut Self) -> Result<T, FormatError>,
    ) -> Result<T, FormatError> {
        let Value::Object(members) = value else {
            return Err(wrong_type(path, "an object", &value));
        };
        let mut fields = Self {
            path: path.to_owned(),
            members,
        };
        let result = read(&mut fields)?;
        match fields.members.into_keys().next() {
            Some(name) => Err(FormatError::UnknownField {
                path: fields.path,
                name,
            }),
            None => Ok(result),
        }
    }

    /// The path of this object.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Takes a member that must be there.
    pub fn take<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str, Value) -> Result<T, FormatError>,
    ) -> Result<T, FormatError> {
        match self.take_optional(name, read)? {
            Some(value) => Ok(value),
            None => Err(FormatError::MissingField {
                path: self.path.clone(),
                name,
            }),
        }
    }

    /// Takes a member that may be absent.
    pub fn take_optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str, Value) -> Result<T, FormatError>,
    ) -> Result<Option<T>, FormatError> {
        let path = if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        };
        self.members
            .remove(name)
            .map(|value| read(&path, value))
            .transpose()
    }

    /// Takes a member that must be the given text, such as a format id.
    pub fn expect(&mut self, name: &'static str, expected: &str) -> Result<(), FormatError> {
        self.take(name, |path, value| {
            let found = text(path, value)?;
            if found == expected {
                Ok(())
            } else {
                Err(FormatError::bad_value(path, expected, found))
            }
        })
    }
}

fn wrong_type(path: &str, expected: &'static str, found: &Value) -> FormatError {
    FormatError::WrongType {
        path: path.to_owned(),
        expected,
        found: found.kind(),
    }
}

/// A string.
pub fn text(path: &str, value: Value) -> Result<String, FormatError> {
    match value {
        Value::Text(text) => Ok(text),
        other => Err(wrong_type(path, "a string", &other)),
    }
}

/// A boolean.
#[allow(clippy::needless_pass_by_value, reason = "all readers have one shape")]
pub fn boolean(path: &str, value: Value) -> Result<bool, FormatError> {
    match value {
        Value::Bool(value) => Ok(value),
        other => Err(wrong_type(path, "true or false", &other)),
    }
}

/// A list; the items' paths are `path[0]`, `path[1]`, ...
pub fn list<T>(
    path: &str,
    value: Value,
    mut read: impl FnMut(&str, Value) -> Result<T, FormatError>,
) -> Result<Vec<T>, FormatError> {
    match value {
        Value::List(items) => items
            .into_iter()
            .enumerate()
            .map(|(position, item)| read(&format!("{path}[{position}]"), item))
            .collect(),
        other => Err(wrong_type(path, "a list", &other)),
    }
}

fn decimal(path: &str, value: Value) -> Result<String, FormatError> {
    let text = text(path, value)?;
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits && (text == "0" || !text.starts_with('0')) {
        Ok(text)
    } else {
        Err(FormatError::bad_value(
            path,
            "a decimal integer without leading zeros",
            text,
        ))
    }
}

/// An unsigned integer that fits `T`.
pub fn uint<T: FromStr>(path: &str, value: Value) -> Result<T, FormatError> {
    let text = decimal(path, value)?;
    let bits = 8 * size_of::<T>();
    text.parse()
        .map_err(|_| FormatError::bad_value(path, format!("an integer below 2^{bits}"), text))
}

/// An integer below the BN254 scalar modulus.
pub fn field_element(path: &str, value: Value) -> Result<Fr, FormatError> {
    let text = decimal(path, value)?;
    field::from_dec(&text)
        .ok_or_else(|| FormatError::bad_value(path, "an integer below the field prime", text))
}

/// An integer below 2^256, Solidity's `uint256`.
pub fn word(path: &str, value: Value) -> Result<U256, FormatError> {
    let text = decimal(path, value)?;
    U256::from_str_radix(&text, 10)
        .map_err(|_| FormatError::bad_value(path, "an integer below 2^256", text))
}

/// Bytes as lower-case hex after `0x`, two digits a byte.
pub fn hex_bytes(path: &str, value: Value) -> Result<Vec<u8>, FormatError> {
    let text = text(path, value)?;
    let lower = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase());
    let bytes = text
        .strip_prefix("0x")
        .filter(|_| lower)
        .and_then(|digits| hex::decode(digits).ok());
    bytes.ok_or_else(|| FormatError::bad_value(path, "bytes as 0x and lower-case hex", text))
}

fn fixed<const N: usize>(path: &str, value: Value) -> Result<[u8; N], FormatError> {
    let bytes = hex_bytes(path, value)?;
    bytes.try_into().map_err(|bytes: Vec<u8>| {
        FormatError::bad_value(path, format!("{N} bytes"), format!("{} bytes", bytes.len()))
    })
}

/// Thirty-two bytes as hex.
pub fn bytes32(path: &str, value: Value) -> Result<B256, FormatError> {
    fixed(path, value).map(B256::new)
}

/// Twenty bytes as lower-case hex; the mixed-case checksum form of EIP-55 would be a second spelling.
pub fn address(path: &str, value: Value) -> Result<Address, FormatError> {
    fixed(path, value).map(Address::new)
}

/// Writes an unsigned integer.
pub fn uint_value(value: impl Into<u128>) -> Value {
    Value::Text(value.into().to_string())
}

/// Writes a field element.
pub fn field_value(value: &Fr) -> Value {
    Value::Text(field::to_dec(value))
}

/// Writes a `uint256`.
pub fn word_value(value: U256) -> Value {
    Value::Text(value.to_string())
}

/// Writes bytes as hex.
pub fn hex_value(bytes: &[u8]) -> Value {
    Value::Text(format!("0x{}", hex::encode(bytes)))
}

/// Writes thirty-two bytes as hex.
pub fn bytes32_value(bytes: B256) -> Value {
    hex_value(bytes.as_slice())
}

/// Writes an address as lower-case hex.
pub fn address_value(address: Address) -> Value {
    hex_value(address.as_slice())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn t(text: &str) -> Value {
        Value::text(text)
    }

    #[test]
    fn v_10_only_canonical_scalars_are_read() {
        assert_eq!(uint::<u64>("a", t("18446744073709551615")), Ok(u64::MAX));
        for (bad, expected) in [
            (
                "18446744073709551616",
                "a: expected an integer below 2^64, found 18446744073709551616",
            ),
            (
                "01",
                "a: expected a decimal integer without leading zeros, found 01",
            ),
            (
                "",
                "a: expected a decimal integer without leading zeros, found ",
            ),
            (
                "+1",
                "a: expected a decimal integer without leading zeros, found +1",
            ),
            (
                "-1",
                "a: expected a decimal integer without leading zeros, found -1",
            ),
            (
                "0x1",
                "a: expected a decimal integer without leading zeros, found 0x1",
            ),
            (
                "1 ",
                "a: expected a decimal integer without leading zeros, found 1 ",
            ),
        ] {
            assert_eq!(uint::<u64>("a", t(bad)).unwrap_err().to_string(), expected);
        }
        let p = "21888242871839275222246405745257275088548364400416034343698204186575808495617";
        assert!(
            field_element("a", t(p))
                .unwrap_err()
                .to_string()
                .contains("below the field prime")
        );
        assert!(word("a", t(p)).is_ok());
        let two_256 =
            "115792089237316195423570985008687907853269984665640564039457584007913129639936";
        assert!(word("a", t(two_256)).is_err());
    }

    #[test]
    fn hex_has_one_spelling() {
        assert_eq!(hex_bytes("a", t("0x00ff")), Ok(vec![0, 255]));
        for bad in ["0x00FF", "00ff", "0x0", "0X00", "0xzz", "0x+1"] {
            assert!(hex_bytes("a", t(bad)).is_err(), "{bad}");
        }
        assert_eq!(
            bytes32("a", t("0x00")).unwrap_err().to_string(),
            "a: expected 32 bytes, found 1 bytes"
        );
    }

    #[test]
    fn unknown_and_missing_fields_are_named() {
        let object = || Value::object([("x", t("1")), ("y", t("2"))]);
        let unknown =
            Fields::read("o", object(), |fields| fields.take("x", uint::<u8>)).unwrap_err();
        assert_eq!(unknown.to_string(), "o: unknown field \"y\"");
        let missing =
            Fields::read("o", object(), |fields| fields.take("z", uint::<u8>)).unwrap_err();
        assert_eq!(missing.to_string(), "o: field \"z\" is missing");
        let wrong = Fields::read("o", Value::object([("x", Value::Bool(true))]), |fields| {
            fields.take("x", uint::<u8>)
        });
        assert_eq!(
            wrong.unwrap_err().to_string(),
            "o.x: expected a string, found a boolean"
        );
    }
}
