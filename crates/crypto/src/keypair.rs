//! Keys: the raw integer a person keeps, the scalar that signs and decrypts, and the serialised forms.
//!
//! A raw key is any non-negative integer. BLAKE-512 (the original BLAKE of the SHA-3 contest, not BLAKE2) of its
//! decimal string is pruned to the *formatted* scalar, which is what circuits take (`docs/protocol.md` §4, zk-kit
//! `deriveSecretScalar`). Private keys are wiped when dropped, cannot be cloned and print nothing.

use alloc::{
    string::{String, ToString},
    vec,
    vec::Vec,
};
use core::fmt;

use ark_ff::PrimeField;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::{
    Fr,
    babyjubjub::{self, Point, RawPoint, Scalar},
    blake512::blake512,
    field, poseidon,
};

/// Prefix of a serialised private key.
pub const PRIVATE_KEY_PREFIX: &str = "macisk.";
/// Prefix of a serialised public key.
pub const PUBLIC_KEY_PREFIX: &str = "macipk.";

/// Longest raw key that is read, in hexadecimal digits. MACI writes 64.
const MAX_RAW_HEX_DIGITS: usize = 1024;

/// Why a key cannot be read. Private key material never appears in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text does not start with the prefix of its kind.
    #[error("expected a key that starts with `{expected}`")]
    Prefix {
        /// The prefix of the kind that was to be read.
        expected: &'static str,
    },
    /// A character is not a digit of the base.
    #[error("found a character that is not a {0} digit")]
    Digit(&'static str),
    /// No digits, or too many.
    #[error("expected 1 to {max} digits, found {found}")]
    Length {
        /// Most digits allowed.
        max: usize,
        /// Digits found.
        found: usize,
    },
    /// The packed public key is not a point: y is not below p, or no x belongs to it.
    #[error("the packed public key is not a point of baby jubjub")]
    NotAPoint,
    /// The coordinates do not satisfy the curve equation.
    #[error("the coordinates are not on baby jubjub")]
    OffCurve,
    /// 8 times the key is the identity: it authenticates nobody, and anyone decrypts what is encrypted to it.
    #[error("the public key has low order; expected the public key of a private key")]
    LowOrder,
    /// The key has a torsion component, which no multiple of Base8 has.
    #[error("the public key is no multiple of base8; expected the public key of a private key")]
    OutsideSubgroup,
}

/// A raw private key.
pub struct PrivateKey {
    /// Canonical decimal string, the form that is hashed.
    decimal: Zeroizing<String>,
}

impl PrivateKey {
    /// Takes an integer as big-endian bytes. A fresh key is 32 random bytes.
    pub fn from_be_bytes(bytes: &[u8]) -> Self {
        let mut digits = Zeroizing::new(vec![0u8; 1]);
        for byte in bytes {
            push_radix(&mut digits, 256, (*byte).into(), 10);
        }
        Self {
            decimal: Zeroizing::new(
                digits
                    .iter()
                    .rev()
                    .map(|digit| (b'0' + digit) as char)
                    .collect(),
            ),
        }
    }

