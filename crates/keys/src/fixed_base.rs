//! Many multiples of one point: most of the time of a setup.
//!
//! Windows of signed digits, as arkworks' `BatchMulPreprocessing` has them, but sums stay affine: a block of scalars is added
//! window by window, and all additions of a block share one inversion. An addition then takes 6 multiplications in place
//! of 11, and no conversion follows.

use ark_bn254::Fr;
use ark_ec::AffineRepr;
use ark_ec::CurveGroup;
use ark_ec::short_weierstrass::{Affine, Projective, SWCurveConfig};
use ark_ff::{AdditiveGroup, Field, PrimeField, Zero};
use rayon::prelude::*;

/// Bits of a scalar, and one for the carry of signed digits.
const BITS: u32 = Fr::MODULUS_BIT_SIZE + 1;
/// Scalars that share an inversion.
const BLOCK: usize = 512;

/// Multiples of one point.
pub(crate) struct FixedBase<P: SWCurveConfig> {
    window: u32,
    /// For window k, entry j is (j + 1)·2^(window·k) times the point.
    tables: Vec<Vec<Affine<P>>>,
}

/// The width that needs the fewest additions for that many scalars, the table's own included.
fn best_window(scalars: usize) -> u32 {
    (4..=16)
        .min_by_key(|width| {
            u64::from(BITS.div_ceil(*width)) * (scalars as u64 + (1 << (width - 1)))
        })
        .unwrap_or(4)
}

impl<P: SWCurveConfig<ScalarField = Fr>> FixedBase<P> {
    /// A table for about that many multiples of `base`.
    pub(crate) fn new(base: Projective<P>, scalars: usize) -> Self {
        let window = best_window(scalars);
        let mut power = base;
        let bases: Vec<Projective<P>> = (0..BITS.div_ceil(window))
            .map(|_| {
                let current = power;
                for _ in 0..window {
                    power.double_in_place();
                }
                current
            })
            .collect();
        let bases = Projective::normalize_batch(&bases);
        let tables = bases
            .into_par_iter()
            .map(|base| multiples(base, 1 << (window - 1)))
            .collect();
        Self { window, tables }
    }

    /// Every scalar times the point.
    pub(crate) fn multiply(&self, scalars: &[Fr]) -> Vec<Affine<P>> {
        let mut points = vec![Affine::zero(); scalars.len()];
        points
            .par_chunks_mut(BLOCK)
            .zip(scalars.par_chunks(BLOCK))
            .for_each(|(points, scalars)| self.block(scalars, points));
        points
    }

    fn block(&self, scalars: &[Fr], sums: &mut [Affine<P>]) {
        let mut digits: Vec<Digits> = scalars.iter().map(Digits::of).collect();
        let mut additions = Additions::new();
        for table in &self.tables {
            for (index, digits) in digits.iter_mut().enumerate() {
                let digit = digits.next(self.window);
                let Some(entry) = (digit.unsigned_abs() as usize).checked_sub(1) else {
                    continue;
                };
                let term = table[entry];
                additions.push(sums, index, if digit < 0 { -term } else { term });
            }
            additions.run(sums);
        }
    }
}

/// `base`, 2·`base` .. `count`·`base`, for a power of two: each round doubles the list by adding its last entry.
fn multiples<P: SWCurveConfig>(base: Affine<P>, count: usize) -> Vec<Affine<P>> {
    let mut table = vec![base];
    let mut additions = Additions::new();
    while table.len() < count {
        let half = table.len();
        let last = table[half - 1];
        table.extend_from_within(..);
        for index in half..2 * half {
            additions.push(&mut table, index, last);
        }
        additions.run(&mut table);
    }
    table
}

/// A scalar's signed digits, lowest first.
struct Digits {
    limbs: [u64; 4],
    position: u32,
    carry: u64,
}

impl Digits {
    fn of(scalar: &Fr) -> Self {
        Self {
            limbs: scalar.into_bigint().0,
            position: 0,
            carry: 0,
        }
    }

