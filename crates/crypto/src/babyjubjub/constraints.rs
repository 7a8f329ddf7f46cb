//! Baby Jubjub points as constraints: judged first, then replaced, then added by the complete law.
//!
//! [`PointVar`] holds coordinates from anywhere, voters included, and has no arithmetic. [`CurvePointVar`] is a point
//! that lies on the curve by construction, and only it can be added: a division then has a non-zero denominator, so no
//! slope is free and no published point makes a circuit unsatisfiable (`docs/circuits.md` §11, S4 and S5).
//!
//! The one law used is the complete twisted Edwards law. With a = 168700 a square and d = 168696 a non-square,
//! 1 ± d·x₁·x₂·y₁·y₂ ≠ 0 for any two points of the curve, of any order and equal or not (Bernstein, Birkner, Joye,
//! Lange, Peters, "Twisted Edwards curves", 2008).

use ark_ec::CurveGroup;
use ark_ff::{AdditiveGroup, Field};
use ark_r1cs_std::{GR1CSVar, alloc::AllocVar, boolean::Boolean};
use ark_relations::gr1cs::SynthesisError;

use super::{A, D, Point, PointProj, RawPoint};
use crate::{
    Fr,
    bits::{
        Cs, FrVar, all, enforce_product, is_equal, is_zero, linear, product, select, value_of,
        witness,
    },
};

mod fixed_base;
mod variable_base;

pub use fixed_base::{SCALAR_BITS, mul_base8};
pub use variable_base::ScalarDigits;

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
        self.add_as(other, None)
    }

    /// [`Self::add`] with the sum, if the caller has it: an inversion less when values are assigned.
    fn add_as(&self, other: &Self, sum: Option<RawPoint>) -> Result<Self, SynthesisError> {
        let one = Fr::ONE;
        let (p, q) = (&self.0, &other.0);
        let beta = product(&p.x, &q.y)?;
        let gamma = product(&p.y, &q.x)?;
        let delta = product(
            &linear(&[(-A, &p.x), (one, &p.y)], Fr::ZERO)?,
            &linear(&[(one, &q.x), (one, &q.y)], Fr::ZERO)?,
        )?;
        let tau = product(&beta, &gamma)?;
        Self::quotients(
            (
                &linear(&[(one, &beta), (one, &gamma)], Fr::ZERO)?,
                &linear(&[(D, &tau)], one)?,
            ),
            (
                // y₁y₂ − a·x₁x₂
                &linear(&[(one, &delta), (A, &beta), (-one, &gamma)], Fr::ZERO)?,
                &linear(&[(-D, &tau)], one)?,
            ),
            sum,
        )
    }

    /// P + P: 5 rows.
    ///
    /// The denominators are a·x² + y² and 2 − a·x² − y², which on the curve are those of the complete law,
    /// 1 ± d·x²·y².
    pub fn double(&self) -> Result<Self, SynthesisError> {
        self.double_as(None)
    }

    /// [`Self::double`] with the result, if the caller has it.
    fn double_as(&self, doubled: Option<RawPoint>) -> Result<Self, SynthesisError> {
        let one = Fr::ONE;
        let two = Fr::from(2u64);
        let p = &self.0;
        let xy = product(&p.x, &p.y)?;
        let x2 = product(&p.x, &p.x)?;
        let y2 = product(&p.y, &p.y)?;
        Self::quotients(
            (
                &linear(&[(two, &xy)], Fr::ZERO)?,
                &linear(&[(A, &x2), (one, &y2)], Fr::ZERO)?,
            ),
            (
                &linear(&[(-A, &x2), (one, &y2)], Fr::ZERO)?,
                &linear(&[(-A, &x2), (-one, &y2)], two)?,
            ),
            doubled,
        )
    }

    /// The point of two fractions whose denominators the caller has shown to be non-zero: 2 rows.
    fn quotients(
        (x_num, x_den): (&FrVar, &FrVar),
        (y_num, y_den): (&FrVar, &FrVar),
        hint: Option<RawPoint>,
    ) -> Result<Self, SynthesisError> {
        let computed = || {
            let (x, y) = value_of(x_den).zip(value_of(y_den))?;
            // One inversion for both.
            let inverse = (x * y).inverse()?;
            let (x_num, y_num) = value_of(x_num).zip(value_of(y_num))?;
            Some(RawPoint {
                x: x_num * inverse * y,
                y: y_num * inverse * x,
            })
        };
        let values = hint.or_else(computed);
        let quotient = |num: &FrVar, den: &FrVar, value: Option<Fr>| {
            let cs = num.cs().or(den.cs());
            if cs.is_none() {
                return value
                    .map(FrVar::Constant)
                    .ok_or(SynthesisError::AssignmentMissing);
            }
            let result = witness(&cs, value)?;
            enforce_product(&result, den, num)?;
            Ok(result)
        };
        Ok(Self(PointVar {
            x: quotient(x_num, x_den, values.map(|p| p.x))?,
            y: quotient(y_num, y_den, values.map(|p| p.y))?,
        }))
    }

    /// The assigned point, if there is one.
    fn point(&self) -> Option<Point> {
        self.0.value().map(|p| Point::new_unchecked(p.x, p.y))
    }
}

/// The points of a chain of operations in affine form, by one inversion for all.
fn affine(chain: &[PointProj]) -> impl Iterator<Item = RawPoint> {
    PointProj::normalize_batch(chain)
        .into_iter()
        .map(RawPoint::from)
}

#[cfg(test)]
pub(crate) mod tests;
