//! The compact ballot: what a voter's commands changed since the poll was merged, and five weights in a field element.

use ark_ff::{AdditiveGroup, PrimeField};
use maci_crypto::{Fr, poseidon};

use super::shape::{LANE_BITS, LANES};
use crate::{machine::Machine, state::StateLeaf, vote_tree};

/// The changeable part of a voter's state but for the votes, as the difference to the merged state leaf.
///
/// Before the first applied command everything is 0, so a blank ballot needs no flag and no rule of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BallotHead {
    /// Nonce of the last applied command.
    pub nonce: Fr,
    /// Present key minus merged key, coordinate by coordinate.
    pub key_change: [Fr; 2],
    /// Present balance minus merged balance, mod p.
    pub balance_change: Fr,
}

impl core::fmt::Debug for BallotHead {
    /// Shows nothing: this is the plaintext state.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("BallotHead").finish_non_exhaustive()
    }
}

impl BallotHead {
    /// The head of a blank ballot.
    pub const BLANK: Self = Self {
        nonce: Fr::ZERO,
        key_change: [Fr::ZERO; 2],
        balance_change: Fr::ZERO,
    };

    /// The head of a ballot; `merged` is the state leaf that the contracts committed to.
    pub fn of(machine: &Machine, merged: &[StateLeaf], index: u64) -> Self {
        let place = index as usize;
        let (Some(now), Some(then)) = (machine.leaves().get(place), merged.get(place)) else {
            return Self::BLANK;
        };
        Self {
            nonce: Fr::from(machine.nonce(index)),
            key_change: [
                now.public_key.x - then.public_key.x,
                now.public_key.y - then.public_key.y,
            ],
            balance_change: now.voice_credit_balance - then.voice_credit_balance,
        }
    }

    /// The four elements that a leaf begins with.
    pub const fn elements(&self) -> [Fr; 4] {
        let [x, y] = self.key_change;
        [self.nonce, x, y, self.balance_change]
    }

    /// The leaf over this head and the top nodes of its votes.
    pub fn leaf(&self, votes: &[Fr]) -> Fr {
        let mut elements = self.elements().to_vec();
        elements.extend_from_slice(votes);
        poseidon::hash(&elements)
    }
}

/// Number of packed elements of 5^v weights.
pub fn packed_len(vote_option_tree_depth: u8) -> usize {
    vote_tree::leaves(vote_option_tree_depth.saturating_sub(1))
}

/// Five weights to an element, the first in the lowest bits; missing weights count as 0.
pub fn pack(weights: &[u64]) -> Vec<Fr> {
    weights
        .chunks(LANES)
        .map(|lanes| {
            let shift = Fr::from(1u64 << LANE_BITS);
            lanes
                .iter()
                .rev()
                .fold(Fr::ZERO, |sum, weight| sum * shift + Fr::from(*weight))
        })
        .collect()
}

/// The lanes of an element; `None` if it is no five lanes.
pub fn unpack(element: &Fr) -> Option<[u64; LANES]> {
    let limbs = element.into_bigint().0;
    let bits = |start: usize| {
        let (limb, offset) = (start / 64, start % 64);
        let low = limbs.get(limb).copied().unwrap_or(0) >> offset;
        let high = limbs.get(limb + 1).copied().unwrap_or(0);
        let joined = if offset == 0 {
            low
        } else {
            low | high << (64 - offset)
        };
        joined & ((1 << LANE_BITS) - 1)
    };
    (limbs[3] >> (LANES * LANE_BITS - 192) == 0)
        .then(|| core::array::from_fn(|lane| bits(lane * LANE_BITS)))
}

/// The nodes over packed elements that a leaf holds: the element itself for v = 1, else the five children of the root of
/// a quinary tree over the 5^(v−1) elements.
pub fn top_nodes(packed: &[Fr]) -> Vec<Fr> {
    if packed.len() <= vote_tree::ARITY {
        return packed.to_vec();
    }
    let span = packed.len() / vote_tree::ARITY;
    packed.chunks(span).map(node).collect()
}

/// The children of every node on the way of an element up to the leaf, lowest first; v − 1 lists.
pub fn families(packed: &[Fr], element: usize) -> Vec<[Fr; vote_tree::ARITY]> {
    let mut families = Vec::new();
    let mut packed = packed;
    let mut element = element;
    while packed.len() > 1 {
        let span = packed.len() / vote_tree::ARITY;
        let mut children = [Fr::ZERO; vote_tree::ARITY];
        for (child, chunk) in children.iter_mut().zip(packed.chunks(span)) {
            *child = node(chunk);
        }
        families.push(children);
        let own = element / span;
        packed = packed.get(own * span..(own + 1) * span).unwrap_or_default();
        element %= span;
    }
    families.reverse();
    families
}

/// Root of the quinary tree over elements.
fn node(elements: &[Fr]) -> Fr {
    let depth = elements.len().checked_ilog(vote_tree::ARITY).unwrap_or(0) as u8;
    if elements.iter().all(|element| *element == Fr::ZERO) {
        vote_tree::zero_root(depth)
    } else {
        vote_tree::root_of(elements, depth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: u64 = (1 << LANE_BITS) - 1;

    #[test]
    fn packing_has_an_inverse_and_nothing_else_unpacks() {
        for weights in [[0; 5], [1, 2, 3, 4, 5], [MAX; 5], [MAX, 0, MAX, 0, 1]] {
            let packed = pack(&weights);
            assert_eq!(packed.len(), 1);
            assert_eq!(unpack(&packed[0]), Some(weights));
        }
        assert_eq!(unpack(&(pack(&[MAX; 5])[0] + Fr::from(1u64))), None);
        assert_eq!(unpack(&-Fr::from(1u64)), None);
    }

    #[test]
    fn families_lead_to_the_leafs_nodes() {
        for depth in 1..=4u8 {
            let packed: Vec<_> = (0..packed_len(depth) as u64)
                .map(|i| Fr::from(if i % 3 == 0 { i + 1 } else { 0 }))
                .collect();
            for element in 0..packed.len() {
                let families = families(&packed, element);
                assert_eq!(families.len(), usize::from(depth) - 1);
                let mut node = packed[element];
                let mut place = element;
                for family in &families {
                    assert_eq!(family[place % 5], node);
                    node = poseidon::hash5(family);
                    place /= 5;
                }
                match families.last() {
                    Some(top) => assert_eq!(top_nodes(&packed), top),
                    None => assert_eq!(top_nodes(&packed), packed),
                }
            }
        }
    }
}
