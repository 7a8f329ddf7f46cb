//! The compact layout of message processing: MACI's merged state tree, read only, and a tree of compact ballots.

use core::fmt;
use std::sync::Arc;

use ark_ff::AdditiveGroup;
use maci_crypto::{
    Fr, poseidon,
    tree::{binary::LazyTree, wide::WideTree},
};
use maci_verifier::{Salt, SbCommitment};

use super::{
    ballot::{BallotHead, families, pack, packed_len, top_nodes},
    inputs::{ProcessInputs, SlotInputs},
    shape::{LANES, ProcessShape, ballot_form},
};
use crate::{
    layout::{Frame, INITIAL_SALT, Layout, maci},
    machine::{Effect, Machine, Step},
    state::StateLeaf,
};

/// Root of the compact ballot tree over blank ballots: what MACI's empty ballot root stands for in our circuits.
pub fn empty_root(state_tree_depth: u8, vote_option_tree_depth: u8) -> Fr {
    empty_tree(state_tree_depth, vote_option_tree_depth).root()
}

fn empty_tree(state_tree_depth: u8, vote_option_tree_depth: u8) -> WideTree {
    let votes = top_nodes(&vec![Fr::ZERO; packed_len(vote_option_tree_depth)]);
    let blank = BallotHead::BLANK.leaf(&votes);
    WideTree::new(&ballot_form(state_tree_depth), blank)
}

/// The compact trees over a machine's state.
#[derive(Clone)]
pub struct CompactLayout {
    shape: ProcessShape,
    merged: Arc<[StateLeaf]>,
    state: Arc<LazyTree>,
    pub(super) ballots: WideTree,
    /// Whether nothing but the contracts' own first commitment has been made.
    fresh: bool,
    /// Ballots of the steps since the tree was last hashed.
    changed: Vec<u64>,
}

impl fmt::Debug for CompactLayout {
    /// Shows the shape; the nodes are hashes of unsalted, guessable votes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompactLayout")
            .field("shape", &self.shape)
            .finish_non_exhaustive()
    }
}

/// The state before a batch.
#[derive(Clone, PartialEq, Eq)]
pub struct Before {
    ballot_root: Fr,
    ballot_cells: Vec<Fr>,
}

impl fmt::Debug for Before {
    /// Shows nothing: the nodes are hashes of guessable votes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Before").finish_non_exhaustive()
    }
}

impl CompactLayout {
    /// Root of the merged state tree.
    pub fn state_root(&self) -> Fr {
        self.state.root()
    }

    /// Root of the compact ballot tree over the present state.
    pub fn ballot_root(&mut self, machine: &Machine) -> Fr {
        self.settle(machine);
        self.ballots.root()
    }

    /// The head of a ballot.
    pub(super) fn head(&self, machine: &Machine, index: u64) -> BallotHead {
        BallotHead::of(machine, &self.merged, index)
    }

    /// Hashes the ballots changed since the last call.
    pub(super) fn settle(&mut self, machine: &Machine) {
        let mut changed = core::mem::take(&mut self.changed);
        changed.sort_unstable();
        changed.dedup();
        let leaves: Vec<_> = changed
            .iter()
            .map(|index| {
                let votes = top_nodes(&pack(machine.votes(*index)));
                (*index, self.head(machine, *index).leaf(&votes))
            })
            .collect();
        let written = self.ballots.update_many(leaves);
        debug_assert!(written.is_ok(), "leaf outside the tree: {written:?}");
        changed.clear();
        self.changed = changed;
    }

    /// The nodes of the merged state tree at the height of the cells.
    fn state_cells(&self) -> Vec<Fr> {
        if self.shape.state_cells == 0 {
            return Vec::new();
        }
        let height = self.shape.state_height as u8;
        (0..1 << self.shape.state_cells)
            .map(|cell| self.state.node(height, cell).unwrap_or(Fr::ZERO))
            .collect()
    }

    fn commitment(&self, ballots: Fr, salt: Salt) -> SbCommitment {
        SbCommitment(poseidon::hash3(self.state.root(), ballots, salt.0))
    }

    fn maci_root(machine: &Machine) -> Fr {
        let params = machine.params();
        maci::empty_ballot_root(params.state_tree_depth, params.vote_option_tree_depth)
    }
}

impl Layout for CompactLayout {
    type Opening = SlotInputs;
    type Inputs = ProcessInputs;
    type Before = Before;

    fn new(machine: &Machine) -> Self {
        let params = machine.params();
        Self {
            shape: ProcessShape::new(params.state_tree_depth, params.message_batch_size),
            merged: machine.leaves().into(),
            state: Arc::new(maci::state_tree(machine.leaves())),
            ballots: empty_tree(params.state_tree_depth, params.vote_option_tree_depth),
            fresh: true,
            changed: Vec::new(),
        }
    }

    fn open(&mut self, machine: &Machine, step: &Step) -> SlotInputs {
        self.settle(machine);
        let index = step.state_index.0;
        let mut leaf_path = self.state.path_above(0, index);
        leaf_path.resize(self.shape.state_height, Fr::ZERO);
        let packed = pack(machine.votes(index));
        let element = step.vote_option_index.0 as usize / LANES;
        SlotInputs {
            leaf: self
                .merged
                .get(index as usize)
                .copied()
                .unwrap_or_else(StateLeaf::blank),
            leaf_path,
            ballot: self.head(machine, index),
            weight: Fr::from(step.weight_before),
            element: packed.get(element).copied().unwrap_or(Fr::ZERO),
            vote_families: families(&packed, element),
            ballot_families: self.ballots.families(0, self.shape.ballot_levels, index),
        }
    }

    fn follow(&mut self, step: &Step) {
        if step.effect == Effect::Apply {
            self.changed.push(step.state_index.0);
        }
    }

    fn commit(&mut self, machine: &Machine, salt: Salt) -> SbCommitment {
        self.fresh = false;
        let ballots = self.ballot_root(machine);
        self.commitment(ballots, salt)
    }

    /// The contracts know MACI's empty ballot root and no other.
    fn initial_commitment(&mut self, machine: &Machine) -> SbCommitment {
        self.commitment(Self::maci_root(machine), INITIAL_SALT)
    }

    fn before(&mut self, machine: &Machine) -> Before {
        let root = self.ballot_root(machine);
        Before {
            ballot_root: if self.fresh {
                Self::maci_root(machine)
            } else {
                root
            },
            ballot_cells: self.ballots.nodes(self.shape.ballot_levels),
        }
    }

    fn assemble(&self, frame: Frame<'_, Self>) -> ProcessInputs {
        ProcessInputs {
            circuit: frame.log.params.process_circuit(),
            statement: frame.statement,
            input_batch_hash: frame.input_batch_hash.0,
            messages: frame.messages,
            coordinator_private_key: *frame.key.scalar(),
            state_root: self.state.root(),
            current_ballot_root: frame.before.ballot_root,
            current_sb_salt: frame.current_salt.0,
            new_sb_salt: frame.new_salt.0,
            state_cells: self.state_cells(),
            ballot_cells: frame.before.ballot_cells,
            slots: frame.openings,
        }
    }
}
