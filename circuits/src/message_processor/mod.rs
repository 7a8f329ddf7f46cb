//! MessageProcessor: one batch of messages moves the committed state on (protocol.md §12), in QV, non-QV and FULL.
//!
//! Public: [`ProcessBatch`](maci_verifier::statement::ProcessBatch). Private: [`ProcessInputs`]. The batch's messages
//! are hashed into the chain in log order and applied from the last to the first, each as a `slot` of clauses. The state
//! between two commitments has the compact layout (`docs/layout.md`): the merged state tree is read, a tree of ballots
//! holds what changed since.
//!
//! Whatever a message holds, a satisfying witness exists (D13): what voters publish is judged by flags, never by
//! constraints. What the coordinator supplies (its key, the opened leaves, the salts) is constrained.
//!
//! Not enforced, and why that is safe: the cipher's tag and padding (D3), the poll id and the salt of a command (D12),
//! the new public key (D7); nothing reads them but the signature. MACI's bound of 2^126 on a weight follows from the
//! 50-bit field.

use ark_r1cs_std::{alloc::AllocVar, boolean::Boolean};
use ark_relations::gr1cs::{ConstraintSystemRef, SynthesisError};
use ark_std::vec::Vec;
use maci_crypto::{
    Fr,
    bits::{enforce_equal, enforce_product, enforce_range},
    ecdh::{self, constraints::SharedScalar},
    poseidon::constraints::{hash, hash12},
    tree::binary::constraints::DepthVar,
};
use maci_protocol::layout::compact::{ProcessInputs, shape::ProcessShape};
use maci_verifier::{CircuitId, Mode};

use crate::{
    InputError,
    clause::{clause, outcome},
    expect_len,
    gadget::{FrVar, difference, sum, witness},
    private_key::PrivateKeyVar,
};

mod memory;
mod native;
mod slot;
mod votes;

use memory::{BallotMemory, StateMemory};

pub(crate) use native::check;

/// The current commitment opens.
pub const COMMITMENT: &str = "commitment";
/// The counts are in the ranges that the comparisons rely on.
pub const COUNTS: &str = "counts";
/// The depth of the state tree is one of 1..=D.
pub const STATE_TREE_DEPTH: &str = "state-tree-depth";
/// The canonical coordinator key and its hash.
pub const COORDINATOR_KEY: &str = "coordinator-key";
/// Which slots are in the batch.
pub const SLOT_GATE: &str = "slot-gate";
/// A message in the batch enters the chain.
pub const MESSAGE_CHAIN: &str = "message-chain";
/// The chain ends at the public batch hash.
pub const OUTPUT_BATCH_HASH: &str = "output-batch-hash";
/// K = k·E, and whether E is on the curve.
pub const SHARED_KEY: &str = "shared-key";
/// The seven plaintext elements.
pub const DECRYPTION: &str = "decryption";
/// The 50-bit fields of the command.
pub const UNPACKING: &str = "unpacking";
/// Whether the opened leaf's key signed the command.
pub const SIGNATURE: &str = "signature";
/// Whether the state index is in range.
pub const STATE_INDEX: &str = "state-index";
/// Whether the vote option is in range.
pub const VOTE_OPTION: &str = "vote-option";
/// Where the slot opens the trees.
pub const POSITION: &str = "position";
/// Whether the nonce is the next one.
pub const NONCE: &str = "nonce";
/// What a weight costs.
pub const COST: &str = "cost";
/// Whether the credits suffice.
pub const CREDITS: &str = "credits";
/// Whether the command counts.
pub const VALIDITY: &str = "validity";
/// The ballot and the weight after the slot.
pub const UPDATE: &str = "update";
/// The opened weight is a lane of the ballot's votes, and the new one replaces it.
pub const VOTE_WEIGHT: &str = "vote-weight";
/// The opened ballot lies in its place, and the new one replaces it.
pub const BALLOT: &str = "ballot";
/// The opened leaf lies in its place in the merged state tree.
pub const STATE_LEAF: &str = "state-leaf";
/// MACI's empty ballot root stands for the root of our blank ballots, every other root for itself.
pub const FIRST_ROOT: &str = "first-root";
/// The state tree's cells lie under the state root.
pub const STATE_CELLS: &str = "state-cells";
/// The ballot tree's cells lie under the current ballot root.
pub const BALLOT_CELLS: &str = "ballot-cells";
/// The new ballot root lies over the cells after the batch.
pub const BALLOT_FOLD: &str = "ballot-fold";
/// The state root and the new ballot root open the new commitment.
pub const NEW_COMMITMENT: &str = "new-commitment";

