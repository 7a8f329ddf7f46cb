//! Readers take one spelling of each value and name what they refuse.

use std::fmt::Write as _;

use ark_bn254::{Bn254, Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField, UniformRand};
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
use maci_verifier::codec::{points, snarkjs};
use maci_verifier::{ChainHash, KeyPoints, Malformed, Mode, Proof, verify};
use rand::SeedableRng;
use serde_json::{Value, json};

use crate::support::{FOLDERS, read, recorded};

fn proof() -> Proof {
    recorded("maci-v3", Mode::Qv).transcript.process[0].proof
}

/// A point of the twist outside the subgroup.
fn off_subgroup() -> G2Affine {
    let mut x = Fq2::new(Fq::from(1u64), Fq::ZERO);
    loop {
        if let Some((y, _)) = G2Affine::get_ys_from_x_unchecked(x) {
            let point = G2Affine::new_unchecked(x, y);
            if !point.is_in_correct_subgroup_assuming_on_curve() {
                return point;
            }
        }
        x += Fq2::ONE;
    }
}

fn add_modulus(word: [u8; 32], modulus: &[u8]) -> Option<[u8; 32]> {
    let mut out = [0u8; 32];
    let mut carry = 0u16;
    for i in (0..32).rev() {
        let sum = u16::from(word[i]) + u16::from(modulus[i]) + carry;
        out[i] = sum as u8;
        carry = sum >> 8;
    }
    (carry == 0).then_some(out)
}

#[test]
fn bytes_are_those_of_arkworks_and_round_trip() {
    for (folder, mode) in FOLDERS {
        let poll = recorded(folder, mode);
        for record in &poll.transcript.process {
            let bytes = record.proof.to_bytes();
            let ark = ark_groth16::Proof::<Bn254>::deserialize_compressed(&bytes[..]).unwrap();
            assert_eq!(
                (&ark.a, &ark.b, &ark.c),
                (record.proof.a(), record.proof.b(), record.proof.c())
            );
            let mut written = Vec::new();
            ark.serialize_compressed(&mut written).unwrap();
            assert_eq!(written, bytes);
            assert_eq!(Proof::from_bytes(&bytes).unwrap(), record.proof);
            assert_eq!(
                Proof::from_evm(&record.proof.to_evm()).unwrap(),
                record.proof
            );
            assert_eq!(
                Proof::from_evm_bytes(record.proof.to_evm().as_flattened()).unwrap(),
                record.proof
            );
            assert_eq!(
                Proof::from_snarkjs(&record.proof.to_snarkjs()).unwrap(),
                record.proof
            );
        }
        for key in [&poll.process_key, &poll.tally_key] {
            let points = key.points();
            let bytes = points.to_bytes();
            let ark =
                ark_groth16::VerifyingKey::<Bn254>::deserialize_compressed(&bytes[..]).unwrap();
            let mut written = Vec::new();
            ark.serialize_compressed(&mut written).unwrap();
            assert_eq!(written, bytes);
            assert_eq!(&KeyPoints::from_bytes(&bytes).unwrap(), points);
            assert_eq!(&KeyPoints::from_evm(&points.to_evm()).unwrap(), points);
            assert_eq!(
                &KeyPoints::from_snarkjs(&points.to_snarkjs()).unwrap(),
                points
            );
        }
    }
}

#[test]
fn snarkjs_files_are_written_as_snarkjs_writes_them() {
    let text = read("maci-v3", "verification_keys/VoteTallyQv_10-1-2_test.json");
    let points = KeyPoints::from_snarkjs(&text).unwrap();
    let ours: Value = serde_json::from_str(&points.to_snarkjs()).unwrap();
    let theirs: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(ours, theirs);
    let text = read("maci-v3", "proofs/process_0.proof.json");
    let ours: Value = serde_json::from_str(&proof().to_snarkjs()).unwrap();
    assert_eq!(ours, serde_json::from_str::<Value>(&text).unwrap());
    let text = read("maci-v3", "proofs/process_0.public.json");
    let inputs = snarkjs::public_inputs(&text).unwrap();
    let ours: Value = serde_json::from_str(&snarkjs::public_inputs_to_json(&inputs)).unwrap();
    assert_eq!(ours, serde_json::from_str::<Value>(&text).unwrap());
}

