//! Key files: any changed byte is refused, and the error says which part it lies in (O-03, K-12).

use maci_keys::container::{Kind, from_bytes, to_bytes};
use maci_keys::{KeyFileError, KeyStore, ProvingKey, R1cs};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use sha2::{Digest as _, Sha256};

use crate::{ALLOW, circuit};

/// The bytes of a small proving key file.
fn file() -> (tempfile::TempDir, std::path::PathBuf, Vec<u8>) {
    let directory = tempfile::tempdir().unwrap();
    let store = KeyStore::open(directory.path()).unwrap();
    let id = circuit("poll-joined-1");
    let key = store.load_or_generate(id, &mut |_| {}).unwrap();
    let path = store.path_of(id, key.accept(ALLOW).unwrap().circuit_digest());
    let bytes = std::fs::read(&path).unwrap();
    (directory, path, bytes)
}

#[test]
fn o_03_every_byte_of_a_key_file_is_covered() {
    let (_directory, _path, good) = file();
    // magic 8, version 4, provenance 1, length 2, name 13, circuit digest 32, body length 8, digests 64.
    let header = 8 + 4 + 1 + 2 + 13 + 32 + 8 + 64;
    let read = |bytes: &[u8]| from_bytes(bytes, Kind::ProvingKey).map(|_| ());
    assert!(read(&good).is_ok());
    let step = (good.len() / 1500).max(1);
    for position in (0..header).chain((header..good.len()).step_by(step)) {
        let mut bad = good.clone();
        bad[position] ^= 1 << (position % 8);
        let error = read(&bad).unwrap_err();
        let named = match position {
            0..8 => matches!(error, KeyFileError::Magic { .. }),
            8..12 => matches!(error, KeyFileError::Version { .. }),
            _ if position < header => {
                matches!(error, KeyFileError::HeaderDigest | KeyFileError::Truncated)
            }
            _ => matches!(error, KeyFileError::BodyDigest),
        };
        assert!(named, "byte {position}: {error}");
    }
}

#[test]
fn o_03_cut_and_lengthened_files_are_refused() {
    let (_directory, path, good) = file();
    let id = circuit("poll-joined-1");
    let digest = R1cs::of(id).unwrap().digest;
    let load = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        ProvingKey::load(&path, id, &digest)
    };
    assert!(load(&good).is_ok());
    for length in [0, 7, 40, 131, 132, 200, good.len() / 2, good.len() - 1] {
        let error = load(&good[..length]).unwrap_err();
        assert!(
            matches!(error, KeyFileError::Truncated),
            "{length}: {error}"
        );
    }
    let mut longer = good.clone();
    longer.push(0);
    assert!(matches!(
        load(&longer).unwrap_err(),
        KeyFileError::TrailingBytes
    ));
    for position in [0, 9, 20, 80, good.len() / 3, good.len() - 1] {
        let mut bad = good.clone();
        bad[position] ^= 0x10;
        assert!(load(&bad).is_err(), "{position}");
    }
    let error = ProvingKey::load(std::path::Path::new("/nowhere/key.pk"), id, &digest).unwrap_err();
    assert!(matches!(error, KeyFileError::Io(_)));
}

#[test]
fn the_matrices_come_back_as_they_were() {
    let (_directory, path, _) = file();
    let id = circuit("poll-joined-1");
    let r1cs = R1cs::of(id).unwrap();
    let key = ProvingKey::load(&path, id, &r1cs.digest).unwrap();
    let read = key.accept(ALLOW).unwrap().r1cs().clone();
    assert_eq!((&read.a, &read.b, &read.c), (&r1cs.a, &r1cs.b, &r1cs.c));
    assert_eq!(read.recomputed_digest(), r1cs.digest);
    assert_eq!(read.instance_variables, r1cs.instance_variables);
    assert_eq!(read.witness_variables, r1cs.witness_variables);
    let assignment = vec![ark_bn254::Fr::from(3u64); r1cs.variables()];
    let product = |r1cs: &R1cs| {
        let mut out = vec![ark_bn254::Fr::from(0u64); r1cs.qap_rows()];
        r1cs.multiply(&r1cs.a, &assignment, &mut out);
        out
    };
    assert_eq!(product(&read), product(&r1cs));
}

/// The header's parts are not secret: anyone can make a file whose digests match.
#[test]
fn o_03_files_with_good_digests_and_bad_content_are_refused_or_harmless() {
    let (_directory, path, good) = file();
    let id = circuit("poll-joined-1");
    let digest = R1cs::of(id).unwrap().digest;
    let length = 8 + 4 + 1 + 2 + 13 + 32 + 8 + 64;
    let body = &good[length..];
    let (header, _) = from_bytes(&good, Kind::ProvingKey).unwrap();
    let load = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        ProvingKey::load(&path, id, &digest)
    };
    assert!(load(&to_bytes(&header, body)).is_ok());

    // A body that claims to be endless, and lists that do.
    let mut endless = good.clone();
    endless[60..68].copy_from_slice(&u64::MAX.to_le_bytes());
    let own = Sha256::digest(&endless[..length - 32]);
    endless[length - 32..length].copy_from_slice(&own);
    assert!(matches!(
        load(&endless).unwrap_err(),
        KeyFileError::Truncated
    ));
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let (mut refused, mut taken) = (0, 0);
    for round in 0..1500 {
        let mut bad = body.to_vec();
        // Counts, indices and matrices lie at the ends; points, which any value may stand for, in between.
        let place = match round % 3 {
            0 => rng.gen_range(0..4096.min(bad.len())),
            1 => rng.gen_range(0..bad.len()),
            _ => bad.len() - 1 - rng.gen_range(0..(bad.len() / 8)),
        };
        match round % 4 {
            0 => bad[place] ^= 1 << rng.gen_range(0..8),
            1 => bad[place] = 0xff,
            2 => bad.truncate(place),
            _ => {
                let end = (place + 8).min(bad.len());
                bad[place..end].fill(0xff);
            }
        }
        match load(&to_bytes(&header, &bad)) {
            Err(_) => refused += 1,
            // Every entry lies in its matrix, so nothing can be read beyond it.
            Ok(key) => {
                let r1cs = key.accept(ALLOW).unwrap().r1cs().clone();
                let values = vec![ark_bn254::Fr::from(1u64); r1cs.variables()];
                let mut out = vec![ark_bn254::Fr::from(0u64); r1cs.qap_rows()];
                for matrix in [&r1cs.a, &r1cs.b, &r1cs.c] {
                    r1cs.multiply(matrix, &values, &mut out);
                }
                taken += 1;
            }
        }
    }
    assert!(
        refused > 300 && taken > 100,
        "{refused} refused, {taken} taken"
    );
}
