//! Every sum beside arkworks'.

use ark_ec::{CurveGroup, PrimeGroup, VariableBaseMSM};
use ark_ff::{Field, UniformRand};
use maci_lanes::{VectorG1, VectorG2};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

use super::*;

mod cancel;

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(18)
}

/// Random multiples, made by additions.
fn points<G: CurveGroup + VariableBaseMSM>(count: usize) -> Vec<G::Affine> {
    let mut rng = rng();
    let step = G::rand(&mut rng);
    let mut point = G::rand(&mut rng);
    let all: Vec<G> = (0..count)
        .map(|_| {
            point += step;
            point
        })
        .collect();
    G::normalize_batch(&all)
}

/// Points as keys have them.
fn stored(points: &[ark_bn254::G1Affine]) -> Vec<PackedG1> {
    points.iter().copied().map(PackedG1::from).collect()
}

fn scalars(count: usize) -> Vec<BigInt> {
    let mut rng = rng();
    (0..count)
        .map(|_| Fr::rand(&mut rng).into_bigint())
        .collect()
}

/// Compares both backends with arkworks.
fn check<V: PointSums, S: PointSums<Affine = V::Affine>>(
    vectors: Option<V>,
    scalar: S,
    points: &[V::Affine],
    scalars: &[BigInt],
    name: &str,
) where
    Group<V>: VariableBaseMSM<MulBase = V::Affine>,
{
    let expected = Group::<V>::msm_bigint(points, scalars);
    assert_eq!(
        of_affine(scalar, points, scalars, &Cancel::new()),
        Ok(expected),
        "{name}, scalar"
    );
    if let Some(vectors) = vectors {
        assert_eq!(
            of_affine(vectors, points, scalars, &Cancel::new()),
            Ok(expected),
            "{name}, vectors"
        );
    }
}

/// The hard inputs, in one group.
fn all<V: PointSums, S: PointSums<Affine = V::Affine>>(
    vectors: Option<V>,
    scalar: S,
    lengths: &[usize],
) where
    Group<V>: VariableBaseMSM<MulBase = V::Affine>,
    V::Affine: Into<Group<V>>,
{
    let count = lengths.iter().copied().max().unwrap_or(0);
    let points = points::<Group<V>>(count);
    let random = scalars(count);
    let run = |points: &[V::Affine], scalars: &[BigInt], name: &str| {
        check(vectors, scalar, points, scalars, name);
    };
    for length in lengths {
        run(
            &points[..*length],
            &random[..*length],
            &format!("{length} random"),
        );
    }
    let some = 700.min(count);
    let (points, random) = (&points[..some], &random[..some]);
    let half = Fr::from(Fr::MODULUS_MINUS_ONE_DIV_TWO);
    for (name, value) in [
        ("0", Fr::ZERO),
        ("1", Fr::ONE),
        ("r - 1", -Fr::ONE),
        ("half", half),
        ("half + 1", half + Fr::ONE),
        ("some number", Fr::from(random[0])),
    ] {
        run(points, &vec![value.into_bigint(); some], name);
    }
    let mixed: Vec<BigInt> = (0..some as u64)
        .map(|index| match index % 5 {
            0 => Fr::ZERO,
            1 => Fr::ONE,
            2 => -Fr::ONE,
            3 => Fr::from(index % 7),
            _ => Fr::from(random[index as usize]),
        })
        .map(PrimeField::into_bigint)
        .collect();
    run(points, &mixed, "bits and small numbers");
    let one = vec![points[0]; some];
    run(&one, random, "one point");
    run(&one, &mixed, "one point, small numbers");
    run(&one, &vec![random[0]; some], "one point, one scalar");
    let opposite: Vec<V::Affine> = (0..some)
        .map(|index| {
            let point: Group<V> = points[index / 2].into();
            if index % 2 == 0 { point } else { -point }.into_affine()
        })
        .collect();
    run(&opposite, random, "opposite points");
    run(
        &opposite,
        &vec![random[0]; some],
        "opposite points, one scalar",
    );
    let infinite: Vec<V::Affine> = (0..some)
        .map(|index| {
            if index % 3 == 0 {
                V::Affine::zero()
            } else {
                points[index % 11]
            }
        })
        .collect();
    run(&infinite, random, "infinities and duplicates");
    run(
        &infinite,
        &mixed,
        "infinities and duplicates, small numbers",
    );
    run(&vec![V::Affine::zero(); some], random, "infinities alone");
    run(
        &[Group::<V>::generator().into_affine(); 3],
        &mixed[..3],
        "three",
    );
}

/// Around every power of two up to a limit, zero and one among them.
fn around_powers(limit: u32) -> Vec<usize> {
    let mut lengths = vec![0];
    for power in 0..=limit {
        let length = 1usize << power;
        lengths.extend([length - 1, length, length + 1]);
    }
    lengths
}

#[test]
fn g1_is_arkworks() {
    all(VectorG1::detect(), ScalarG1, &around_powers(13));
}

#[test]
fn g2_is_arkworks() {
    all(VectorG2::detect(), ScalarG2, &around_powers(10));
}

#[test]
fn lists_of_unequal_length_end_with_the_shorter() {
    let (points, scalars) = (points::<G1Projective>(40), scalars(50));
    let stored = stored(&points);
    let cancel = Cancel::new();
    for backend in [Backend::Vectors, Backend::Scalar] {
        assert_eq!(
            g1(backend, &stored, &scalars, &cancel),
            Ok(G1Projective::msm_bigint(&points, &scalars[..40]))
        );
        assert_eq!(
            g1(backend, &stored, &scalars[..7], &cancel),
            Ok(G1Projective::msm_bigint(&points[..7], &scalars[..7]))
        );
    }
}

#[test]
fn tables_of_points_give_the_same_sum() {
    let (points, scalars) = (points::<G1Projective>(300), scalars(300));
    let expected = G1Projective::msm_bigint(&points, &scalars);
    for (lists, width) in [(1, 5), (2, 8), (3, 7), (4, 16), (5, 2)] {
        let shift = 255usize.div_ceil(width).div_ceil(lists) * width;
        let mut all = points.clone();
        for index in 0..points.len() * (lists - 1) {
            let point: G1Projective = all[index].into();
            all.push((0..shift).fold(point, |sum, _| sum.double()).into_affine());
        }
        let (all, shape) = (stored(&all), (lists, width));
        let points = kept(ScalarG1, &all);
        let sum = multiply_lists(ScalarG1, &points, shape, &scalars, &Cancel::new());
        assert_eq!(sum, Ok(expected), "{shape:?}");
    }
}

#[test]
fn one_thread_and_many_agree() {
    let (points, scalars) = (points::<G1Projective>(5000), scalars(5000));
    let expected = G1Projective::msm_bigint(&points, &scalars);
    for threads in [1, 2, 3, 16] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        assert_eq!(
            pool.install(|| of_affine(ScalarG1, &points, &scalars, &Cancel::new())),
            Ok(expected)
        );
        let Some(vectors) = VectorG1::detect() else {
            continue;
        };
        assert_eq!(
            pool.install(|| of_affine(vectors, &points, &scalars, &Cancel::new())),
            Ok(expected)
        );
    }
}
