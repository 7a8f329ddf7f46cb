//! Sums of groups of points: each group is a tree of pairs, and the pairs of many groups share their inversions.
//!
//! Groups are taken in segments whose sums stay in the second-level cache.

use maci_lanes::{Pair, PointSums};
use rayon::prelude::*;

use crate::cancel::Cancel;
use crate::error::ProveError;

/// Entries of a segment: enough that the last levels of the trees still fill a batch, few enough for the cache.
const SEGMENT: usize = 1 << 14;

/// What a task keeps from segment to segment.
struct Room<S: PointSums> {
    sums: Vec<S::Packed>,
    pairs: Vec<Pair>,
    /// First place and number of places of each group that is not yet one point.
    open: Vec<(u32, u32)>,
    scratch: S::Scratch,
}

impl<S: PointSums> Room<S> {
    fn new() -> Self {
        Self {
            sums: Vec::new(),
            pairs: Vec::new(),
            open: Vec::new(),
            scratch: S::Scratch::default(),
        }
    }
}

/// One sum for each group. Groups longer than a segment are cut, so that no thread has one for itself: bits of a witness all
/// have the digit 1.
pub(super) fn sum<S: PointSums>(
    sums: S,
    points: &[S::Packed],
    starts: &[u32],
    entries: &[u32],
    cancel: &Cancel,
) -> Result<Vec<S::Packed>, ProveError> {
    let long = |range: &[u32]| (range[1] - range[0]) as usize > SEGMENT;
    if !starts.windows(2).any(long) {
        return sum_whole(sums, points, starts, entries, cancel);
    }
    let mut cuts = vec![starts[0]];
    let mut pieces = vec![0u32];
    for range in starts.windows(2) {
        let mut from = range[0];
        while (range[1] - from) as usize > SEGMENT {
            from += SEGMENT as u32;
            cuts.push(from);
        }
        cuts.push(range[1]);
        pieces.push(cuts.len() as u32 - 1);
    }
    let parts = sum_whole(sums, points, &cuts, entries, cancel)?;
    let entries: Vec<u32> = (0..parts.len() as u32).map(|part| part << 1).collect();
    sum(sums, &parts, &pieces, &entries, cancel)
}

/// As [`sum`]; group k has the entries `starts[k]..starts[k + 1]`, and an entry is twice a point's index, plus one to
/// subtract it.
fn sum_whole<S: PointSums>(
    sums: S,
    points: &[S::Packed],
    starts: &[u32],
    entries: &[u32],
    cancel: &Cancel,
) -> Result<Vec<S::Packed>, ProveError> {
    let groups = starts.len().saturating_sub(1);
    let mut out = vec![S::Packed::default(); groups];
    let mut tasks = Vec::new();
    let mut rest = out.as_mut_slice();
    let mut first = 0;
    while first < groups {
        let limit = starts[first] as usize + SEGMENT;
        let last = starts[first + 1..].partition_point(|start| *start as usize <= limit);
        let count = last.max(1).min(groups - first);
        let (now, later) = rest.split_at_mut(count);
        tasks.push((&starts[first..=first + count], now));
        rest = later;
        first += count;
    }
    tasks
        .into_par_iter()
        .try_for_each_init(Room::new, |room, (starts, out)| {
            segment(sums, points, starts, entries, out, room);
            cancel.check()
        })?;
    Ok(out)
}

fn segment<S: PointSums>(
    lanes: S,
    points: &[S::Packed],
    starts: &[u32],
    entries: &[u32],
    out: &mut [S::Packed],
    room: &mut Room<S>,
) {
    let Room {
        sums,
        pairs,
        open,
        scratch,
    } = room;
    sums.clear();
    pairs.clear();
    open.clear();
    // Entries to pairs of points; one that is left over goes on alone.
    for range in starts.windows(2) {
        let group = &entries[range[0] as usize..range[1] as usize];
        let place = sums.len() as u32;
        let (twos, single) = group.as_chunks::<2>();
        sums.resize(sums.len() + twos.len(), S::Packed::default());
        pairs.extend((place..).zip(twos).map(|(out, [left, right])| Pair {
            left: *left,
            right: *right,
            out,
        }));
        for entry in single {
            let point = &points[(entry >> 1) as usize];
            sums.push(if entry & 1 == 1 {
                lanes.negate(point)
            } else {
                *point
            });
        }
        let places = sums.len() as u32 - place;
        open.push((place, places));
    }
    lanes.add_signed(points, sums, pairs, scratch);
    let all = open.clone();
    // Sums to sums of twice as many, in place.
    let mut step = 1;
    loop {
        open.retain(|(_, places)| *places > step);
        if open.is_empty() {
            break;
        }
        pairs.clear();
        for (place, places) in &*open {
            let mut left = 0;
            while left + step < *places {
                pairs.push(Pair {
                    left: place + left,
                    right: place + left + step,
                    out: place + left,
                });
                left += 2 * step;
            }
        }
        lanes.add_within(sums, pairs, scratch);
        step *= 2;
    }
    for ((place, places), out) in all.into_iter().zip(out) {
        *out = if places == 0 {
            S::Packed::default()
        } else {
            sums[place as usize]
        };
    }
}
