//! The seconds in which a chain can have a block.
//!
//! In the very second in which a poll ends, MACI is open and closed at once (D15): whoever gets a transaction into a block of
//! that second can close the poll and publish after it, and no proof of such a poll exists. The contracts offer nothing against
//! it but an end in which there is no block: on a chain with a fixed block time, one off its grid.

use alloy::eips::BlockNumberOrTag;

use crate::client::Client;
use crate::error::Error;

/// Fewer blocks than this say nothing about a chain's grid.
const LEAST: usize = 8;

/// The newest blocks that are looked at, one by one.
const NEWEST: u64 = 12;

/// How far back, as a power of two, single blocks are looked at: a chain whose block time drifts shows there.
const FARTHEST: u32 = 16;

/// A chain's grid of block times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Seconds between two places of the grid; `None` where blocks can come in any second, or too few are known.
    spacing: Option<u64>,
    /// The time of some block.
    anchor: u64,
}

impl Grid {
    /// Looks at headers, new and old.
    pub fn read(client: &Client) -> Result<Self, Error> {
        let head = client.head()?;
        let far = (0..=FARTHEST).map(|power| 1u64 << power);
        let mut back: Vec<u64> = (0..NEWEST).chain(far).collect();
        back.sort_unstable();
        back.dedup();
        let mut times = Vec::new();
        // The first block's time is whatever its makers wrote into it.
        for number in back
            .into_iter()
            .filter_map(|blocks| head.checked_sub(blocks))
            .filter(|number| *number > 0)
        {
            if let Some(block) = client.block(BlockNumberOrTag::Number(number))? {
                times.push(block.header.timestamp);
            }
        }
        Ok(Self::of(&times))
    }

    /// The grid on which all of these times lie.
    pub fn of(times: &[u64]) -> Self {
        let anchor = times.first().copied().unwrap_or_default();
        let spacing = times
            .iter()
            .fold(0, |spacing, time| gcd(spacing, time.abs_diff(anchor)));
        Self {
            spacing: (times.len() >= LEAST && spacing > 1).then_some(spacing),
            anchor,
        }
    }

    /// Seconds between two possible block times; `None` where a block can come in any second.
    pub fn spacing(&self) -> Option<u64> {
        self.spacing
    }

    /// Whether a block can have this time.
    pub fn can_have(&self, time: u64) -> bool {
        self.spacing
            .is_none_or(|spacing| time.abs_diff(self.anchor).is_multiple_of(spacing))
    }

    /// This time, or the next second if a block can have it and none can have that one.
    pub fn beside(&self, time: u64) -> u64 {
        if self.spacing.is_some() && self.can_have(time) {
            time.saturating_add(1)
        } else {
            time
        }
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n_02_on_a_grid_the_end_lies_where_no_block_can() {
        // Twelve seconds with missed slots, far blocks included.
        let head = 1_700_000_003;
        let slots = [0, 1, 2, 4, 5, 6, 9, 10, 70, 800];
        let times = slots.map(|slot| head - 12 * slot);
        let grid = Grid::of(&times);
        assert_eq!(grid.spacing(), Some(12));
        for duration in [3600, 7200, 86_400, 86_401] {
            let end = grid.beside(head + duration);
            assert!(!grid.can_have(end), "{duration}");
            assert!((head + duration..=head + duration + 1).contains(&end));
        }
    }

    #[test]
    fn a_chain_without_a_grid_is_known_as_such() {
        let head = 1_700_000_003;
        // Two seconds, but one block came a second late long ago.
        let drifted = Grid::of(&[0, 2, 4, 6, 8, 10, 12, 1001].map(|back| head - back));
        let young = Grid::of(&[head, head - 12, head - 24]);
        let still = Grid::of(&[head; 20]);
        for grid in [drifted, young, still, Grid::of(&[])] {
            assert_eq!(grid.spacing(), None);
            assert!(grid.can_have(head + 3600));
            assert_eq!(grid.beside(head + 3600), head + 3600);
        }
    }
}
