//! [`PointSums`] in vectors.

use ark_bn254::{G1Affine, G2Affine};

use crate::{
    Ifma, Pair, PointSums,
    limbs::{BaseField, Modulus},
    pairs::{g1, g2},
    stored::{PackedG1, PackedG2, halves, joined},
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

impl VectorG1 {
    /// `None` where [`available`](crate::available) is false.
    pub fn detect() -> Option<Self> {
        Ifma::detect().map(Self)
    }
}

impl VectorG2 {
    /// `None` where [`available`](crate::available) is false.
    pub fn detect() -> Option<Self> {
        Ifma::detect().map(Self)
    }
}

macro_rules! vectors {
    ($name:ident, $affine:ty, $Packed:ty, $Scratch:ty, $module:ident) => {
        type Affine = $affine;
        type Stored = $Packed;
        type Packed = $Packed;
        type Scratch = $Scratch;

        fn as_kept(self, points: &[$Packed]) -> Option<&[$Packed]> {
            Some(points)
        }

        fn keep(self, points: &[$Packed], out: &mut [$Packed]) {
            out.copy_from_slice(points);
        }

        fn unpack(self, point: &$Packed) -> $affine {
            (*point).into()
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

    fn negate(self, point: &PackedG1) -> PackedG1 {
        if self.is_infinite(point) {
            return *point;
        }
        let [x, y] = halves(&point.0);
        PackedG1(joined(x, negated(y)))
    }
}

impl PointSums for VectorG2 {
    vectors!(VectorG2, G2Affine, PackedG2, ScratchG2, g2);

    fn negate(self, point: &PackedG2) -> PackedG2 {
        if self.is_infinite(point) {
            return *point;
        }
        let [c0, c1] = halves(&point.0[1]);
        PackedG2([point.0[0], joined(negated(c0), negated(c1))])
    }
}
