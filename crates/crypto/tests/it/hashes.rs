//! Poseidon, its compositions and the cipher.

use maci_crypto::{cipher, poseidon};

use crate::vectors::{fr, fr_array, frs, list, load, point};

#[test]
fn v_15_poseidon_equals_circomlibjs_at_every_width() {
    let file = load("poseidon");
    let mut widths = Vec::new();
    for case in list(&file, "permutations") {
        let input = frs(&case["input"]);
        let expected = frs(&case["output"]);
        let mut sparse = input.clone();
        poseidon::permute(&mut sparse);
        assert_eq!(sparse, expected, "width {}", case["width"]);
        let mut dense = input.clone();
        poseidon::permute_dense(&mut dense);
        assert_eq!(dense, expected, "width {}", case["width"]);
        if input[0] == fr(&"0".into()) {
            assert_eq!(
                poseidon::hash(&input[1..]),
                expected[0],
                "width {}",
                case["width"]
            );
        }
        widths.push(case["width"].as_u64().unwrap());
    }
    widths.dedup();
    assert_eq!(widths, (2..=17).collect::<Vec<u64>>());
}

#[test]
fn v_15_compositions_equal_macis() {
    let file = load("poseidon");
    for case in list(&file, "hash12") {
        assert_eq!(
            poseidon::hash12(&fr_array(&case["input"])),
            fr(&case["output"])
        );
    }
    for case in list(&file, "hash_one") {
        assert_eq!(poseidon::hash_one(fr(&case["input"])), fr(&case["output"]));
    }
}

#[test]
fn v_15_cipher_equals_zk_kits() {
    let file = load("cipher");
    for case in list(&file, "encryptions") {
        let (plaintext, key) = (fr_array(&case["plaintext"]), point(&case["key"]));
        let ciphertext = fr_array(&case["ciphertext"]);
        assert_eq!(cipher::encrypt(&plaintext, &key), ciphertext);
        assert_eq!(cipher::decrypt(&ciphertext, &key), plaintext);
    }
    for case in list(&file, "decryptions") {
        let ciphertext = fr_array(&case["ciphertext"]);
        let expected = frs(&case["plaintext"]);
        assert_eq!(
            cipher::decrypt(&ciphertext, &point(&case["key"]))[..],
            expected[..7]
        );
    }
}
