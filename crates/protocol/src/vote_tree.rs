//! The quinary tree over a ballot's vote weights (protocol.md §8), computed from the weights when needed.
//!
//! A voter votes on few options, so subtrees of zeros are taken from a table instead of being hashed: a ballot with
//! one vote costs v hashes.

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
        let mut siblings = nodes
            .iter()
            .enumerate()
            .filter(|(place, _)| *place != digit)
            .map(|(_, node)| *node);
        path.push([(); ARITY - 1].map(|()| siblings.next().unwrap_or(Fr::ZERO)));
        votes = chunk(votes, span, digit);
        option %= span;
    }
    path.reverse();
    path
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
