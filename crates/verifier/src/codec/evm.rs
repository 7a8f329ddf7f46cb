//! Solidity's form of points: 32-byte big-endian words, imaginary part of an extension field element first.
//!
//! A proof is MACI's `uint256[8]`; a verifying key is the fields of MACI's `VerifyingKey` struct in order, G2 coordinates
//! as `[c1, c0]` (protocol.md §11).

use alloc::vec::Vec;

use ark_bn254::{Fq2, G1Affine, G2Affine};

use crate::codec::points::{fq_from_be, fq_to_be, g1, g2};
use crate::error::Malformed;

/// One `uint256`.
pub type Word = [u8; 32];

/// Reads words one after the other and refuses to end early or late.
#[derive(Debug)]
pub(crate) struct Words<'a> {
    rest: &'a [Word],
    what: &'static str,
}

impl<'a> Words<'a> {
    pub(crate) fn new(words: &'a [Word], what: &'static str) -> Self {
        Self { rest: words, what }
    }

    fn take<const N: usize>(&mut self) -> Result<&'a [Word; N], Malformed> {
        let (head, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(Malformed::Length {
                what: self.what,
                expected: N,
                found: self.rest.len(),
            })?;
        self.rest = rest;
        Ok(head)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn g1(&mut self, what: &'static str) -> Result<G1Affine, Malformed> {
        let [x, y] = self.take::<2>()?;
        g1(fq_from_be(x, what)?, fq_from_be(y, what)?, what)
    }

    pub(crate) fn g2(&mut self, what: &'static str) -> Result<G2Affine, Malformed> {
        let [x1, x0, y1, y0] = self.take::<4>()?;
        g2(
            Fq2::new(fq_from_be(x0, what)?, fq_from_be(x1, what)?),
            Fq2::new(fq_from_be(y0, what)?, fq_from_be(y1, what)?),
            what,
        )
    }
}

pub(crate) fn push_g1(words: &mut Vec<Word>, point: &G1Affine) {
    words.extend([fq_to_be(&point.x), fq_to_be(&point.y)]);
}

pub(crate) fn push_g2(words: &mut Vec<Word>, point: &G2Affine) {
    words.extend([
        fq_to_be(&point.x.c1),
        fq_to_be(&point.x.c0),
        fq_to_be(&point.y.c1),
        fq_to_be(&point.y.c0),
    ]);
}

/// Cuts a byte string into words.
pub fn words_of(bytes: &[u8], what: &'static str) -> Result<Vec<Word>, Malformed> {
    let (words, rest) = bytes.as_chunks::<32>();
    if rest.is_empty() {
        Ok(words.to_vec())
    } else {
        Err(Malformed::TrailingBytes {
            what,
            found: rest.len(),
        })
    }
}
