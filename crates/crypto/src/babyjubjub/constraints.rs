//! Baby Jubjub points as constraints: judged first, then replaced, then added by the complete law.
//!
//! [`PointVar`] holds coordinates from anywhere, voters included, and has no arithmetic. [`CurvePointVar`] is a point
//! that lies on the curve by construction, and only it can be added: a division then has a non-zero denominator, so no
//! slope is free and no published point makes a circuit unsatisfiable (`docs/circuits.md` §7, S4 and S5).
//!
//! Its law is the complete twisted Edwards law. With a = 168700 a square and d = 168696 a non-square,
//! 1 ± d·x₁·x₂·y₁·y₂ ≠ 0 for any two points of the curve, of any order and equal or not (Bernstein, Birkner, Joye,
//! Lange, Peters, "Twisted Edwards curves", 2008). Long chains of points of order ℓ run in Montgomery form at half the
//! cost; there the law has exceptions, and `docs/gadgets.md` shows for each chain why none occurs.

use ark_ff::{AdditiveGroup, Field};
use ark_r1cs_std::{GR1CSVar, alloc::AllocVar, boolean::Boolean};
use ark_relations::gr1cs::SynthesisError;

use super::{A, D, Point, RawPoint};
use crate::{
    Fr,
    bits::{
        Cs, FrVar, all, enforce_product, is_equal, is_zero, linear, product, select, value_of,
        witness,
    },
};

mod fixed_base;
pub(crate) mod montgomery;
pub(crate) mod torsion;
mod variable_base;

pub use fixed_base::{SCALAR_BITS, enforce_mul_base8, mul_base8};
pub use variable_base::ReducedScalar;

/// Coordinates that may be off the curve.
#[derive(Clone, Debug)]
pub struct PointVar {
    /// First coordinate.
    pub x: FrVar,
    /// Second coordinate.
    pub y: FrVar,
}

impl PointVar {
    /// A constant.
    pub fn constant(point: RawPoint) -> Self {
        Self {
            x: FrVar::Constant(point.x),
            y: FrVar::Constant(point.y),
        }
    }

    /// Two free witnesses; the point is ignored in set-up mode.
    pub fn new_witness(cs: &Cs, point: Option<RawPoint>) -> Result<Self, SynthesisError> {
        Ok(Self {
            x: witness(cs, point.map(|p| p.x))?,
            y: witness(cs, point.map(|p| p.y))?,
        })
    }

    /// Two public inputs; the point is ignored in set-up mode.
    pub fn new_input(cs: &Cs, point: Option<RawPoint>) -> Result<Self, SynthesisError> {
        let input = |value: Option<Fr>| {
            FrVar::new_input(cs.clone(), || {
                value.ok_or(SynthesisError::AssignmentMissing)
            })
        };
        Ok(Self {
            x: input(point.map(|p| p.x))?,
            y: input(point.map(|p| p.y))?,
        })
    }

    /// The assigned coordinates, if there are any.
    pub fn value(&self) -> Option<RawPoint> {
        let (x, y) = value_of(&self.x).zip(value_of(&self.y))?;
        Some(RawPoint { x, y })
    }

    /// Whether the coordinates satisfy the curve equation: 5 rows, 2 of them the flag's.
    pub fn is_on_curve(&self) -> Result<Boolean<Fr>, SynthesisError> {
        is_zero(&self.curve_residue()?)
    }

    /// Enforces the curve equation, for points of our own: 4 rows.
    pub fn enforce_on_curve(&self) -> Result<CurvePointVar, SynthesisError> {
        let zero = FrVar::Constant(Fr::ZERO);
        enforce_product(&self.curve_residue()?, &FrVar::Constant(Fr::ONE), &zero)?;
        Ok(CurvePointVar(self.clone()))
    }

