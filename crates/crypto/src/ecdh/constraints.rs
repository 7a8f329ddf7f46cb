//! The shared key as constraints, for a point of any order (D5), by one short multiple of two points.
//!
//! E = P + t·G8 and K = R + (k·t)·G8, where P and R have order ℓ and G8 has order 8. The batch holds short numbers with
//! v·k ≡ u modulo ℓ ([`SharedScalar`]), so u·P = v·R says R = k·P at half the length of k. `docs/gadgets.md` §3 has the
//! argument for every point and every key.

use alloc::vec::Vec;

use ark_ec::CurveGroup;
use ark_ff::{AdditiveGroup, Field, MontFp, PrimeField};
use ark_r1cs_std::boolean::Boolean;
use ark_relations::gr1cs::SynthesisError;

use crate::{
    Fr,
    babyjubjub::{
        Point, PointProj, RawPoint, Scalar, base8,
        constraints::{
            CurvePointVar, PointVar,
            montgomery::{Addition, Montgomery, MontgomeryVar, Step, additions, steps},
            torsion::torsion_point,
        },
        eighth, mul, split_torsion,
    },
    bits::{FrVar, bit, enforce_product, linear, product, value_of, witness},
    parts::enter,
};

mod scalar;

use scalar::Native;
pub use scalar::SharedScalar;

/// The two points from which a chain may start: 8 times the points of the curve with y = NUMS + 1 and NUMS + 2 and the
/// smaller x. Nobody knows their discrete logarithms, nor the quotient of the two.
const STARTS: [Point; 2] = [
    Point::new_unchecked(
        MontFp!("11156832892489781723835416184322639978297648264955294842348579654128379236101"),
        MontFp!("10549118991491401955073606963517613608102467250529880148539475866579950721629"),
    ),
    Point::new_unchecked(
        MontFp!("9116727335472380233768738062239885605949997474750786107591094789385689021125"),
        MontFp!("10506677921921272010920771361887185353762263095580784703572698439901907984743"),
    ),
];

/// 2^125 times the starts.
const ENDS: [RawPoint; 2] = [
    RawPoint::new(
        MontFp!("2828976416279727478900524493287609372698784542843460009427506291149477062889"),
        MontFp!("20466427854545604327098123079744519433616656209822016073592214815869831143563"),
    ),
    RawPoint::new(
        MontFp!("571284806251098425136576276091116789159112822953702830424149035498375040637"),
        MontFp!("8093845973054872286927512938743259508188601738465150903491278513256975958697"),
    ),
];

/// k·E for the coordinator's scalar and a message's encryption key, and whether E is on the curve: 1,225 rows.
///
/// If E is off the curve the flag is 0 and the point is k·Base8, which stands for nothing: the message is a no-op whatever
/// it decrypts to. Satisfiable for every E, for every k but 0, 1 and −1 ([`super::check_scalar`]).
pub fn shared_key(
    k: &SharedScalar,
    e: &PointVar,
) -> Result<(Boolean<Fr>, PointVar), SynthesisError> {
    let (on_curve, e) = e.judge(&base8())?;
    let hints = (k.native.as_ref())
        .zip(e.point())
        .map(|(k, e)| Hints::find(&k.scalar, &e));
    let key = shared_key_as(k, &e, hints.as_ref())?;
    Ok((on_curve, key))
}

/// What the prover says about one encryption key.
#[derive(Clone)]
#[cfg_attr(test, derive(Debug))]
struct Hints {
    /// E has order 1, 2, 4 or 8; then P is Base8.
    low_order: bool,
    /// t, and what k·t leaves modulo 8 and divided by 8.
    torsion: [u8; 3],
    /// P/8 and R/8.
    eighths: [Point; 2],
    /// Which start, if not the one that works.
    start: Option<bool>,
}

impl Hints {
    fn find(k: &Scalar, e: &Point) -> Self {
        let (part, t) = split_torsion(e);
        let low_order = part == Point::default();
        let part = if low_order { base8() } else { part };
        let part = mul(&part, &eighth());
        let product = scalar_low_bits(k) * t;
        Self {
            low_order,
            torsion: [t, product % 8, product / 8],
            eighths: [part, mul(&part, k)],
            start: None,
        }
    }
}

/// k mod 8.
fn scalar_low_bits(k: &Scalar) -> u8 {
    (k.into_bigint().0[0] % 8) as u8
}

