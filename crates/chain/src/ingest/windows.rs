//! How many blocks are asked for at a time: as many as the node bears, down to one.

/// The size of the next range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    size: u64,
    /// Where a range was refused last; growth stops below it for a while.
    ceiling: u64,
    max: u64,
    successes: u32,
}

/// Successes after which a refused size is tried again.
const PATIENCE: u32 = 16;

impl Windows {
    /// Begins with `first` blocks and grows to at most `max`.
    pub fn new(first: u64, max: u64) -> Self {
        let max = max.max(1);
        Self {
            size: first.clamp(1, max),
            ceiling: max,
            max,
            successes: 0,
        }
    }

    /// The last block of a range that begins at `first` and may not pass `limit`.
    pub fn last(&self, first: u64, limit: u64) -> u64 {
        first.saturating_add(self.size - 1).min(limit)
    }

    /// Half as many blocks.
    pub fn halve(&mut self) {
        self.size = (self.size / 2).max(1);
    }

    /// A range of so many blocks was too large: asks for half as many, and keeps from growing back at once.
    pub fn refused(&mut self, width: u64) {
        self.size = self.size.min(width.max(1));
        self.halve();
        self.ceiling = self.size;
        self.successes = 0;
    }

    /// A range succeeded: the next one may be larger.
    pub fn grow(&mut self) {
        self.successes = self.successes.saturating_add(1);
        if self.successes >= PATIENCE {
            self.successes = 0;
            self.ceiling = self.ceiling.saturating_mul(2).min(self.max);
        }
        self.size = self.size.saturating_mul(2).min(self.ceiling);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n_05_ranges_are_inclusive_and_shrink_to_one_block() {
        let mut windows = Windows::new(1000, 5000);
        assert_eq!(windows.last(7, 7), 7);
        assert_eq!(windows.last(7, u64::MAX), 1006);
        for _ in 0..20 {
            windows.refused(1000);
        }
        assert_eq!(windows.last(7, u64::MAX), 7);
        // One block stays one block until the patience is over.
        for _ in 1..PATIENCE {
            windows.grow();
        }
        assert_eq!(windows.last(7, u64::MAX), 7);
        for _ in 0..1000 {
            windows.grow();
        }
        assert_eq!(windows.last(0, u64::MAX), 4999);
        windows.halve();
        windows.grow();
        assert_eq!(windows.last(0, u64::MAX), 4999);
        // What was refused counts, not what would have been asked for elsewhere.
        windows.refused(10);
        assert_eq!(windows.last(0, u64::MAX), 4);
    }
}
