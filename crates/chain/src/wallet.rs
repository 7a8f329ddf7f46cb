//! The Ethereum key that pays for transactions: read from a file, never from an argument, never shown (K-15 to K-17).

use std::fmt;
use std::path::Path;

use alloy::consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy::primitives::{Address, B256};
use alloy::signers::SignerSync;
use alloy::signers::local::PrivateKeySigner;
use zeroize::{Zeroize as _, Zeroizing};

use crate::error::Error;
use crate::keystore;

/// A key that signs transactions.
pub struct Wallet {
    signer: PrivateKeySigner,
}

impl fmt::Debug for Wallet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Wallet").field(&self.address()).finish()
    }
}

impl Wallet {
    /// Reads a key as 64 hexadecimal digits, with or without `0x`, from a file that only its owner may read.
    pub fn from_key_file(path: &Path) -> Result<Self, Error> {
        let text = read_secret(path)?;
        let key = text.trim();
        let mut bytes: B256 = key
            .parse()
            .map_err(|_| broken(path, "expected one line of 64 hexadecimal digits"))?;
        let signer = PrivateKeySigner::from_bytes(&bytes);
        bytes.0.zeroize();
        let signer =
            signer.map_err(|_| broken(path, "the number is no private key of secp256k1"))?;
        Ok(Self { signer })
    }

    /// Opens an encrypted keystore (version 3, as geth and cast write it) with the password in a file.
    pub fn from_keystore(path: &Path, password_file: &Path) -> Result<Self, Error> {
        let password = read_secret(password_file)?;
        let password = password.trim_end_matches(['\r', '\n']);
        let text = read_secret(path)?;
        let sealed = serde_json::from_str(&text)
            .map_err(|error| broken(path, &format!("it is no keystore: {error}")))?;
        let secret =
            keystore::open(&sealed, password).map_err(|error| broken(path, &error.to_string()))?;
        let signer = PrivateKeySigner::from_slice(&secret)
            .map_err(|_| broken(path, "what it holds is no private key of secp256k1"))?;
        Ok(Self { signer })
    }

    /// The account that pays.
    pub fn address(&self) -> Address {
        self.signer.address()
    }

    /// Signs a transaction.
    pub fn sign(&self, transaction: TxEip1559) -> Result<TxEnvelope, Error> {
        let hash = transaction.signature_hash();
        let signature = self
            .signer
            .sign_hash_sync(&hash)
            .map_err(|error| Error::Start(error.to_string()))?;
        Ok(transaction.into_signed(signature).into())
    }
}

fn broken(path: &Path, reason: &str) -> Error {
    Error::Key {
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}

/// Reads a small secret file, which only its owner may read, into memory that is wiped.
pub fn read_secret(path: &Path) -> Result<Zeroizing<String>, Error> {
    only_the_owner(path)?;
    std::fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|source| Error::Io {
            action: "read",
            path: path.to_owned(),
            source,
        })
}

/// Refuses a secret file that others may read.
fn only_the_owner(path: &Path) -> Result<(), Error> {
    let metadata = std::fs::metadata(path).map_err(|source| Error::Io {
        action: "read",
        path: path.to_owned(),
        source,
    })?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(broken(
                path,
                &format!("its mode is {mode:o} and others may read it; run `chmod 600`"),
            ));
        }
    }
    if metadata.len() > 64 * 1024 {
        return Err(broken(path, "it is too large to be a key"));
    }
    Ok(())
}
