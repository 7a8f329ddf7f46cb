//! [`PointSums`] in vectors.

use ark_bn254::{Fq, Fq2, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{AdditiveGroup, BigInt, Field};

use crate::{
    Ifma, LANES, Pair, PointSums,
    fq2::Element2,
    limbs::{BaseField, Modulus, less_p},
    packed::{PackedG1, PackedG2},
    pairs::{enter, g1, g2},
};

/// Points of G1 in vectors. A value proves that the processor has the instructions.
#[derive(Clone, Copy, Debug)]
pub struct VectorG1(Ifma);

/// Points of G2 in vectors. A value proves that the processor has the instructions.
#[derive(Clone, Copy, Debug)]
pub struct VectorG2(Ifma);

/// Room for the products of a batch in G1.
#[derive(Default)]
pub struct ScratchG1(g1::Prefixes);

/// Room for the products of a batch in G2.
#[derive(Default)]
pub struct ScratchG2(g2::Prefixes);

impl core::fmt::Debug for ScratchG1 {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("ScratchG1(..)")
    }
}

impl core::fmt::Debug for ScratchG2 {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("ScratchG2(..)")
    }
}

/// A coordinate, 16 times too large in arkworks' form.
fn number(words: [u64; 4]) -> Fq {
    // Below 6·p, as every number below 2^256.
    let reduced = (0..5).fold(words, |words, _| less_p(words, &BaseField::WORDS));
    Fq::new_unchecked(BigInt(reduced))
}

fn sixteenth() -> Fq {
    Fq::from(16u64).inverse().unwrap_or(Fq::ZERO)
}

/// Words of a coordinate and of the other.
fn words(line: &[u64; 8]) -> [[u64; 4]; 2] {
    let [a, b, c, d, e, f, g, h] = *line;
    [[a, b, c, d], [e, f, g, h]]
}

/// 2·p − y, for y up to 2·p.
fn negated(y: [u64; 4]) -> [u64; 4] {
    let mut out = [0; 4];
    let mut borrow = 0;
    let mut shifted_out = 0;
    for ((out, p), y) in out.iter_mut().zip(BaseField::WORDS).zip(y) {
        let twice_p = p << 1 | shifted_out;
        shifted_out = p >> 63;
        let (first, under) = twice_p.overflowing_sub(y);
        let (second, under_again) = first.overflowing_sub(borrow);
        *out = second;
        borrow = u64::from(under | under_again);
    }
    out
}

fn joined(x: [u64; 4], y: [u64; 4]) -> [u64; 8] {
    let ([a, b, c, d], [e, f, g, h]) = (x, y);
    [a, b, c, d, e, f, g, h]
}

impl VectorG1 {
    /// `None` where [`available`](crate::available) is false.
    pub fn detect() -> Option<Self> {
        Ifma::detect().map(Self)
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn pack_eight(points: &[(Fq, Fq); LANES]) -> [PackedG1; LANES] {
        let x = enter(&points.map(|(x, _)| x));
        let y = enter(&points.map(|(_, y)| y));
        PackedG1::store(&x, &y)
    }
}

impl VectorG2 {
    /// `None` where [`available`](crate::available) is false.
    pub fn detect() -> Option<Self> {
        Ifma::detect().map(Self)
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn pack_eight(points: &[(Fq2, Fq2); LANES]) -> [PackedG2; LANES] {
        let x = Element2([
            enter(&points.map(|(x, _)| x.c0)),
            enter(&points.map(|(x, _)| x.c1)),
        ]);
        let y = Element2([
            enter(&points.map(|(_, y)| y.c0)),
            enter(&points.map(|(_, y)| y.c1)),
        ]);
        PackedG2::store(&x, &y)
    }
}

macro_rules! vectors {
    ($name:ident, $affine:ty, $Packed:ty, $Scratch:ty, $module:ident) => {
        type Affine = $affine;
        type Packed = $Packed;
        type Scratch = $Scratch;

        #[allow(unsafe_code)]
        fn pack(self, points: &[$affine], out: &mut [$Packed]) {
            for (points, out) in points.chunks(LANES).zip(out.chunks_mut(LANES)) {
                let mut eight = [Default::default(); LANES];
                for (lane, point) in eight.iter_mut().zip(points) {
                    // Infinity is (0, 0).
                    *lane = point.xy().unwrap_or_default();
                }
                // SAFETY: `self` exists only where the instructions are.
                let packed = unsafe { Self::pack_eight(&eight) };
                out.copy_from_slice(&packed[..out.len()]);
            }
        }

        fn is_infinite(self, point: &$Packed) -> bool {
            *point == <$Packed>::default()
        }

        #[allow(unsafe_code)]
        fn add_signed(
            self,
            points: &[$Packed],
            sums: &mut [$Packed],
            pairs: &[Pair],
            scratch: &mut $Scratch,
        ) {
            // SAFETY: `self` exists only where the instructions are.
            unsafe { $module::add::<true>(points, sums, pairs, &mut scratch.0) }
        }

        #[allow(unsafe_code)]
        fn add_within(self, sums: &mut [$Packed], pairs: &[Pair], scratch: &mut $Scratch) {
            // SAFETY: `self` exists only where the instructions are.
            unsafe { $module::add::<false>(&[], sums, pairs, &mut scratch.0) }
        }
    };
}

impl PointSums for VectorG1 {
    vectors!(VectorG1, G1Affine, PackedG1, ScratchG1, g1);

    fn unpack(self, point: &PackedG1) -> G1Affine {
        if self.is_infinite(point) {
            return G1Affine::zero();
        }
        let sixteenth = sixteenth();
        let [x, y] = words(&point.0).map(|words| number(words) * sixteenth);
        G1Affine::new_unchecked(x, y)
    }

    fn negate(self, point: &PackedG1) -> PackedG1 {
        if self.is_infinite(point) {
            return *point;
        }
        let [x, y] = words(&point.0);
        PackedG1(joined(x, negated(y)))
    }
}

impl PointSums for VectorG2 {
    vectors!(VectorG2, G2Affine, PackedG2, ScratchG2, g2);

    fn unpack(self, point: &PackedG2) -> G2Affine {
        if self.is_infinite(point) {
            return G2Affine::zero();
        }
        let sixteenth = sixteenth();
        let [x, y] = point.0.map(|line| {
            let [c0, c1] = words(&line).map(|words| number(words) * sixteenth);
            Fq2::new(c0, c1)
        });
        G2Affine::new_unchecked(x, y)
    }

    fn negate(self, point: &PackedG2) -> PackedG2 {
        if self.is_infinite(point) {
            return *point;
        }
        let [c0, c1] = words(&point.0[1]);
        PackedG2([point.0[0], joined(negated(c0), negated(c1))])
    }
}
