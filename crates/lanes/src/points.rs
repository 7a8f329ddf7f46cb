//! Sums of pairs of points behind one trait: in vectors where the processor has them, with arkworks' fields elsewhere.
//!
//! A multi-scalar multiplication is written once over [`PointSums`]; the two backends agree on every sum (tests compare
//! them with arkworks).

use core::fmt::Debug;

use ark_bn254::{Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::Field;

use crate::inverse::Invert;

/// Two operands and the place of their sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pair {
    /// Index of one operand; where operands are signed, twice the index, plus one to negate it.
    pub left: u32,
    /// The other operand, in the same form.
    pub right: u32,
    /// Index of the sum.
    pub out: u32,
}

/// A way to keep points and to add many pairs of them.
///
/// No pair may write what another pair of the same call reads. An index beyond its slice panics.
pub trait PointSums: Copy + Debug + Send + Sync + 'static {
    /// Points as arkworks has them.
    type Affine: AffineRepr<ScalarField = Fr>;
    /// Points as they are kept; the default is infinity.
    type Packed: Copy + Debug + Default + Send + Sync + 'static;
    /// Room that calls share.
    type Scratch: Default + Send;

    /// Converts points; the slices are equally long.
    fn pack(self, points: &[Self::Affine], out: &mut [Self::Packed]);

    /// Converts a point back.
    fn unpack(self, point: &Self::Packed) -> Self::Affine;

    /// The opposite of a packed point.
    fn negate(self, point: &Self::Packed) -> Self::Packed;

    /// Whether a packed point is infinity.
    fn is_infinite(self, point: &Self::Packed) -> bool;

    /// Adds pairs of signed `points`.
    fn add_signed(
        self,
        points: &[Self::Packed],
        sums: &mut [Self::Packed],
        pairs: &[Pair],
        scratch: &mut Self::Scratch,
    );

    /// Adds pairs of `sums`.
    fn add_within(self, sums: &mut [Self::Packed], pairs: &[Pair], scratch: &mut Self::Scratch);
}

/// Points of G1 with arkworks' fields.
#[derive(Clone, Copy, Debug)]
pub struct ScalarG1;

/// Points of G2 with arkworks' fields.
#[derive(Clone, Copy, Debug)]
pub struct ScalarG2;

/// An affine point; (0, 0) is infinity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plain<F> {
    x: F,
    y: F,
}

/// What the scalar code keeps between its two passes.
#[derive(Debug)]
pub struct PlainScratch<F> {
    prefixes: Vec<F>,
}

impl<F> Default for PlainScratch<F> {
    fn default() -> Self {
        Self {
            prefixes: Vec::new(),
        }
    }
}

/// Pairs that share an inversion in the scalar code.
const BATCH: usize = 1024;

impl<F: Field> Plain<F> {
    fn is_infinite(&self) -> bool {
        self.x.is_zero() && self.y.is_zero()
    }

    fn negated(self, negate: bool) -> Self {
        if negate {
            Self {
                x: self.x,
                y: -self.y,
            }
        } else {
            self
        }
    }

    /// Numerator and denominator of the slope, or the sum itself where there is none.
    fn slope(&self, other: &Self) -> Result<(F, F), Self> {
        let difference = other.x - self.x;
        if self.is_infinite() {
            return Err(*other);
        }
        if other.is_infinite() {
            return Err(*self);
        }
        if !difference.is_zero() {
            return Ok((other.y - self.y, difference));
        }
        if self.y == other.y {
            let square = self.x.square();
            Ok((square.double() + square, self.y.double()))
        } else {
            Err(Self::default())
        }
    }

    fn sum(&self, other: &Self, slope: &F) -> Self {
        let x = slope.square() - self.x - other.x;
        Self {
            x,
            y: *slope * (self.x - x) - self.y,
        }
    }
}

fn add<F: Invert>(
    get: impl Fn(&[Plain<F>], u32) -> Plain<F>,
    sums: &mut [Plain<F>],
    pairs: &[Pair],
    scratch: &mut PlainScratch<F>,
) {
    for batch in pairs.chunks(BATCH) {
        scratch.prefixes.clear();
        let mut product = F::one();
        for pair in batch {
            let (left, right) = (get(sums, pair.left), get(sums, pair.right));
            scratch.prefixes.push(product);
            if let Ok((_, denominator)) = left.slope(&right) {
                product *= denominator;
            }
        }
        // A product of numbers that are not zero.
        let mut inverse = product.invert();
        for (pair, prefix) in batch.iter().zip(&scratch.prefixes).rev() {
            let (left, right) = (get(sums, pair.left), get(sums, pair.right));
            sums[pair.out as usize] = match left.slope(&right) {
                Ok((numerator, denominator)) => {
                    let slope = numerator * (inverse * prefix);
                    inverse *= denominator;
                    left.sum(&right, &slope)
                }
                Err(sum) => sum,
            };
        }
    }
}

macro_rules! scalar {
    ($name:ident, $affine:ty, $field:ty) => {
        impl PointSums for $name {
            type Affine = $affine;
            type Packed = Plain<$field>;
            type Scratch = PlainScratch<$field>;

            fn pack(self, points: &[$affine], out: &mut [Self::Packed]) {
                for (out, point) in out.iter_mut().zip(points) {
                    *out = point.xy().map(|(x, y)| Plain { x, y }).unwrap_or_default();
                }
            }

            fn unpack(self, point: &Self::Packed) -> $affine {
                if point.is_infinite() {
                    <$affine>::zero()
                } else {
                    <$affine>::new_unchecked(point.x, point.y)
                }
            }

            fn negate(self, point: &Self::Packed) -> Self::Packed {
                point.negated(true)
            }

            fn is_infinite(self, point: &Self::Packed) -> bool {
                point.is_infinite()
            }

            fn add_signed(
                self,
                points: &[Self::Packed],
                sums: &mut [Self::Packed],
                pairs: &[Pair],
                scratch: &mut Self::Scratch,
            ) {
                let get = |_: &[Self::Packed], index: u32| {
                    points[(index >> 1) as usize].negated(index & 1 == 1)
                };
                add(get, sums, pairs, scratch);
            }

            fn add_within(
                self,
                sums: &mut [Self::Packed],
                pairs: &[Pair],
                scratch: &mut Self::Scratch,
            ) {
                add(|sums, index| sums[index as usize], sums, pairs, scratch);
            }
        }
    };
}

scalar!(ScalarG1, G1Affine, Fq);
scalar!(ScalarG2, G2Affine, Fq2);
