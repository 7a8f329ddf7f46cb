//! Sums of many pairs of affine points with one inversion for each 2,048 of them.
//!
//! Eight additions run in eight lanes: one pass multiplies the differences of x up, one inversion undoes the product,
//! and one pass back takes every inverse out of it and finishes its addition, six products in all.
//!
//! Pairs whose difference of x says nothing (equal points, opposite points, points at infinity) are found by the lowest limb
//! of what they load and take masked paths of their own: one zero among the differences would spoil a whole batch.

use ark_bn254::{Fq, Fq2};
use ark_ff::BigInt;

use crate::{
    LANES, Pair,
    fq2::{Element2, Loose2, Sum2},
    ifma::{Element, Loose, Sum},
    inverse::Invert,
    limbs::{BaseField, Modulus, join, less_p},
    prefetch::prefetch,
    stored::{PackedG1, PackedG2},
};

/// Vectors that share an inversion.
const CHUNK: usize = 256;

/// Vectors between the fetch of a point and its use.
const AHEAD: usize = 6;

/// Eight numbers in arkworks' form.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn leave(element: &Element<BaseField>) -> [Fq; LANES] {
    let limbs = element.times_constant(&BaseField::TO_ARKWORKS).store();
    core::array::from_fn(|lane| {
        let words = join(&limbs.map(|limb| limb[lane]));
        Fq::new_unchecked(BigInt(less_p(words, &BaseField::WORDS)))
    })
}

/// The vectors' form of eight of arkworks' numbers, below 1.02·p.
#[target_feature(enable = "avx512f,avx512ifma")]
fn enter(numbers: &[Fq; LANES]) -> Element<BaseField> {
    let mut limbs = [[0; LANES]; 5];
    for (lane, number) in numbers.iter().enumerate() {
        for (limb, value) in limbs.iter_mut().zip(crate::limbs::split(&number.0.0, 0)) {
            limb[lane] = value;
        }
    }
    Element::load(&limbs).times_constant(&BaseField::FROM_ARKWORKS)
}

