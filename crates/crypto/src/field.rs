//! Text and byte forms of BN254 scalars.
//!
//! Everything that MACI publishes (log data, circuit inputs, tallies) is a field element written as a decimal string,
//! a hexadecimal string or 32 big-endian bytes. A strict reader accepts exactly one spelling of a value (below the
//! modulus, no sign, no leading zero in decimal); a `_mod` reader reduces, which is right only where the contracts
//! reduce too (log data, `docs/protocol.md` D10).

use alloc::string::{String, ToString};

use ark_ff::{AdditiveGroup, BigInt, PrimeField};

use crate::Fr;

/// 10^19, the largest power of ten below 2^64.
const DECIMAL_CHUNK: usize = 19;

/// Reads a canonical decimal string: digits only, no leading zero, value below the modulus.
pub fn from_dec(text: &str) -> Option<Fr> {
    if text.len() > 1 && text.starts_with('0') {
        return None;
    }
    Fr::from_bigint(BigInt(parse_decimal_limbs(text)?))
}

/// Reads a decimal string of any length and reduces it modulo the field's modulus.
///
/// Returns `None` for an empty string or a character that is not a digit.
pub fn from_dec_mod(text: &str) -> Option<Fr> {
    let digits = digits_of(text)?;
    let mut value = Fr::ZERO;
    for chunk in digits.chunks(DECIMAL_CHUNK) {
        value = value * Fr::from(10u64.pow(chunk.len() as u32)) + Fr::from(parse_chunk(chunk));
    }
    Some(value)
}

/// Reads a hexadecimal string with or without `0x`, of 1 to 64 digits, value below the modulus.
pub fn from_hex(text: &str) -> Option<Fr> {
    let bytes = hex_to_32_bytes(text)?;
    from_be_bytes(&bytes)
}

/// Reads a hexadecimal string with or without `0x`, of 1 to 64 digits, reduced modulo the field's modulus.
pub fn from_hex_mod(text: &str) -> Option<Fr> {
    hex_to_32_bytes(text).map(|bytes| from_be_bytes_mod(&bytes))
}

/// The canonical decimal string.
pub fn to_dec(value: &Fr) -> String {
    value.into_bigint().to_string()
}

/// Lowercase hexadecimal with `0x`, without leading zeros, as MACI's TypeScript prints big integers.
pub fn to_hex(value: &Fr) -> String {
    let bytes = to_be_bytes(value);
    let mut out = String::from("0x");
    let mut started = false;
    for nibble in bytes.iter().flat_map(|b| [b >> 4, b & 15]) {
        started |= nibble != 0;
        if started {
            out.push(hex_digit(nibble));
        }
    }
    if !started {
        out.push('0');
    }
    out
}

/// The 32 big-endian bytes of the canonical integer.
pub fn to_be_bytes(value: &Fr) -> [u8; 32] {
    let limbs = value.into_bigint().0;
    let mut out = [0; 32];
    for (chunk, limb) in out.chunks_exact_mut(8).zip(limbs.iter().rev()) {
        chunk.copy_from_slice(&limb.to_be_bytes());
    }
    out
}

/// Reads 32 big-endian bytes; `None` if the integer is not below the modulus.
pub fn from_be_bytes(bytes: &[u8; 32]) -> Option<Fr> {
    Fr::from_bigint(BigInt(be_limbs(bytes)))
}

/// Reads big-endian bytes of any length and reduces modulo the field's modulus.
pub fn from_be_bytes_mod(bytes: &[u8]) -> Fr {
    Fr::from_be_bytes_mod_order(bytes)
}

/// The canonical integer as `u64`, if it fits.
pub fn to_u64(value: &Fr) -> Option<u64> {
    match value.into_bigint().0 {
        [low, 0, 0, 0] => Some(low),
        _ => None,
    }
}

pub(crate) fn be_limbs(bytes: &[u8; 32]) -> [u64; 4] {
    let mut limbs = [0; 4];
    for (limb, chunk) in limbs.iter_mut().rev().zip(bytes.chunks_exact(8)) {
        *limb = chunk
            .iter()
            .fold(0, |acc, byte| (acc << 8) | u64::from(*byte));
    }
    limbs
}

