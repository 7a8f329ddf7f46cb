//! Secrets at rest: Ethereum's keystore of version 3 (scrypt, AES-128-CTR, a MAC over the ciphertext), for any secret.
//!
//! A file is judged before it is opened: the library underneath trusts its parameters, and a hostile file could ask for any
//! amount of memory.

use aes::cipher::{KeyIvInit as _, StreamCipher as _};
use alloy::hex;
use alloy::primitives::keccak256;
use rand::RngCore as _;
use rand::rngs::OsRng;
use serde_json::{Value, json};
use zeroize::Zeroizing;

type Aes128Ctr = ctr::Ctr128BE<aes::Aes128>;

/// Why a sealed secret cannot be opened or made. Never shows what is sealed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeystoreError {
    /// The text is no keystore that this program opens.
    #[error("expected a keystore of version 3 with scrypt or pbkdf2 and aes-128-ctr: {0}")]
    Format(&'static str),
    /// The MAC does not fit.
    #[error("the password is wrong, or the file is damaged")]
    Password,
    /// The machine failed.
    #[error("the keystore cannot be handled: {0}")]
    Io(String),
}

/// How hard a password is made to guess: the power of two that is scrypt's cost (1 KiB of memory each).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strength(u8);

impl Strength {
    /// geth's standard: 256 MiB and about a second for every guess.
    pub const STANDARD: Self = Self(18);
    /// For tests only: hardly any work.
    #[cfg(any(test, feature = "testing"))]
    pub const LIGHT: Self = Self(4);
}

/// Seals a secret under a password.
pub fn seal(secret: &[u8], password: &str) -> Result<Value, KeystoreError> {
    seal_with(secret, password, Strength::STANDARD)
}

/// As [`seal`], with another strength.
pub fn seal_with(
    secret: &[u8],
    password: &str,
    Strength(cost): Strength,
) -> Result<Value, KeystoreError> {
    const BLOCK: u32 = 8;
    const PARALLEL: u32 = 1;
    let failed = |error: &dyn std::fmt::Display| KeystoreError::Io(error.to_string());
    let (mut salt, mut iv, mut id) = ([0u8; 32], [0u8; 16], [0u8; 16]);
    for bytes in [&mut salt[..], &mut iv, &mut id] {
        OsRng
            .try_fill_bytes(bytes)
            .map_err(|error| failed(&error))?;
    }
    let params = scrypt::Params::new(cost, BLOCK, PARALLEL).map_err(|error| failed(&error))?;
    let mut derived = Zeroizing::new([0u8; 32]);
    scrypt::scrypt(password.as_bytes(), &salt, &params, derived.as_mut())
        .map_err(|error| failed(&error))?;
    let (cipher_key, mac_key) = derived.split_at(16);
    let mut sealed = secret.to_vec();
    Aes128Ctr::new_from_slices(cipher_key, &iv)
        .map_err(|error| failed(&error))?
        .apply_keystream(&mut sealed);
    let mac = keccak256([mac_key, &sealed].concat());
    Ok(json!({
        "crypto": {
            "cipher": "aes-128-ctr",
            "cipherparams": { "iv": hex::encode(iv) },
            "ciphertext": hex::encode(&sealed),
            "kdf": "scrypt",
            "kdfparams": {
                "dklen": 32,
                "n": 1u32 << cost,
                "p": PARALLEL,
                "r": BLOCK,
                "salt": hex::encode(salt),
            },
            "mac": hex::encode(mac),
        },
        "id": uuid(id),
        "version": 3,
    }))
}

/// Random bytes as a UUID of version 4, which the format asks for.
fn uuid(mut bytes: [u8; 16]) -> String {
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let digits = hex::encode(bytes);
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    [
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32),
    ]
    .join("-")
}

/// Opens what [`seal`], geth or cast sealed.
pub fn open(sealed: &Value, password: &str) -> Result<Zeroizing<Vec<u8>>, KeystoreError> {
    judge(sealed)?;
    let failed = |error: &dyn std::fmt::Display| KeystoreError::Io(error.to_string());
    let directory = tempfile::tempdir().map_err(|error| failed(&error))?;
    let file = directory.path().join("sealed");
    std::fs::write(&file, sealed.to_string()).map_err(|error| failed(&error))?;
    match eth_keystore::decrypt_key(&file, password) {
        Ok(secret) => Ok(Zeroizing::new(secret)),
        Err(eth_keystore::KeystoreError::MacMismatch) => Err(KeystoreError::Password),
        Err(error) => Err(failed(&error)),
    }
}

