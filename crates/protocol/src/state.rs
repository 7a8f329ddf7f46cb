//! State leaves and ballots: what a poll knows about each voter (protocol.md §8).
//!
//! Step 5 of the way of a vote: the machine changes them, a layout commits to them.

use core::fmt;

use ark_ff::AdditiveGroup;
use maci_crypto::{
    Fr,
    babyjubjub::{self, RawPoint},
    poseidon,
};

use crate::{types::VoteOptionIndex, vote_tree};

/// One leaf of the poll state tree.
///
/// The key is kept as raw coordinates: a valid command may set any key, usable or not (D7). The balance is a field
/// element: credit proxies may grant any uint256, which the log reduces mod p (D9, D10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateLeaf {
    /// The key that signs this voter's next command.
    pub public_key: RawPoint,
    /// Credits left.
    pub voice_credit_balance: Fr,
}

impl StateLeaf {
    /// Leaf 0 and the zero value of the tree: the padding key, whose secret nobody knows, and no credits.
    pub fn blank() -> Self {
        Self {
            public_key: babyjubjub::pad_key().into(),
            voice_credit_balance: Fr::ZERO,
        }
    }

    /// `H3(x, y, voice credit balance)`.
    pub fn hash(&self) -> Fr {
        let [x, y, balance] = self.elements();
        poseidon::hash3(x, y, balance)
    }

    /// [`Self::hash`] of each.
    pub fn hash_many(leaves: &[Self]) -> Vec<Fr> {
        let elements: Vec<_> = leaves.iter().map(Self::elements).collect();
        poseidon::hash3_many(&elements)
    }

    fn elements(&self) -> [Fr; 3] {
        [
            self.public_key.x,
            self.public_key.y,
            self.voice_credit_balance,
        ]
    }
}

/// One ballot: the nonce of the last applied command and a weight for each option.
#[derive(Clone, PartialEq, Eq)]
pub struct Ballot {
    /// Nonce of the last applied command; 0 when blank.
    pub nonce: u64,
    /// 5^v vote weights, each below 2^50.
    pub votes: Vec<u64>,
}

impl fmt::Debug for Ballot {
    /// Shows nothing: these are plaintext votes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ballot").finish_non_exhaustive()
    }
}

impl Ballot {
    /// A ballot with 5^v zero weights.
    pub fn blank(vote_option_tree_depth: u8) -> Self {
        Self {
            nonce: 0,
            votes: vec![0; vote_tree::leaves(vote_option_tree_depth)],
        }
    }

    /// The weight of an option, 0 past the end.
    pub fn weight(&self, option: VoteOptionIndex) -> u64 {
        usize::try_from(option.0)
            .ok()
            .and_then(|index| self.votes.get(index))
            .copied()
            .unwrap_or(0)
    }

    /// Root of the quinary tree over the weights.
    pub fn vo_root(&self, vote_option_tree_depth: u8) -> Fr {
        vote_tree::root(&self.votes, vote_option_tree_depth)
    }

    /// `H2(nonce, vote option root)`: the leaf of the ballot tree.
    pub fn hash(&self, vote_option_tree_depth: u8) -> Fr {
        poseidon::hash2(Fr::from(self.nonce), self.vo_root(vote_option_tree_depth))
    }
}
