//! The quinary tree over a ballot's vote weights (protocol.md §8).
//!
//! [`root`] and [`path`] compute from the weights; a voter votes on few options, so subtrees of zeros are taken from a
//! table instead of being hashed. [`VoteNodes`] keeps the inner nodes of a ballot that changes often: a vote then
//! costs v hashes and a path none.

use core::fmt;
use std::sync::LazyLock;

use ark_ff::AdditiveGroup;
use maci_crypto::{Fr, poseidon};
use maci_verifier::params::MAX_VOTE_OPTION_TREE_DEPTH;

/// Children of a node.
pub const ARITY: usize = 5;

const LEVELS: usize = MAX_VOTE_OPTION_TREE_DEPTH as usize + 1;

/// Roots of trees of zeros, by depth.
static ZEROS: LazyLock<[Fr; LEVELS]> = LazyLock::new(|| {
    let mut zeros = [Fr::ZERO; LEVELS];
    for level in 1..LEVELS {
        zeros[level] = poseidon::hash5(&[zeros[level - 1]; ARITY]);
    }
    zeros
});

/// 5^depth.
pub fn leaves(depth: u8) -> usize {
    ARITY.saturating_pow(u32::from(depth))
}

/// Root of a tree of zeros.
pub fn zero_root(depth: u8) -> Fr {
    ZEROS[usize::from(depth.min(MAX_VOTE_OPTION_TREE_DEPTH))]
}

/// Root over the weights; missing ones count as 0, surplus ones do not count.
pub fn root(votes: &[u64], depth: u8) -> Fr {
    if votes.iter().all(|weight| *weight == 0) {
        return zero_root(depth);
    }
    let Some(below) = depth.checked_sub(1) else {
        return Fr::from(votes[0]);
    };
    poseidon::hash5(&children(votes, below))
}

/// Root over field elements, such as results; missing ones count as 0.
pub fn root_of(values: &[Fr], depth: u8) -> Fr {
    let Some(below) = depth.checked_sub(1) else {
        return values.first().copied().unwrap_or(Fr::ZERO);
    };
    let span = leaves(below);
    let mut nodes = [Fr::ZERO; ARITY];
    for (digit, node) in nodes.iter_mut().enumerate() {
        *node = root_of(chunk(values, span, digit), below);
    }
    poseidon::hash5(&nodes)
}

/// The four siblings of every level from the leaf up, in order, the own position left out.
pub fn path(votes: &[u64], depth: u8, option: usize) -> Vec<[Fr; ARITY - 1]> {
    let mut path = Vec::with_capacity(depth.into());
    let mut votes = votes;
    let mut option = option;
    for below in (0..depth).rev() {
        let nodes = children(votes, below);
        let span = leaves(below);
        let digit = option / span;
        path.push(without(&nodes, digit));
        votes = chunk(votes, span, digit);
        option %= span;
    }
    path.reverse();
    path
}

/// [`path`] over field elements, such as results; missing ones count as 0.
pub fn path_of(values: &[Fr], depth: u8, option: usize) -> Vec<[Fr; ARITY - 1]> {
    let mut path = Vec::with_capacity(depth.into());
    let mut values = values;
    let mut option = option;
    for below in (0..depth).rev() {
        let span = leaves(below);
        let digit = option / span;
        let mut nodes = [Fr::ZERO; ARITY];
        for (child, node) in nodes.iter_mut().enumerate() {
            *node = root_of(chunk(values, span, child), below);
        }
        path.push(without(&nodes, digit));
        values = chunk(values, span, digit);
        option %= span;
    }
    path.reverse();
    path
}

/// The inner nodes of one ballot's tree.
#[derive(Clone, PartialEq, Eq)]
pub struct VoteNodes {
    depth: u8,
    /// Height 1 first, the root last.
    nodes: Box<[Fr]>,
}

impl fmt::Debug for VoteNodes {
    /// Shows the depth; the nodes are hashes of unsalted, guessable votes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VoteNodes")
            .field("depth", &self.depth)
            .finish_non_exhaustive()
    }
}

impl VoteNodes {
    /// The nodes over zeros.
    pub fn blank(depth: u8) -> Self {
        let at = |height| core::iter::repeat_n(zero_root(height), leaves(depth - height));
        Self {
            depth,
            nodes: (1..=depth).flat_map(at).collect(),
        }
    }

    /// The root.
    pub fn root(&self) -> Fr {
        self.nodes.last().copied().unwrap_or(Fr::ZERO)
    }

    /// Takes in the weight of one option, which `votes` already holds.
    pub fn update(&mut self, votes: &[u64], option: usize) {
        for height in 1..=self.depth {
            let node = poseidon::hash5(&self.children(votes, option, height));
            self.set(option, height, node);
        }
    }

    /// The children of the node of this height above an option.
    fn children(&self, votes: &[u64], option: usize, height: u8) -> [Fr; ARITY] {
        let place = option / leaves(height);
        let mut children = [Fr::ZERO; ARITY];
        if height == 1 {
            for (child, weight) in children.iter_mut().zip(chunk(votes, ARITY, place)) {
                *child = Fr::from(*weight);
            }
        } else {
            let level = &self.nodes[self.start(height - 1)..];
            for (child, node) in children.iter_mut().zip(chunk(level, ARITY, place)) {
                *child = *node;
            }
        }
        children
    }

