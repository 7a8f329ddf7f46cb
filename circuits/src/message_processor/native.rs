//! The native twin of the circuit: the same clauses under the same names, over the native primitives.

use ark_ff::{Field, PrimeField};
use ark_std::vec::Vec;
use maci_crypto::{
    Fr,
    babyjubjub::{self, RawPoint},
    poseidon,
    tree::{binary::root_from_path, wide},
};
use maci_protocol::{
    layout::{
        compact::{
            BallotHead, ProcessInputs, SlotInputs, empty_root,
            shape::{LANE_BITS, LANES},
            unpack,
        },
        maci::empty_ballot_root,
    },
    message::{Message, SignedCommand},
};
use maci_verifier::{CircuitId, Mode};

use super::{
    BALLOT, BALLOT_CELLS, COMMITMENT, COORDINATOR_KEY, COUNTS, FIELD_BITS, NEW_COMMITMENT,
    OUTPUT_BATCH_HASH, SLOT_GATE, STATE_CELLS, STATE_LEAF, STATE_TREE_DEPTH, Shape, VOTE_WEIGHT,
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
    ensure(
        commit(
            inputs.state_root,
            inputs.current_ballot_root,
            inputs.current_sb_salt,
        ) == statement.current_sb_commitment.0,
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

    let mut memory = Memory::open(&shape, inputs)?;
    for slot in (0..shape.batch).rev() {
        let opened = &inputs.slots[slot];
        let judged = Slot::judge(&shape, inputs, slot, slot < length);
        let (head, weight) = judged.apply(opened);
        let votes = Votes::replace(&shape, slot, opened, judged.vote_option, weight)?;
        let old = opened.ballot.leaf(&votes.old);
        let new = head.leaf(&votes.new);
        memory.replace(slot, opened, judged.state_index, (old, new))?;
        memory.read(slot, opened, judged.state_index)?;
    }
    let root = memory.fold().ok_or(ClauseViolation {
        clause: BALLOT_CELLS,
        slot: None,
    })?;
    let new = commit(inputs.state_root, root, inputs.new_sb_salt);
    ensure(new == statement.new_sb_commitment.0, NEW_COMMITMENT, None)
}

/// The cells of both trees.
struct Memory<'a> {
    shape: &'a Shape,
    inputs: &'a ProcessInputs,
    /// Depth of the merged state tree.
    depth: usize,
    ballots: Vec<Fr>,
}

impl<'a> Memory<'a> {
    fn open(shape: &'a Shape, inputs: &'a ProcessInputs) -> Result<Self, ClauseViolation> {
        let memory = Self {
            shape,
            inputs,
            depth: inputs.statement.actual_state_tree_depth as usize,
            ballots: inputs.ballot_cells.clone(),
        };
        let (depth, options) = (shape.depth as u8, shape.option_depth as u8);
        let committed = inputs.current_ballot_root;
        let root = if committed == empty_ballot_root(depth, options) {
            empty_root(depth, options)
        } else {
            committed
        };
        ensure(memory.fold() == Some(root), BALLOT_CELLS, None)?;
        let levels = memory.depth.checked_sub(shape.memory.state_height);
        if let Some(levels) = levels.filter(|_| shape.memory.state_cells > 0) {
            let mut nodes = inputs.state_cells.clone();
            for _ in 0..levels {
                nodes = nodes.chunks_exact(2).map(poseidon::hash).collect();
            }
            ensure(nodes.first() == Some(&inputs.state_root), STATE_CELLS, None)?;
        }
        Ok(memory)
    }

    /// The ballot root over the present cells.
    fn fold(&self) -> Option<Fr> {
        wide::fold(self.shape.memory.upper(), &self.ballots)
    }

    fn read(&self, slot: usize, opened: &SlotInputs, index: u64) -> Result<(), ClauseViolation> {
        let height = self.shape.memory.state_height.min(self.depth);
        let node = root_from_path(opened.leaf.hash(), index, &opened.leaf_path[..height]);
        let cell =
            if self.depth < self.shape.memory.state_height || self.shape.memory.state_cells == 0 {
                self.inputs.state_root
            } else {
                self.inputs.state_cells[(index >> height) as usize]
            };
        ensure(node == cell, STATE_LEAF, Some(slot))
    }