    /// Reads a raw key as a decimal integer.
    pub fn from_decimal(text: &str) -> Result<Self, KeyError> {
        check_length(text, MAX_RAW_HEX_DIGITS)?;
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(KeyError::Digit("decimal"));
        }
        let significant = text.trim_start_matches('0');
        let canonical = if significant.is_empty() {
            "0"
        } else {
            significant
        };
        Ok(Self {
            decimal: Zeroizing::new(canonical.to_string()),
        })
    }

    /// Reads `macisk.` and a hexadecimal integer with any number of leading zeros.
    pub fn deserialise(text: &str) -> Result<Self, KeyError> {
        let hex = strip(text, PRIVATE_KEY_PREFIX)?;
        check_length(hex, MAX_RAW_HEX_DIGITS)?;
        let mut digits = Zeroizing::new(vec![0u8; 1]);
        for digit in hex.chars() {
            let value = digit.to_digit(16).ok_or(KeyError::Digit("hexadecimal"))?;
            push_radix(&mut digits, 16, value, 10);
        }
        Ok(Self {
            decimal: Zeroizing::new(
                digits
                    .iter()
                    .rev()
                    .map(|digit| (b'0' + digit) as char)
                    .collect(),
            ),
        })
    }

    /// `macisk.` and the raw key in hexadecimal, padded with zeros to 64 digits.
    pub fn serialise(&self) -> Zeroizing<String> {
        let mut digits = Zeroizing::new(vec![0u8; 1]);
        for digit in self.decimal.bytes() {
            push_radix(&mut digits, 10, (digit - b'0').into(), 16);
        }
        let mut out = Zeroizing::new(String::with_capacity(
            PRIVATE_KEY_PREFIX.len() + digits.len().max(64),
        ));
        out.push_str(PRIVATE_KEY_PREFIX);
        for _ in digits.len()..64 {
            out.push('0');
        }
        out.extend(digits.iter().rev().map(|digit| field::hex_digit(*digit)));
        out
    }

    /// The scalar k in [0, ℓ) that stands for this key in circuits and in ECDH.
    pub fn formatted(&self) -> Scalar {
        let pruned = self.expand().pruned;
        let mut shifted = Zeroizing::new([0u8; 32]);
        for (index, byte) in shifted.iter_mut().enumerate() {
            let next = pruned.get(index + 1).copied().unwrap_or(0);
            *byte = pruned[index] >> 3 | next << 5;
        }
        Scalar::from_le_bytes_mod_order(&*shifted)
    }

    /// The public key: formatted scalar times Base8.
    pub fn public_key(&self) -> PublicKey {
        PublicKey {
            point: babyjubjub::mul_base8(&self.formatted()),
        }
    }

    /// The poll nullifier H2(formatted scalar, poll id).
    pub fn nullifier(&self, poll_id: Fr) -> Fr {
        poseidon::hash2(babyjubjub::scalar_to_field(&self.formatted()), poll_id)
    }

    /// Both halves of the key expansion, as signing needs them.
    pub(crate) fn expand(&self) -> Expanded {
        let digest = blake512(&[self.decimal.as_bytes()]);
        let mut expanded = Expanded {
            pruned: Zeroizing::new([0; 32]),
            prefix: Zeroizing::new([0; 32]),
        };
        expanded.pruned.copy_from_slice(&digest[..32]);
        expanded.prefix.copy_from_slice(&digest[32..]);
        expanded.pruned[0] &= 0xf8;
        expanded.pruned[31] &= 0x7f;
        expanded.pruned[31] |= 0x40;
        expanded
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(..)")
    }
}

/// The 64 bytes of the key expansion.
pub(crate) struct Expanded {
    /// The secret integer s, little-endian: three low bits clear, bit 254 set.
    pub(crate) pruned: Zeroizing<[u8; 32]>,
    /// Mixed into the signature's nonce.
    pub(crate) prefix: Zeroizing<[u8; 32]>,
}

/// A public key: a point of the curve, of any order (`docs/protocol.md` §4). [`Self::require_usable`] is the check for
/// keys that are about to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey {
    point: Point,
}

impl PublicKey {
    /// Takes coordinates on the curve.
    pub fn new(coordinates: RawPoint) -> Result<Self, KeyError> {
        coordinates
            .to_point()
            .map(|point| Self { point })
            .ok_or(KeyError::OffCurve)
    }

    /// The padding key.
    pub fn pad() -> Self {
        Self {
            point: babyjubjub::pad_key(),
        }
    }

    /// Takes coordinates that a private key can belong to: the check for keys that a tool is handed (security.md S-07).
    ///
    /// Keys already on chain are judged when they are used, by D6 and D7.
    pub fn usable(coordinates: RawPoint) -> Result<Self, KeyError> {
        Self::new(coordinates)?.require_usable()
    }