/// Clauses that a batch has once and that serve its messages: the price of a message includes its share of them.
pub const SHARED_BY_MESSAGES: [&str; 3] = [STATE_CELLS, BALLOT_CELLS, BALLOT_FOLD];

/// Bits of every number in a command, and of the message positions.
const FIELD_BITS: usize = 50;

/// The circuit's parameters.
#[derive(Clone, Debug)]
struct Shape {
    mode: Mode,
    depth: usize,
    batch: usize,
    option_depth: usize,
    /// What the slots read and write.
    memory: ProcessShape,
}

impl Shape {
    fn of(id: CircuitId) -> Option<Self> {
        let CircuitId::MessageProcessor {
            mode,
            state_tree_depth,
            message_batch_size,
            vote_option_tree_depth,
        } = id
        else {
            return None;
        };
        Some(Self {
            mode,
            depth: state_tree_depth.into(),
            batch: message_batch_size.into(),
            option_depth: vote_option_tree_depth.into(),
            memory: ProcessShape::new(state_tree_depth, message_batch_size),
        })
    }

    /// 5^v.
    const fn options(&self) -> u64 {
        5u64.pow(self.option_depth as u32)
    }

    /// Bits of a number below 5^v.
    const fn option_bits(&self) -> usize {
        (u64::BITS - (self.options() - 1).leading_zeros()) as usize
    }
}

/// Refuses inputs whose lists do not fit the circuit.
pub(crate) fn check_shape(id: CircuitId, inputs: &ProcessInputs) -> Result<(), InputError> {
    let Some(shape) = Shape::of(id) else {
        return Err(InputError::Kind { circuit: id });
    };
    if inputs.circuit != id {
        return Err(InputError::Circuit {
            circuit: id,
            found: inputs.circuit,
        });
    }
    ecdh::check_scalar(&inputs.coordinator_private_key)?;
    expect_len("messages", inputs.messages.len(), shape.batch)?;
    expect_len("slots", inputs.slots.len(), shape.batch)?;
    let memory = &shape.memory;
    // A single cell is the root itself.
    let cells = |bits: usize| if bits == 0 { 0 } else { 1 << bits };
    expect_len(
        "state cells",
        inputs.state_cells.len(),
        cells(memory.state_cells),
    )?;
    expect_len(
        "ballot cells",
        inputs.ballot_cells.len(),
        memory.ballot_cells(),
    )?;
    for slot in &inputs.slots {
        expect_len(
            "state leaf path elements",
            slot.leaf_path.len(),
            memory.state_height,
        )?;
        expect_len(
            "vote families",
            slot.vote_families.len(),
            shape.option_depth - 1,
        )?;
        expect_len(
            "ballot families",
            slot.ballot_families.len(),
            memory.ballot_levels,
        )?;
        for (family, bits) in slot.ballot_families.iter().zip(memory.lower()) {
            expect_len("ballot family", family.len(), 1 << bits)?;
        }
    }
    Ok(())
}

/// What every slot reads and no slot changes.
struct Batch<'a> {
    shape: Shape,
    total_signups: &'a FrVar,
    vote_options: &'a FrVar,
    depth: DepthVar,
    coordinator: SharedScalar,
    state: StateMemory,
}

