//! The native twin of the circuit: the same clauses under the same names, over the native primitives.

use ark_ff::{AdditiveGroup, Field, PrimeField};
use maci_crypto::{Fr, babyjubjub, poseidon};
use maci_protocol::{
    layout::maci::ProcessInputs,
    message::{Message, SignedCommand},
    state::StateLeaf,
};
use maci_verifier::{CircuitId, Mode};

use super::{
    BALLOT, COMMITMENT, COORDINATOR_KEY, COUNTS, FIELD_BITS, NEW_COMMITMENT, OUTPUT_BATCH_HASH,
    SLOT_GATE, STATE_LEAF, STATE_TREE_DEPTH, Shape, VOTE_WEIGHT,
};
use crate::{ClauseViolation, ensure};

/// The twelve hashed elements of a message: ciphertext, then the encryption key's coordinates.
pub(super) fn message_element(message: &Message, element: usize) -> Fr {
    match message.data.get(element) {
        Some(value) => *value,
        None if element == message.data.len() => message.encryption_public_key.x,
        None => message.encryption_public_key.y,
    }
}

/// Checks the statement natively, clause by clause.
pub(crate) fn check(id: CircuitId, inputs: &ProcessInputs) -> Result<(), ClauseViolation> {
    let Some(shape) = Shape::of(id) else {
        return Err(ClauseViolation {
            clause: COUNTS,
            slot: None,
        });
    };
    let statement = &inputs.statement;
    let commit = |state: Fr, ballots: Fr, salt: Fr| poseidon::hash3(state, ballots, salt);
    let mut state_root = inputs.current_state_root;
    let mut ballot_root = inputs.current_ballot_root;
    ensure(
        commit(state_root, ballot_root, inputs.current_sb_salt)
            == statement.current_sb_commitment.0,
        COMMITMENT,
        None,
    )?;
    let depth = statement.actual_state_tree_depth;
    ensure(
        (1..=shape.depth as u64).contains(&depth),
        STATE_TREE_DEPTH,
        None,
    )?;
    ensure(statement.total_signups <= 1 << depth, COUNTS, None)?;
    ensure(statement.vote_options <= shape.options(), COUNTS, None)?;
    ensure(statement.index >> FIELD_BITS == 0, COUNTS, None)?;
    let public = babyjubjub::mul_base8(&inputs.coordinator_private_key);
    let key_hash = poseidon::hash2(public.x, public.y);
    ensure(
        key_hash == statement.coordinator_public_key_hash.0,
        COORDINATOR_KEY,
        None,
    )?;
    let length = statement.batch_end_index.checked_sub(statement.index);
    let Some(length) = length
        .and_then(|length| usize::try_from(length).ok())
        .filter(|n| *n <= shape.batch)
    else {
        return Err(ClauseViolation {
            clause: SLOT_GATE,
            slot: None,
        });
    };
    let chain = inputs.messages[..length]
        .iter()
        .fold(inputs.input_batch_hash, |chain, message| {
            poseidon::hash2(chain, message.hash())
        });
    ensure(
        chain == statement.output_batch_hash.0,
        OUTPUT_BATCH_HASH,
        None,
    )?;

    for slot in (0..shape.batch).rev() {
        let judged = Slot::judge(&shape, inputs, slot, slot < length);
        let before = Opened::of(inputs, slot);
        let after = judged.apply(&before);
        let (old, new) = judged.vote_roots(
            &inputs.current_vote_weights_path_elements[slot],
            before.weight,
            after.weight,
        );
        ensure(old == before.option_root, VOTE_WEIGHT, Some(slot))?;
        let path = &inputs.current_ballots_path_elements[slot];
        let old = root(poseidon::hash2(before.nonce, old), judged.state_index, path);
        ensure(old == ballot_root, BALLOT, Some(slot))?;
        ballot_root = root(poseidon::hash2(after.nonce, new), judged.state_index, path);
        let path = &inputs.current_state_leaves_path_elements[slot][..depth as usize];
        ensure(
            root(before.leaf.hash(), judged.state_index, path) == state_root,
            STATE_LEAF,
            Some(slot),
        )?;
        state_root = root(after.leaf.hash(), judged.state_index, path);
    }
    let new = commit(state_root, ballot_root, inputs.new_sb_salt);
    ensure(new == statement.new_sb_commitment.0, NEW_COMMITMENT, None)
}