    /// Refuses the points that are no private key's: those of low order, and those outside the subgroup of Base8.
    pub fn require_usable(self) -> Result<Self, KeyError> {
        if babyjubjub::has_low_order(&self.point) {
            Err(KeyError::LowOrder)
        } else if !self.point.is_in_correct_subgroup_assuming_on_curve() {
            Err(KeyError::OutsideSubgroup)
        } else {
            Ok(self)
        }
    }

    /// The point.
    pub fn point(&self) -> Point {
        self.point
    }

    /// The coordinates.
    pub fn coordinates(&self) -> RawPoint {
        self.point.into()
    }

    /// H2(x, y): the leaf of the sign-up tree, the coordinator's public input.
    pub fn hash(&self) -> Fr {
        poseidon::hash2(self.point.x, self.point.y)
    }

    /// `macipk.` and the packed key in lowercase hexadecimal, padded to an even number of digits only.
    pub fn serialise(&self) -> String {
        let packed = babyjubjub::pack(&self.point);
        let leading = packed.iter().take_while(|byte| **byte == 0).count().min(31);
        let mut out = String::from(PUBLIC_KEY_PREFIX);
        for byte in &packed[leading..] {
            out.push(field::hex_digit(byte >> 4));
            out.push(field::hex_digit(byte & 15));
        }
        out
    }

    /// Reads `macipk.` and 1 to 64 hexadecimal digits.
    pub fn deserialise(text: &str) -> Result<Self, KeyError> {
        let hex = strip(text, PUBLIC_KEY_PREFIX)?;
        check_length(hex, 64)?;
        let mut packed = [0u8; 32];
        for (place, digit) in hex.chars().rev().enumerate() {
            let nibble = digit.to_digit(16).ok_or(KeyError::Digit("hexadecimal"))? as u8;
            packed[31 - place / 2] |= nibble << (4 * (place % 2));
        }
        babyjubjub::unpack(&packed)
            .map(|point| Self { point })
            .ok_or(KeyError::NotAPoint)
    }
}

fn strip<'a>(text: &'a str, prefix: &'static str) -> Result<&'a str, KeyError> {
    text.strip_prefix(prefix)
        .ok_or(KeyError::Prefix { expected: prefix })
}

fn check_length(digits: &str, max: usize) -> Result<(), KeyError> {
    let found = digits.chars().count();
    if found == 0 || found > max {
        Err(KeyError::Length { max, found })
    } else {
        Ok(())
    }
}