    fn replace(
        &mut self,
        slot: usize,
        opened: &SlotInputs,
        index: u64,
        (mut old, mut new): (Fr, Fr),
    ) -> Result<(), ClauseViolation> {
        let mut index = index;
        let forms = self.shape.memory.lower().iter();
        for (bits, family) in forms.zip(&opened.ballot_families) {
            let own = (index & ((1 << bits) - 1)) as usize;
            ensure(family[own] == old, BALLOT, Some(slot))?;
            let mut changed = family.clone();
            changed[own] = new;
            (old, new) = (poseidon::hash(family), poseidon::hash(&changed));
            index >>= bits;
        }
        let cell = &mut self.ballots[index as usize];
        ensure(*cell == old, BALLOT, Some(slot))?;
        *cell = new;
        Ok(())
    }
}

/// The nodes over all votes that a ballot leaf holds, before and after a slot.
struct Votes {
    old: Vec<Fr>,
    new: Vec<Fr>,
}

impl Votes {
    fn replace(
        shape: &Shape,
        slot: usize,
        opened: &SlotInputs,
        option: u64,
        weight: Fr,
    ) -> Result<Self, ClauseViolation> {
        let at = Some(slot);
        let mut place = option as usize;
        let mut digit = || {
            let digit = place % LANES;
            place /= LANES;
            digit
        };
        let lane = digit();
        let read = unpack(&opened.element).map(|lanes| Fr::from(lanes[lane]));
        ensure(read == Some(opened.weight), VOTE_WEIGHT, at)?;
        let power = Fr::from(2u64).pow([(lane * LANE_BITS) as u64]);
        let changed = opened.element + (weight - opened.weight) * power;
        let mut votes = Self {
            old: [opened.element].into(),
            new: [changed].into(),
        };
        let (mut old, mut new) = (opened.element, changed);
        for (level, family) in opened.vote_families.iter().enumerate() {
            if level > 0 {
                (old, new) = (poseidon::hash(&votes.old), poseidon::hash(&votes.new));
            }
            let own = digit();
            ensure(family[own] == old, VOTE_WEIGHT, at)?;
            votes.old = family.to_vec();
            votes.new = family.to_vec();
            votes.new[own] = new;
        }
        debug_assert_eq!(opened.vote_families.len() + 1, shape.option_depth);
        Ok(votes)
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
        let opened = &inputs.slots[slot];
        let available = balance(opened) + cost(shape.mode, opened.weight);
        let price = cost(shape.mode, Fr::from(command.new_vote_weight.0));
        let affordable = match shape.mode {
            Mode::Full => available == price,
            Mode::Qv | Mode::NonQv => available.into_bigint() >= price.into_bigint(),
        };
        let valid = state_valid
            && option_valid
            && Fr::from(command.nonce.0) == opened.ballot.nonce + Fr::ONE
            && affordable
            && signed.is_signed_by(key(opened));
        judged.applied = valid.then_some(signed);
        judged
    }

    /// The ballot's head and the weight after the slot.
    fn apply(&self, opened: &SlotInputs) -> (BallotHead, Fr) {
        let Some(signed) = &self.applied else {
            return (opened.ballot, opened.weight);
        };
        let command = signed.command();
        let weight = Fr::from(command.new_vote_weight.0);
        let RawPoint { x, y } = opened.leaf.public_key;
        let head = BallotHead {
            nonce: opened.ballot.nonce + Fr::ONE,
            key_change: [command.new_public_key.x - x, command.new_public_key.y - y],
            balance_change: opened.ballot.balance_change + cost(self.mode, opened.weight)
                - cost(self.mode, weight),
        };
        (head, weight)
    }
}

/// The present key: the merged one and what commands added.
fn key(opened: &SlotInputs) -> RawPoint {
    let [x, y] = opened.ballot.key_change;
    RawPoint {
        x: opened.leaf.public_key.x + x,
        y: opened.leaf.public_key.y + y,
    }
}

/// The present balance.
fn balance(opened: &SlotInputs) -> Fr {
    opened.leaf.voice_credit_balance + opened.ballot.balance_change
}

fn cost(mode: Mode, weight: Fr) -> Fr {
    if mode == Mode::Qv {
        weight.square()
    } else {
        weight
    }
}
