//! Points as key files keep them and as vectors read them, on every processor.
//!
//! A coordinate is four words of 64 bits, least significant first: a number below 2^256 congruent to x·2^260, the vectors'
//! Montgomery form, which arkworks' form is sixteen times too small for. (0, 0) is infinity, which lies on neither curve. A
//! point in G1 is one cache line and one in G2 is two.

use ark_bn254::{Fq, Fq2, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::BigInt;
use bytemuck::{Pod, Zeroable};

use crate::limbs::{BaseField, Modulus, less_p, power_of_two};

/// A point in G1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct PackedG1(pub(crate) [u64; 8]);

/// A point in G2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct PackedG2(pub(crate) [[u64; 8]; 2]);

#[allow(unsafe_code)]
mod plain {
    use super::{PackedG1, PackedG2, Pod, Zeroable};

    // SAFETY: zeros are infinity.
    unsafe impl Zeroable for PackedG1 {}
    // SAFETY: eight words, as long as the alignment, so without padding; every pattern is a value.
    unsafe impl Pod for PackedG1 {}
    // SAFETY: zeros are infinity.
    unsafe impl Zeroable for PackedG2 {}
    // SAFETY: sixteen words, twice as long as the alignment, so without padding; every pattern is a value.
    unsafe impl Pod for PackedG2 {}
}

const SIXTEEN: Fq = Fq::new_unchecked(BigInt(power_of_two(&BaseField::WORDS, 260)));

/// 2^-4: 2^252 in arkworks' form.
const SIXTEENTH: Fq = Fq::new_unchecked(BigInt(power_of_two(&BaseField::WORDS, 252)));

/// A coordinate in arkworks' form.
pub(crate) fn coordinate(words: [u64; 4]) -> Fq {
    // Below 6·p, as every number below 2^256.
    let reduced = (0..5).fold(words, |words, _| less_p(words, &BaseField::WORDS));
    Fq::new_unchecked(BigInt(reduced)) * SIXTEENTH
}

fn words_of(coordinate: Fq) -> [u64; 4] {
    (coordinate * SIXTEEN).0.0
}

/// Words of a coordinate and of the other.
pub(crate) fn halves(line: &[u64; 8]) -> [[u64; 4]; 2] {
    let [a, b, c, d, e, f, g, h] = *line;
    [[a, b, c, d], [e, f, g, h]]
}

pub(crate) fn joined(x: [u64; 4], y: [u64; 4]) -> [u64; 8] {
    let ([a, b, c, d], [e, f, g, h]) = (x, y);
    [a, b, c, d, e, f, g, h]
}

impl PackedG1 {
    /// x and y; (0, 0) is infinity.
    pub(crate) fn coordinates(&self) -> [Fq; 2] {
        halves(&self.0).map(coordinate)
    }
}

impl PackedG2 {
    /// x and y; (0, 0) is infinity.
    pub(crate) fn coordinates(&self) -> [Fq2; 2] {
        self.0.map(|line| {
            let [c0, c1] = halves(&line).map(coordinate);
            Fq2::new(c0, c1)
        })
    }
}

impl From<G1Affine> for PackedG1 {
    fn from(point: G1Affine) -> Self {
        point.xy().map_or_else(Self::default, |(x, y)| {
            Self(joined(words_of(x), words_of(y)))
        })
    }
}

impl From<G2Affine> for PackedG2 {
    fn from(point: G2Affine) -> Self {
        let line = |value: Fq2| joined(words_of(value.c0), words_of(value.c1));
        point
            .xy()
            .map_or_else(Self::default, |(x, y)| Self([line(x), line(y)]))
    }
}

impl From<PackedG1> for G1Affine {
    fn from(point: PackedG1) -> Self {
        if point == PackedG1::default() {
            return Self::zero();
        }
        let [x, y] = point.coordinates();
        Self::new_unchecked(x, y)
    }
}

impl From<PackedG2> for G2Affine {
    fn from(point: PackedG2) -> Self {
        if point == PackedG2::default() {
            return Self::zero();
        }
        let [x, y] = point.coordinates();
        Self::new_unchecked(x, y)
    }
}
