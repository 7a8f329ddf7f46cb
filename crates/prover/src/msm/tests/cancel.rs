//! A sum that is cancelled on the way stops: what is counted is work, no clock is read.

use std::sync::atomic::{AtomicUsize, Ordering};

use maci_lanes::Pair;

use super::*;
use crate::error::ProveError;

/// First additions of the trees so far, and how many there may be until another thread cancels.
#[derive(Debug)]
struct Watch {
    additions: AtomicUsize,
    limit: usize,
    cancel: Cancel,
}

/// [`ScalarG1`], watched.
#[derive(Clone, Copy, Debug)]
struct Watched(&'static Watch);

impl PointSums for Watched {
    type Affine = <ScalarG1 as PointSums>::Affine;
    type Stored = PackedG1;
    type Packed = <ScalarG1 as PointSums>::Packed;
    type Scratch = <ScalarG1 as PointSums>::Scratch;

    fn as_kept(self, points: &[PackedG1]) -> Option<&[Self::Packed]> {
        ScalarG1.as_kept(points)
    }

    fn keep(self, points: &[PackedG1], out: &mut [Self::Packed]) {
        ScalarG1.keep(points, out);
    }

    fn unpack(self, point: &Self::Packed) -> Self::Affine {
        ScalarG1.unpack(point)
    }

    fn negate(self, point: &Self::Packed) -> Self::Packed {
        ScalarG1.negate(point)
    }

    fn is_infinite(self, point: &Self::Packed) -> bool {
        ScalarG1.is_infinite(point)
    }

    fn add_signed(
        self,
        points: &[Self::Packed],
        sums: &mut [Self::Packed],
        pairs: &[Pair],
        scratch: &mut Self::Scratch,
    ) {
        let before = self.0.additions.fetch_add(pairs.len(), Ordering::Relaxed);
        if before + pairs.len() > self.0.limit {
            let other = self.0.cancel.clone();
            std::thread::spawn(move || other.cancel()).join().unwrap();
        }
        ScalarG1.add_signed(points, sums, pairs, scratch);
    }

    fn add_within(self, sums: &mut [Self::Packed], pairs: &[Pair], scratch: &mut Self::Scratch) {
        ScalarG1.add_within(sums, pairs, scratch);
    }
}

/// Result and additions of a sum that is cancelled after `limit` additions.
fn watched(
    threads: usize,
    points: &[ark_bn254::G1Affine],
    scalars: &[BigInt],
    limit: usize,
) -> (Result<G1Projective, ProveError>, usize) {
    let watch: &'static Watch = Box::leak(Box::new(Watch {
        additions: AtomicUsize::new(0),
        limit,
        cancel: Cancel::new(),
    }));
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    let result = pool.install(|| of_affine(Watched(watch), points, scalars, &watch.cancel));
    (result, watch.additions.load(Ordering::Relaxed))
}

#[test]
fn a_cancelled_sum_is_cancelled_before_it_starts() {
    let (points, scalars) = (points::<G1Projective>(40), scalars(40));
    let cancel = Cancel::new();
    cancel.cancel();
    for backend in [Backend::Vectors, Backend::Scalar] {
        let sum = g1(backend, &stored(&points), &scalars, &cancel);
        assert_eq!(sum, Err(ProveError::Cancelled));
    }
}

#[test]
fn a_sum_stops_between_windows() {
    let (points, scalars) = (points::<G1Projective>(3000), scalars(3000));
    for threads in [1, 2] {
        let (sum, whole) = watched(threads, &points, &scalars, usize::MAX);
        assert_eq!(sum, Ok(G1Projective::msm_bigint(&points, &scalars)));
        let (sum, done) = watched(threads, &points, &scalars, whole / 10);
        assert_eq!(sum, Err(ProveError::Cancelled));
        // There are more than twenty windows, and what is in hand may end.
        assert!(done < whole / 4, "{done} of {whole}");
    }
}

/// Numbers of one byte: every window but the first is empty.
#[test]
fn a_sum_stops_within_a_window() {
    let points: Vec<_> = points::<G1Projective>(64).repeat(1 << 11);
    let scalars: Vec<_> = (0..points.len() as u64)
        .map(|index| BigInt::from(index * 7 % 256))
        .collect();
    let (_, whole) = watched(1, &points, &scalars, usize::MAX);
    let (sum, done) = watched(1, &points, &scalars, 0);
    assert_eq!(sum, Err(ProveError::Cancelled));
    assert!(done <= whole / 6, "{done} of {whole}");
}
