//! A Groth16 proof over BN254 and its byte forms.

use alloc::vec::Vec;
use core::fmt;

use ark_bn254::{G1Affine, G2Affine};

use crate::codec::evm::{Word, Words, push_g1, push_g2, words_of};
use crate::codec::points::{
    check_g1, check_g2, g1_from_bytes, g1_to_bytes, g2_from_bytes, g2_to_bytes,
};
use crate::error::Malformed;

/// A, B and C of a Groth16 proof. Every value is on its curve, in its group and not the identity: a proof with an
/// identity point is never made by a prover, and several verifiers accept forgeries with one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Proof {
    a: G1Affine,
    b: G2Affine,
    c: G1Affine,
}

impl Proof {
    /// Length of [`Proof::to_bytes`].
    pub const BYTES: usize = 128;
    /// Length of [`Proof::to_evm`].
    pub const EVM_WORDS: usize = 8;

    /// Checks three points and makes a proof of them.
    pub fn new(a: G1Affine, b: G2Affine, c: G1Affine) -> Result<Self, Malformed> {
        Ok(Self {
            a: check_g1(a, "proof point A")?,
            b: check_g2(b, "proof point B")?,
            c: check_g1(c, "proof point C")?,
        })
    }

    /// Point A.
    pub fn a(&self) -> &G1Affine {
        &self.a
    }

    /// Point B.
    pub fn b(&self) -> &G2Affine {
        &self.b
    }

    /// Point C.
    pub fn c(&self) -> &G1Affine {
        &self.c
    }

    /// arkworks' compressed form: A, B, C.
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0u8; Self::BYTES];
        let parts = g1_to_bytes(&self.a)
            .into_iter()
            .chain(g2_to_bytes(&self.b))
            .chain(g1_to_bytes(&self.c));
        for (byte, part) in bytes.iter_mut().zip(parts) {
            *byte = part;
        }
        bytes
    }

    /// Reads arkworks' compressed form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > Self::BYTES {
            return Err(Malformed::TrailingBytes {
                what: "proof",
                found: bytes.len().saturating_sub(Self::BYTES),
            });
        }
        let short = || Malformed::Length {
            what: "proof",
            expected: Self::BYTES,
            found: bytes.len(),
        };
        let (a, rest) = bytes.split_first_chunk().ok_or_else(short)?;
        let (b, rest) = rest.split_first_chunk().ok_or_else(short)?;
        let (c, _) = rest.split_first_chunk().ok_or_else(short)?;
        Ok(Self {
            a: g1_from_bytes(a, "proof point A")?,
            b: g2_from_bytes(b, "proof point B")?,
            c: g1_from_bytes(c, "proof point C")?,
        })
    }

    /// MACI's `uint256[8]`: A.x, A.y, B.x.c1, B.x.c0, B.y.c1, B.y.c0, C.x, C.y.
    pub fn to_evm(&self) -> Vec<Word> {
        let mut words = Vec::with_capacity(Self::EVM_WORDS);
        push_g1(&mut words, &self.a);
        push_g2(&mut words, &self.b);
        push_g1(&mut words, &self.c);
        words
    }

    /// Reads MACI's `uint256[8]`.
    pub fn from_evm(words: &[Word]) -> Result<Self, Malformed> {
        if words.len() != Self::EVM_WORDS {
            return Err(Malformed::Length {
                what: "proof words",
                expected: Self::EVM_WORDS,
                found: words.len(),
            });
        }
        let mut words = Words::new(words, "proof words");
        Ok(Self {
            a: words.g1("proof point A")?,
            b: words.g2("proof point B")?,
            c: words.g1("proof point C")?,
        })
    }

    /// Reads the 256 bytes of an ABI-encoded `uint256[8]`.
    pub fn from_evm_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        Self::from_evm(&words_of(bytes, "proof words")?)
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proof(")?;
        for byte in self.to_bytes() {
            write!(f, "{byte:02x}")?;
        }
        f.write_str(")")
    }
}