/// digits := digits · `factor` + `addend`, digits being little-endian in base `base`. Wipes what it outgrows.
fn push_radix(digits: &mut Zeroizing<Vec<u8>>, factor: u32, addend: u32, base: u32) {
    let mut carry = addend;
    for digit in digits.iter_mut() {
        carry += u32::from(*digit) * factor;
        *digit = (carry % base) as u8;
        carry /= base;
    }
    while carry > 0 {
        if digits.len() == digits.capacity() {
            let mut grown = Zeroizing::new(Vec::with_capacity(2 * digits.len() + 80));
            grown.extend_from_slice(digits);
            *digits = grown;
        }
        digits.push((carry % base) as u8);
        carry /= base;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::hex;
    use alloc::format;
    use proptest::prelude::*;

    #[test]
    fn a_private_key_prints_nothing() {
        let key = PrivateKey::from_decimal("123456789").unwrap();
        assert_eq!(format!("{key:?}"), "PrivateKey(..)");
    }

    #[test]
    fn keys_are_refused_by_reason() {
        let private = |text: &str| PrivateKey::deserialise(text).err();
        assert_eq!(
            private("macipk.01"),
            Some(KeyError::Prefix {
                expected: "macisk."
            })
        );
        assert_eq!(
            private("macisk."),
            Some(KeyError::Length {
                max: 1024,
                found: 0
            })
        );
        assert_eq!(private("macisk.0x1"), Some(KeyError::Digit("hexadecimal")));
        assert_eq!(private("macisk.-1"), Some(KeyError::Digit("hexadecimal")));
        assert_eq!(
            PrivateKey::from_decimal("12a").err(),
            Some(KeyError::Digit("decimal"))
        );
        let public = |text: &str| PublicKey::deserialise(text).err();
        assert_eq!(
            public("macisk.01"),
            Some(KeyError::Prefix {
                expected: "macipk."
            })
        );
        assert_eq!(
            public(&format!("macipk.{}", "0".repeat(65))),
            Some(KeyError::Length { max: 64, found: 65 })
        );
        assert_eq!(
            public(&format!("macipk.7{}", "f".repeat(63))),
            Some(KeyError::NotAPoint)
        );
        assert_eq!(PublicKey::new(RawPoint::default()), Err(KeyError::OffCurve));
    }

    #[test]
    fn s_07_keys_that_no_private_key_has_are_unusable() {
        use ark_ec::{AffineRepr, CurveGroup};
        use ark_ff::MontFp;

        let order_8 = RawPoint::new(
            MontFp!(
                "17545522957889784193459637215142187266023652151580582754000402781682644312291"
            ),
            MontFp!("4826523245007015323400664741523384119579596407052839571721035538011798951543"),
        );
        let torsion = order_8.to_point().unwrap();
        let honest = PrivateKey::from_be_bytes(&[9]).public_key();
        assert_eq!(PublicKey::usable(honest.coordinates()), Ok(honest));
        for times in 0..8u64 {
            let low = torsion.mul_bigint([times]);
            let key = PublicKey::new(low.into_affine().into()).unwrap();
            assert_eq!(key.require_usable(), Err(KeyError::LowOrder), "{times}");
            // The text form is that of any point; it is the check that refuses.
            let read = PublicKey::deserialise(&key.serialise()).unwrap();
            assert_eq!(read.require_usable(), Err(KeyError::LowOrder), "{times}");
            let mixed = RawPoint::from((low + honest.point()).into_affine());
            let expected = match times {
                0 => Ok(honest),
                _ => Err(KeyError::OutsideSubgroup),
            };
            assert_eq!(PublicKey::usable(mixed), expected, "{times}");
        }
        for off in [
            RawPoint::new(Fr::from(0u64), Fr::from(0u64)),
            RawPoint::new(Fr::from(1u64), Fr::from(1u64)),
        ] {
            assert_eq!(PublicKey::usable(off), Err(KeyError::OffCurve));
        }
        // y + p is another text of the same y and is no key.
        let p = num_bigint::BigUint::from(Fr::MODULUS);
        let wrapped = p + num_bigint::BigUint::from(5u8);
        let text = format!("macipk.{wrapped:064x}");
        assert_eq!(PublicKey::deserialise(&text), Err(KeyError::NotAPoint));
    }

    #[test]
    fn any_number_of_private_digits_is_read() {
        let short = PrivateKey::deserialise("macisk.1").unwrap();
        let long = PrivateKey::deserialise(&format!("macisk.{}1", "0".repeat(100))).unwrap();
        assert_eq!(short.formatted(), long.formatted());
        assert_eq!(short.serialise().len(), 7 + 64);
        let wide = format!("macisk.1{}", "0".repeat(80));
        assert_eq!(*PrivateKey::deserialise(&wide).unwrap().serialise(), wide);
        assert_eq!(
            *PrivateKey::from_decimal("000").unwrap().serialise(),
            format!("macisk.{}", "0".repeat(64))
        );
    }

    proptest! {
        #[test]
        fn serialised_keys_round_trip(bytes in any::<[u8; 32]>()) {
            let key = PrivateKey::from_be_bytes(&bytes);
            let text = key.serialise();
            let hex = hex(&bytes);
            prop_assert_eq!(&**text, format!("macisk.{hex}"));
            let again = PrivateKey::deserialise(&text).unwrap();
            prop_assert_eq!(again.formatted(), key.formatted());
            let decimal = num_bigint::BigUint::from_bytes_be(&bytes).to_string();
            prop_assert_eq!(PrivateKey::from_decimal(&decimal).unwrap().formatted(), key.formatted());
            let public = key.public_key();
            prop_assert_eq!(PublicKey::deserialise(&public.serialise()), Ok(public));
            prop_assert_eq!(PublicKey::new(public.coordinates()), Ok(public));
        }
    }
}