pub(crate) const fn hex_digit(nibble: u8) -> char {
    (if nibble < 10 {
        b'0' + nibble
    } else {
        b'a' + nibble - 10
    }) as char
}

fn hex_to_32_bytes(text: &str) -> Option<[u8; 32]> {
    let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
    if digits.is_empty() || digits.len() > 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (place, digit) in digits.iter().rev().enumerate() {
        let nibble = (*digit as char).to_digit(16)? as u8;
        bytes[31 - place / 2] |= nibble << (4 * (place % 2));
    }
    Some(bytes)
}

fn digits_of(text: &str) -> Option<&[u8]> {
    let digits = text.as_bytes();
    (!digits.is_empty() && digits.iter().all(u8::is_ascii_digit)).then_some(digits)
}

fn parse_chunk(chunk: &[u8]) -> u64 {
    chunk
        .iter()
        .fold(0, |acc, digit| acc * 10 + u64::from(digit - b'0'))
}

fn parse_decimal_limbs(text: &str) -> Option<[u64; 4]> {
    let mut limbs = [0u64; 4];
    for chunk in digits_of(text)?.chunks(DECIMAL_CHUNK) {
        let scale = u128::from(10u64.pow(chunk.len() as u32));
        let mut carry = u128::from(parse_chunk(chunk));
        for limb in &mut limbs {
            carry += u128::from(*limb) * scale;
            *limb = carry as u64;
            carry >>= 64;
        }
        if carry != 0 {
            return None;
        }
    }
    Some(limbs)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use ark_ff::Field;
    use proptest::prelude::*;

    const MODULUS: &str =
        "21888242871839275222246405745257275088548364400416034343698204186575808495617";
    const MODULUS_MINUS_ONE: &str =
        "21888242871839275222246405745257275088548364400416034343698204186575808495616";

    #[test]
    fn v_10_only_the_canonical_spelling_is_read() {
        assert_eq!(from_dec(MODULUS_MINUS_ONE), Some(-Fr::ONE));
        assert_eq!(from_dec("0"), Some(Fr::ZERO));
        for text in [
            "", "-1", "+1", " 1", "00", "01", "1_0", "0x1", "１", MODULUS,
        ] {
            assert_eq!(from_dec(text), None, "{text}");
        }
        // x + r and a value above 2^256.
        assert_eq!(
            from_dec(
                "43776485743678550444492811490514550177096728800832068687396408373151616991233"
            ),
            None
        );
        assert_eq!(from_dec(&"9".repeat(90)), None);
        assert_eq!(from_hex("0x"), None);
        assert_eq!(from_hex(&"f".repeat(64)), None);
        assert_eq!(from_hex(&"0".repeat(65)), None);
    }

    #[test]
    fn reducing_readers_reduce() {
        assert_eq!(from_dec_mod(MODULUS), Some(Fr::ZERO));
        assert_eq!(
            from_dec_mod(&"9".repeat(90)),
            Some(Fr::from(10u64).pow([90]) - Fr::ONE)
        );
        assert_eq!(
            from_hex_mod(&"f".repeat(64)),
            Some(Fr::from(2u64).pow([256]) - Fr::ONE)
        );
        assert_eq!(from_dec_mod("1a"), None);
    }

    #[test]
    fn hexadecimal_is_unpadded() {
        assert_eq!(to_hex(&Fr::ZERO), "0x0");
        assert_eq!(to_hex(&Fr::from(0xabc_u64)), "0xabc");
        assert_eq!(from_hex("0xabc"), Some(Fr::from(0xabc_u64)));
        assert_eq!(from_hex("0ABC"), Some(Fr::from(0xabc_u64)));
    }

    proptest! {
        #[test]
        fn every_form_round_trips(bytes in any::<[u8; 40]>()) {
            let value = from_be_bytes_mod(&bytes);
            prop_assert_eq!(from_dec(&to_dec(&value)), Some(value));
            prop_assert_eq!(from_dec_mod(&to_dec(&value)), Some(value));
            prop_assert_eq!(from_hex(&to_hex(&value)), Some(value));
            prop_assert_eq!(from_be_bytes(&to_be_bytes(&value)), Some(value));
        }
    }
}
