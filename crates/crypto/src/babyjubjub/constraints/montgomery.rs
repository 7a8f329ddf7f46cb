//! Points of prime order in affine Montgomery form v² = u³ + 168698·u² + u: an addition costs 3 rows in place of 6.
//!
//! The map from the Edwards form is u = (1 + y)/(1 − y), v = u/x. The identity has no coordinates, (0, −1) becomes
//! (0, 0), and the addition law divides by u₁ − u₂, which is 0 for P = ±Q. So this law is not complete: a
//! [`MontgomeryVar`] has order ℓ by construction, and whoever adds two of them shows why they are neither equal nor
//! opposite, by the size of their multiples or by a guard (`docs/gadgets.md` §2).

use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field, MontFp};
use ark_r1cs_std::{GR1CSVar, boolean::Boolean};
use ark_relations::gr1cs::SynthesisError;

use super::{CurvePointVar, PointVar};
use crate::{
    Fr,
    babyjubjub::{Point, PointProj},
    bits::{Cs, FrVar, enforce_product, linear, product, select, value_of, witness},
};

/// Coefficient of u².
const MONTGOMERY_A: Fr = MontFp!("168698");

/// Affine Montgomery coordinates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Montgomery {
    pub(crate) u: Fr,
    pub(crate) v: Fr,
}

impl Montgomery {
    /// The coordinates of many points by one inversion; `None` if one of them has order 1 or 2.
    pub(crate) fn of_all(points: &[PointProj]) -> Option<Vec<Self>> {
        let mut inverses: Vec<Fr> = points.iter().map(|p| (p.z - p.y) * p.x).collect();
        invert(&mut inverses)?;
        let coordinates = points.iter().zip(inverses).map(|(p, inverse)| Self {
            u: (p.z + p.y) * p.x * inverse,
            v: (p.z + p.y) * p.z * inverse,
        });
        Some(coordinates.collect())
    }

    /// In extended Edwards coordinates, of the point with v ≠ 0 and u ≠ −1.
    pub(crate) fn to_projective(self) -> PointProj {
        let (u, v) = (self.u, self.v);
        PointProj::new_unchecked(
            u * (u + Fr::ONE),
            (u - Fr::ONE) * v,
            u * (u - Fr::ONE),
            v * (u + Fr::ONE),
        )
    }

    /// The coordinates of one point.
    pub(crate) fn of(point: &Point) -> Option<Self> {
        Self::of_all(&[(*point).into()])?.pop()
    }
}

/// Inverts all; `None` if one is 0.
fn invert(values: &mut [Fr]) -> Option<()> {
    if values.contains(&Fr::ZERO) {
        return None;
    }
    ark_ff::batch_inversion(values);
    Some(())
}

/// The values of one step 2A + T.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// Of the line through A and T.
    slope: Fr,
    /// u(A + T).
    middle: Fr,
    /// Of the line through A and A + T.
    second: Fr,
    sum: Montgomery,
}

/// The values of one addition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addition {
    slope: Fr,
    sum: Montgomery,
}

/// The values of A ← 2A + T for each T in turn; `None` if an addition meets equal or opposite points or the identity.
pub(crate) fn steps(start: PointProj, addends: &[Point]) -> Option<Vec<Step>> {
    let mut chain = Vec::with_capacity(2 * addends.len() + 1);
    let mut sum = start;
    chain.push(sum);
    for addend in addends {
        let middle = sum + addend;
        sum += middle;
        chain.extend([middle, sum]);
    }
    let chain = Montgomery::of_all(&chain)?;
    let addends: Vec<PointProj> = addends.iter().map(|t| (*t).into()).collect();
    let addends = Montgomery::of_all(&addends)?;
    let triples = || chain.windows(3).step_by(2).zip(&addends);
    let mut inverses: Vec<Fr> = triples()
        .flat_map(|(points, t)| [points[0].u - t.u, points[0].u - points[1].u])
        .collect();
    invert(&mut inverses)?;
    let steps = triples()
        .zip(inverses.chunks_exact(2))
        .map(|((points, t), inverse)| {
            let slope = (points[0].v - t.v) * inverse[0];
            Step {
                slope,
                middle: points[1].u,
                second: points[0].v.double() * inverse[1] - slope,
                sum: points[2],
            }
        });
    Some(steps.collect())
}

/// The values of A ← A + T for each T in turn; `None` as for [`steps`].
pub(crate) fn additions(start: PointProj, addends: &[PointProj]) -> Option<Vec<Addition>> {
    let mut sum = start;
    let mut chain = alloc::vec![sum];
    chain.extend(addends.iter().map(|addend| {
        sum += addend;
        sum
    }));
    let chain = Montgomery::of_all(&chain)?;
    let addends = Montgomery::of_all(addends)?;
    let mut inverses: Vec<Fr> = chain.iter().zip(&addends).map(|(a, t)| a.u - t.u).collect();
    invert(&mut inverses)?;
    let pairs = chain.windows(2).zip(&addends).zip(inverses);
    Some(
        pairs
            .map(|((points, t), inverse)| Addition {
                slope: (points[0].v - t.v) * inverse,
                sum: points[1],
            })
            .collect(),
    )
}