/// The circuit.
pub(crate) fn synthesise(
    cs: &ConstraintSystemRef<Fr>,
    id: CircuitId,
    publics: &[FrVar],
    inputs: Option<&ProcessInputs>,
) -> Result<(), SynthesisError> {
    let (
        Some(shape),
        [
            total_signups,
            output_batch_hash,
            actual_depth,
            coordinator_key_hash,
            vote_options,
            current_commitment,
            new_commitment,
            index,
            batch_end_index,
        ],
    ) = (Shape::of(id), publics)
    else {
        return Err(SynthesisError::Unsatisfiable);
    };
    let private = |value: &dyn Fn(&ProcessInputs) -> Fr| witness(cs, inputs.map(value));

    let state_root = private(&|i| i.state_root)?;
    let committed = private(&|i| i.current_ballot_root)?;
    clause(cs, COMMITMENT, None, || {
        let salt = private(&|i| i.current_sb_salt)?;
        enforce_equal(
            &hash(&[state_root.clone(), committed.clone(), salt])?,
            current_commitment,
        )
    })?;
    let depth = clause(cs, STATE_TREE_DEPTH, None, || {
        let depth = DepthVar::new(
            cs,
            1..=shape.depth,
            inputs.map(|i| i.statement.actual_state_tree_depth),
        )?;
        enforce_equal(&depth.depth()?, actual_depth)?;
        Ok(depth)
    })?;
    clause(cs, COUNTS, None, || {
        at_most(total_signups, &depth.capacity()?, shape.depth + 1)?;
        at_most(
            vote_options,
            &FrVar::Constant(Fr::from(shape.options())),
            shape.option_bits() + 1,
        )?;
        enforce_range(index, FIELD_BITS)
    })?;
    let coordinator = clause(cs, COORDINATOR_KEY, None, || {
        let key = PrivateKeyVar::new(cs, inputs.map(|i| i.coordinator_private_key))?;
        let public = key.public_key()?.into_coordinates();
        enforce_equal(&hash(&[public.x, public.y])?, coordinator_key_hash)?;
        key.shared()
    })?;

    let in_batch = clause(cs, SLOT_GATE, None, || {
        slot_gate(cs, &shape, index, batch_end_index, inputs)
    })?;
    let mut chain = private(&|i| i.input_batch_hash)?;
    let mut messages = Vec::with_capacity(shape.batch);
    for (slot, gate) in in_batch.iter().enumerate() {
        let message = (0..12)
            .map(|element| private(&|i| native::message_element(&i.messages[slot], element)))
            .collect::<Result<Vec<_>, _>>()?;
        let message: [FrVar; 12] = message
            .try_into()
            .map_err(|_| SynthesisError::Unsatisfiable)?;
        chain = clause(cs, MESSAGE_CHAIN, Some(slot), || {
            // Every slot in the batch enters once, in order; the others leave the chain as it is.
            let next = hash(&[chain.clone(), hash12(&message)?])?;
            outcome(
                cs,
                MESSAGE_CHAIN,
                Some(slot),
                &chain + gate * &difference(&next, &chain)?,
            )
        })?;
        messages.push(message);
    }
    clause(cs, OUTPUT_BATCH_HASH, None, || {
        enforce_equal(&chain, output_batch_hash)
    })?;

    let mut ballots = BallotMemory::open(cs, &shape, &committed, inputs)?;
    let state = StateMemory::open(cs, &shape, &depth, state_root.clone(), inputs)?;
    let batch = Batch {
        shape,
        total_signups,
        vote_options,
        depth,
        coordinator,
        state,
    };
    for (slot, (message, gate)) in messages.iter().zip(&in_batch).enumerate().rev() {
        slot::synthesise(cs, &batch, slot, message, gate, &mut ballots, inputs)?;
    }
    let ballot_root = ballots.fold(cs, &batch.shape)?;
    clause(cs, NEW_COMMITMENT, None, || {
        let salt = private(&|i| i.new_sb_salt)?;
        enforce_equal(&hash(&[state_root, ballot_root, salt])?, new_commitment)
    })
}

/// 0 ≤ value ≤ bound, both fitting into `bits`.
fn at_most(value: &FrVar, bound: &FrVar, bits: usize) -> Result<(), SynthesisError> {
    enforce_range(value, bits)?;
    enforce_range(&difference(bound, value)?, bits)
}

/// One flag for each slot: 1 for the first `batch_end_index − index` slots, 0 for the rest (S1).
///
/// The flags are boolean, none rises after a 0, and they add up to the batch's length; this also keeps the length
/// within 0..=B.
fn slot_gate(
    cs: &ConstraintSystemRef<Fr>,
    shape: &Shape,
    index: &FrVar,
    batch_end_index: &FrVar,
    inputs: Option<&ProcessInputs>,
) -> Result<Vec<FrVar>, SynthesisError> {
    let length = inputs.map(|i| {
        i.statement
            .batch_end_index
            .saturating_sub(i.statement.index)
    });
    let flags = (0..shape.batch)
        .map(|slot| {
            let flag = Boolean::new_witness(cs.clone(), || {
                length
                    .map(|length| (slot as u64) < length)
                    .ok_or(SynthesisError::AssignmentMissing)
            })?;
            outcome(cs, SLOT_GATE, Some(slot), flag.into())
        })
        .collect::<Result<Vec<_>, _>>()?;
    for pair in flags.windows(2) {
        enforce_product(&pair[0], &pair[1], &pair[1])?;
    }
    enforce_equal(&sum(&flags)?, &difference(batch_end_index, index)?)?;
    Ok(flags)
}
