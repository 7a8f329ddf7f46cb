//! A list of accounts as a Merkle tree: what MACI's Merkle proof policy checks.
//!
//! Leaf: keccak(keccak(abi.encode(account))). Node: keccak of both children, the smaller first. The layout is that of
//! OpenZeppelin's `StandardMerkleTree` (leaves sorted by hash), so both give the same root for the same list.

use alloy::primitives::{Address, B256, keccak256};
use alloy::sol_types::SolValue;

use crate::error::Error;

/// The tree over a list of accounts.
#[derive(Clone, Debug)]
pub struct AccountTree {
    /// The root, then level by level; the leaves stand at the end, in reverse.
    nodes: Vec<B256>,
}

fn leaf(account: Address) -> B256 {
    keccak256(keccak256(account.abi_encode()))
}

fn parent(a: B256, b: B256) -> B256 {
    let (low, high) = if a <= b { (a, b) } else { (b, a) };
    keccak256([low, high].concat())
}

impl AccountTree {
    /// Builds the tree; an empty list and a repeated account are refused.
    pub fn new(accounts: &[Address]) -> Result<Self, Error> {
        let mut leaves: Vec<B256> = accounts.iter().copied().map(leaf).collect();
        leaves.sort_unstable();
        let listed = leaves.len();
        leaves.dedup();
        if listed == 0 {
            return Err(Error::Parameter("the list of accounts is empty".to_owned()));
        }
        if leaves.len() != listed {
            return Err(Error::Parameter(
                "an account stands twice on the list".to_owned(),
            ));
        }
        // Filled from the back: a node is known when both of its children are.
        let mut back: Vec<B256> = leaves;
        let count = 2 * listed - 1;
        for index in (0..listed - 1).rev() {
            let child = |offset: usize| back.get(count - 1 - (2 * index + offset)).copied();
            let (Some(left), Some(right)) = (child(1), child(2)) else {
                return Err(Error::Parameter(
                    "the list of accounts is too long".to_owned(),
                ));
            };
            back.push(parent(left, right));
        }
        back.reverse();
        Ok(Self { nodes: back })
    }

    /// The root that the policy holds.
    pub fn root(&self) -> B256 {
        self.nodes.first().copied().unwrap_or_default()
    }

    /// The proof that an account stands on the list; `None` if it does not.
    pub fn proof(&self, account: Address) -> Option<Vec<B256>> {
        let wanted = leaf(account);
        let first_leaf = self.nodes.len() / 2;
        let mut index = self
            .nodes
            .iter()
            .enumerate()
            .skip(first_leaf)
            .find(|(_, node)| **node == wanted)?
            .0;
        let mut proof = Vec::new();
        while index > 0 {
            let sibling = if index % 2 == 1 { index + 1 } else { index - 1 };
            proof.push(*self.nodes.get(sibling)?);
            index = (index - 1) / 2;
        }
        Some(proof)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(count: u8) -> Vec<Address> {
        (1..=count).map(Address::repeat_byte).collect()
    }

    /// As OpenZeppelin's `MerkleProof.verify` goes up.
    fn climbs(root: B256, account: Address, proof: &[B256]) -> bool {
        proof
            .iter()
            .fold(leaf(account), |node, sibling| parent(node, *sibling))
            == root
    }

    #[test]
    fn every_account_of_a_list_of_any_length_has_a_proof_and_no_other_has_one() {
        for count in 1..20 {
            let accounts = accounts(count);
            let tree = AccountTree::new(&accounts).unwrap();
            for account in &accounts {
                let proof = tree.proof(*account).unwrap();
                assert!(climbs(tree.root(), *account, &proof), "{count} {account}");
                assert!(!climbs(tree.root(), Address::repeat_byte(0xff), &proof));
            }
            assert!(tree.proof(Address::repeat_byte(0xff)).is_none());
        }
    }

    #[test]
    fn order_does_not_matter_and_repetition_is_refused() {
        let mut list = accounts(5);
        let root = AccountTree::new(&list).unwrap().root();
        list.reverse();
        assert_eq!(AccountTree::new(&list).unwrap().root(), root);
        list.push(Address::repeat_byte(1));
        assert!(AccountTree::new(&list).is_err());
        assert!(AccountTree::new(&[]).is_err());
    }
}