/// A point of order ℓ in affine Montgomery form.
#[derive(Clone, Debug)]
pub(crate) struct MontgomeryVar {
    pub(crate) u: FrVar,
    pub(crate) v: FrVar,
}

impl MontgomeryVar {
    /// A constant.
    pub(crate) fn constant(point: Montgomery) -> Self {
        Self {
            u: FrVar::Constant(point.u),
            v: FrVar::Constant(point.v),
        }
    }

    fn new_witness(cs: &Cs, point: Option<Montgomery>) -> Result<Self, SynthesisError> {
        Ok(Self {
            u: witness(cs, point.map(|p| p.u))?,
            v: witness(cs, point.map(|p| p.v))?,
        })
    }

    /// 8Q for the prover's choice of a point Q of the curve: 14 rows.
    ///
    /// This is any point of order ℓ and no other. Q is on the curve by three rows. A doubling divides by 2v, and v = 0 only
    /// at (0, 0), where the numerator is 1: a chain of doublings that meets the identity has no witness. So 8Q is a
    /// multiple of 8 and not the identity.
    pub(crate) fn eightfold(cs: &Cs, q: Option<Montgomery>) -> Result<Self, SynthesisError> {
        let one = Fr::ONE;
        let q = Self::new_witness(cs, q)?;
        let square = product(&q.u, &q.u)?;
        let right = linear(&[(one, &square), (MONTGOMERY_A, &q.u)], one)?;
        let left = product(&q.v, &q.v)?;
        enforce_product(&q.u, &right, &left)?;
        q.double_with(&square)?.double()?.double()
    }

    /// From Edwards coordinates of a point of order ℓ, whose x and 1 − y are not 0: 2 rows.
    pub(crate) fn from_edwards(point: &CurvePointVar) -> Result<Self, SynthesisError> {
        let one = Fr::ONE;
        let PointVar { x, y } = point.coordinates();
        let value = point.point().and_then(|p| Montgomery::of(&p));
        let result = Self::new_witness(&x.cs().or(y.cs()), value)?;
        let numerator = linear(&[(one, y)], one)?;
        enforce_product(&result.u, &linear(&[(-one, y)], one)?, &numerator)?;
        enforce_product(&result.v, x, &result.u)?;
        Ok(result)
    }

    /// In Edwards coordinates: 2 rows. v is not 0, and no point has u = −1, as A − 2 is not a square.
    pub(crate) fn to_edwards(&self) -> Result<CurvePointVar, SynthesisError> {
        let one = Fr::ONE;
        let cs = self.cs();
        let value = value_of(&self.u).zip(value_of(&self.v)).and_then(|(u, v)| {
            let inverse = (v * (u + one)).inverse()?;
            Some((u * (u + one) * inverse, (u - one) * v * inverse))
        });
        let x = witness(&cs, value.map(|(x, _)| x))?;
        let y = witness(&cs, value.map(|(_, y)| y))?;
        enforce_product(&x, &self.v, &self.u)?;
        enforce_product(
            &y,
            &linear(&[(one, &self.u)], one)?,
            &linear(&[(one, &self.u)], -one)?,
        )?;
        Ok(CurvePointVar(PointVar { x, y }))
    }

    /// `a` if the condition holds, else `b`: 2 rows, none for two constants.
    pub(crate) fn select(
        condition: &Boolean<Fr>,
        a: &Self,
        b: &Self,
    ) -> Result<Self, SynthesisError> {
        Ok(Self {
            u: select(condition, &a.u, &b.u)?,
            v: select(condition, &a.v, &b.v)?,
        })
    }

    /// P for a set bit, −P for a clear one: 1 row.
    pub(crate) fn signed(&self, bit: &Boolean<Fr>) -> Result<Self, SynthesisError> {
        let sign = linear(&[(Fr::from(2u64), &FrVar::from(bit.clone()))], -Fr::ONE)?;
        Ok(Self {
            u: self.u.clone(),
            v: product(&sign, &self.v)?,
        })
    }

    /// 2P: 4 rows.
    pub(crate) fn double(&self) -> Result<Self, SynthesisError> {
        self.double_with(&product(&self.u, &self.u)?)
    }

    /// [`Self::double`] with u², for 3 rows.
    fn double_with(&self, square: &FrVar) -> Result<Self, SynthesisError> {
        let one = Fr::ONE;
        let two = Fr::from(2u64);
        let (num, den) = (
            linear(
                &[(Fr::from(3u64), square), (two * MONTGOMERY_A, &self.u)],
                one,
            )?,
            linear(&[(two, &self.v)], Fr::ZERO)?,
        );
        let slope = quotient(&num, &den)?;
        let sum = value_of(&slope).zip(self.value()).map(|(slope, p)| {
            let u = slope.square() - MONTGOMERY_A - p.u.double();
            Montgomery {
                u,
                v: slope * (p.u - u) - p.v,
            }
        });
        let result = Self::new_witness(&self.cs(), sum)?;
        result.enforce_on_line(&slope, self, &self.u)?;
        Ok(result)
    }