#[test]
fn evm_words_are_those_that_maci_sent() {
    // MACI's order: imaginary part first (protocol.md §11).
    let proof = proof();
    let words = proof.to_evm();
    assert_eq!(words[2], points::fq_to_be(&proof.b().x.c1));
    assert_eq!(words[3], points::fq_to_be(&proof.b().x.c0));
    let transactions = read("maci-v3", "transactions.json");
    let mut hex = String::new();
    for byte in words.as_flattened() {
        write!(hex, "{byte:02x}").unwrap();
    }
    assert!(
        transactions.contains(&hex),
        "proof of process_0 not found in MACI's calldata"
    );
}

#[test]
fn v_10_scalars_have_one_spelling() {
    let p = Fr::MODULUS.to_bytes_be();
    let seven = ChainHash(Fr::from(7u64));
    let mut word = seven.to_be_bytes();
    assert_eq!(ChainHash::from_be_bytes(&word).unwrap(), seven);
    // x + p, x + 2p .. as long as they fit 256 bits.
    while let Some(next) = add_modulus(word, &p) {
        word = next;
        assert!(ChainHash::from_be_bytes(&word).is_err());
    }
    let p_text = Fr::MODULUS.to_string();
    let p_plus_7 = "21888242871839275222246405745257275088548364400416034343698204186575808495624";
    for text in [
        "", "-1", "+7", "07", " 7", "7 ", "0x7", "7.0", "1e3", &p_text, p_plus_7,
    ] {
        assert!(text.parse::<ChainHash>().is_err(), "{text}");
        assert!(
            snarkjs::public_inputs(&json!([text]).to_string()).is_err(),
            "{text}"
        );
    }
    assert_eq!("7".parse::<ChainHash>().unwrap(), seven);
    assert_eq!(seven.to_string(), "7");
    assert_eq!("0".parse::<ChainHash>().unwrap().to_string(), "0");
    for text in ["[7]", "[\"7\",]", "[\"7\"] x", "{\"0\":\"7\"}", "\"7\""] {
        assert!(snarkjs::public_inputs(text).is_err(), "{text}");
    }
}

#[test]
fn v_11_points_are_checked() {
    let good = proof();
    let words = good.to_evm();
    let bad = |position: usize, word: [u8; 32]| {
        let mut words = words.clone();
        words[position] = word;
        Proof::from_evm(&words).unwrap_err()
    };
    // Every coordinate: q added, then changed.
    for (position, word) in words.iter().enumerate() {
        let raised = add_modulus(*word, &Fq::MODULUS.to_bytes_be()).unwrap();
        assert!(matches!(
            bad(position, raised),
            Malformed::NotCanonical { .. }
        ));
        let mut other = *word;
        other[31] ^= 1;
        assert!(matches!(bad(position, other), Malformed::NotOnCurve { .. }));
    }
    // Identities.
    for (range, what) in [
        (0..2, "proof point A"),
        (2..6, "proof point B"),
        (6..8, "proof point C"),
    ] {
        let mut zero = words.clone();
        for position in range {
            zero[position] = [0; 32];
        }
        assert_eq!(Proof::from_evm(&zero), Err(Malformed::Identity { what }));
    }
    // On the curve of G2 and outside the subgroup.
    let point = off_subgroup();
    let mut off = words.clone();
    for (position, value) in [
        (2, point.x.c1),
        (3, point.x.c0),
        (4, point.y.c1),
        (5, point.y.c0),
    ] {
        off[position] = points::fq_to_be(&value);
    }
    let what = "proof point B";
    assert_eq!(
        Proof::from_evm(&off),
        Err(Malformed::NotInSubgroup { what })
    );
    assert_eq!(
        Proof::new(*good.a(), point, *good.c()),
        Err(Malformed::NotInSubgroup { what })
    );
    assert_eq!(
        points::g2_from_bytes(&points::g2_to_bytes(&point), what),
        Err(Malformed::NotInSubgroup { what })
    );
    // Swapped limbs of G2 are another point, or none.
    let mut swapped = words.clone();
    swapped.swap(2, 3);
    swapped.swap(4, 5);
    assert!(Proof::from_evm(&swapped).is_err());
}

