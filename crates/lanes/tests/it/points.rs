//! Every kind of pair, in both groups and both backends.

use ark_ec::{AffineRepr, CurveGroup};
use maci_lanes::{Pair, PointSums, ScalarG1, ScalarG2, VectorG1, VectorG2};

/// Multiples 0, 1, 2, … of the generator, each beside its opposite.
fn multiples<G: CurveGroup>(count: usize) -> Vec<G::Affine> {
    let mut out = Vec::new();
    let mut point = G::zero();
    for _ in 0..count {
        out.push(point.into_affine());
        out.push((-point).into_affine());
        point += G::generator();
    }
    out
}

fn pack<S: PointSums>(sums: S, points: &[S::Affine]) -> Vec<S::Packed> {
    let stored: Vec<S::Stored> = points.iter().copied().map(S::Stored::from).collect();
    let mut packed = vec![S::Packed::default(); points.len()];
    sums.keep(&stored, &mut packed);
    packed
}

/// All pairs of a few points, both signs; the special ones stand among ordinary ones in every vector.
fn signed<S: PointSums>(sums: S, points: &[S::Affine]) {
    let packed = pack(sums, points);
    let count = 2 * points.len() as u32;
    let pairs: Vec<Pair> = (0..count * count)
        .map(|out| Pair {
            left: out / count,
            right: out % count,
            out,
        })
        .collect();
    let point = |index: u32| {
        let point = points[(index >> 1) as usize].into_group();
        if index & 1 == 1 { -point } else { point }
    };
    // Lengths that fill no vector, one, one chunk, and more.
    for length in [0, 1, 7, 8, 9, 2047, 2048, 2049, pairs.len()] {
        let length = length.min(pairs.len());
        let mut out = vec![S::Packed::default(); length];
        sums.add_signed(
            &packed,
            &mut out,
            &pairs[..length],
            &mut S::Scratch::default(),
        );
        for (pair, sum) in pairs.iter().zip(&out) {
            let expected = (point(pair.left) + point(pair.right)).into_affine();
            assert_eq!(sums.unpack(sum), expected, "{pair:?}");
            assert_eq!(sums.is_infinite(sum), expected.is_zero());
        }
    }
}

/// Sums of sums, in place, ten deep: bounds that grew would show.
fn within<S: PointSums>(sums: S, points: &[S::Affine]) {
    let mut points: Vec<S::Affine> = points.iter().cycle().take(1024).copied().collect();
    points[17] = S::Affine::zero();
    let mut packed = pack(sums, &points);
    for point in packed.iter_mut().skip(3).step_by(5) {
        *point = sums.negate(point);
    }
    let expected = points.iter().enumerate().fold(
        <S::Affine as AffineRepr>::Group::default(),
        |sum, (index, point)| {
            if index % 5 == 3 {
                sum - point
            } else {
                sum + point
            }
        },
    );
    let mut scratch = S::Scratch::default();
    let mut step = 1;
    while step < points.len() {
        let pairs: Vec<Pair> = (0..points.len() as u32)
            .step_by(2 * step)
            .map(|left| Pair {
                left,
                right: left + step as u32,
                out: left,
            })
            .collect();
        sums.add_within(&mut packed, &pairs, &mut scratch);
        step *= 2;
    }
    assert_eq!(sums.unpack(&packed[0]), expected.into_affine());
}

fn conversions<S: PointSums>(sums: S, points: &[S::Affine]) {
    for (point, packed) in points.iter().zip(pack(sums, points)) {
        assert_eq!(sums.unpack(&packed), *point);
        let opposite = (-point.into_group()).into_affine();
        let negated = sums.negate(&packed);
        assert_eq!(sums.unpack(&negated), opposite);
        assert_eq!(sums.unpack(&sums.negate(&negated)), *point);
    }
}

fn all<S: PointSums>(sums: S) {
    let points = multiples::<<S::Affine as AffineRepr>::Group>(12);
    conversions(sums, &points);
    signed(sums, &points);
    within(sums, &points);
    within(sums, &points[2..3]);
    within(sums, &points[2..4]);
}

#[test]
fn scalar_sums_are_those_of_arkworks() {
    all(ScalarG1);
    all(ScalarG2);
}

#[test]
fn vector_sums_are_those_of_arkworks() {
    let (Some(g1), Some(g2)) = (VectorG1::detect(), VectorG2::detect()) else {
        eprintln!("no vectors here: nothing to compare");
        return;
    };
    all(g1);
    all(g2);
}
