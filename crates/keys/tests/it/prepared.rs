//! Prepared keys of snarkjs: what was read from the zkey comes back, and nothing else is taken for it (O-03, K-12).

use std::path::PathBuf;

use ark_bn254::Fr;
use maci_keys::snarkjs::{SnarkjsFileError, Zkey, dev_zkey};
use maci_keys::{AllowInsecureDevKeys, KeyFileError, KeyStore};
use sha2::{Digest as _, Sha256};

use crate::{ALLOW, circuit};

struct Files {
    directory: tempfile::TempDir,
    zkey: PathBuf,
    prepared: PathBuf,
}

fn files() -> Files {
    let directory = tempfile::tempdir().unwrap();
    let [zkey, prepared] = ["key.zkey", "key.prepared"].map(|name| directory.path().join(name));
    let store = KeyStore::open(directory.path()).unwrap();
    let key = store
        .load_or_generate(circuit("poll-joined-1"), &mut |_| {})
        .unwrap();
    let token = AllowInsecureDevKeys::because_the_user_said_so();
    dev_zkey(&key.accept(ALLOW).unwrap(), &zkey, token).unwrap();
    Zkey::prepare(&zkey, &prepared).unwrap();
    Files {
        directory,
        zkey,
        prepared,
    }
}

fn reason(error: SnarkjsFileError) -> KeyFileError {
    match error {
        SnarkjsFileError::Prepared(reason) => reason,
        other => panic!("{other}"),
    }
}

/// magic 8, version 4, tag 1, length 2, source's digest 32, body length 8, digests 64
const HEADER: usize = 8 + 4 + 1 + 2 + 32 + 8 + 64;

#[test]
fn a_prepared_key_is_the_zkey() {
    let files = files();
    let [zkey, prepared] = [&files.zkey, &files.prepared].map(|path| Zkey::open(path).unwrap());
    assert_eq!(prepared.query, zkey.query);
    assert_eq!(prepared.ic, zkey.ic);
    assert_eq!(
        (prepared.alpha_g1, prepared.beta_g2),
        (zkey.alpha_g1, zkey.beta_g2)
    );
    assert_eq!(
        (prepared.gamma_g2, prepared.delta_g2),
        (zkey.gamma_g2, zkey.delta_g2)
    );
    let sizes = |key: &Zkey| (key.instance_variables, key.variables, key.domain_size);
    assert_eq!(sizes(&prepared), sizes(&zkey));
    let assignment: Vec<Fr> = (7..).take(zkey.variables).map(Fr::from).collect();
    assert_eq!(prepared.evaluate(&assignment), zkey.evaluate(&assignment));
    // It names the file that it was made from.
    let bytes = std::fs::read(&files.prepared).unwrap();
    let source = Sha256::digest(std::fs::read(&files.zkey).unwrap());
    assert_eq!(bytes[15..47], source[..]);
    assert_eq!(prepared.prepared_from.unwrap(), source[..]);
    assert_eq!(zkey.prepared_from, None);
    // Only a zkey is prepared, and what is no zkey leaves no file.
    let other = files.directory.path().join("other");
    let error = Zkey::prepare(&files.prepared, &other).unwrap_err();
    assert!(matches!(error, SnarkjsFileError::Magic { .. }), "{error}");
    assert!(!other.exists());
}

#[test]
fn o_03_every_byte_of_a_prepared_key_is_covered() {
    let files = files();
    let good = std::fs::read(&files.prepared).unwrap();
    let step = (good.len() / 700).max(1);
    for position in (8..HEADER).chain((HEADER..good.len()).step_by(step)) {
        let mut bad = good.clone();
        bad[position] ^= 1 << (position % 8);
        std::fs::write(&files.prepared, &bad).unwrap();
        let error = reason(Zkey::open(&files.prepared).unwrap_err());
        let named = match position {
            8..12 => matches!(error, KeyFileError::Version { .. }),
            _ if position < HEADER => {
                matches!(error, KeyFileError::HeaderDigest | KeyFileError::Truncated)
            }
            _ => matches!(error, KeyFileError::BodyDigest),
        };
        assert!(named, "byte {position}: {error}");
    }
    for length in [8, 40, HEADER, good.len() / 2, good.len() - 1] {
        std::fs::write(&files.prepared, &good[..length]).unwrap();
        let error = reason(Zkey::open(&files.prepared).unwrap_err());
        assert!(
            matches!(error, KeyFileError::Truncated),
            "{length}: {error}"
        );
    }
    let longer = [&good[..], &[0]].concat();
    std::fs::write(&files.prepared, longer).unwrap();
    let error = reason(Zkey::open(&files.prepared).unwrap_err());
    assert!(matches!(error, KeyFileError::TrailingBytes), "{error}");
}
