//! BLAKE-512, the SHA-3 finalist of 2010 with 16 rounds (not BLAKE2), from which keys and nonces are expanded.
//!
//! Source: Aumasson, Henzen, Meier, Phan, *SHA-3 proposal BLAKE*, version 1.3, §2.2. Written here because crate
//! `blake-hash` 0.4.1 gives wrong digests on AVX2 machines; checked against the paper's vectors and npm's
//! `blake-hash`. Inputs are secrets, so the working state is wiped.

use zeroize::{Zeroize, Zeroizing};

const BLOCK: usize = 128;
const ROUNDS: usize = 16;

/// The first digits of π.
const CONSTANTS: [u64; 16] = [
    0x243f_6a88_85a3_08d3,
    0x1319_8a2e_0370_7344,
    0xa409_3822_299f_31d0,
    0x082e_fa98_ec4e_6c89,
    0x4528_21e6_38d0_1377,
    0xbe54_66cf_34e9_0c6c,
    0xc0ac_29b7_c97c_50dd,
    0x3f84_d5b5_b547_0917,
    0x9216_d5d9_8979_fb1b,
    0xd131_0ba6_98df_b5ac,
    0x2ffd_72db_d01a_dfb7,
    0xb8e1_afed_6a26_7e96,
    0xba7c_9045_f12c_7f99,
    0x24a1_9947_b391_6cf7,
    0x0801_f2e2_858e_fc16,
    0x6369_20d8_7157_4e69,
];

/// SHA-512's initial value.
const INITIAL: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];

const SIGMA: [[usize; 16]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
    [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
    [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
    [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
    [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];

/// Columns, then diagonals.
const LANES: [[usize; 4]; 8] = [
    [0, 4, 8, 12],
    [1, 5, 9, 13],
    [2, 6, 10, 14],
    [3, 7, 11, 15],
    [0, 5, 10, 15],
    [1, 6, 11, 12],
    [2, 7, 8, 13],
    [3, 4, 9, 14],
];

/// The digest of the concatenated parts.
pub(crate) fn blake512(parts: &[&[u8]]) -> Zeroizing<[u8; 64]> {
    let mut hasher = Hasher {
        chain: INITIAL,
        buffer: [0; BLOCK],
        filled: 0,
        blocks: 0,
    };
    for byte in parts.iter().copied().flatten() {
        hasher.push(*byte);
        if hasher.filled == BLOCK {
            hasher.blocks += 1;
            let bits = hasher.blocks * (8 * BLOCK as u128);
            hasher.compress(bits);
        }
    }
    hasher.finish()
}

struct Hasher {
    chain: [u64; 8],
    buffer: [u8; BLOCK],
    filled: usize,
    blocks: u128,
}

impl Hasher {
    fn push(&mut self, byte: u8) {
        self.buffer[self.filled] = byte;
        self.filled += 1;
    }

    /// Padding: a one bit, zeros, a one bit, the length in bits as 128-bit integer.
    fn finish(mut self) -> Zeroizing<[u8; 64]> {
        let bits = self.blocks * (8 * BLOCK as u128) + 8 * self.filled as u128;
        // The counter of a block that holds no message bit is 0.
        let mut counter = if self.filled == 0 { 0 } else { bits };
        self.push(0x80);
        if self.filled > BLOCK - 16 {
            self.buffer[self.filled..].fill(0);
            self.compress(counter);
            counter = 0;
        }
        self.buffer[self.filled..].fill(0);
        self.buffer[BLOCK - 17] |= 1;
        self.buffer[BLOCK - 16..].copy_from_slice(&bits.to_be_bytes());
        self.compress(counter);
        let mut out = Zeroizing::new([0; 64]);
        for (bytes, word) in out.chunks_exact_mut(8).zip(self.chain) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        out
    }

    /// One block; `counter` is the number of message bits up to and in it.
    fn compress(&mut self, counter: u128) {
        let mut message = [0u64; 16];
        for (word, bytes) in message.iter_mut().zip(self.buffer.chunks_exact(8)) {
            *word = bytes
                .iter()
                .fold(0, |acc, byte| acc << 8 | u64::from(*byte));
        }
        let mut v = [0u64; 16];
        v[..8].copy_from_slice(&self.chain);
        v[8..].copy_from_slice(&CONSTANTS[..8]);
        let (low, high) = (counter as u64, (counter >> 64) as u64);
        for (word, count) in v[12..].iter_mut().zip([low, low, high, high]) {
            *word ^= count;
        }
        for round in 0..ROUNDS {
            let sigma = &SIGMA[round % SIGMA.len()];
            for (lane, pair) in LANES.iter().zip(sigma.chunks_exact(2)) {
                let (first, second) = (pair[0], pair[1]);
                mix(
                    &mut v,
                    lane,
                    message[first] ^ CONSTANTS[second],
                    message[second] ^ CONSTANTS[first],
                );
            }
        }
        for (index, word) in self.chain.iter_mut().enumerate() {
            *word ^= v[index] ^ v[index + 8];
        }
        self.filled = 0;
        message.zeroize();
        v.zeroize();
    }
}

impl Drop for Hasher {
    fn drop(&mut self) {
        self.chain.zeroize();
        self.buffer.zeroize();
    }
}

fn mix(v: &mut [u64; 16], &[a, b, c, d]: &[usize; 4], first: u64, second: u64) {
    v[a] = v[a].wrapping_add(v[b]).wrapping_add(first);
    v[d] = (v[d] ^ v[a]).rotate_right(32);
    v[c] = v[c].wrapping_add(v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(25);
    v[a] = v[a].wrapping_add(v[b]).wrapping_add(second);
    v[d] = (v[d] ^ v[a]).rotate_right(16);
    v[c] = v[c].wrapping_add(v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(11);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hex;

    #[test]
    fn v_15_the_papers_vectors() {
        let one_block = "97961587f6d970faba6d2478045de6d1fabd09b61ae50932054d52bc29d31be4ff9102b9f69e2bbdb83be13d4b9c06091e5fa0b48bd081b634058be0ec49beb3";
        let two_blocks = "313717d608e9cf758dcb1eb0f0c3cf9fc150b2d500fb33f51c52afc99d358a2f1374b8a38bba7974e7f6ef79cab16f22ce1e649d6e01ad9589c213045d545dde";
        assert_eq!(hex(&*blake512(&[&[0]])), one_block);
        assert_eq!(hex(&*blake512(&[&[0; 100], &[0; 44]])), two_blocks);
    }

    #[test]
    fn v_15_every_edge_of_the_padding_equals_the_npm_package() {
        let file: serde_json::Value =
            serde_json::from_str(include_str!("../vectors/blake512.json")).expect("json");
        let cases = file["cases"].as_array().expect("cases");
        assert!(cases.len() > 10);
        for case in cases {
            let length = case["length"].as_u64().expect("length") as usize;
            let message = alloc::vec![7u8; length];
            let (head, tail) = message.split_at(length / 3);
            assert_eq!(
                hex(&*blake512(&[head, tail])),
                case["digest"],
                "{length} bytes"
            );
        }
    }
}
