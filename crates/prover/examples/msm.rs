//! Times multi-scalar multiplication beside arkworks': `msm [LOG2_SIZE]`, processor seconds and their ratio.
#![allow(clippy::print_stdout)]

use ark_bn254::Fr;
use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::{PrimeField, UniformRand};
use maci_lanes::{PointSums, ScalarG1, ScalarG2, VectorG1, VectorG2};
use maci_prover::{Cancel, msm};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

/// Processor time of this process so far, all threads, in seconds.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = text.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<f64>().ok())
        .sum();
    ticks / 100.0
}

/// Least of three: what else the machine does only adds.
fn least<T>(mut work: impl FnMut() -> T) -> f64 {
    (0..3)
        .map(|_| {
            let before = cpu();
            std::hint::black_box(work());
            cpu() - before
        })
        .fold(f64::INFINITY, f64::min)
}

type Group<V> = <<V as PointSums>::Affine as AffineRepr>::Group;

fn compare<V: PointSums, S: PointSums<Affine = V::Affine>>(
    name: &str,
    vectors: Option<V>,
    scalar: S,
    count: usize,
) where
    Group<V>: VariableBaseMSM<MulBase = V::Affine>,
{
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let step = Group::<V>::rand(&mut rng);
    let mut point = Group::<V>::rand(&mut rng);
    let points: Vec<Group<V>> = (0..count)
        .map(|_| {
            point += step;
            point
        })
        .collect();
    let points = Group::<V>::normalize_batch(&points);
    let scalars: Vec<_> = (0..count)
        .map(|_| Fr::rand(&mut rng).into_bigint())
        .collect();
    let ark = least(|| Group::<V>::msm_bigint(&points, &scalars));
    let plain = least(|| msm::of_affine(scalar, &points, &scalars, &Cancel::new()));
    print!(
        "{name} {count}: arkworks {ark:.3} s, scalar {plain:.3} s ({:.2}x)",
        ark / plain
    );
    if let Some(vectors) = vectors {
        let ours = least(|| msm::of_affine(vectors, &points, &scalars, &Cancel::new()));
        print!(", vectors {ours:.3} s ({:.2}x)", ark / ours);
    }
    println!();
}

fn main() {
    let power = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(16);
    let one_thread = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .use_current_thread()
        .build();
    if let Ok(pool) = one_thread {
        pool.install(|| {
            compare("G1", VectorG1::detect(), ScalarG1, 1 << power);
            compare("G2", VectorG2::detect(), ScalarG2, 1 << power);
        });
    }
}
