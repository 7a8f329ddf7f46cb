//! s·Base8 in signed three-bit windows with constant tables: 421 rows for 251 bits.
//!
//! With σᵢ = 2·bᵢ − 1: s = Σ bᵢ·2ⁱ = Σ σᵢ·2ⁱ⁻¹ + (2ⁿ − 1)/2, so s·Base8 is a sum of window points
//! (σ₀ + 2·σ₁ + 4·σ₂)·8ʲ·H with H = Base8/2 and one constant point. In Montgomery form a window point is odd in v and even
//! in u under a flip of all three signs, hence for σ = ±1
//! - u = α + β·σ₀σ₁ + γ·σ₁σ₂ + δ·σ₀σ₂, which is one product of linear forms:
//!   (σ₀ + σ₁ + σ₂)·(a·σ₀ + b·σ₁ + c·σ₂) with a + b = β, b + c = γ, a + c = δ, up to the constant a + b + c;
//! - v = A·σ₀ + B·σ₁ + C·σ₂ + E·σ₀σ₁σ₂, where σ₂·(u − α) = β·σ₀σ₁σ₂ + γ·σ₁ + δ·σ₀ gives the cubic term by one product.
//!
//! So a window costs two rows, and its addition three: from the lowest window up, the sum before window j is a·H with a odd
//! and |a| < 8ʲ, and the window's multiple is between 8ʲ and 7·8ʲ in absolute value. The two are neither equal nor opposite,
//! and not so modulo ℓ either, as 8ʲ⁺¹ ≤ 8⁸³ < ℓ. Only the leading two bits, which carry the constant point, can reach the
//! identity; they are added by the complete law. No bits are an exception.

use alloc::{boxed::Box, vec::Vec};

use ark_ec::CurveGroup;
use ark_ff::{AdditiveGroup, Field};
use ark_r1cs_std::{GR1CSVar, boolean::Boolean};
use ark_relations::gr1cs::SynthesisError;
use once_cell::race::OnceBox;

use super::{
    CurvePointVar, PointVar,
    montgomery::{Addition, Montgomery, MontgomeryVar, additions},
};
use crate::{
    Fr,
    babyjubjub::{Point, PointProj, Scalar, base8},
    bits::{FrVar, linear, product},
    parts::enter,
};

/// Bits of a scalar below ℓ.
pub const SCALAR_BITS: usize = 251;
/// Three-bit windows below the leading two bits.
const WINDOWS: usize = SCALAR_BITS / 3;

/// The constants of all windows.
#[derive(Debug)]
struct Table {
    windows: Vec<Window>,
    /// What the leading two bits 0 … 3 contribute, the constant point included.
    leading: [Point; 4],
}

/// The coefficients of one window, as in the module's text.
#[derive(Debug)]
struct Window {
    alpha: Fr,
    /// a, b, c.
    factor: [Fr; 3],
    /// E / β.
    cubic: Fr,
    /// A − δ·E/β, B − γ·E/β, C.
    linear: [Fr; 3],
}

/// s·Base8 for the 251 bits of s, lowest first: 421 rows.
///
/// Any bits are fine: the product of the integer they stand for, below 2^251.
pub fn mul_base8(bits: &[Boolean<Fr>]) -> Result<CurvePointVar, SynthesisError> {
    let _part = enter(&bits.cs(), "fixed-base");
    let [low, leading] = two_parts(bits)?;
    low.add(&leading)
}

/// Enforces that s·Base8 is the given point: 421 rows, as for [`mul_base8`].
pub fn enforce_mul_base8(bits: &[Boolean<Fr>], product: &PointVar) -> Result<(), SynthesisError> {
    let _part = enter(&bits.cs(), "fixed-base");
    let [low, leading] = two_parts(bits)?;
    low.enforce_sum(&leading, product)
}

/// The sum of the windows, and what the leading bits add to it: 415 rows.
fn two_parts(bits: &[Boolean<Fr>]) -> Result<[CurvePointVar; 2], SynthesisError> {
    if bits.len() != SCALAR_BITS {
        return Err(SynthesisError::ArityMismatch);
    }
    let table = Table::get();
    let (low, leading) = bits.split_at(3 * WINDOWS);
    let windows = low.chunks_exact(3).zip(&table.windows);
    let points = windows
        .map(|(bits, window)| window.point(bits))
        .collect::<Result<Vec<_>, _>>()?;
    let [first, rest @ ..] = points.as_slice() else {
        return Err(SynthesisError::ArityMismatch);
    };
    let chain = partial_sums(first, rest);
    let mut hints = chain.iter().flatten();
    let mut sum = first.clone();
    for point in rest {
        sum = sum.add(point, hints.next())?;
    }
    Ok([sum.to_edwards()?, table.leading(leading)?])
}

/// The values of the additions, if there are any.
fn partial_sums(first: &MontgomeryVar, rest: &[MontgomeryVar]) -> Option<Vec<Addition>> {
    let point = |var: &MontgomeryVar| var.value().map(Montgomery::to_projective);
    let rest = rest.iter().map(point).collect::<Option<Vec<_>>>()?;
    additions(point(first)?, &rest)
}