    fn set(&mut self, option: usize, height: u8, node: Fr) {
        let place = self.start(height) + option / leaves(height);
        if let Some(slot) = self.nodes.get_mut(place) {
            *slot = node;
        }
    }

    /// Where the nodes of a height begin.
    fn start(&self, height: u8) -> usize {
        (1..height).map(|below| leaves(self.depth - below)).sum()
    }

    /// The siblings of an option, as [`path`] gives them.
    pub fn path(&self, votes: &[u64], option: usize) -> Vec<[Fr; ARITY - 1]> {
        (1..=self.depth)
            .map(|height| {
                let own = option / leaves(height - 1) % ARITY;
                without(&self.children(votes, option, height), own)
            })
            .collect()
    }
}

/// [`VoteNodes::update`] for many ballots: `changed` holds ballots and options, `votes` knows every ballot's weights.
/// A ballot that had no nodes gets them.
pub fn update_many<'a>(
    ballots: &mut [Option<VoteNodes>],
    depth: u8,
    changed: &[(u64, usize)],
    votes: impl Fn(u64) -> &'a [u64],
) {
    for height in 1..=depth {
        let mut children = Vec::with_capacity(changed.len());
        for &(index, option) in changed {
            if let Some(nodes) = ballots.get_mut(index as usize) {
                let nodes = nodes.get_or_insert_with(|| VoteNodes::blank(depth));
                children.push(nodes.children(votes(index), option, height));
            }
        }
        let mut hashed = poseidon::hash5_many(&children).into_iter();
        for &(index, option) in changed {
            if let Some(Some(nodes)) = ballots.get_mut(index as usize)
                && let Some(node) = hashed.next()
            {
                nodes.set(option, height, node);
            }
        }
    }
}

fn without(nodes: &[Fr; ARITY], own: usize) -> [Fr; ARITY - 1] {
    core::array::from_fn(|place| nodes[place + usize::from(place >= own)])
}

/// The five nodes at height `below` under a node.
fn children(votes: &[u64], below: u8) -> [Fr; ARITY] {
    let span = leaves(below);
    let mut nodes = [Fr::ZERO; ARITY];
    for (digit, node) in nodes.iter_mut().enumerate() {
        *node = root(chunk(votes, span, digit), below);
    }
    nodes
}

fn chunk<T>(values: &[T], span: usize, digit: usize) -> &[T] {
    let start = (digit * span).min(values.len());
    let end = (start + span).min(values.len());
    &values[start..end]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use maci_crypto::field;

    use super::*;

    #[test]
    fn zero_roots_are_those_of_the_protocol() {
        for (depth, expected) in [
            (
                1,
                "14655542659562014735865511769057053982292279840403315552050801315682099828156",
            ),
            (
                2,
                "19261153649140605024552417994922546473530072875902678653210025980873274131905",
            ),
            (
                3,
                "21526503558325068664033192388586640128492121680588893182274749683522508994597",
            ),
            (
                4,
                "20017764101928005973906869479218555869286328459998999367935018992260318153770",
            ),
            (
                5,
                "16998355316577652097112514691750893516081130026395813155204269482715045879598",
            ),
        ] {
            assert_eq!(field::to_dec(&zero_root(depth)), expected, "depth {depth}");
        }
    }

    #[test]
    fn kept_nodes_equal_computed_ones() {
        for depth in 1..=3 {
            let mut votes = vec![0; leaves(depth)];
            let mut nodes = VoteNodes::blank(depth);
            assert_eq!(nodes.root(), zero_root(depth));
            for step in 0..20 {
                let option = (step * 7) % votes.len();
                votes[option] = step as u64 * 3;
                nodes.update(&votes, option);
                assert_eq!(nodes.root(), root(&votes, depth));
                let changed: Vec<(u64, usize)> =
                    (0..=step).map(|i| (0, (i * 7) % votes.len())).collect();
                let mut many = [None, None];
                update_many(&mut many, depth, &changed, |_| &votes);
                assert_eq!(many, [Some(nodes.clone()), None]);
                for other in [0, option, votes.len() - 1] {
                    assert_eq!(nodes.path(&votes, other), path(&votes, depth, other));
                }
            }
        }
    }

    #[test]
    fn path_leads_to_the_root() {
        let votes: Vec<u64> = (0..125)
            .map(|option| if option % 7 == 3 { option } else { 0 })
            .collect();
        for option in [0, 3, 24, 99, 124] {
            let mut node = Fr::from(votes[option]);
            let mut place = option;
            for siblings in path(&votes, 3, option) {
                let mut nodes = siblings.to_vec();
                nodes.insert(place % ARITY, node);
                node = poseidon::hash(&nodes);
                place /= ARITY;
            }
            assert_eq!(node, root(&votes, 3), "option {option}");
        }
    }
}
