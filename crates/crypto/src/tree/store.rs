//! Sparse storage of one level of a tree.

use alloc::{boxed::Box, collections::BTreeMap, vec};

use crate::Fr;

const PAGE: u64 = 64;

/// Nodes of one level; those never written have the level's zero value.
#[derive(Clone, Debug)]
pub(super) struct Level {
    zero: Fr,
    width: u64,
    pages: BTreeMap<u64, Box<[Fr]>>,
}

impl Level {
    pub(super) fn new(width: u64, zero: Fr) -> Self {
        Self {
            zero,
            width,
            pages: BTreeMap::new(),
        }
    }

    pub(super) fn zero(&self) -> Fr {
        self.zero
    }

    pub(super) fn width(&self) -> u64 {
        self.width
    }

    pub(super) fn get(&self, index: u64) -> Fr {
        let page = self.pages.get(&(index / PAGE));
        page.and_then(|page| page.get((index % PAGE) as usize))
            .copied()
            .unwrap_or(self.zero)
    }

    /// The `N` siblings from `index` up, `index` being a multiple of `N`.
    pub(super) fn group<const N: usize>(&self, index: u64) -> [Fr; N] {
        core::array::from_fn(|offset| self.get(index + offset as u64))
    }

    pub(super) fn set(&mut self, index: u64, value: Fr) {
        debug_assert!(index < self.width, "callers check the index");
        let size = PAGE.min(self.width) as usize;
        let zero = self.zero;
        let page = self
            .pages
            .entry(index / PAGE)
            .or_insert_with(|| vec![zero; size].into_boxed_slice());
        page[(index % PAGE) as usize] = value;
    }
}
