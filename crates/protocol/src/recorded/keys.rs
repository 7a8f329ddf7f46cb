//! `keys.json`: only the coordinator's private key is read, and no error repeats it.

use maci_crypto::keypair::PrivateKey;
use serde::Deserialize;
use zeroize::Zeroize;

use super::error::RecordedError;
use crate::keys::CoordinatorKey;

#[derive(Deserialize)]
struct KeysFile {
    coordinator: Coordinator,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Coordinator {
    private_key: String,
}

/// The coordinator's key from `coordinator.privateKey` (`macisk.…`).
pub fn coordinator_key(keys_json: &str) -> Result<CoordinatorKey, RecordedError> {
    // serde's message may quote the text, so only its position is kept.
    let mut file: KeysFile =
        serde_json::from_str(keys_json).map_err(|error| RecordedError::Key {
            what: if error.is_eof() {
                "the file is truncated"
            } else {
                "expected an object with coordinator.privateKey"
            },
        })?;
    let key = PrivateKey::deserialise(&file.coordinator.private_key);
    file.coordinator.private_key.zeroize();
    let what = "coordinator.privateKey must be macisk. and hexadecimal digits";
    Ok(CoordinatorKey::new(
        key.map_err(|_| RecordedError::Key { what })?,
    ))
}