/// Eight inverses for the price of one.
fn invert<F: Invert>(numbers: [F; LANES]) -> [F; LANES] {
    let mut product = F::one();
    let mut prefixes = [F::one(); LANES];
    for (prefix, number) in prefixes.iter_mut().zip(&numbers) {
        *prefix = product;
        product *= number;
    }
    // Not zero: no caller multiplies a zero in.
    let mut inverse = product.invert();
    let mut out = numbers;
    for (out, prefix) in out.iter_mut().zip(prefixes).rev() {
        let number = *out;
        *out = inverse * prefix;
        inverse *= number;
    }
    out
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn invert1(product: &Element<BaseField>) -> Element<BaseField> {
    enter(&invert(leave(product)))
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn invert2(product: &Element2) -> Element2 {
    let (c0, c1) = (leave(&product.0[0]), leave(&product.0[1]));
    let inverses = invert(core::array::from_fn(|lane| Fq2::new(c0[lane], c1[lane])));
    Element2([
        enter(&inverses.map(|inverse| inverse.c0)),
        enter(&inverses.map(|inverse| inverse.c1)),
    ])
}

/// The same code for either group: the names of its types and of its inversion.
macro_rules! group {
    ($module:ident, $Packed:ty, $Element:ty, $Loose:ty, $Sum:ty, $invert:ident) => {
        // The types differ from group to group.
        #[allow(clippy::wildcard_imports)]
        pub(crate) mod $module {
            use super::*;

            type E = $Element;
            type L = $Loose;
            type S = $Sum;

            /// Products before each vector of a chunk.
            pub(crate) type Prefixes = Vec<E>;

            /// How the lanes of a special vector are added.
            struct Special {
                difference: E,
                numerator: E,
                /// The result is the right point.
                right: u8,
                /// The result is the left point.
                left: u8,
                /// The result is infinity: opposite points, or none at all.
                opposite: u8,
            }

            /// Where a vector's operands lie.
            #[derive(Clone, Copy)]
            struct Lanes<'a> {
                left: [&'a $Packed; LANES],
                right: [&'a $Packed; LANES],
                left_signs: u8,
                right_signs: u8,
            }

            #[inline]
            #[target_feature(enable = "avx512f,avx512ifma")]
            fn lanes<'a, const SIGNED: bool>(
                points: &'a [$Packed],
                pairs: &[Pair; LANES],
            ) -> Lanes<'a> {
                let shift = u32::from(SIGNED);
                let mut lanes = Lanes {
                    left: [&points[(pairs[0].left >> shift) as usize]; LANES],
                    right: [&points[(pairs[0].right >> shift) as usize]; LANES],
                    left_signs: 0,
                    right_signs: 0,
                };
                for (lane, pair) in pairs.iter().enumerate() {
                    lanes.left[lane] = &points[(pair.left >> shift) as usize];
                    lanes.right[lane] = &points[(pair.right >> shift) as usize];
                    if SIGNED {
                        lanes.left_signs |= ((pair.left & 1) as u8) << lane;
                        lanes.right_signs |= ((pair.right & 1) as u8) << lane;
                    }
                }
                lanes
            }

            /// x and y of both points; y is below 2·p.
            #[inline]
            #[target_feature(enable = "avx512f,avx512ifma")]
            fn load<const SIGNED: bool>(lanes: &Lanes<'_>) -> (E, E, E, E) {
                let (x1, mut y1) = <$Packed>::load(lanes.left);
                let (x2, mut y2) = <$Packed>::load(lanes.right);
                if SIGNED {
                    y1 = y1.select(lanes.left_signs, &L::multiple::<2>().minus(&y1).normalise());
                    y2 = y2.select(
                        lanes.right_signs,
                        &L::multiple::<2>().minus(&y2).normalise(),
                    );
                }
                (x1, y1, x2, y2)
            }

            /// Below 4·p, for operands below 2·p.
            #[inline]
            #[target_feature(enable = "avx512f")]
            fn subtract(a: &E, b: &E) -> E {
                L::multiple::<2>().plus(a).minus(b).normalise()
            }

            /// Whether some lane may need its own path. Every x is below 1.02·p, so equal ones differ by −p, 0 or p.
            #[inline]
            #[target_feature(enable = "avx512f")]
            fn may_be_special(difference: &E, x1: &E, x2: &E) -> bool {
                difference.may_be_zero() | x1.low_is_zero() | x2.low_is_zero() != 0
            }

            #[cold]
            #[inline(never)]
            #[target_feature(enable = "avx512f,avx512ifma")]
            fn special<const SIGNED: bool>(lanes: &Lanes<'_>) -> Special {
                // Infinity has no sign.
                let (x1, plain_y1) = <$Packed>::load(lanes.left);
                let (x2, plain_y2) = <$Packed>::load(lanes.right);
                let left_infinite = x1.is_number_zero() & plain_y1.is_number_zero();
                let right_infinite = x2.is_number_zero() & plain_y2.is_number_zero();
                let (_, y1, _, y2) = load::<SIGNED>(lanes);
                let infinite = left_infinite | right_infinite;
                let difference = subtract(&x2, &x1);
                let numerator = subtract(&y2, &y1);
                let same_x = difference.is_zero() & !infinite;
                let double = same_x & numerator.is_zero();
                let opposite = same_x & !double;
                let twice_y = y1.loose().plus(&y1).normalise();
                let square = x1.times(&x1);
                let thrice_square = square.loose().plus(&square).plus(&square).normalise();
                Special {
                    difference: difference
                        .select(double, &twice_y)
                        .select(infinite | opposite, &E::one()),
                    numerator: numerator.select(double, &thrice_square),
                    right: left_infinite,
                    left: right_infinite & !left_infinite,
                    opposite: opposite | (left_infinite & right_infinite),
                }
            }

            /// The sums' x and y: below p·(1 + 2^-22).
            #[inline]
            #[target_feature(enable = "avx512f,avx512ifma")]
            fn finish(inverse: &E, numerator: &E, x1: &E, y1: &E, x2: &E) -> (E, E) {
                let slope = numerator.times(inverse);
                let x = S::square(&slope)
                    .add_after(&L::multiple::<3>().minus(x1).minus(x2))
                    .reduce()
                    .shrink();
                let y = S::product(&slope, &subtract(x1, &x))
                    .add_after(&L::multiple::<3>().minus(y1))
                    .reduce()
                    .shrink();
                (x, y)
            }

            /// Adds every pair. `SIGNED`: the operands are `points` with a sign in the lowest bit; else they are `sums` themselves.
            #[target_feature(enable = "avx512f,avx512ifma")]
            pub(crate) fn add<const SIGNED: bool>(
                points: &[$Packed],
                sums: &mut [$Packed],
                pairs: &[Pair],
                prefixes: &mut Prefixes,
            ) {
                prefixes.resize(CHUNK, E::zero());
                for chunk in pairs.chunks(CHUNK * LANES) {
                    add_chunk::<SIGNED>(points, sums, chunk, prefixes);
                }
            }

            /// The vector that starts at a position; a short one repeats its last pair.
            #[inline]
            fn vector_of(pairs: &[Pair], index: usize) -> [Pair; LANES] {
                let rest = &pairs[index * LANES..];
                if let Some(vector) = rest.first_chunk::<LANES>() {
                    *vector
                } else {
                    core::array::from_fn(|lane| rest[lane.min(rest.len() - 1)])
                }
            }

            #[target_feature(enable = "avx512f,avx512ifma")]
            fn add_chunk<const SIGNED: bool>(
                points: &[$Packed],
                sums: &mut [$Packed],
                pairs: &[Pair],
                prefixes: &mut Prefixes,
            ) {
                let vectors = pairs.len().div_ceil(LANES);
                let mut product = E::one();
                for (index, prefix) in prefixes[..vectors].iter_mut().enumerate() {
                    if SIGNED {
                        for pair in pairs.iter().skip((index + AHEAD) * LANES).take(LANES) {
                            prefetch(points, (pair.left >> 1) as usize);
                            prefetch(points, (pair.right >> 1) as usize);
                        }
                    }
                    let source = if SIGNED { points } else { &*sums };
                    let lanes = lanes::<SIGNED>(source, &vector_of(pairs, index));
                    let (x1, x2) = <$Packed>::load_x(lanes.left, lanes.right);
                    let mut difference = subtract(&x2, &x1);
                    if may_be_special(&difference, &x1, &x2) {
                        difference = special::<SIGNED>(&lanes).difference;
                    }
                    *prefix = product;
                    product = product.times(&difference);
                }
                let mut inverses = $invert(&product);
                for index in (0..vectors).rev() {
                    let vector = vector_of(pairs, index);
                    let source = if SIGNED { points } else { &*sums };
                    let lanes = lanes::<SIGNED>(source, &vector);
                    let (x1, y1, x2, y2) = load::<SIGNED>(&lanes);
                    let mut difference = subtract(&x2, &x1);
                    let mut numerator = subtract(&y2, &y1);
                    let inverse;
                    let (mut x, mut y);
                    if may_be_special(&difference, &x1, &x2) {
                        let special = special::<SIGNED>(&lanes);
                        difference = special.difference;
                        numerator = special.numerator;
                        inverse = inverses.times(&prefixes[index]);
                        (x, y) = finish(&inverse, &numerator, &x1, &y1, &x2);
                        x = x.select(special.right, &x2).select(special.left, &x1);
                        y = y.select(special.right, &y2).select(special.left, &y1);
                        x = x.select(special.opposite, &E::zero());
                        y = y.select(special.opposite, &E::zero());
                    } else {
                        inverse = inverses.times(&prefixes[index]);
                        (x, y) = finish(&inverse, &numerator, &x1, &y1, &x2);
                    }
                    inverses = inverses.times(&difference);
                    let results = <$Packed>::store(&x, &y);
                    for (pair, result) in vector.iter().zip(results) {
                        sums[pair.out as usize] = result;
                    }
                }
            }
        }
    };
}

group!(
    g1,
    PackedG1,
    Element<BaseField>,
    Loose<BaseField>,
    Sum<BaseField>,
    invert1
);
group!(g2, PackedG2, Element2, Loose2, Sum2, invert2);