    /// P + Q for P ≠ ±Q, which the caller has shown: 3 rows.
    pub(crate) fn add(
        &self,
        other: &Self,
        hint: Option<&Addition>,
    ) -> Result<Self, SynthesisError> {
        let cs = self.cs().or(other.cs());
        let slope = witness(&cs, hint.map(|hint| hint.slope))?;
        enforce_product(
            &slope,
            &difference(&self.u, &other.u)?,
            &difference(&self.v, &other.v)?,
        )?;
        let result = Self::new_witness(&cs, hint.map(|hint| hint.sum))?;
        result.enforce_on_line(&slope, self, &other.u)?;
        Ok(result)
    }

    /// P + Q and P − Q for P ≠ ±Q: 6 rows, and none of their witnesses exists if P = ±Q.
    ///
    /// For P = Q the second slope has the numerator 2v ≠ 0 over 0, for P = −Q the first.
    pub(crate) fn add_and_subtract(
        &self,
        other: &Self,
        hints: Option<&[Addition; 2]>,
    ) -> Result<[Self; 2], SynthesisError> {
        let opposite = Self {
            u: other.u.clone(),
            v: linear(&[(-Fr::ONE, &other.v)], Fr::ZERO)?,
        };
        Ok([
            self.add(other, hints.map(|hints| &hints[0]))?,
            self.add(&opposite, hints.map(|hints| &hints[1]))?,
        ])
    }

    /// 2A + T as (A + T) + A, and u(A) − u(T), which the caller must know not to be 0: 5 rows.
    ///
    /// With that, A + T is determined and finite. The second slope is 2v(A)/(u(A) − u(A + T)) minus the first; v(A) is not 0
    /// as A has order ℓ, so a zero denominator leaves no witness.
    pub(crate) fn double_and_add(
        &self,
        addend: &Self,
        hint: Option<&Step>,
    ) -> Result<(Self, FrVar), SynthesisError> {
        let one = Fr::ONE;
        let cs = self.cs().or(addend.cs());
        let denominator = difference(&self.u, &addend.u)?;
        let slope = witness(&cs, hint.map(|hint| hint.slope))?;
        enforce_product(&slope, &denominator, &difference(&self.v, &addend.v)?)?;
        let middle = witness(&cs, hint.map(|hint| hint.middle))?;
        let three = [(one, &middle), (one, &self.u), (one, &addend.u)];
        enforce_product(&slope, &slope, &linear(&three, MONTGOMERY_A)?)?;
        let second = witness(&cs, hint.map(|hint| hint.second))?;
        enforce_product(
            &linear(&[(one, &slope), (one, &second)], Fr::ZERO)?,
            &difference(&self.u, &middle)?,
            &linear(&[(Fr::from(2u64), &self.v)], Fr::ZERO)?,
        )?;
        let result = Self::new_witness(&cs, hint.map(|hint| hint.sum))?;
        result.enforce_on_line(&second, self, &middle)?;
        Ok((result, denominator))
    }

    /// This is the third point, mirrored, of the line through `point` with `slope` that also meets `other_u`: 2 rows.
    fn enforce_on_line(
        &self,
        slope: &FrVar,
        point: &Self,
        other_u: &FrVar,
    ) -> Result<(), SynthesisError> {
        let one = Fr::ONE;
        let three = [(one, &self.u), (one, &point.u), (one, other_u)];
        enforce_product(slope, slope, &linear(&three, MONTGOMERY_A)?)?;
        enforce_product(
            slope,
            &difference(&point.u, &self.u)?,
            &linear(&[(one, &self.v), (one, &point.v)], Fr::ZERO)?,
        )
    }

    fn cs(&self) -> Cs {
        self.u.cs().or(self.v.cs())
    }

    /// The assigned coordinates, if there are any.
    pub(super) fn value(&self) -> Option<Montgomery> {
        let (u, v) = value_of(&self.u).zip(value_of(&self.v))?;
        Some(Montgomery { u, v })
    }
}

fn difference(a: &FrVar, b: &FrVar) -> Result<FrVar, SynthesisError> {
    linear(&[(Fr::ONE, a), (-Fr::ONE, b)], Fr::ZERO)
}

/// `num / den`, for a denominator that is not 0 or a numerator that is not: 1 row.
fn quotient(num: &FrVar, den: &FrVar) -> Result<FrVar, SynthesisError> {
    let value = value_of(num)
        .zip(value_of(den))
        .map(|(num, den)| num * den.inverse().unwrap_or(Fr::ZERO));
    let result = witness(&num.cs().or(den.cs()), value)?;
    enforce_product(&result, den, num)?;
    Ok(result)
}

#[cfg(test)]
mod tests;
