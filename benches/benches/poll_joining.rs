//! PollJoining and PollJoined, which run in the voter's client, at depths 10 and 14.
//!
//! `cargo bench -p maci-benches --bench poll_joining`

use std::error::Error;

use maci_benches::circuit;
use maci_circuits::{Inputs, PollJoinedInputs, PollJoiningInputs};
use maci_crypto::{
    Fr,
    keypair::{PrivateKey, PublicKey},
    tree::{binary::LazyTree, lean_imt::LeanImt},
};
use maci_protocol::state::StateLeaf;
use maci_verifier::{
    CircuitId, Nullifier, StateRoot,
    statement::{PollJoined, PollJoining},
};

/// Voters before the one who joins.
const VOTERS: u8 = 8;

fn main() -> Result<(), Box<dyn Error>> {
    for (depth, joining_rows, joined_rows) in [(10, 3_970, 3_751), (14, 4_954, 4_735)] {
        circuit::measure(circuit::Case {
            id: CircuitId::PollJoining {
                state_tree_depth: depth,
            },
            maci_rows: Some(joining_rows),
            inputs: Some(joining(depth)?),
        })?;
        circuit::measure(circuit::Case {
            id: CircuitId::PollJoined {
                state_tree_depth: depth,
            },
            maci_rows: Some(joined_rows),
            inputs: Some(joined(depth)?),
        })?;
    }
    Ok(())
}

fn joining(depth: u8) -> Result<Inputs, Box<dyn Error>> {
    let mut tree = LeanImt::new();
    tree.insert(PublicKey::pad().hash())?;
    for number in 1..=VOTERS {
        tree.insert(PrivateKey::from_be_bytes(&[number]).public_key().hash())?;
    }
    let voter = PrivateKey::from_be_bytes(&[VOTERS]);
    let proof = tree.proof(VOTERS.into()).ok_or("the voter has a leaf")?;
    let poll_id = Fr::from(0u64);
    let actual_state_tree_depth = proof.siblings.len() as u64;
    let mut siblings = proof.siblings;
    siblings.resize(depth.into(), Fr::from(0u64));
    Ok(Inputs::Joining(Box::new(PollJoiningInputs {
        statement: PollJoining {
            poll_public_key: voter.public_key().coordinates(),
            nullifier: Nullifier(voter.nullifier(poll_id)),
            state_root: StateRoot(tree.root().ok_or("the tree has leaves")?),
            poll_id,
        },
        private_key: voter.formatted(),
        siblings,
        index: proof.index,
        actual_state_tree_depth,
    })))
}

fn joined(depth: u8) -> Result<Inputs, Box<dyn Error>> {
    let voter = PrivateKey::from_be_bytes(&[VOTERS]);
    let leaf = StateLeaf {
        public_key: voter.public_key().coordinates(),
        voice_credit_balance: Fr::from(100u64),
    };
    let (index, actual_state_tree_depth) = (u64::from(VOTERS), 4u8);
    let mut tree = LazyTree::new(actual_state_tree_depth, StateLeaf::blank().hash());
    tree.update(index, leaf.hash())?;
    let mut siblings = tree.path(index)?;
    siblings.resize(depth.into(), Fr::from(0u64));
    Ok(Inputs::Joined(Box::new(PollJoinedInputs {
        statement: PollJoined {
            state_root: StateRoot(tree.root()),
        },
        private_key: voter.formatted(),
        voice_credit_balance: leaf.voice_credit_balance,
        siblings,
        index,
        actual_state_tree_depth: actual_state_tree_depth.into(),
    })))
}