/// What a slot opens, before or after it is applied.
#[derive(Clone, Copy)]
struct Opened {
    leaf: StateLeaf,
    nonce: Fr,
    option_root: Fr,
    weight: Fr,
}

impl Opened {
    fn of(inputs: &ProcessInputs, slot: usize) -> Self {
        let (nonce, option_root) = inputs.current_ballots[slot];
        Self {
            leaf: inputs.current_state_leaves[slot],
            nonce,
            option_root,
            weight: inputs.current_vote_weights[slot],
        }
    }
}

/// A judged slot: where it opens the trees, and the command if it counts.
struct Slot {
    mode: Mode,
    state_index: u64,
    vote_option: u64,
    applied: Option<SignedCommand>,
}

impl Slot {
    fn judge(shape: &Shape, inputs: &ProcessInputs, slot: usize, in_batch: bool) -> Self {
        let mut judged = Self {
            mode: shape.mode,
            state_index: 0,
            vote_option: 0,
            applied: None,
        };
        let message = &inputs.messages[slot];
        let shared = maci_crypto::ecdh::shared_key(
            &inputs.coordinator_private_key,
            &message.encryption_public_key,
        );
        let Some(shared) = shared.filter(|_| in_batch) else {
            return judged;
        };
        let signed =
            SignedCommand::from_plaintext(&maci_crypto::cipher::decrypt(&message.data, &shared));
        let command = signed.command();
        let state_valid = command.state_index.0 < inputs.statement.total_signups;
        let option_valid = command.vote_option_index.0 < inputs.statement.vote_options;
        if state_valid {
            judged.state_index = command.state_index.0;
        }
        if option_valid {
            judged.vote_option = command.vote_option_index.0;
        }
        let opened = Opened::of(inputs, slot);
        let available = opened.leaf.voice_credit_balance + cost(shape.mode, opened.weight);
        let price = cost(shape.mode, Fr::from(command.new_vote_weight.0));
        let affordable = match shape.mode {
            Mode::Full => available == price,
            Mode::Qv | Mode::NonQv => available.into_bigint() >= price.into_bigint(),
        };
        let valid = state_valid
            && option_valid
            && Fr::from(command.nonce.0) == opened.nonce + Fr::ONE
            && affordable
            && signed.is_signed_by(opened.leaf.public_key);
        judged.applied = valid.then_some(signed);
        judged
    }

    fn apply(&self, before: &Opened) -> Opened {
        let Some(signed) = &self.applied else {
            return *before;
        };
        let command = signed.command();
        let weight = Fr::from(command.new_vote_weight.0);
        Opened {
            leaf: StateLeaf {
                public_key: command.new_public_key,
                voice_credit_balance: before.leaf.voice_credit_balance
                    + cost(self.mode, before.weight)
                    - cost(self.mode, weight),
            },
            nonce: before.nonce + Fr::ONE,
            option_root: Fr::ZERO,
            weight,
        }
    }

    /// Vote option roots over the old and the new weight.
    fn vote_roots(&self, path: &[[Fr; 4]], old: Fr, new: Fr) -> (Fr, Fr) {
        let mut place = self.vote_option;
        let (mut old, mut new) = (old, new);
        for siblings in path {
            let digit = (place % 5) as usize;
            let parent = |node: Fr| {
                let mut children = siblings.to_vec();
                children.insert(digit, node);
                poseidon::hash(&children)
            };
            (old, new) = (parent(old), parent(new));
            place /= 5;
        }
        (old, new)
    }
}

fn cost(mode: Mode, weight: Fr) -> Fr {
    if mode == Mode::Qv {
        weight.square()
    } else {
        weight
    }
}

/// Root of a binary path.
fn root(leaf: Fr, index: u64, siblings: &[Fr]) -> Fr {
    siblings
        .iter()
        .enumerate()
        .fold(leaf, |node, (level, sibling)| {
            if index >> level & 1 == 1 {
                poseidon::hash2(*sibling, node)
            } else {
                poseidon::hash2(node, *sibling)
            }
        })
}
