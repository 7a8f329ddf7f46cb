//! Reading the vector files.

use std::path::Path;

use maci_crypto::{Fr, babyjubjub::RawPoint, field};
use serde_json::Value;

/// The file `vectors/<name>.json`.
pub(crate) fn load(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("vectors/{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(file["format"], 1, "format of {name}");
    file
}

/// The list under a name, which must not be empty.
pub(crate) fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    let items = value[name].as_array().unwrap();
    assert!(!items.is_empty(), "{name} is empty");
    items
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// A canonical field element.
pub(crate) fn fr(value: &Value) -> Fr {
    field::from_dec(text(value)).unwrap_or_else(|| panic!("{value} is no field element"))
}

pub(crate) fn frs(value: &Value) -> Vec<Fr> {
    value.as_array().unwrap().iter().map(fr).collect()
}

pub(crate) fn fr_array<const N: usize>(value: &Value) -> [Fr; N] {
    frs(value).try_into().unwrap()
}

pub(crate) fn point(value: &Value) -> RawPoint {
    let [x, y] = fr_array(value);
    RawPoint { x, y }
}

/// A decimal integer below 2^256 as big-endian bytes.
pub(crate) fn bytes32(value: &Value) -> [u8; 32] {
    let mut bytes = [0u8; 32];
    for digit in text(value).bytes() {
        let mut carry = u32::from(digit - b'0');
        for byte in bytes.iter_mut().rev() {
            carry += u32::from(*byte) * 10;
            *byte = (carry & 255) as u8;
            carry >>= 8;
        }
        assert_eq!(carry, 0, "{value} is below 2^256");
    }
    bytes
}