/// k·E for a point of the curve, with the prover's choice of hints.
fn shared_key_as(
    k: &SharedScalar,
    e: &CurvePointVar,
    hints: Option<&Hints>,
) -> Result<PointVar, SynthesisError> {
    let one = Fr::ONE;
    let cs = k.cs.clone().or(e.coordinates().cs());
    let low_order = FrVar::from(bit(&cs, hints.map(|h| h.low_order))?);
    let finite = linear(&[(-one, &low_order)], one)?;
    let three_bits = |which: usize| -> Result<[FrVar; 3], SynthesisError> {
        let number = hints.map(|h| h.torsion[which]);
        let bit_at = |place: usize| bit(&cs, number.map(|n| n >> place & 1 == 1)).map(FrVar::from);
        Ok([bit_at(0)?, bit_at(1)?, bit_at(2)?])
    };
    let eightfold = |which: usize| {
        let hint = hints.and_then(|h| Montgomery::of(&h.eighths[which]));
        MontgomeryVar::eightfold(&cs, hint)
    };

    // E = P + t·G8, or t·G8 alone with P fixed to Base8.
    let part = enter(&cs, "key-split");
    let p = eightfold(0)?;
    let p_edwards = p.to_edwards()?;
    let t = three_bits(0)?;
    p_edwards
        .or_identity(&finite)?
        .enforce_sum(&torsion_point(&t)?, e.coordinates())?;
    let fixed = CurvePointVar::constant(&base8());
    let (found, wanted) = (p_edwards.coordinates(), fixed.coordinates());
    for (found, wanted) in [(&found.x, &wanted.x), (&found.y, &wanted.y)] {
        let difference = linear(&[(one, found), (-one, wanted)], Fr::ZERO)?;
        enforce_product(&low_order, &difference, &FrVar::Constant(Fr::ZERO))?;
    }
    drop(part);

    let r = eightfold(1)?;
    let r_edwards = r.to_edwards()?;
    enforce_multiple(k, [&p, &r], [&p_edwards, &r_edwards], hints)?;

    // k·t = s + 8·j, integers below 64.
    let _part = enter(&cs, "torsion-multiple");
    let (s, j) = (three_bits(1)?, three_bits(2)?);
    let number = |bits: &[FrVar; 3], weight: u64| {
        let weight = Fr::from(weight);
        let [a, b, c] = bits;
        let four = weight.double().double();
        linear(&[(weight, a), (weight.double(), b), (four, c)], Fr::ZERO)
    };
    let sum = linear(&[(one, &number(&s, 1)?), (one, &number(&j, 8)?)], Fr::ZERO)?;
    enforce_product(&k.torsion, &number(&t, 1)?, &sum)?;
    let key = r_edwards.or_identity(&finite)?.add(&torsion_point(&s)?)?;
    Ok(key.into_coordinates())
}

/// Enforces u·P = v·R for two points of order ℓ: 1,150 rows.
///
/// A ← 2A + dᵢ·P + eᵢ·R from a start S ends at 2^125·S + (u + parity)·P − (v + parity)·R. Every u(A) − u(T) is a factor
/// of a product that has an inverse, so no addition is 0/0 and every slope is determined.
fn enforce_multiple(
    k: &SharedScalar,
    [p, r]: [&MontgomeryVar; 2],
    [p_edwards, r_edwards]: [&CurvePointVar; 2],
    hints: Option<&Hints>,
) -> Result<(), SynthesisError> {
    let one = Fr::ONE;
    let cs = k.cs.clone().or(p_edwards.coordinates().cs());
    let _part = enter(&cs, "half-gcd-chain");
    let values = (k.native.as_ref())
        .zip(p_edwards.point().zip(r_edwards.point()))
        .and_then(|(k, (p, r))| Chain::find(k, [p, r], hints.and_then(|h| h.start)));
    let start = bit(&cs, values.as_ref().map(|values| values.start))?;
    let [first, second] = STARTS.map(|start| Montgomery::of(&start).unwrap_or_default());
    let mut sum = MontgomeryVar::select(
        &start,
        &MontgomeryVar::constant(second),
        &MontgomeryVar::constant(first),
    )?;
    let [both, apart] = p.add_and_subtract(r, values.as_ref().map(|values| &values.table))?;

    let [leading, digits @ ..] = k.digits.as_slice() else {
        return Err(SynthesisError::ArityMismatch);
    };
    let addend = both.joint(&apart, leading)?;
    let mut guard = linear(&[(one, &sum.u), (-one, &addend.u)], Fr::ZERO)?;
    sum = sum.add(&addend, values.as_ref().map(|values| &values.first))?;
    let mut steps = values.iter().flat_map(|values| &values.steps);
    for digit in digits {
        let addend = both.joint(&apart, digit)?;
        let denominator;
        (sum, denominator) = sum.double_and_add(&addend, steps.next())?;
        guard = product(&guard, &denominator)?;
    }
    let inverse = value_of(&guard).map(|g| g.inverse().unwrap_or(Fr::ZERO));
    enforce_product(&guard, &witness(&cs, inverse)?, &FrVar::Constant(one))?;

    let rest = parity_point(k, p_edwards, r_edwards)?;
    let [first, second] = ENDS.map(PointVar::constant);
    let end = CurvePointVar::of_curve(PointVar::select(&start, &second, &first)?);
    end.enforce_sum(&rest, sum.to_edwards()?.coordinates())
}