    /// The flag "on the curve", and the point itself or else the `fallback`: 7 rows.
    ///
    /// This is the only way from coordinates of a voter to arithmetic.
    pub fn judge(&self, fallback: &Point) -> Result<(Boolean<Fr>, CurvePointVar), SynthesisError> {
        let flag = self.is_on_curve()?;
        let safe = Self::select(&flag, self, &Self::constant((*fallback).into()))?;
        Ok((flag, CurvePointVar(safe)))
    }

    /// a·x² + y² − 1 − d·x²·y²: 3 rows.
    fn curve_residue(&self) -> Result<FrVar, SynthesisError> {
        let x2 = product(&self.x, &self.x)?;
        let y2 = product(&self.y, &self.y)?;
        let x2y2 = product(&x2, &y2)?;
        linear(&[(A, &x2), (Fr::ONE, &y2), (-D, &x2y2)], -Fr::ONE)
    }

    /// The constraint system of the coordinates; none if they are constants.
    pub(crate) fn cs(&self) -> Cs {
        self.x.cs().or(self.y.cs())
    }

    /// Whether both coordinates agree: 5 rows.
    pub fn is_equal(&self, other: &Self) -> Result<Boolean<Fr>, SynthesisError> {
        all(&self.coordinate_flags(other)?)
    }

    /// Whether the first and whether the second coordinates agree: 4 rows.
    pub(crate) fn coordinate_flags(
        &self,
        other: &Self,
    ) -> Result<[Boolean<Fr>; 2], SynthesisError> {
        Ok([is_equal(&self.x, &other.x)?, is_equal(&self.y, &other.y)?])
    }

    /// `a` if the condition holds, else `b`: 2 rows.
    pub fn select(condition: &Boolean<Fr>, a: &Self, b: &Self) -> Result<Self, SynthesisError> {
        Ok(Self {
            x: select(condition, &a.x, &b.x)?,
            y: select(condition, &a.y, &b.y)?,
        })
    }
}

/// A point that satisfies the curve equation by construction; its order is arbitrary.
#[derive(Clone, Debug)]
pub struct CurvePointVar(PointVar);

impl CurvePointVar {
    /// A constant point. It is the caller's: no check.
    pub fn constant(point: &Point) -> Self {
        Self(PointVar::constant((*point).into()))
    }

    /// The coordinates.
    pub fn coordinates(&self) -> &PointVar {
        &self.0
    }

    /// The coordinates.
    pub fn into_coordinates(self) -> PointVar {
        self.0
    }

    /// `a` if the condition holds, else `b`: 2 rows.
    pub fn select(condition: &Boolean<Fr>, a: &Self, b: &Self) -> Result<Self, SynthesisError> {
        PointVar::select(condition, &a.0, &b.0).map(Self)
    }

    /// Takes coordinates that the caller has shown to be on the curve.
    pub(crate) const fn of_curve(coordinates: PointVar) -> Self {
        Self(coordinates)
    }

    /// P for a factor of 1, the identity for 0: 2 rows.
    pub(crate) fn or_identity(&self, factor: &FrVar) -> Result<Self, SynthesisError> {
        let one = Fr::ONE;
        let above = product(factor, &linear(&[(one, &self.0.y)], -one)?)?;
        Ok(Self(PointVar {
            x: product(factor, &self.0.x)?,
            y: linear(&[(one, &above)], one)?,
        }))
    }

    /// −P = (−x, y), free.
    pub fn negate(&self) -> Result<Self, SynthesisError> {
        Ok(Self(PointVar {
            x: linear(&[(-Fr::ONE, &self.0.x)], Fr::ZERO)?,
            y: self.0.y.clone(),
        }))
    }

    /// P + Q by the complete law: 6 rows, 3 if one of them is a constant.
    ///
    /// Both denominators 1 ± d·x₁·x₂·y₁·y₂ are non-zero because both points are on the curve, so the two quotients are
    /// determined, and the sum is on the curve again.
    pub fn add(&self, other: &Self) -> Result<Self, SynthesisError> {
        Self::quotients(&self.sum_fractions(other)?)
    }