impl Table {
    fn get() -> &'static Self {
        static TABLE: OnceBox<Table> = OnceBox::new();
        TABLE.get_or_init(|| Box::new(Self::compute()))
    }

    fn compute() -> Self {
        let half = Scalar::from(2u64).inverse().unwrap_or_default();
        let mut unit: PointProj = PointProj::from(base8()) * half;
        let mut offset = -unit;
        let mut multiples = Vec::with_capacity(4 * WINDOWS);
        for _ in 0..WINDOWS {
            let two = unit.double();
            let mut multiple = unit;
            for _ in 0..4 {
                multiples.push(multiple);
                multiple += two;
            }
            unit = two.double().double();
        }
        // (2^251 − 1)·H, with `unit` at 2^249·H.
        offset += unit.double().double();
        let leading = [-3i8, -1, 1, 3].map(|digit| {
            let multiple = if digit.abs() == 3 {
                unit.double() + unit
            } else {
                unit
            };
            (offset + if digit < 0 { -multiple } else { multiple }).into_affine()
        });
        // No multiple is the identity.
        let multiples = Montgomery::of_all(&multiples).unwrap_or_default();
        let windows = multiples.chunks_exact(4).map(Window::new).collect();
        Self { windows, leading }
    }

    /// The point for the leading two bits, which is bilinear in them: 1 row.
    fn leading(&self, bits: &[Boolean<Fr>]) -> Result<CurvePointVar, SynthesisError> {
        let [lo, hi] = bits else {
            return Err(SynthesisError::ArityMismatch);
        };
        let (lo, hi) = (FrVar::from(lo.clone()), FrVar::from(hi.clone()));
        let both = product(&lo, &hi)?;
        let lookup = |coordinate: fn(&Point) -> Fr| {
            let [v0, v1, v2, v3] = [0, 1, 2, 3].map(|i: usize| coordinate(&self.leading[i]));
            linear(
                &[(v1 - v0, &lo), (v2 - v0, &hi), (v3 - v2 - v1 + v0, &both)],
                v0,
            )
        };
        Ok(CurvePointVar(PointVar {
            x: lookup(|p| p.x)?,
            y: lookup(|p| p.y)?,
        }))
    }
}

impl Window {
    /// From the points G, 3G, 5G, 7G.
    fn new(points: &[Montgomery]) -> Self {
        let quarter = Fr::from(4u64).inverse().unwrap_or_default();
        let half = quarter.double();
        // Signs of (σ₀, σ₁, σ₂): 1 is (−, −, +), 3 is (+, −, +), 5 is (−, +, +), 7 is (+, +, +).
        let mix = |values: &[Fr], signs: [i8; 4]| -> Fr {
            let terms = values.iter().zip(signs);
            let signed = terms.map(|(value, sign)| if sign < 0 { -*value } else { *value });
            signed.sum::<Fr>() * quarter
        };
        let (v, u): (Vec<Fr>, Vec<Fr>) = points.iter().map(|p| (p.v, p.u)).unzip();
        let alpha = mix(&u, [1, 1, 1, 1]);
        let beta = mix(&u, [1, -1, -1, 1]);
        let gamma = mix(&u, [-1, -1, 1, 1]);
        let delta = mix(&u, [-1, 1, -1, 1]);
        let (first, second) = (mix(&v, [-1, 1, -1, 1]), mix(&v, [-1, -1, 1, 1]));
        let (third, fourth) = (mix(&v, [1, 1, 1, 1]), mix(&v, [1, -1, -1, 1]));
        // β is not zero for any window of this table; a test checks every entry.
        let cubic = fourth * beta.inverse().unwrap_or_default();
        Self {
            alpha,
            factor: [
                (beta + delta - gamma) * half,
                (beta + gamma - delta) * half,
                (gamma + delta - beta) * half,
            ],
            cubic,
            linear: [first - delta * cubic, second - gamma * cubic, third],
        }
    }

    /// The window point of three bits: 2 rows.
    fn point(&self, bits: &[Boolean<Fr>]) -> Result<MontgomeryVar, SynthesisError> {
        let (one, two) = (Fr::ONE, Fr::from(2u64));
        let signs = bits
            .iter()
            .map(|bit| linear(&[(two, &FrVar::from(bit.clone()))], -one))
            .collect::<Result<Vec<_>, _>>()?;
        let form = |[a, b, c]: [Fr; 3]| {
            linear(&[(a, &signs[0]), (b, &signs[1]), (c, &signs[2])], Fr::ZERO)
        };
        let quadratic = product(&form([one; 3])?, &form(self.factor)?)?;
        // u − α = quadratic − (a + b + c)
        let even = linear(&[(one, &quadratic)], -self.factor.iter().sum::<Fr>())?;
        let cubic = product(&linear(&[(self.cubic, &signs[2])], Fr::ZERO)?, &even)?;
        Ok(MontgomeryVar {
            u: linear(&[(one, &even)], self.alpha)?,
            v: linear(&[(one, &cubic), (one, &form(self.linear)?)], Fr::ZERO)?,
        })
    }
}

#[cfg(test)]
mod tests {
    //! The polynomials give the multiples they stand for.

    use super::*;
    use crate::babyjubjub::mul;

    #[test]
    fn every_window_entry_is_its_multiple() {
        let table = Table::get();
        let mut unit = mul(&base8(), &Scalar::from(2u64).inverse().unwrap_or_default());
        for window in &table.windows {
            for pattern in 0..8u64 {
                let bits: Vec<_> = (0..3)
                    .map(|i| Boolean::constant(pattern >> i & 1 == 1))
                    .collect();
                let digit = Scalar::from(2 * pattern) - Scalar::from(7u64);
                let point = window.point(&bits).map(|p| p.value());
                assert_eq!(point, Ok(Montgomery::of(&mul(&unit, &digit))));
            }
            unit = mul(&unit, &Scalar::from(8u64));
        }
    }
}
