//! Multi-scalar multiplication beside arkworks', in processor seconds on one thread.
//!
//! `cargo bench -p maci-benches --features asm --bench msm [-- [tables] LOG2_SIZE ...]`; with `tables`, what tables of the
//! points' multiples would gain.

#![allow(clippy::print_stdout)]

mod tables;

use std::hint::black_box;

use ark_bn254::Fr;
use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::{Field, PrimeField};
use maci_benches::{args, cost::Cost};
use maci_lanes::{PointSums, ScalarG1, ScalarG2, VectorG1, VectorG2};
use maci_prover::{Cancel, msm};

type BigInt = <Fr as PrimeField>::BigInt;
type Group<S> = <<S as PointSums>::Affine as AffineRepr>::Group;

/// Runs of each; the least counts, as what else the machine does only adds.
const RUNS: usize = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut powers = Vec::new();
    let mut args = args();
    let of_tables = args.first().is_some_and(|arg| arg == "tables");
    for text in args.drain(usize::from(of_tables)..) {
        powers.push(text.parse::<u32>()?);
    }
    if powers.is_empty() {
        powers = vec![14, 16, 18];
    }
    // Threads that wait for work would count.
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .use_current_thread()
        .build()?;
    pool.install(|| {
        for power in powers {
            if of_tables {
                tables::measure("G1", VectorG1::detect(), power);
                tables::measure("G2", VectorG2::detect(), power);
                continue;
            }
            compare("G1", VectorG1::detect(), ScalarG1, 1 << power);
            compare("G2", VectorG2::detect(), ScalarG2, 1 << power);
        }
    });
    Ok(())
}

fn points<G: CurveGroup<ScalarField = Fr>>(count: usize) -> Vec<G::Affine> {
    let step = G::generator() * Fr::from(11u64).inverse().unwrap_or_default();
    let multiples = std::iter::successors(Some(step.double()), |point| Some(*point + step));
    G::normalize_batch(&multiples.take(count).collect::<Vec<_>>())
}

/// Numbers that look random: each is made from the square of the one before.
fn scalars(count: usize) -> Vec<BigInt> {
    let next = |value: &Fr| Some(value.square() + Fr::from(7u64));
    let values = std::iter::successors(Some(-Fr::from(3u64).pow([200])), next);
    values
        .skip(9)
        .take(count)
        .map(PrimeField::into_bigint)
        .collect()
}

fn compare<V: PointSums, S: PointSums<Affine = V::Affine>>(
    name: &str,
    vectors: Option<V>,
    scalar: S,
    count: usize,
) where
    Group<V>: VariableBaseMSM<MulBase = V::Affine>,
{
    let (points, scalars, never) = (points::<Group<V>>(count), scalars(count), Cancel::new());
    let [mut arkworks, mut plain, mut ours] = [f64::INFINITY; 3];
    for _ in 0..RUNS {
        let keep = |least: &mut f64, cost: Cost| *least = least.min(cost.cpu);
        keep(
            &mut arkworks,
            cost(|| Group::<V>::msm_bigint(&points, &scalars)),
        );
        keep(
            &mut plain,
            cost(|| msm::of_affine(scalar, &points, &scalars, &never)),
        );
        if let Some(vectors) = vectors {
            keep(
                &mut ours,
                cost(|| msm::of_affine(vectors, &points, &scalars, &never)),
            );
        }
    }
    println!(
        "{name} {count:>7}: arkworks {arkworks:.3} s, scalar {plain:.3} s ({:.2}x), vectors {ours:.3} s ({:.2}x)",
        arkworks / plain,
        arkworks / ours,
    );
}

fn cost<T>(work: impl FnOnce() -> T) -> Cost {
    Cost::of(|| drop(black_box(work()))).0
}
