//! MACI's layout of message processing: a binary tree of state leaves, a binary tree of ballots, a quinary tree of
//! weights in each ballot, and `H3(state root, ballot root, salt)` over all (protocol.md §8).

use core::fmt;

use ark_ff::AdditiveGroup;
use maci_crypto::{
    Fr, poseidon,
    tree::binary::{LazyTree, actual_depth},
};
use maci_verifier::{Salt, SbCommitment};

use super::inputs::ProcessInputs;
use crate::{
    layout::{Frame, Layout},
    machine::{Effect, Machine, Step},
    state::{Ballot, StateLeaf},
    vote_tree::{self, VoteNodes},
};

/// Root of the merged poll state tree over these leaves (protocol.md §8).
pub fn state_root(leaves: &[StateLeaf]) -> Fr {
    state_tree(leaves).root()
}

pub(crate) fn state_tree(leaves: &[StateLeaf]) -> LazyTree {
    let depth = actual_depth(leaves.len() as u64);
    let mut tree = LazyTree::new(depth, StateLeaf::blank().hash());
    write(&mut tree, (0..).zip(StateLeaf::hash_many(leaves)));
    tree
}

/// Writes leaves whose indices are below the number of state leaves, which both trees hold.
fn write(tree: &mut LazyTree, leaves: impl IntoIterator<Item = (u64, Fr)>) {
    let written = tree.update_many(leaves);
    debug_assert!(written.is_ok(), "leaf outside the tree: {written:?}");
}

/// MACI's `emptyBallotRoots[v - 1]` for a state tree depth: the root of 2^D blank ballots.
pub fn empty_ballot_root(state_tree_depth: u8, vote_option_tree_depth: u8) -> Fr {
    let blank = Ballot::blank(vote_option_tree_depth).hash(vote_option_tree_depth);
    LazyTree::new(state_tree_depth, blank).root()
}

/// MACI's trees over a machine's state.
#[derive(Clone)]
pub struct MaciLayout {
    state_tree_depth: u8,
    vote_option_tree_depth: u8,
    state: LazyTree,
    pub(super) ballots: LazyTree,
    /// Inner nodes of the ballots that hold votes.
    votes: Vec<Option<VoteNodes>>,
    /// Leaf and option of every step since the trees were last hashed.
    changed: Vec<(u64, usize)>,
}

impl fmt::Debug for MaciLayout {
    /// Shows the depths; the nodes are hashes of unsalted, guessable votes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MaciLayout")
            .field("state_tree_depth", &self.state_tree_depth)
            .field("vote_option_tree_depth", &self.vote_option_tree_depth)
            .finish_non_exhaustive()
    }
}

/// What one slot opens.
#[derive(Clone, PartialEq, Eq)]
pub struct Opening {
    leaf: StateLeaf,
    leaf_path: Vec<Fr>,
    ballot: (Fr, Fr),
    ballot_path: Vec<Fr>,
    weight: Fr,
    weight_path: Vec<[Fr; 4]>,
}

impl fmt::Debug for Opening {
    /// Shows nothing: leaf, weight and paths are the plaintext state.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opening").finish_non_exhaustive()
    }
}

/// The two roots under a commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roots {
    /// Root of the poll state tree.
    pub state: Fr,
    /// Root of the ballot tree.
    pub ballots: Fr,
}

impl Roots {
    /// `H3(state root, ballot root, salt)`.
    pub fn commitment(&self, salt: Salt) -> SbCommitment {
        SbCommitment(poseidon::hash3(self.state, self.ballots, salt.0))
    }
}

impl MaciLayout {
    /// The roots of the present state.
    pub fn roots(&mut self, machine: &Machine) -> Roots {
        self.settle(machine);
        Roots {
            state: self.state.root(),
            ballots: self.ballots.root(),
        }
    }

    fn nodes(&self, index: u64) -> Option<&VoteNodes> {
        self.votes.get(index as usize).and_then(Option::as_ref)
    }

    /// Root of a ballot's weights.
    pub(super) fn vo_root(&self, index: u64) -> Fr {
        self.nodes(index).map_or_else(
            || vote_tree::zero_root(self.vote_option_tree_depth),
            VoteNodes::root,
        )
    }

