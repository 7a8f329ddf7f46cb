//! The Miller loops of many pairs (A, B) at once, for the batch check.
//!
//! arkworks prepares each B in projective coordinates and squares f once for every four pairs. Here all loops advance side
//! by side: points stay affine, one inversion a step serves all of them, f is squared once for all, and a line is scaled
//! to 1 + s·w + t·w³, which costs ten multiplications in Fq2 to multiply into f in place of thirteen. The scale lies in
//! Fq2, and the final exponentiation takes it away.

use alloc::vec::Vec;

use ark_bn254::{Bn254, Config, Fq, Fq2, Fq12, Fq12Config, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ec::bn::BnConfig;
use ark_ec::pairing::{MillerLoopOutput, Pairing};
use ark_ff::{AdditiveGroup, Field, Fp12Config, Zero, serial_batch_inversion_and_mul};

use crate::psi;

/// The loop of one pair.
struct Run {
    /// −x/y of A.
    slope_scale: Fq,
    /// 1/y of A.
    shift_scale: Fq,
    b: G2Affine,
    /// The multiple of B that the loop has reached.
    reached: G2Affine,
}

/// The product of all pairs' Miller loops, up to a factor that the final exponentiation takes away. A pair with the
/// identity counts as one.
pub(crate) fn product(pairs: &[(G1Affine, G2Affine)]) -> MillerLoopOutput<Bn254> {
    if let Some(product) = shared(pairs) {
        return MillerLoopOutput(product);
    }
    let (left, right): (Vec<G1Affine>, Vec<G2Affine>) = pairs.iter().copied().unzip();
    Bn254::multi_miller_loop(left, right)
}

#[cfg(not(feature = "parallel"))]
fn shared(pairs: &[(G1Affine, G2Affine)]) -> Option<Fq12> {
    affine(pairs)
}

/// One share a thread: each squares and inverts for itself, so small shares would cost more than they save.
#[cfg(feature = "parallel")]
fn shared(pairs: &[(G1Affine, G2Affine)]) -> Option<Fq12> {
    use rayon::prelude::*;

    let share = pairs.len().div_ceil(rayon::current_num_threads()).max(8);
    pairs
        .par_chunks(share)
        .map(affine)
        .try_reduce(|| Fq12::ONE, |left, right| Some(left * right))
}

/// None where a line is vertical or a y of A is zero. Points of the groups never get there: both orders are odd, and no
/// two multiples of B that the loop adds are equal or opposite.
fn affine(pairs: &[(G1Affine, G2Affine)]) -> Option<Fq12> {
    let mut runs = start(pairs)?;
    let mut f = Fq12::ONE;
    // The first digit is B itself.
    for digit in <Config as BnConfig>::ATE_LOOP_COUNT.iter().rev().skip(1) {
        f.square_in_place();
        double(&mut runs, &mut f)?;
        match digit {
            1 => add(&mut runs, &mut f, |run| run.b)?,
            -1 => add(&mut runs, &mut f, |run| -run.b)?,
            _ => {}
        }
    }
    add(&mut runs, &mut f, |run| psi::affine(&run.b))?;
    add(&mut runs, &mut f, |run| -psi::affine(&psi::affine(&run.b)))?;
    Some(f)
}

fn start(pairs: &[(G1Affine, G2Affine)]) -> Option<Vec<Run>> {
    let pairs = || pairs.iter().filter(|(a, b)| !a.is_zero() && !b.is_zero());
    let mut inverses: Vec<Fq> = pairs().map(|(a, _)| a.y).collect();
    invert(&mut inverses)?;
    let run = |((a, b), inverse): (&(G1Affine, G2Affine), Fq)| Run {
        slope_scale: -a.x * inverse,
        shift_scale: inverse,
        b: *b,
        reached: *b,
    };
    Some(pairs().zip(inverses).map(run).collect())
}

/// Inverts all values, or none if one of them is zero.
fn invert<F: Field>(values: &mut [F]) -> Option<()> {
    if values.iter().any(Zero::is_zero) {
        return None;
    }
    // The parallel one would make an inversion a thread and a step, for a few values each.
    serial_batch_inversion_and_mul(values, &F::ONE);
    Some(())
}

fn double(runs: &mut [Run], f: &mut Fq12) -> Option<()> {
    let mut inverses: Vec<Fq2> = runs.iter().map(|run| run.reached.y.double()).collect();
    invert(&mut inverses)?;
    for (run, inverse) in runs.iter_mut().zip(inverses) {
        let square = run.reached.x.square();
        run.advance((square.double() + square) * inverse, run.reached.x, f);
    }
    Some(())
}

fn add(runs: &mut [Run], f: &mut Fq12, other: impl Fn(&Run) -> G2Affine) -> Option<()> {
    let others: Vec<G2Affine> = runs.iter().map(other).collect();
    let mut inverses: Vec<Fq2> = runs
        .iter()
        .zip(&others)
        .map(|(run, other)| other.x - run.reached.x)
        .collect();
    invert(&mut inverses)?;
    for ((run, other), inverse) in runs.iter_mut().zip(others).zip(inverses) {
        run.advance((other.y - run.reached.y) * inverse, other.x, f);
    }
    Some(())
}

impl Run {
    /// Multiplies the line of this slope through the reached point into f and moves to where it leads; `x` is the abscissa
    /// of the other point on the line.
    fn advance(&mut self, slope: Fq2, x: Fq2, f: &mut Fq12) {
        let shift = slope * self.reached.x - self.reached.y;
        let mut s = slope;
        s.mul_assign_by_fp(&self.slope_scale);
        let mut t = shift;
        t.mul_assign_by_fp(&self.shift_scale);
        times_line(f, &s, &t);
        let sum = slope.square() - self.reached.x - x;
        self.reached = G2Affine::new_unchecked(sum, shift - slope * sum);
    }
}

/// f·(1 + s·w + t·w³).
fn times_line(f: &mut Fq12, s: &Fq2, t: &Fq2) {
    let mut even = f.c1;
    even.mul_by_01(s, t);
    Fq12Config::mul_fp6_by_nonresidue_in_place(&mut even);
    let mut odd = f.c0;
    odd.mul_by_01(s, t);
    f.c0 += even;
    f.c1 += odd;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ark_bn254::Fr;
    use ark_ec::CurveGroup;
    use ark_ec::pairing::PairingOutput;
    use ark_ff::PrimeField;
    use proptest::prelude::*;

    type Pair = (G1Affine, G2Affine);

    fn value(pairs: &[Pair]) -> Option<PairingOutput<Bn254>> {
        Bn254::final_exponentiation(MillerLoopOutput(shared(pairs)?))
    }

    fn arkworks(pairs: &[Pair]) -> Option<PairingOutput<Bn254>> {
        let (a, b): (Vec<G1Affine>, Vec<G2Affine>) = pairs.iter().copied().unzip();
        Bn254::final_exponentiation(Bn254::multi_miller_loop(a, b))
    }

    fn pair(a: impl Into<Fr>, b: impl Into<Fr>) -> Pair {
        (
            (G1Affine::generator() * a.into()).into_affine(),
            (G2Affine::generator() * b.into()).into_affine(),
        )
    }

    fn arb_scalar() -> impl Strategy<Value = Fr> {
        any::<[u8; 64]>().prop_map(|bytes| Fr::from_le_bytes_mod_order(&bytes))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        // Small scalars meet the identity, equal points and points that cancel each other.
        #[test]
        fn the_product_is_that_of_arkworks(
            large in prop::collection::vec((arb_scalar(), arb_scalar()), 0..6),
            small in prop::collection::vec((-3i64..4, -3i64..4), 0..20),
        ) {
            let large = large.into_iter().map(|(a, b)| pair(a, b));
            let small = small.into_iter().map(|(a, b)| pair(a, b));
            let pairs: Vec<Pair> = large.chain(small).collect();
            prop_assert!(value(&pairs).is_some());
            prop_assert_eq!(value(&pairs), arkworks(&pairs));
        }

        #[test]
        fn the_product_is_bilinear(a in arb_scalar(), b in arb_scalar()) {
            let all = [pair(a, b), pair(-a * b, 1)];
            prop_assert_eq!(value(&all), Some(PairingOutput::zero()));
            prop_assert_ne!(value(&all[..1]), Some(PairingOutput::zero()));
        }
    }

    #[test]
    fn no_pairs_and_identities_give_one() {
        let one = Some(PairingOutput::zero());
        let (a, b) = pair(5, 7);
        let none = (G1Affine::identity(), G2Affine::identity());
        for pairs in [&[][..], &[(a, none.1)], &[(none.0, b)], &[none, none]] {
            assert_eq!(value(pairs), one);
        }
        assert_eq!(value(&[(a, b), none]), arkworks(&[(a, b)]));
        assert_eq!(value(&[(a, b), (-a, b)]), one);
        assert_eq!(value(&[(a, b), (a, -b)]), one);
        assert_ne!(value(&[(a, b)]), one);
    }

    #[test]
    fn a_vertical_line_is_left_to_arkworks() {
        // Neither curve has a point with y = 0, nor G2 one of order three.
        let (a, b) = pair(1, 1);
        let flat = (a, G2Affine::new_unchecked(Fq2::ONE, Fq2::ZERO));
        let level = (G1Affine::new_unchecked(Fq::ONE, Fq::ZERO), b);
        for pairs in [[(a, b), flat], [(a, b), level]] {
            assert!(shared(&pairs).is_none());
            let product = Bn254::final_exponentiation(product(&pairs));
            assert_eq!(product, arkworks(&pairs));
        }
    }

    #[test]
    fn a_line_between_equal_abscissas_is_left_to_arkworks() {
        let (a, b) = pair(2, 3);
        let mut runs = start(&[(a, b), (a, b)]).unwrap();
        let mut f = Fq12::ONE;
        assert!(add(&mut runs, &mut f, |run| run.b).is_none());
        assert!(add(&mut runs, &mut f, |run| -run.b).is_none());
        assert!(double(&mut runs, &mut f).is_some());
        assert!(add(&mut runs, &mut f, |run| run.b).is_some());
    }
}
