//! s·P for a point of any order, with the integer s in signed two-bit windows.
//!
//! For an odd integer s with bits b₀ … bₙ₋₁ and σᵢ = 2·bᵢ₊₁ − 1, σₙ₋₁ = 1: s = Σ σᵢ·2ⁱ. The same signs for an even s
//! give s + 1, because b₀ is not among them. So the digits need no rows of their own, every digit is one of ±1, ±3, and
//! one conditional subtraction at the end corrects an even s. The digits are those of the *integer* s; with a canonical
//! split the product is right for points outside the prime-order subgroup too (D5).

use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field};
use ark_r1cs_std::{GR1CSVar, boolean::Boolean};
use ark_relations::gr1cs::SynthesisError;

use super::{CurvePointVar, PointVar, affine};
use crate::{
    Fr,
    babyjubjub::PointProj,
    bits::{FrVar, linear, product, value_of},
};

/// One digit d of ±1, ±3: the coefficients by which the table entries P and 3P give d·P.
#[derive(Clone, Debug)]
struct Digit {
    /// `hi − lo`: the factor of x(P), 0 for |d| = 3.
    of_one: FrVar,
    /// `hi + lo − 1`: the factor of x(3P), 0 for |d| = 1.
    of_three: FrVar,
    /// Whether |d| = 3.
    is_three: FrVar,
}

/// A scalar's digits, computed once and used for any number of points.
#[derive(Clone, Debug)]
pub struct ScalarDigits {
    /// Lowest first, without the leading digit.
    digits: Vec<Digit>,
    /// For an even number of bits, whether the leading digit is 3; for an odd one it is 1.
    leading_three: Option<Boolean<Fr>>,
    odd: FrVar,
}

impl ScalarDigits {
    /// From the bits of the scalar, lowest first, at least two: one row a digit.
    pub fn new(bits: &[Boolean<Fr>]) -> Result<Self, SynthesisError> {
        let [lowest, signs @ ..] = bits else {
            return Err(SynthesisError::ArityMismatch);
        };
        let (signs, leading_three) = match signs {
            [] => return Err(SynthesisError::ArityMismatch),
            [rest @ .., last] if signs.len() % 2 == 1 => (rest, Some(last.clone())),
            all => (all, None),
        };
        let digits = signs
            .chunks_exact(2)
            .map(|pair| Digit::new(&pair[0], &pair[1]))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            digits,
            leading_three,
            odd: FrVar::from(lowest.clone()),
        })
    }

    /// s·P: 19 rows a digit, and 14 more (21 with a leading digit of its own).
    pub fn mul(&self, point: &CurvePointVar) -> Result<CurvePointVar, SynthesisError> {
        let chain = self.chain(point).unwrap_or_default();
        let mut hints = affine(&chain);
        let two = point.double_as(hints.next())?;
        let three = two.add_as(point, hints.next())?;
        let mut digits = self.digits.iter().rev();
        let mut sum = match &self.leading_three {
            Some(flag) => CurvePointVar::select(flag, &three, point)?,
            None => match digits.next() {
                // The first doubling of P is in the table.
                Some(digit) => two
                    .double_as(hints.next())?
                    .add_as(&digit.times(point, &three)?, hints.next())?,
                None => point.clone(),
            },
        };
        for digit in digits {
            sum = sum.double_as(hints.next())?.double_as(hints.next())?;
            sum = sum.add_as(&digit.times(point, &three)?, hints.next())?;
        }
        sum.add(&self.correction(point)?)
    }

    /// The results of the doublings and additions of [`Self::mul`] in order, if values are assigned: hints, which the
    /// rows of each operation check.
    fn chain(&self, point: &CurvePointVar) -> Option<Vec<PointProj>> {
        let one = PointProj::from(point.point()?);
        let two = one.double();
        let three = two + one;
        let mut chain = alloc::vec![two, three];
        let mut digits = self.digits.iter().rev();
        let mut sum = match &self.leading_three {
            Some(flag) if flag.value().ok()? => three,
            Some(_) => one,
            None => match digits.next() {
                Some(digit) => {
                    let four = two.double();
                    let sum = four + digit.times_point(one, three)?;
                    chain.extend([four, sum]);
                    sum
                }
                None => one,
            },
        };
        for digit in digits {
            let (doubled, again) = (sum.double(), sum.double().double());
            sum = again + digit.times_point(one, three)?;
            chain.extend([doubled, again, sum]);
        }
        Some(chain)
    }

    /// −P for an even scalar, the identity for an odd one: 2 rows.
    fn correction(&self, point: &CurvePointVar) -> Result<CurvePointVar, SynthesisError> {
        let (x, y) = (&point.0.x, &point.0.y);
        let even = linear(&[(-Fr::ONE, &self.odd)], Fr::ONE)?;
        let x = product(&even, &linear(&[(-Fr::ONE, x)], Fr::ZERO)?)?;
        let y = product(&even, &linear(&[(Fr::ONE, y)], -Fr::ONE)?)?;
        // Either (−x, y) or (0, 1), both on the curve, as `even` is a bit.
        Ok(CurvePointVar(PointVar {
            x,
            y: linear(&[(Fr::ONE, &y)], Fr::ONE)?,
        }))
    }
}

impl Digit {
    /// The digit (2·lo − 1) + 2·(2·hi − 1): 1 row.
    fn new(lo: &Boolean<Fr>, hi: &Boolean<Fr>) -> Result<Self, SynthesisError> {
        let (one, two) = (Fr::ONE, Fr::from(2u64));
        let (lo, hi) = (FrVar::from(lo.clone()), FrVar::from(hi.clone()));
        let both = product(&lo, &hi)?;
        Ok(Self {
            of_one: linear(&[(one, &hi), (-one, &lo)], Fr::ZERO)?,
            of_three: linear(&[(one, &hi), (one, &lo)], -one)?,
            is_three: linear(&[(-one, &hi), (-one, &lo), (two, &both)], one)?,
        })
    }

    /// d·P from the values of P and 3P.
    fn times_point(&self, one: PointProj, three: PointProj) -> Option<PointProj> {
        let (of_one, of_three) = value_of(&self.of_one).zip(value_of(&self.of_three))?;
        Some(if of_one == Fr::ONE {
            one
        } else if of_three == Fr::ONE {
            three
        } else if of_one == Fr::ZERO {
            -three
        } else {
            -one
        })
    }

    /// d·P from P and 3P: 3 rows.
    ///
    /// x is (hi − lo)·x(P) + (hi + lo − 1)·x(3P): exactly one factor is ±1, with the digit's sign, and the other 0.
    /// y is even in d. So the result is one of ±P, ±3P, which are on the curve.
    fn times(
        &self,
        point: &CurvePointVar,
        three: &CurvePointVar,
    ) -> Result<CurvePointVar, SynthesisError> {
        let one = Fr::ONE;
        let (p, p3) = (&point.0, &three.0);
        let (x1, x3) = (
            product(&self.of_one, &p.x)?,
            product(&self.of_three, &p3.x)?,
        );
        let y = product(
            &self.is_three,
            &linear(&[(one, &p3.y), (-one, &p.y)], Fr::ZERO)?,
        )?;
        Ok(CurvePointVar(PointVar {
            x: linear(&[(one, &x1), (one, &x3)], Fr::ZERO)?,
            y: linear(&[(one, &y), (one, &p.y)], Fr::ZERO)?,
        }))
    }
}
