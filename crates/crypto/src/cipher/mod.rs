//! The Poseidon duplex cipher of a MACI message: 7 elements in, 9 and a tag out (`docs/protocol.md` §5).
//!
//! Width 4, nonce 0. The tag and the two padding elements are not checked when decrypting (D3): any 10 elements
//! decrypt to something, and authenticity comes from the signature inside.

use alloc::{vec, vec::Vec};

use ark_ff::{AdditiveGroup, BigInt};

use crate::{Fr, babyjubjub::RawPoint, poseidon};

#[cfg(feature = "constraints")]
pub mod constraints;

/// Elements of a plaintext: packed command (4), R8 (2), S (1).
pub const PLAINTEXT_LENGTH: usize = 7;
/// Elements of a ciphertext: 9 and the tag.
pub const CIPHERTEXT_LENGTH: usize = 10;

const RATE: usize = 3;
/// nonce + L·2^128 with nonce 0 and L = 7.
const DOMAIN: Fr = Fr::new(BigInt([0, 0, PLAINTEXT_LENGTH as u64, 0]));

fn initial_state(key: &RawPoint) -> [Fr; 4] {
    [Fr::ZERO, key.x, key.y, DOMAIN]
}

/// Encrypts under an ECDH key.
pub fn encrypt(plaintext: &[Fr; PLAINTEXT_LENGTH], key: &RawPoint) -> [Fr; CIPHERTEXT_LENGTH] {
    let mut state = initial_state(key);
    let mut out = [Fr::ZERO; CIPHERTEXT_LENGTH];
    for (emitted, chunk) in out.chunks_exact_mut(RATE).zip(plaintext.chunks(RATE)) {
        poseidon::permute(&mut state);
        for (element, part) in state[1..].iter_mut().zip(chunk) {
            *element += part;
        }
        emitted.copy_from_slice(&state[1..]);
    }
    poseidon::permute(&mut state);
    out[CIPHERTEXT_LENGTH - 1] = state[1];
    out
}

/// Decrypts without any check; three permutations.
pub fn decrypt(ciphertext: &[Fr; CIPHERTEXT_LENGTH], key: &RawPoint) -> [Fr; PLAINTEXT_LENGTH] {
    let mut out = [[Fr::ZERO; PLAINTEXT_LENGTH]];
    decrypt_into(&mut out, &[(ciphertext, *key)]);
    let [plaintext] = out;
    plaintext
}

/// [`decrypt`] of each, eight at a time where the processor can.
pub fn decrypt_many(
    messages: &[(&[Fr; CIPHERTEXT_LENGTH], RawPoint)],
) -> Vec<[Fr; PLAINTEXT_LENGTH]> {
    let mut out = vec![[Fr::ZERO; PLAINTEXT_LENGTH]; messages.len()];
    decrypt_into(&mut out, messages);
    out
}

fn decrypt_into(
    out: &mut [[Fr; PLAINTEXT_LENGTH]],
    messages: &[(&[Fr; CIPHERTEXT_LENGTH], RawPoint)],
) {
    let mut states: Vec<[Fr; 4]> = messages.iter().map(|(_, key)| initial_state(key)).collect();
    for start in (0..PLAINTEXT_LENGTH).step_by(RATE) {
        poseidon::permute4_many(&mut states);
        for ((plaintext, state), (ciphertext, _)) in out.iter_mut().zip(&mut states).zip(messages) {
            let chunk = &ciphertext[start..start + RATE];
            for ((part, element), c) in plaintext[start..].iter_mut().zip(&state[1..]).zip(chunk) {
                *part = *c - element;
            }
            state[1..].copy_from_slice(chunk);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{arb_fr, arb_raw_point};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn decrypting_undoes_encrypting(plaintext in proptest::array::uniform7(arb_fr()), key in arb_raw_point()) {
            prop_assert_eq!(decrypt(&encrypt(&plaintext, &key), &key), plaintext);
        }

        #[test]
        fn decrypting_many_equals_decrypting_each(data in proptest::collection::vec((proptest::array::uniform10(arb_fr()), arb_raw_point()), 0..20)) {
            let expected: Vec<_> = data.iter().map(|(data, key)| decrypt(data, key)).collect();
            let messages: Vec<_> = data.iter().map(|(data, key)| (data, *key)).collect();
            prop_assert_eq!(decrypt_many(&messages), expected);
        }

        #[test]
        fn the_tag_is_not_read(data in proptest::array::uniform10(arb_fr()), tag in arb_fr(), key in arb_raw_point()) {
            let mut other = data;
            other[9] = tag;
            prop_assert_eq!(decrypt(&data, &key), decrypt(&other, &key));
        }
    }
}