#[test]
fn v_11_flag_bits_are_checked() {
    let bytes = proof().to_bytes();
    for (last, what) in [
        (31, "proof point A"),
        (95, "proof point B"),
        (127, "proof point C"),
    ] {
        let mut both = bytes;
        both[last] |= 0xc0;
        assert_eq!(Proof::from_bytes(&both), Err(Malformed::Flags { what }));
        let mut identity = bytes;
        identity[last] = identity[last] & 0x3f | 0x40;
        assert_eq!(
            Proof::from_bytes(&identity),
            Err(Malformed::Identity { what })
        );
        // The other sign is another point: readable, and the proof is false.
        let mut sign = bytes;
        sign[last] ^= 0x80;
        let other = Proof::from_bytes(&sign).unwrap();
        assert_ne!(other, proof());
        assert_eq!(other.to_bytes(), sign);
    }
}

#[test]
fn v_11_snarkjs_points_have_one_spelling() {
    let good: Value = serde_json::from_str(&proof().to_snarkjs()).unwrap();
    let set = |pointer: &str, value: Value| {
        let mut json = good.clone();
        *json.pointer_mut(pointer).unwrap() = value;
        Proof::from_snarkjs(&json.to_string())
    };
    assert!(set("/pi_a/2", json!("1")).is_ok());
    assert!(set("/pi_a/2", json!("2")).is_err());
    assert!(set("/pi_a/2", json!("0")).is_err());
    assert!(set("/pi_b/2/1", json!("1")).is_err());
    assert!(set("/protocol", json!("plonk")).is_err());
    assert!(set("/curve", json!("bls12381")).is_err());
    assert!(set("/pi_a", json!(["1", "2"])).is_err());
    assert!(set("/pi_a/0", json!(1)).is_err());
    let x = good.pointer("/pi_a/0").unwrap().as_str().unwrap();
    assert!(set("/pi_a/0", json!(format!("0{x}"))).is_err());
    let mut extra = good.clone();
    extra["more"] = json!(1);
    assert!(Proof::from_snarkjs(&extra.to_string()).is_err());
    assert!(Proof::from_snarkjs(&(good.to_string() + " {}")).is_err());

    let text = read("maci-v3", "verification_keys/VoteTallyQv_10-1-2_test.json");
    let good: Value = serde_json::from_str(&text).unwrap();
    let set = |pointer: &str, value: Value| {
        let mut json = good.clone();
        *json.pointer_mut(pointer).unwrap() = value;
        KeyPoints::from_snarkjs(&json.to_string())
    };
    assert!(set("/nPublic", json!(4)).is_err());
    assert!(set("/vk_alphabeta_12/0/0/0", json!("5")).is_err());
    assert!(set("/vk_gamma_2/2/0", json!("0")).is_err());
}