    /// Hashes the leaves changed since the last call.
    fn settle(&mut self, machine: &Machine) {
        let mut changed = core::mem::take(&mut self.changed);
        changed.sort_unstable();
        changed.dedup();
        vote_tree::update_many(
            &mut self.votes,
            self.vote_option_tree_depth,
            &changed,
            |index| machine.votes(index),
        );
        changed.dedup_by_key(|(index, _)| *index);
        let indices = || changed.iter().map(|(index, _)| *index);
        let leaves: Vec<_> = indices()
            .map(|index| machine.leaves()[index as usize])
            .collect();
        write(
            &mut self.state,
            indices().zip(StateLeaf::hash_many(&leaves)),
        );
        let ballots: Vec<_> = indices()
            .map(|index| [Fr::from(machine.nonce(index)), self.vo_root(index)])
            .collect();
        write(
            &mut self.ballots,
            indices().zip(poseidon::hash2_many(&ballots)),
        );
        changed.clear();
        self.changed = changed;
    }
}

impl Layout for MaciLayout {
    type Opening = Opening;
    type Inputs = ProcessInputs;
    type Before = Roots;

    fn new(machine: &Machine) -> Self {
        let params = machine.params();
        let blank =
            Ballot::blank(params.vote_option_tree_depth).hash(params.vote_option_tree_depth);
        Self {
            state_tree_depth: params.state_tree_depth,
            vote_option_tree_depth: params.vote_option_tree_depth,
            state: state_tree(machine.leaves()),
            ballots: LazyTree::new(params.state_tree_depth, blank),
            votes: vec![None; machine.leaves().len()],
            changed: Vec::new(),
        }
    }

    fn open(&mut self, machine: &Machine, step: &Step) -> Opening {
        self.settle(machine);
        let index = step.state_index.0;
        let votes = machine.votes(index);
        let option = step.vote_option_index.0 as usize;
        let mut leaf_path = self.state.path_above(0, index);
        // MACI's circuit has room for D siblings and reads as many as the merged tree is deep.
        leaf_path.resize(self.state_tree_depth.into(), Fr::ZERO);
        Opening {
            leaf: step.leaf_before,
            leaf_path,
            ballot: (Fr::from(step.nonce_before), self.vo_root(index)),
            ballot_path: self.ballots.path_above(0, index),
            weight: Fr::from(step.weight_before),
            weight_path: match self.nodes(index) {
                Some(nodes) => nodes.path(votes, option),
                None => vote_tree::path(votes, self.vote_option_tree_depth, option),
            },
        }
    }

    fn follow(&mut self, step: &Step) {
        if step.effect == Effect::Apply {
            self.changed
                .push((step.state_index.0, step.vote_option_index.0 as usize));
        }
    }

    fn commit(&mut self, machine: &Machine, salt: Salt) -> SbCommitment {
        self.roots(machine).commitment(salt)
    }

    fn before(&mut self, machine: &Machine) -> Roots {
        self.roots(machine)
    }

    fn assemble(&self, frame: Frame<'_, Self>) -> ProcessInputs {
        let slots = frame.openings.len();
        let mut inputs = ProcessInputs {
            circuit: frame.log.params.process_circuit(),
            statement: frame.statement,
            input_batch_hash: frame.input_batch_hash.0,
            messages: frame.messages,
            coordinator_private_key: *frame.key.scalar(),
            current_state_root: frame.before.state,
            current_ballot_root: frame.before.ballots,
            current_sb_salt: frame.current_salt.0,
            current_state_leaves: Vec::with_capacity(slots),
            current_state_leaves_path_elements: Vec::with_capacity(slots),
            current_ballots: Vec::with_capacity(slots),
            current_ballots_path_elements: Vec::with_capacity(slots),
            current_vote_weights: Vec::with_capacity(slots),
            current_vote_weights_path_elements: Vec::with_capacity(slots),
            new_sb_salt: frame.new_salt.0,
        };
        for opening in frame.openings {
            inputs.current_state_leaves.push(opening.leaf);
            inputs
                .current_state_leaves_path_elements
                .push(opening.leaf_path);
            inputs.current_ballots.push(opening.ballot);
            inputs
                .current_ballots_path_elements
                .push(opening.ballot_path);
            inputs.current_vote_weights.push(opening.weight);
            inputs
                .current_vote_weights_path_elements
                .push(opening.weight_path);
        }
        inputs
    }
}
