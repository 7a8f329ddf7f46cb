//! Sums of pairs of points behind one trait: in vectors where the processor has them, with arkworks' fields elsewhere.
//!
//! A multi-scalar multiplication is written once over [`PointSums`]; the two backends agree on every sum (tests compare
//! them with arkworks).

use core::fmt::Debug;

use ark_bn254::{Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::Field;

use crate::inverse::Invert;
use crate::prefetch::prefetch;
use crate::stored::{PackedG1, PackedG2};

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
    /// Points as key files have them.
    type Stored: Copy + From<Self::Affine> + Send + Sync + 'static;
    /// Points as sums take them; the default is infinity.
    type Packed: Copy + Debug + Default + Send + Sync + 'static;
    /// Room that calls share.
    type Scratch: Default + Send;

    /// Stored points as they lie, where sums take them so.
    fn as_kept(self, points: &[Self::Stored]) -> Option<&[Self::Packed]>;

    /// Converts stored points; the slices are equally long.
    fn keep(self, points: &[Self::Stored], out: &mut [Self::Packed]);

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

/// What the scalar code keeps of a pair between its two passes.
#[derive(Debug)]
struct Step<F> {
    left: Plain<F>,
    right: Plain<F>,
    /// The product of the denominators before this one.
    prefix: F,
    denominator: Option<F>,
}

/// What the scalar code keeps between its two passes.
#[derive(Debug)]
pub struct PlainScratch<F> {
    steps: Vec<Step<F>>,
}

impl<F> Default for PlainScratch<F> {
    fn default() -> Self {
        Self { steps: Vec::new() }
    }
}

/// Pairs that share an inversion in the scalar code.
const BATCH: usize = 512;

/// Pairs between the fetch of a point and its use.
const AHEAD: usize = 8;

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

    /// The denominator of the slope; none where the sum needs no slope.
    fn denominator(&self, other: &Self) -> Option<F> {
        let difference = other.x - self.x;
        if self.is_infinite() || other.is_infinite() {
            None
        } else if !difference.is_zero() {
            Some(difference)
        } else if self.y == other.y {
            Some(self.y.double())
        } else {
            None
        }
    }

    /// The numerator of the slope, where there is a slope.
    fn numerator(&self, other: &Self) -> F {
        if self.x == other.x {
            let square = self.x.square();
            square.double() + square
        } else {
            other.y - self.y
        }
    }

    /// The sum where there is no slope.
    fn sum_without_slope(&self, other: &Self) -> Self {
        if self.is_infinite() {
            *other
        } else if other.is_infinite() {
            *self
        } else {
            Self::default()
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
    fetch: impl Fn(&Pair),
    sums: &mut [Plain<F>],
    pairs: &[Pair],
    scratch: &mut PlainScratch<F>,
) {
    for (number, batch) in pairs.chunks(BATCH).enumerate() {
        let steps = &mut scratch.steps;
        steps.clear();
        let mut product = F::one();
        for (place, pair) in batch.iter().enumerate() {
            if let Some(later) = pairs.get(number * BATCH + place + AHEAD) {
                fetch(later);
            }
            let (left, right) = (get(sums, pair.left), get(sums, pair.right));
            let denominator = left.denominator(&right);
            steps.push(Step {
                left,
                right,
                prefix: product,
                denominator,
            });
            if let Some(denominator) = denominator {
                product *= denominator;
            }
        }
        // A product of numbers that are not zero.
        let mut inverse = product.invert();
        for (pair, step) in batch.iter().zip(steps).rev() {
            let (left, right) = (&step.left, &step.right);
            sums[pair.out as usize] = match step.denominator {
                Some(denominator) => {
                    let slope = left.numerator(right) * (inverse * step.prefix);
                    inverse *= denominator;
                    left.sum(right, &slope)
                }
                None => left.sum_without_slope(right),
            };
        }
    }
}

macro_rules! scalar {
    ($name:ident, $affine:ty, $Stored:ty, $field:ty) => {
        impl PointSums for $name {
            type Affine = $affine;
            type Stored = $Stored;
            type Packed = Plain<$field>;
            type Scratch = PlainScratch<$field>;

            fn as_kept(self, _: &[$Stored]) -> Option<&[Self::Packed]> {
                None
            }

            fn keep(self, points: &[$Stored], out: &mut [Self::Packed]) {
                for (out, point) in out.iter_mut().zip(points) {
                    let [x, y] = point.coordinates();
                    *out = Plain { x, y };
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
                let fetch = |pair: &Pair| {
                    prefetch(points, (pair.left >> 1) as usize);
                    prefetch(points, (pair.right >> 1) as usize);
                };
                add(get, fetch, sums, pairs, scratch);
            }

            fn add_within(
                self,
                sums: &mut [Self::Packed],
                pairs: &[Pair],
                scratch: &mut Self::Scratch,
            ) {
                let get = |sums: &[Self::Packed], index: u32| sums[index as usize];
                add(get, |_| (), sums, pairs, scratch);
            }
        }
    };
}

scalar!(ScalarG1, G1Affine, PackedG1, Fq);
scalar!(ScalarG2, G2Affine, PackedG2, Fq2);
