//! Multi-scalar multiplication by sums of affine points.
//!
//! Scalars are cut into signed digits ([`digits`]), a window's points are sorted by digit, and the points of every digit are
//! added in pairs, eight additions at once with one inversion for thousands ([`groups`]). The buckets are weighted the
//! same way, by sums of rows and columns ([`weigh`]), so that all but a few additions are affine and in vectors. Digits of 0
//! cost nothing: a witness of bits and small numbers is mostly skipped.
//!
//! The sums come from `maci-lanes`: in vectors where the processor has them, with arkworks' fields elsewhere.

mod digits;
mod groups;
mod weigh;

use std::borrow::Cow;

use ark_bn254::{Fr, G1Projective, G2Projective};
use ark_ec::AffineRepr;
use ark_ff::{AdditiveGroup, PrimeField, Zero};
use maci_lanes::{PackedG1, PackedG2, PointSums, ScalarG1, ScalarG2, VectorG1, VectorG2};
use rayon::prelude::*;

use crate::backend::Backend;
use crate::cancel::Cancel;
use crate::error::ProveError;
use digits::Digits;

type BigInt = <Fr as PrimeField>::BigInt;
type Group<S> = <<S as PointSums>::Affine as AffineRepr>::Group;

/// The sum of scalar times point in G1, unless `cancel` asks to stop. The shorter list decides.
pub fn g1(
    backend: Backend,
    points: &[PackedG1],
    scalars: &[BigInt],
    cancel: &Cancel,
) -> Result<G1Projective, ProveError> {
    match backend.vectors().then(VectorG1::detect).flatten() {
        Some(vectors) => of_stored(vectors, points, scalars, cancel),
        None => of_stored(ScalarG1, points, scalars, cancel),
    }
}

/// The sum of scalar times point in G2, unless `cancel` asks to stop. The shorter list decides.
pub fn g2(
    backend: Backend,
    points: &[PackedG2],
    scalars: &[BigInt],
    cancel: &Cancel,
) -> Result<G2Projective, ProveError> {
    match backend.vectors().then(VectorG2::detect).flatten() {
        Some(vectors) => of_stored(vectors, points, scalars, cancel),
        None => of_stored(ScalarG2, points, scalars, cancel),
    }
}

/// Points that a task converts.
const PIECE: usize = 1 << 12;

/// Points of a key as sums take them.
fn kept<S: PointSums>(sums: S, points: &[S::Stored]) -> Cow<'_, [S::Packed]> {
    if let Some(kept) = sums.as_kept(points) {
        return Cow::Borrowed(kept);
    }
    let mut kept = vec![S::Packed::default(); points.len()];
    kept.par_chunks_mut(PIECE)
        .zip(points.par_chunks(PIECE))
        .for_each(|(out, points)| sums.keep(points, out));
    Cow::Owned(kept)
}

/// Multiplies points of a key. The shorter list decides.
pub fn of_stored<S: PointSums>(
    sums: S,
    points: &[S::Stored],
    scalars: &[BigInt],
    cancel: &Cancel,
) -> Result<Group<S>, ProveError> {
    let points = &points[..points.len().min(scalars.len())];
    multiply(sums, &kept(sums, points), scalars, cancel)
}

/// Converts points, then multiplies.
pub fn of_affine<S: PointSums>(
    sums: S,
    points: &[S::Affine],
    scalars: &[BigInt],
    cancel: &Cancel,
) -> Result<Group<S>, ProveError> {
    let stored = points.par_iter().copied().map(S::Stored::from);
    let stored: Vec<S::Stored> = stored.collect();
    of_stored(sums, &stored, scalars, cancel)
}

/// The sum of scalar times packed point. The shorter list decides.
///
/// Entries are numbered with 31 bits; a key has less than 2^28 points, as many as the field has roots of unity. `cancel` is
/// looked at between tasks, each of which adds some ten thousand points.
pub fn multiply<S: PointSums>(
    sums: S,
    points: &[S::Packed],
    scalars: &[BigInt],
    cancel: &Cancel,
) -> Result<Group<S>, ProveError> {
    let count = points.len().min(scalars.len());
    let width = digits::width(count);
    multiply_lists(sums, points, (1, width), &scalars[..count], cancel)
}

/// [`multiply`] with digits of `width` bits and with `lists` lists of points, one after the other: of r = ⌈windows / `lists`⌉
/// rounds, each next list has the points of the one before times 2^(`width`·r). For measurements (docs/prover.md §2).
#[doc(hidden)]
pub fn multiply_lists<S: PointSums>(
    sums: S,
    points: &[S::Packed],
    (lists, width): (usize, usize),
    scalars: &[BigInt],
    cancel: &Cancel,
) -> Result<Group<S>, ProveError> {
    cancel.check()?;
    if scalars.is_empty() {
        return Ok(Group::<S>::zero());
    }
    let digits = Digits::of(scalars, width);
    let rounds = digits.windows().div_ceil(lists);
    let folded = (0..rounds)
        .into_par_iter()
        .map(|round| {
            cancel.check()?;
            let (starts, entries) = digits.sort(round, rounds);
            let buckets = groups::sum(sums, points, &starts, &entries, cancel)?;
            weigh::fold(sums, &buckets, width - 1, cancel)
        })
        .collect::<Result<Vec<_>, _>>()?;
    let rounds = weigh::finish(sums, folded, width - 1, cancel)?;
    Ok(rounds.iter().rev().fold(Group::<S>::zero(), |sum, round| {
        (0..width).fold(sum, |sum, _| sum.double()) + round
    }))
}

#[cfg(test)]
mod tests;
