//! The proofs of a poll and their order.

use core::fmt;

/// Which of the two statements of a tally job a proof is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProofKind {
    /// One batch of messages (`MessageProcessor`).
    Process,
    /// One batch of ballots (`VoteTally`).
    Tally,
}

/// One proof of a poll: its kind and its place in submission order. `process_0` is the *last* message batch, because the
/// contract takes them newest first; `tally_0` holds ballot 0 (protocol.md §13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProofUnit {
    /// The statement.
    pub kind: ProofKind,
    /// The place in submission order, from 0.
    pub index: u64,
}

impl ProofUnit {
    /// The proof of the `index`-th submitted message batch.
    pub fn process(index: u64) -> Self {
        Self {
            kind: ProofKind::Process,
            index,
        }
    }

    /// The proof of the `index`-th ballot batch.
    pub fn tally(index: u64) -> Self {
        Self {
            kind: ProofKind::Tally,
            index,
        }
    }

    /// The journal key: the kind in the top byte, so that a table lists process proofs first.
    pub(crate) fn key(self) -> u64 {
        let kind = match self.kind {
            ProofKind::Process => 0,
            ProofKind::Tally => 1,
        };
        (kind << 56) | self.index
    }

    /// The inverse of [`ProofUnit::key`]; `None` for a key that no proof has.
    pub(crate) fn from_key(key: u64) -> Option<Self> {
        let index = key & ((1 << 56) - 1);
        match key >> 56 {
            0 => Some(Self::process(index)),
            1 => Some(Self::tally(index)),
            _ => None,
        }
    }
}

/// MACI's file stem: `process_3`, `tally_0`.
impl fmt::Display for ProofUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            ProofKind::Process => "process",
            ProofKind::Tally => "tally",
        };
        write!(f, "{kind}_{}", self.index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_round_trip_and_sort_in_submission_order() {
        let units = [
            ProofUnit::process(0),
            ProofUnit::process(7),
            ProofUnit::tally(0),
            ProofUnit::tally(1),
        ];
        for pair in units.windows(2) {
            assert!(pair[0].key() < pair[1].key());
        }
        for unit in units {
            assert_eq!(ProofUnit::from_key(unit.key()), Some(unit));
        }
        assert_eq!(ProofUnit::from_key(2 << 56), None);
    }
}