#[test]
fn v_19_lengths_are_exact() {
    let poll = recorded("maci-v3", Mode::Qv);
    let proof = proof();
    let bytes = proof.to_bytes();
    for length in 0..bytes.len() {
        let error = Proof::from_bytes(&bytes[..length]).unwrap_err();
        assert_eq!(error.code(), 100);
    }
    let mut longer = bytes.to_vec();
    longer.push(0);
    assert!(matches!(
        Proof::from_bytes(&longer),
        Err(Malformed::TrailingBytes { found: 1, .. })
    ));
    let words = proof.to_evm();
    assert!(Proof::from_evm(&words[..7]).is_err());
    let mut nine = words.clone();
    nine.push([0; 32]);
    assert!(Proof::from_evm(&nine).is_err());
    assert!(Proof::from_evm_bytes(&words.as_flattened()[1..]).is_err());

    let key = poll.tally_key.points();
    let bytes = key.to_bytes();
    for length in 0..bytes.len() {
        assert!(KeyPoints::from_bytes(&bytes[..length]).is_err(), "{length}");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(KeyPoints::from_bytes(&longer).is_err());
    let words = key.to_evm();
    assert!(KeyPoints::from_evm(&words[..words.len() - 1]).is_err());
    assert!(KeyPoints::from_evm(&words[..13]).is_err());
}

#[test]
fn v_19_accepted_bytes_are_written_back_unchanged() {
    let poll = recorded("maci-v3", Mode::Qv);
    let proof_bytes = proof().to_bytes();
    let key_bytes = poll.tally_key.points().to_bytes();
    let mut rng = rand_chacha::ChaCha20Rng::from_seed([3; 32]);
    let mut accepted = 0;
    for _ in 0..300 {
        let flip = u64::rand(&mut rng) as usize;
        let bit = 1u8 << (flip >> 32 & 7);
        let mut bytes = proof_bytes;
        bytes[flip % proof_bytes.len()] ^= bit;
        if let Ok(read) = Proof::from_bytes(&bytes) {
            accepted += 1;
            assert_eq!(read.to_bytes(), bytes);
        }
        let mut bytes = key_bytes.clone();
        bytes[flip % key_bytes.len()] ^= bit;
        if let Ok(read) = KeyPoints::from_bytes(&bytes) {
            assert_eq!(read.to_bytes(), bytes);
        }
    }
    assert!(accepted > 0);
}

/// Every byte of a proof counts: changed, it is refused by a reader or does not verify.
#[test]
fn v_19_any_changed_byte_of_a_proof_is_refused() {
    let poll = recorded("maci-v3", Mode::Qv);
    let record = &poll.transcript.process[0];
    let good = record.proof.to_bytes();
    let mut readable = 0;
    for position in 0..good.len() {
        let mut bytes = good;
        bytes[position] ^= 1 << (position % 8);
        let Ok(proof) = Proof::from_bytes(&bytes) else {
            continue;
        };
        readable += 1;
        let error = verify(&poll.process_key, &record.statement, &proof).unwrap_err();
        assert_eq!(error.code(), 400, "byte {position}: {error}");
    }
    assert!(readable > 0);
}

#[test]
fn v_20_codes_are_stable_and_distinct() {
    let what = "x";
    let all = [
        (
            Malformed::Length {
                what,
                expected: 1,
                found: 2,
            },
            100,
        ),
        (Malformed::TrailingBytes { what, found: 1 }, 101),
        (Malformed::NotCanonical { what }, 102),
        (Malformed::NotOnCurve { what }, 103),
        (Malformed::NotInSubgroup { what }, 104),
        (Malformed::Identity { what }, 105),
        (Malformed::Flags { what }, 106),
        (Malformed::Range { what }, 107),
        (
            Malformed::Json {
                what,
                detail: String::new(),
            },
            108,
        ),
    ];
    for (error, code) in all {
        assert_eq!(error.code(), code);
        assert!(maci_verifier::Error::from(error).is_malformed());
    }
}

#[test]
fn identity_has_no_encoding() {
    let mut identity = [0u8; 32];
    identity[31] = 0x40;
    let what = "p";
    assert_eq!(
        points::g1_from_bytes(&identity, what),
        Err(Malformed::Identity { what })
    );
    assert_eq!(
        points::g1(Fq::ZERO, Fq::ZERO, what),
        Err(Malformed::Identity { what })
    );
    assert!(points::check_g1(G1Affine::identity(), what).is_err());
}
