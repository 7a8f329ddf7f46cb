//! Secrets at rest: Ethereum's keystore of version 3 (scrypt, AES-128-CTR, a MAC over the ciphertext), for any secret.
//!
//! A file is judged before it is opened: the library underneath trusts its parameters, and a hostile file could ask for any
//! amount of memory.

use rand::rngs::OsRng;
use serde_json::Value;
use zeroize::Zeroizing;

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

/// Seals a secret under a password.
pub fn seal(secret: &[u8], password: &str) -> Result<Value, KeystoreError> {
    const NAME: &str = "sealed";
    let failed = |error: &dyn std::fmt::Display| KeystoreError::Io(error.to_string());
    // The library writes into a directory only: it gets one of its own, and what it writes is sealed already.
    let directory = tempfile::tempdir().map_err(|error| failed(&error))?;
    eth_keystore::encrypt_key(directory.path(), &mut OsRng, secret, password, Some(NAME))
        .map_err(|error| failed(&error))?;
    let text =
        std::fs::read_to_string(directory.path().join(NAME)).map_err(|error| failed(&error))?;
    serde_json::from_str(&text).map_err(|error| failed(&error))
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
        let sealed = seal(b"a secret of any length", "right").unwrap();
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
    fn hostile_parameters_are_refused_before_any_work() {
        let good = seal(b"x", "p").unwrap();
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
