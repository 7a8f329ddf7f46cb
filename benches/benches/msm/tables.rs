//! What fixed-base tables would gain: a sum over k lists of points, each the one before times a power of two, has as many
//! digits to add as one over a single list, and a k-th of the buckets to weigh.

use ark_ec::CurveGroup;
use maci_lanes::{Pair, PointSums};
use maci_prover::{Cancel, msm};

use super::{BigInt, Group, RUNS, cost, points, scalars};

/// Bits of a scalar and its sign.
const BITS: usize = 255;

/// Prints how much faster a sum over 2, 3 and 4 lists is than over one, with the best width of digits.
pub(super) fn measure<S: PointSums>(name: &str, sums: Option<S>, power: u32)
where
    Group<S>: CurveGroup<Affine = S::Affine>,
{
    let Some(sums) = sums else {
        println!("{name}: no vectors here");
        return;
    };
    let count = 1 << power;
    let mut list = vec![S::Packed::default(); count];
    let stored = points::<Group<S>>(count).into_iter().map(S::Stored::from);
    sums.keep(&stored.collect::<Vec<_>>(), &mut list);
    let random = scalars(count);
    let witness: Vec<BigInt> = random.iter().map(like_a_witness).collect();
    for lists in if power < 20 { 2..=4 } else { 2..=2 } {
        let mut best = [(0.0, 0); 2];
        for width in (power as usize - 3).min(16)..=(power as usize - 1).min(16) {
            let table = table(sums, &list, lists, width);
            for (best, scalars) in best.iter_mut().zip([&random, &witness]) {
                let ratio = gain(sums, &list, &table, (lists, width), scalars);
                *best = if ratio > best.0 {
                    (ratio, width)
                } else {
                    *best
                };
            }
        }
        let [(random, width), (witness, _)] = best;
        println!(
            "{name} 2^{power}, {lists} lists: {random:.2}x (digits of {width} bits), {witness:.2}x with a witness"
        );
    }
}

/// 45 % of the numbers are 0, 1 or a byte.
fn like_a_witness(scalar: &BigInt) -> BigInt {
    match scalar.0[1] % 20 {
        0..3 => BigInt::from(0u64),
        3..6 => BigInt::from(1u64),
        6..9 => BigInt::from(scalar.0[2] % 256),
        _ => *scalar,
    }
}

fn table<S: PointSums>(sums: S, list: &[S::Packed], lists: usize, width: usize) -> Vec<S::Packed> {
    let doublings = BITS.div_ceil(width).div_ceil(lists) * width;
    let twice = |index| Pair {
        left: index,
        right: index,
        out: index,
    };
    let pairs: Vec<Pair> = (0..list.len() as u32).map(twice).collect();
    let (mut last, mut all) = (list.to_vec(), list.to_vec());
    let mut scratch = S::Scratch::default();
    for _ in 1..lists {
        for _ in 0..doublings {
            sums.add_within(&mut last, &pairs, &mut scratch);
        }
        all.extend_from_slice(&last);
    }
    all
}

/// Time over one list by time over all, in turns.
fn gain<S: PointSums>(
    sums: S,
    list: &[S::Packed],
    table: &[S::Packed],
    shape: (usize, usize),
    scalars: &[BigInt],
) -> f64 {
    let never = Cancel::new();
    let one = || msm::multiply(sums, list, scalars, &never);
    let all = || msm::multiply_lists(sums, table, shape, scalars, &never);
    assert!(one() == all(), "{shape:?}");
    let [mut before, mut after] = [f64::INFINITY; 2];
    for _ in 0..RUNS {
        before = before.min(cost(one).cpu);
        after = after.min(cost(all).cpu);
    }
    before / after
}