    /// Enforces that P + Q is the given point: 6 rows, as for [`Self::add`].
    pub fn enforce_sum(&self, other: &Self, sum: &PointVar) -> Result<(), SynthesisError> {
        let [x, y] = self.sum_fractions(other)?;
        enforce_product(&sum.x, &x.den, &x.num)?;
        enforce_product(&sum.y, &y.den, &y.num)
    }

    /// The coordinates of P + Q as fractions: 4 rows.
    fn sum_fractions(&self, other: &Self) -> Result<[Fraction; 2], SynthesisError> {
        let one = Fr::ONE;
        let (p, q) = (&self.0, &other.0);
        let beta = product(&p.x, &q.y)?;
        let gamma = product(&p.y, &q.x)?;
        let delta = product(
            &linear(&[(-A, &p.x), (one, &p.y)], Fr::ZERO)?,
            &linear(&[(one, &q.x), (one, &q.y)], Fr::ZERO)?,
        )?;
        let tau = product(&beta, &gamma)?;
        Ok([
            Fraction {
                num: linear(&[(one, &beta), (one, &gamma)], Fr::ZERO)?,
                den: linear(&[(D, &tau)], one)?,
            },
            Fraction {
                // y₁y₂ − a·x₁x₂
                num: linear(&[(one, &delta), (A, &beta), (-one, &gamma)], Fr::ZERO)?,
                den: linear(&[(-D, &tau)], one)?,
            },
        ])
    }

    /// P + P: 5 rows.
    ///
    /// The denominators are a·x² + y² and 2 − a·x² − y², which on the curve are those of the complete law,
    /// 1 ± d·x²·y².
    pub fn double(&self) -> Result<Self, SynthesisError> {
        let one = Fr::ONE;
        let two = Fr::from(2u64);
        let p = &self.0;
        let xy = product(&p.x, &p.y)?;
        let x2 = product(&p.x, &p.x)?;
        let y2 = product(&p.y, &p.y)?;
        Self::quotients(&[
            Fraction {
                num: linear(&[(two, &xy)], Fr::ZERO)?,
                den: linear(&[(A, &x2), (one, &y2)], Fr::ZERO)?,
            },
            Fraction {
                num: linear(&[(-A, &x2), (one, &y2)], Fr::ZERO)?,
                den: linear(&[(-A, &x2), (-one, &y2)], two)?,
            },
        ])
    }

    /// The point of two fractions whose denominators the caller has shown to be non-zero: 2 rows.
    fn quotients([x, y]: &[Fraction; 2]) -> Result<Self, SynthesisError> {
        let values = || {
            let (x_den, y_den) = value_of(&x.den).zip(value_of(&y.den))?;
            // One inversion for both.
            let inverse = (x_den * y_den).inverse()?;
            let (x_num, y_num) = value_of(&x.num).zip(value_of(&y.num))?;
            Some(RawPoint {
                x: x_num * inverse * y_den,
                y: y_num * inverse * x_den,
            })
        };
        let values = values();
        let quotient = |fraction: &Fraction, value: Option<Fr>| {
            let cs = fraction.num.cs().or(fraction.den.cs());
            let result = witness(&cs, value)?;
            enforce_product(&result, &fraction.den, &fraction.num)?;
            Ok::<_, SynthesisError>(result)
        };
        Ok(Self(PointVar {
            x: quotient(x, values.map(|p| p.x))?,
            y: quotient(y, values.map(|p| p.y))?,
        }))
    }

    /// The assigned point, if there is one.
    pub(crate) fn point(&self) -> Option<Point> {
        self.0.value().map(|p| Point::new_unchecked(p.x, p.y))
    }
}

/// A quotient whose denominator is not 0.
struct Fraction {
    num: FrVar,
    den: FrVar,
}

#[cfg(test)]
pub(crate) mod tests;
