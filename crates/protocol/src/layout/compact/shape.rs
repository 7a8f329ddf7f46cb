//! The fixed form of the compact layout for each set of parameters, and what it costs in rows.
//!
//! The tree's form follows from the state tree depth alone, so that processing and tally agree whatever their batch
//! sizes. Which nodes a processing circuit keeps as cells is its own affair and follows from depth and batch size.
//! `cargo run --profile ci -p maci-circuits --example layout_search` prints what other choices would cost.

use maci_crypto::poseidon::{FULL_ROUNDS, MIN_WIDTH, PARTIAL_ROUNDS};
use maci_verifier::CircuitId;

/// Bits of a vote weight, and so of a lane.
pub const LANE_BITS: usize = 50;
/// Weights in one field element: 250 of 253 bits that cannot wrap.
pub const LANES: usize = 5;

/// Rows of a Poseidon hash of this many inputs: three for each S-box, none for the constant lane's first.
pub fn hash_rows(inputs: usize) -> usize {
    let width = inputs + 1;
    let partial = PARTIAL_ROUNDS
        .get(width.saturating_sub(MIN_WIDTH))
        .copied()
        .unwrap_or(usize::MAX / 8);
    3 * (FULL_ROUNDS * width + partial) - 3
}

/// Bits that each level of the ballot tree takes of an index, from the leaves up.
///
/// The upper six bits are two levels of 4 and 2 bits (folding 64 cells is cheapest by nodes of 16 children), the lower
/// ones levels of 3 bits, with levels of 2 where 3 does not divide: rows per bit are 240 for two children, 148.5 for
/// four, 134 for eight and 152 for sixteen. Shallow trees are one level, as all their leaves are cells.
pub fn ballot_form(state_tree_depth: u8) -> Vec<u8> {
    match state_tree_depth {
        0 => Vec::new(),
        1..=4 => vec![state_tree_depth],
        5 => vec![4, 1],
        _ => {
            let lower = state_tree_depth - 6;
            let mut form = match (lower, lower % 3) {
                (1, _) => vec![1],
                (_, 0) => vec![3; usize::from(lower / 3)],
                (_, 1) => [vec![3; usize::from((lower - 4) / 3)], vec![2, 2]].concat(),
                _ => [vec![3; usize::from(lower / 3)], vec![2]].concat(),
            };
            form.extend([4, 2]);
            form
        }
    }
}

/// Rows that hashing all nodes of a level up to the root takes.
pub fn fold_rows(form: &[u8]) -> usize {
    let mut rows = 0;
    let mut above: u32 = form.iter().map(|bits| u32::from(*bits)).sum();
    for bits in form {
        above -= u32::from(*bits);
        rows += hash_rows(1 << bits) << above;
    }
    rows
}

/// Rows of a batch for its ballots below the leaf: old and new path up to the cells, reading and writing a cell, opening
/// and folding the cells. The first `levels` levels of the form are below the cells.
pub fn ballot_rows(form: &[u8], levels: usize, batch: usize) -> usize {
    let (lower, upper) = form.split_at(levels.min(form.len()));
    let path: usize = lower
        .iter()
        .map(|bits| 2 * (hash_rows(1 << bits) + (1 << bits) - 1))
        .sum();
    let cells = 1usize << upper.iter().sum::<u8>();
    batch * (path + 2 * (cells - 1)) + 2 * fold_rows(upper)
}

/// Rows of a batch for reading the binary state tree with 2^`cells` cells.
pub fn state_rows(depth: usize, cells: usize, batch: usize) -> usize {
    let path = (depth - cells) * (hash_rows(2) + 1);
    batch * (path + (1 << cells) - 1) + hash_rows(2) * ((1 << cells) - 1)
}

/// What a processing circuit makes of the layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessShape {
    /// Levels of the state tree below its cells.
    pub state_height: usize,
    /// Levels above: 2^this many cells.
    pub state_cells: usize,
    /// Form of the whole ballot tree.
    pub form: Vec<u8>,
    /// How many of its levels are below the cells.
    pub ballot_levels: usize,
}

impl ProcessShape {
    /// The form with the fewest rows for this depth and batch size; of equal ones that with fewer cells.
    pub fn new(state_tree_depth: u8, batch: u8) -> Self {
        let (depth, batch) = (usize::from(state_tree_depth), usize::from(batch));
        // More cells than 2^12 never pay for a batch of at most 255.
        let state_cells = (0..=depth.min(12))
            .min_by_key(|cells| state_rows(depth, *cells, batch))
            .unwrap_or(0);
        let form = ballot_form(state_tree_depth);
        let ballot_levels = (0..=form.len())
            .rev()
            .filter(|levels| form[*levels..].iter().sum::<u8>() <= 12)
            .min_by_key(|levels| ballot_rows(&form, *levels, batch))
            .unwrap_or(form.len());
        Self {
            state_height: depth - state_cells,
            state_cells,
            form,
            ballot_levels,
        }
    }

    /// The shape of a processing circuit; `None` for another circuit.
    pub fn of(id: &CircuitId) -> Option<Self> {
        match *id {
            CircuitId::MessageProcessor {
                state_tree_depth,
                message_batch_size,
                ..
            } => Some(Self::new(state_tree_depth, message_batch_size)),
            _ => None,
        }
    }

    /// Rows of a batch that reading the state tree and replacing in the ballot tree take, leaves and flags aside.
    pub fn rows(&self, batch: usize) -> usize {
        ballot_rows(&self.form, self.ballot_levels, batch)
            + state_rows(
                self.state_height + self.state_cells,
                self.state_cells,
                batch,
            )
    }

    /// Form of the ballot tree below its cells.
    pub fn lower(&self) -> &[u8] {
        &self.form[..self.ballot_levels]
    }

    /// Form of the ballot tree from its cells up.
    pub fn upper(&self) -> &[u8] {
        &self.form[self.ballot_levels..]
    }

    /// Bits of an index below the ballot cells.
    pub fn ballot_height(&self) -> usize {
        self.lower().iter().map(|bits| usize::from(*bits)).sum()
    }

    /// Number of ballot cells.
    pub fn ballot_cells(&self) -> usize {
        1 << self.upper().iter().sum::<u8>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_rows_are_those_of_the_circuits() {
        let rows: Vec<_> = [2, 3, 4, 5, 8, 9, 16].map(hash_rows).into();
        assert_eq!(rows, [240, 261, 297, 321, 402, 417, 609]);
    }

    #[test]
    fn the_form_takes_every_bit_of_an_index() {
        for depth in 0..=32u8 {
            let form = ballot_form(depth);
            assert_eq!(form.iter().sum::<u8>(), depth);
            assert!(form.iter().all(|bits| (1..=4).contains(bits)), "{form:?}");
        }
        assert_eq!(ballot_form(10), [2, 2, 4, 2]);
        assert_eq!(ballot_form(14), [3, 3, 2, 4, 2]);
    }

    #[test]
    fn shapes_of_the_shipped_circuits() {
        let shape = ProcessShape::new(10, 20);
        assert_eq!((shape.state_height, shape.state_cells), (5, 5));
        assert_eq!((shape.lower(), shape.upper()), (&[2, 2][..], &[4, 2][..]));
        assert_eq!((shape.ballot_height(), shape.ballot_cells()), (4, 64));
    }
}
