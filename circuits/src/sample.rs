//! Inputs for any circuit, from a simulated poll: to measure a circuit, or to hand it to another prover.

use ark_ff::AdditiveGroup;
use ark_std::{boxed::Box, vec::Vec};
use maci_crypto::{
    Fr,
    keypair::{PrivateKey, PublicKey},
    tree::{binary::LazyTree, lean_imt::LeanImt},
};
use maci_protocol::{
    layout::compact::{process_batches, tally_batches},
    secrets::RunSeed,
    state::StateLeaf,
    testing::{Spec, simulate},
};
use maci_verifier::{
    CircuitId, Nullifier, PollParams, StateRoot,
    statement::{PollJoined, PollJoining},
};

use crate::{InputError, Inputs, PollJoinedInputs, PollJoiningInputs};

/// Voters of a simulated poll, where its state tree has room for them.
const VOTERS: u64 = 8;

/// Honest inputs of a circuit: the newest message batch of a poll of one and a half batches, its last batch of ballots, or
/// a voter's last leaf. The same for everyone; nothing in them is secret.
pub fn sample_inputs(circuit: CircuitId) -> Result<Inputs, InputError> {
    let unfit = || InputError::Parameters { circuit };
    match circuit {
        CircuitId::PollJoining { state_tree_depth } => {
            joining(state_tree_depth).map(|inputs| Inputs::Joining(Box::new(inputs)))
        }
        CircuitId::PollJoined { state_tree_depth } => {
            joined(state_tree_depth).map(|inputs| Inputs::Joined(Box::new(inputs)))
        }
        CircuitId::MessageProcessor {
            mode,
            state_tree_depth,
            message_batch_size,
            vote_option_tree_depth,
        } => batch(
            PollParams {
                state_tree_depth,
                tally_processing_state_tree_depth: 1,
                vote_option_tree_depth,
                message_batch_size,
                vote_options: most_options(vote_option_tree_depth),
                mode,
            },
            true,
        ),
        CircuitId::VoteTally {
            mode,
            state_tree_depth,
            tally_processing_state_tree_depth,
            vote_option_tree_depth,
        } => batch(
            PollParams {
                state_tree_depth,
                tally_processing_state_tree_depth,
                vote_option_tree_depth,
                message_batch_size: 20,
                vote_options: most_options(vote_option_tree_depth),
                mode,
            },
            false,
        ),
    }
    .ok_or_else(unfit)
}

fn most_options(depth: u8) -> u64 {
    5u64.saturating_pow(depth.into())
}

fn batch(params: PollParams, process: bool) -> Option<Inputs> {
    let params = params.validate().ok()?;
    let messages = u64::from(params.message_batch_size) * 3 / 2;
    let room = params.max_state_leaves().checked_sub(1)?;
    let voters = VOTERS.max(2 * params.tally_batch_size()).min(room);
    let poll = simulate(&Spec::honest(params, voters, messages, 1));
    let mut salts = RunSeed::derive(
        poll.coordinator.private(),
        poll.log.chain_id,
        poll.log.poll_address,
    );
    let processed = process_batches(&poll.log, &poll.coordinator, &mut salts).ok()?;
    if process {
        let batch = processed.batches.into_iter().next()?;
        return Some(Inputs::Process(Box::new(batch)));
    }
    let tallied = tally_batches(&poll.log, processed.last, &mut salts);
    let batch = tallied.batches.into_iter().next_back()?;
    Some(Inputs::Tally(Box::new(batch)))
}

/// The key of voter `number`: public, as everybody can count.
fn voter(number: u64) -> PrivateKey {
    PrivateKey::from_be_bytes(&number.to_be_bytes())
}

/// Leaf 0 is blank, so a tree of depth D has room for 2^D − 1 voters.
fn voters(depth: u8) -> u64 {
    VOTERS.min((1u64 << depth.min(32)) - 1)
}

fn joining(depth: u8) -> Option<PollJoiningInputs> {
    let mut tree = LeanImt::new();
    tree.insert(PublicKey::pad().hash()).ok()?;
    for number in 1..=voters(depth) {
        tree.insert(voter(number).public_key().hash()).ok()?;
    }
    let voter = voter(voters(depth));
    let proof = tree.proof(voters(depth))?;
    let poll_id = Fr::ZERO;
    let actual_state_tree_depth = proof.siblings.len() as u64;
    let siblings = padded(proof.siblings, depth);
    Some(PollJoiningInputs {
        statement: PollJoining {
            poll_public_key: voter.public_key().coordinates(),
            nullifier: Nullifier(voter.nullifier(poll_id)),
            state_root: StateRoot(tree.root()?),
            poll_id,
        },
        private_key: voter.formatted(),
        siblings,
        index: proof.index,
        actual_state_tree_depth,
    })
}

fn joined(depth: u8) -> Option<PollJoinedInputs> {
    let index = voters(depth);
    let voter = voter(index);
    let leaf = StateLeaf {
        public_key: voter.public_key().coordinates(),
        voice_credit_balance: Fr::from(100u64),
    };
    let actual = (u64::BITS - index.leading_zeros()) as u8;
    let mut tree = LazyTree::new(actual, StateLeaf::blank().hash());
    tree.update(index, leaf.hash()).ok()?;
    Some(PollJoinedInputs {
        statement: PollJoined {
            state_root: StateRoot(tree.root()),
        },
        private_key: voter.formatted(),
        voice_credit_balance: leaf.voice_credit_balance,
        siblings: padded(tree.path(index).ok()?, depth),
        index,
        actual_state_tree_depth: actual.into(),
    })
}

fn padded(mut siblings: Vec<Fr>, depth: u8) -> Vec<Fr> {
    siblings.resize(depth.into(), Fr::ZERO);
    siblings
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::check;

    #[test]
    fn samples_satisfy_their_circuits() {
        for name in [
            "poll-joining-1",
            "poll-joining-4",
            "poll-joined-1",
            "poll-joined-4",
            "message-processor-qv-2-1-1",
            "message-processor-nonqv-3-4-1",
            "message-processor-full-3-4-1",
            "vote-tally-qv-2-1-1",
            "vote-tally-nonqv-4-2-1",
        ] {
            let circuit: CircuitId = name.parse().unwrap();
            let inputs = sample_inputs(circuit).unwrap();
            assert_eq!(check(circuit, &inputs), Ok(()), "{circuit}");
        }
    }
}
