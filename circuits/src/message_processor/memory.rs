//! What the slots of a batch read and write: the merged state tree and the tree of compact ballots.
//!
//! Both trees are cut at a level of nodes, the *cells*, that the circuit keeps as variables. They are opened against the
//! root once for the whole batch; a slot hashes its way up to a cell only. State cells are read, ballot cells read and
//! replaced, and after the last slot folded into the new root.

use ark_ff::{AdditiveGroup, Field};
use ark_relations::gr1cs::{ConstraintSystemRef, SynthesisError};
use ark_std::{vec, vec::Vec};
use maci_crypto::{
    Fr,
    bits::{enforce_equal, enforce_product, is_equal, linear},
    poseidon::constraints::hash,
    tree::{
        binary::constraints::{DepthVar, PathVar},
        wide::constraints::{enforce_read, fold, read, replace, write},
    },
};
use maci_protocol::layout::{
    compact::{ProcessInputs, empty_root},
    maci::empty_ballot_root,
};

use super::{BALLOT, BALLOT_CELLS, BALLOT_FOLD, FIRST_ROOT, STATE_CELLS, STATE_LEAF, Shape};
use crate::{
    clause::{clause, outcome},
    gadget::{FrVar, difference, witness},
};

const ZERO: FrVar = FrVar::Constant(Fr::ZERO);

/// The cells of the merged state tree, which nothing changes.
pub(super) struct StateMemory {
    root: FrVar,
    cells: Vec<FrVar>,
    height: usize,
}

impl StateMemory {
    /// Opens the cells against the root.
    ///
    /// The merged tree of depth d is the leftmost subtree of that height. If d reaches the cells, its root is the leftmost
    /// of the nodes that they fold to at level d; cells to the right of it hold anything, and no slot reads them, because
    /// an opened index is below `total_signups` ≤ 2^d. If d ends below the cells, slots do without them.
    pub(super) fn open(
        cs: &ConstraintSystemRef<Fr>,
        shape: &Shape,
        depth: &DepthVar,
        root: FrVar,
        inputs: Option<&ProcessInputs>,
    ) -> Result<Self, SynthesisError> {
        let height = shape.memory.state_height;
        if shape.memory.state_cells == 0 {
            return Ok(Self {
                cells: vec![root.clone()],
                root,
                height,
            });
        }
        let cells = (0..1 << shape.memory.state_cells)
            .map(|cell| witness(cs, inputs.map(|i| i.state_cells[cell])))
            .collect::<Result<Vec<_>, _>>()?;
        clause(cs, STATE_CELLS, None, || {
            let mut nodes = cells.clone();
            let mut leftmost = Vec::with_capacity(shape.memory.state_cells + 1);
            loop {
                leftmost.extend(nodes.first().cloned());
                if nodes.len() < 2 {
                    break;
                }
                nodes = nodes.chunks_exact(2).map(hash).collect::<Result<_, _>>()?;
            }
            for (candidate, flag) in depth.flags() {
                if let Some(node) = candidate.checked_sub(height).and_then(|i| leftmost.get(i)) {
                    enforce_product(flag, &difference(node, &root)?, &ZERO)?;
                }
            }
            Ok(())
        })?;
        Ok(Self {
            root,
            cells,
            height,
        })
    }

    /// Enforces that the leaf is the one at `address`.
    pub(super) fn read(
        &self,
        cs: &ConstraintSystemRef<Fr>,
        slot: usize,
        depth: &DepthVar,
        address: &[FrVar],
        leaf: &[FrVar],
        inputs: Option<&ProcessInputs>,
    ) -> Result<(), SynthesisError> {
        clause(cs, STATE_LEAF, Some(slot), || {
            let siblings = inputs.map(|i| i.slots[slot].leaf_path.as_slice());
            let (below, above) = address.split_at(self.height);
            let nodes = PathVar::new(cs, below.to_vec(), siblings)?.nodes(&hash(leaf)?)?;
            // One of these rows binds: the node at level d is the root, or the topmost one is the cell.
            for (candidate, flag) in depth.flags() {
                if candidate < self.height {
                    enforce_product(flag, &difference(&nodes[candidate], &self.root)?, &ZERO)?;
                }
            }
            let cell = read(above, &self.cells)?;
            enforce_product(
                &depth.at_least(self.height)?,
                &difference(&nodes[self.height], &cell)?,
                &ZERO,
            )
        })
    }
}

/// The cells of the ballot tree between two slots.
pub(super) struct BallotMemory {
    cells: Vec<FrVar>,
}

impl BallotMemory {
    /// Opens the cells against the root that the current commitment holds.
    pub(super) fn open(
        cs: &ConstraintSystemRef<Fr>,
        shape: &Shape,
        committed: &FrVar,
        inputs: Option<&ProcessInputs>,
    ) -> Result<Self, SynthesisError> {
        let root = clause(cs, FIRST_ROOT, None, || {
            let (depth, options) = (shape.depth as u8, shape.option_depth as u8);
            let maci = empty_ballot_root(depth, options);
            let first = is_equal(committed, &FrVar::Constant(maci))?;
            let first = outcome(cs, FIRST_ROOT, None, first.into())?;
            // If the flag is 1, `committed` is the constant.
            linear(
                &[
                    (Fr::ONE, committed),
                    (empty_root(depth, options) - maci, &first),
                ],
                Fr::ZERO,
            )
        })?;
        let cells = (0..shape.memory.ballot_cells())
            .map(|cell| witness(cs, inputs.map(|i| i.ballot_cells[cell])))
            .collect::<Result<Vec<_>, _>>()?;
        clause(cs, BALLOT_CELLS, None, || {
            enforce_equal(&fold(shape.memory.upper(), &cells)?, &root)
        })?;
        Ok(Self { cells })
    }

    /// Enforces that the old ballot is the one at `address` and puts the new one there. Both are leaves of the tree.
    pub(super) fn replace(
        &mut self,
        cs: &ConstraintSystemRef<Fr>,
        shape: &Shape,
        slot: usize,
        address: &[FrVar],
        (old, new): (&[FrVar], &[FrVar]),
        inputs: Option<&ProcessInputs>,
    ) -> Result<(), SynthesisError> {
        self.cells = clause(cs, BALLOT, Some(slot), || {
            let (mut old, mut new) = (hash(old)?, hash(new)?);
            let mut address = address;
            for (level, bits) in shape.memory.lower().iter().enumerate() {
                let (own, above) = address.split_at(usize::from(*bits));
                let family = (0..1 << bits)
                    .map(|node| {
                        witness(
                            cs,
                            inputs.map(|i| i.slots[slot].ballot_families[level][node]),
                        )
                    })
                    .collect::<Result<Vec<_>, _>>()?;
                (old, new) = replace(own, &family, &old, &new)?;
                address = above;
            }
            let new = outcome(cs, BALLOT, Some(slot), new)?;
            enforce_read(address, &self.cells, &old)?;
            write(address, &self.cells, &difference(&new, &old)?)
        })?;
        Ok(())
    }

    /// The root over the cells as the last slot left them.
    pub(super) fn fold(
        self,
        cs: &ConstraintSystemRef<Fr>,
        shape: &Shape,
    ) -> Result<FrVar, SynthesisError> {
        clause(cs, BALLOT_FOLD, None, || {
            let root = fold(shape.memory.upper(), &self.cells)?;
            outcome(cs, BALLOT_FOLD, None, root)
        })
    }
}