    /// The next digit, in −2^(width−1) ..= 2^(width−1).
    fn next(&mut self, width: u32) -> i64 {
        let (limb, shift) = ((self.position / 64) as usize, self.position % 64);
        let low = self.limbs.get(limb).map_or(0, |limb| limb >> shift);
        let high = if shift == 0 {
            0
        } else {
            self.limbs
                .get(limb + 1)
                .map_or(0, |limb| limb << (64 - shift))
        };
        self.position += width;
        let value = ((low | high) & ((1 << width) - 1)) + self.carry;
        self.carry = u64::from(value > 1 << (width - 1));
        value.cast_signed() - (self.carry << width).cast_signed()
    }
}

/// Affine additions that wait for their common inversion. Each sum may wait once.
struct Additions<P: SWCurveConfig> {
    waiting: Vec<Waiting<P>>,
    product: P::BaseField,
}

struct Waiting<P: SWCurveConfig> {
    index: usize,
    term: Affine<P>,
    /// x of the term minus x of the sum.
    difference: P::BaseField,
    /// Product of the differences before this one.
    before: P::BaseField,
}

impl<P: SWCurveConfig> Additions<P> {
    fn new() -> Self {
        Self {
            waiting: Vec::with_capacity(BLOCK),
            product: P::BaseField::ONE,
        }
    }

    /// Adds a term to a sum, at once where the affine formula does not hold.
    fn push(&mut self, sums: &mut [Affine<P>], index: usize, term: Affine<P>) {
        let sum = &mut sums[index];
        if sum.is_zero() {
            *sum = term;
            return;
        }
        let difference = term.x - sum.x;
        if difference.is_zero() || term.is_zero() {
            *sum = (*sum + term).into_affine();
            return;
        }
        self.waiting.push(Waiting {
            index,
            term,
            difference,
            before: self.product,
        });
        self.product *= difference;
    }

    fn run(&mut self, sums: &mut [Affine<P>]) {
        // No difference is zero, so the product has an inverse.
        let Some(mut inverse) = self.product.inverse() else {
            return;
        };
        while let Some(waiting) = self.waiting.pop() {
            let sum = &mut sums[waiting.index];
            let slope = (waiting.term.y - sum.y) * inverse * waiting.before;
            inverse *= waiting.difference;
            let x = slope.square() - sum.x - waiting.term.x;
            let y = slope * (sum.x - x) - sum.y;
            *sum = Affine::new_unchecked(x, y);
        }
        self.product = P::BaseField::ONE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_bn254::{G1Projective, G2Projective};
    use ark_ec::PrimeGroup;
    use ark_ff::UniformRand;
    use rand::SeedableRng;

    fn scalars(count: usize) -> Vec<Fr> {
        let mut rng = rand_chacha::ChaCha20Rng::from_seed([5; 32]);
        let mut scalars: Vec<Fr> = (0..count).map(|_| Fr::rand(&mut rng)).collect();
        scalars.extend([0u64, 1, 2, 3, u64::MAX].map(Fr::from));
        scalars.extend([1u64, 2, 1 << 20].map(|value| -Fr::from(value)));
        // Powers of two meet every window border.
        let mut power = Fr::ONE;
        for _ in 0..254 {
            scalars.push(power);
            scalars.push(power - Fr::ONE);
            power.double_in_place();
        }
        scalars
    }

    #[test]
    fn multiples_are_those_of_the_group() {
        let scalars = scalars(300);
        let g1 = G1Projective::generator();
        let g2 = G2Projective::generator();
        for size in [1, 100, 20_000, 2_000_000] {
            let points = FixedBase::new(g1, size).multiply(&scalars);
            for (scalar, point) in scalars.iter().zip(points) {
                assert_eq!(point, (g1 * scalar).into_affine(), "{scalar}");
            }
        }
        let points = FixedBase::new(g2, 1000).multiply(&scalars);
        for (scalar, point) in scalars.iter().zip(points) {
            assert_eq!(point, (g2 * scalar).into_affine(), "{scalar}");
        }
    }
}