/// parity₀·P − parity₁·R, at most one of the two being 1: 4 rows.
fn parity_point(
    k: &SharedScalar,
    p: &CurvePointVar,
    r: &CurvePointVar,
) -> Result<CurvePointVar, SynthesisError> {
    let one = Fr::ONE;
    let [of_p, of_r] = &k.parity;
    let (p, r) = (p.coordinates(), r.coordinates());
    let above = |y: &FrVar| linear(&[(one, y)], -one);
    let x = [product(of_p, &p.x)?, product(of_r, &r.x)?];
    let y = [product(of_p, &above(&p.y)?)?, product(of_r, &above(&r.y)?)?];
    Ok(CurvePointVar::of_curve(PointVar {
        x: linear(&[(one, &x[0]), (-one, &x[1])], Fr::ZERO)?,
        y: linear(&[(one, &y[0]), (one, &y[1])], one)?,
    }))
}

impl MontgomeryVar {
    /// d·P + e·R from self = P + R and `apart` = P − R: 3 rows.
    fn joint(&self, apart: &Self, digit: &scalar::JointDigit) -> Result<Self, SynthesisError> {
        let one = Fr::ONE;
        let between = linear(&[(one, &self.u), (-one, &apart.u)], Fr::ZERO)?;
        let u = product(&digit.same, &between)?;
        let v = [
            product(&digit.of_sum, &self.v)?,
            product(&digit.of_difference, &apart.v)?,
        ];
        Ok(Self {
            u: linear(&[(one, &apart.u), (one, &u)], Fr::ZERO)?,
            v: linear(&[(one, &v[0]), (one, &v[1])], Fr::ZERO)?,
        })
    }
}

/// The values of a chain.
struct Chain {
    start: bool,
    /// P + R and P − R.
    table: [Addition; 2],
    first: Addition,
    steps: Vec<Step>,
}

impl Chain {
    /// From the wanted start, or else from the first that meets no exception; `None` if there is none.
    fn find(k: &Native, [p, r]: [Point; 2], start: Option<bool>) -> Option<Self> {
        let (p_proj, r_proj) = (PointProj::from(p), PointProj::from(r));
        let plus = additions(p_proj, &[r_proj])?.pop()?;
        let minus = additions(p_proj, &[-r_proj])?.pop()?;
        let [both, apart]: [Point; 2] = PointProj::normalize_batch(&[p_proj + r, p_proj - r])
            .try_into()
            .ok()?;
        let addends: Vec<Point> = (k.digits.iter())
            .map(|digit| match digit {
                [true, true] => both,
                [false, false] => -both,
                [true, false] => apart,
                [false, true] => -apart,
            })
            .collect();
        let (leading, rest) = addends.split_first()?;
        let from = |start: bool| {
            let point = PointProj::from(STARTS[usize::from(start)]);
            Some(Self {
                start,
                table: [plus, minus],
                first: additions(point, &[(*leading).into()])?.pop()?,
                steps: steps(point + leading, rest)?,
            })
        };
        match start {
            Some(start) => from(start),
            None => from(false).or_else(|| from(true)),
        }
    }
}

#[cfg(test)]
mod tests;