/// Refuses parameters that no honest program writes.
fn judge(sealed: &Value) -> Result<(), KeystoreError> {
    let refuse = |what| Err(KeystoreError::Format(what));
    let crypto = sealed.get("crypto").or_else(|| sealed.get("Crypto"));
    let Some(crypto) = crypto else {
        return refuse("it has no `crypto`");
    };
    if sealed.get("version").and_then(Value::as_u64) != Some(3) {
        return refuse("its version is another");
    }
    if crypto.get("cipher").and_then(Value::as_str) != Some("aes-128-ctr") {
        return refuse("its cipher is another");
    }
    let hex_bytes = |value: Option<&Value>| {
        let text = value.and_then(Value::as_str).unwrap_or_default();
        let hex = text.bytes().all(|digit| digit.is_ascii_hexdigit());
        (hex && text.len().is_multiple_of(2)).then_some(text.len() / 2)
    };
    let iv = crypto
        .get("cipherparams")
        .and_then(|params| params.get("iv"));
    if hex_bytes(iv) != Some(16) {
        return refuse("its initial vector has not 16 bytes");
    }
    let number = |name: &str| {
        let parameters = crypto.get("kdfparams");
        parameters
            .and_then(|parameters| parameters.get(name))
            .and_then(Value::as_u64)
    };
    if number("dklen") != Some(32) {
        return refuse("its derived key has not 32 bytes");
    }
    match crypto.get("kdf").and_then(Value::as_str) {
        Some("scrypt") => {
            let (n, r, p) = (number("n"), number("r"), number("p"));
            // At most 1 GiB: geth's standard takes a quarter of that.
            let sane = matches!((n, r, p), (Some(n), Some(r), Some(p))
                if n.is_power_of_two() && (2..=1 << 20).contains(&n) && (1..=8).contains(&r) && (1..=16).contains(&p));
            if !sane {
                return refuse("its scrypt parameters are out of reason");
            }
        }
        Some("pbkdf2") => {
            if !number("c").is_some_and(|rounds| (1..=10_000_000).contains(&rounds)) {
                return refuse("its pbkdf2 rounds are out of reason");
            }
        }
        _ => return refuse("its key derivation is another"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k_15_what_is_sealed_opens_with_the_password_only() {
        let sealed = seal_with(b"a secret of any length", "right", Strength::LIGHT).unwrap();
        assert!(!sealed.to_string().contains("secret of"));
        assert_eq!(
            open(&sealed, "right").unwrap().as_slice(),
            b"a secret of any length"
        );
        assert!(matches!(
            open(&sealed, "wrong"),
            Err(KeystoreError::Password)
        ));
    }

    #[test]
    fn k_15_a_guess_costs_what_geth_makes_it_cost() {
        let sealed = seal(b"x", "p").unwrap();
        let parameter = |name: &str| sealed["crypto"]["kdfparams"][name].as_u64().unwrap();
        let (n, r, p) = (parameter("n"), parameter("r"), parameter("p"));
        assert_eq!((n, r, p), (1 << 18, 8, 1));
        assert!(open(&sealed, "p").is_ok());
    }

    #[test]
    fn hostile_parameters_are_refused_before_any_work() {
        let good = seal_with(b"x", "p", Strength::LIGHT).unwrap();
        let with = |path: &str, value: Value| {
            let mut bad = good.clone();
            *bad.pointer_mut(path).unwrap() = value;
            bad
        };
        for bad in [
            Value::Null,
            with("/version", 1.into()),
            with("/crypto/kdfparams/dklen", 8.into()),
            with("/crypto/kdfparams/n", (1u64 << 40).into()),
            with("/crypto/kdfparams/n", 3.into()),
            with("/crypto/kdfparams/r", 1_000_000.into()),
            with("/crypto/cipherparams/iv", "00".into()),
            with("/crypto/kdf", "none".into()),
        ] {
            assert!(
                matches!(open(&bad, "p"), Err(KeystoreError::Format(_))),
                "{bad}"
            );
        }
    }
}
