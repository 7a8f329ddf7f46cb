//! Proofs with prepared keys of snarkjs: those of the zkey, whatever someone writes into the file.

use ark_bn254::{Fq2, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{AdditiveGroup, Field};
use maci_circuits::Inputs;
use maci_keys::KeyFileError;
use maci_keys::snarkjs::{SnarkjsFileError, Wtns, Zkey};
use maci_lanes::{PackedG1, PackedG2};
use maci_prover::circom::prove_with;
use maci_prover::groth16::Work;
use maci_prover::{Backend, Cancel, CircomError};
use maci_verifier::verify;
use rand::{Rng as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};

use crate::circom::{files, prove_files, randomness};
use crate::support::{joined, key};

#[test]
fn a_prepared_zkey_gives_the_same_proof_with_either_arithmetic() {
    let files = files(joined(5, 100));
    let prepared = files.zkey.with_extension("prepared");
    Zkey::prepare(&files.zkey, &prepared).unwrap();
    let expected = prove_files(&files.zkey, &files.wtns).unwrap().proof;
    assert_eq!(prove_files(&prepared, &files.wtns).unwrap().proof, expected);
    let key = Zkey::open(&prepared).unwrap();
    let witness = Wtns::open(&files.wtns).unwrap();
    let cancel = Cancel::new();
    let scalar = Work::new(&cancel).with_backend(Backend::Scalar);
    let proved = prove_with(&key, &witness, randomness(), scalar).unwrap();
    assert_eq!(proved.proof, expected);
}

/// magic 8, version 4, tag 1, length 2, source's digest 32, body length 8, digests 64
const HEADER: usize = 8 + 4 + 1 + 2 + 32 + 8 + 64;

/// A file with this body whose digests match: anyone can make one.
fn with_body(good: &[u8], body: &[u8]) -> Vec<u8> {
    let mut file = good[..HEADER - 72].to_vec();
    file.extend((body.len() as u64).to_le_bytes());
    file.extend(Sha256::digest(body));
    let own = Sha256::digest(&file);
    file.extend(own);
    file.extend(body);
    file
}

#[test]
fn k_12_points_of_the_verifying_key_are_checked() {
    let files = files(joined(5, 100));
    let prepared = files.zkey.with_extension("prepared");
    Zkey::prepare(&files.zkey, &prepared).unwrap();
    let good = std::fs::read(&prepared).unwrap();
    assert_eq!(with_body(&good, &good[HEADER..]), good);
    let g1 = |point: G1Affine| bytemuck::bytes_of(&PackedG1::from(point)).to_vec();
    let g2 = |point: G2Affine| bytemuck::bytes_of(&PackedG2::from(point)).to_vec();
    let off_g1 = G1Affine::new_unchecked(ark_bn254::Fq::ONE, ark_bn254::Fq::ZERO);
    // A pairing with gamma = (1, 0) would have no value.
    let off_g2 = G2Affine::new_unchecked(Fq2::ONE, Fq2::ZERO);
    // Lists begin at multiples of 64: alpha; beta, gamma, delta; IC.
    for (place, bad) in [
        (192, g1(G1Affine::zero())),
        (192, g1(off_g1)),
        (320, g2(G2Affine::zero())),
        (320, g2(off_g2)),
        (448, g2(G2Affine::zero())),
        (448, g2(off_g2)),
        (576, g2(G2Affine::zero())),
        (576, g2(off_g2)),
        (768, g1(off_g1)),
    ] {
        let mut body = good[HEADER..].to_vec();
        let place = place - HEADER;
        assert_ne!(body[place..place + bad.len()], bad);
        body[place..place + bad.len()].copy_from_slice(&bad);
        std::fs::write(&prepared, with_body(&good, &body)).unwrap();
        let error = Zkey::open(&prepared).unwrap_err();
        assert!(
            matches!(
                error,
                SnarkjsFileError::Prepared(KeyFileError::VerifyingKey(_))
            ),
            "{place}: {error}"
        );
    }
}

/// Whatever is refused is refused by name; what is taken gives a proof that holds or none.
#[test]
fn o_03_prepared_keys_with_good_digests_and_bad_content_give_no_wrong_proof() {
    let inputs = joined(5, 100);
    let files = files(inputs.clone());
    let prepared = files.zkey.with_extension("prepared");
    Zkey::prepare(&files.zkey, &prepared).unwrap();
    let Inputs::Joined(inputs) = inputs else {
        unreachable!()
    };
    let good = std::fs::read(&prepared).unwrap();
    let body = &good[HEADER..];
    let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(5);
    let (mut refused, mut rejected, mut proved) = (0, 0, 0);
    for round in 0..600 {
        let mut bad = body.to_vec();
        let place = match round % 3 {
            0 => rng.gen_range(0..2048.min(bad.len())),
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
        std::fs::write(&prepared, with_body(&good, &bad)).unwrap();
        match prove_files(&prepared, &files.wtns) {
            Ok(made) => {
                let _verified =
                    verify(key().verifying_key(), &inputs.statement, &made.proof).unwrap();
                proved += 1;
            }
            Err(CircomError::Rejected) => rejected += 1,
            Err(_) => refused += 1,
        }
    }
    assert!(
        refused > 150 && rejected > 50 && proved > 10,
        "{refused} refused, {rejected} rejected, {proved} proved"
    );
}
