//! One message slot: judge the command, open what it addresses, apply it if it counts.

use ark_ff::{AdditiveGroup, Field};
use ark_r1cs_std::boolean::Boolean;
use ark_relations::gr1cs::{ConstraintSystemRef, SynthesisError};
use ark_std::vec::Vec;
use maci_crypto::{
    Fr,
    babyjubjub::constraints::PointVar,
    bits::{enforce_equal, is_equal, is_ge_exact, is_index_below, linear, pack, split_canonical},
    cipher::constraints as cipher,
    ecdh::constraints as ecdh,
    eddsa::constraints as eddsa,
    poseidon::constraints::hash,
    tree::{
        binary::constraints::PathVar,
        quinary::constraints::{DigitVar, replace},
    },
};
use maci_protocol::layout::maci::ProcessInputs;
use maci_verifier::Mode;

use super::{
    BALLOT, Batch, COST, CREDITS, DECRYPTION, FIELD_BITS, NONCE, POSITION, SHARED_KEY, SIGNATURE,
    STATE_INDEX, STATE_LEAF, UNPACKING, UPDATE, VALIDITY, VOTE_OPTION, VOTE_WEIGHT,
};
use crate::{
    clause::{clause, outcome},
    gadget::{FrVar, difference, witness},
};

/// The roots between two slots.
pub(super) struct Roots {
    pub(super) state: FrVar,
    pub(super) ballots: FrVar,
}

/// What the slot opens, before it is applied.
struct Opened {
    key: PointVar,
    balance: FrVar,
    nonce: FrVar,
    option_root: FrVar,
    weight: FrVar,
}

/// The numbers of a command as bits, lowest first.
struct Fields {
    state_index: Vec<Boolean<Fr>>,
    vote_option: Vec<Boolean<Fr>>,
    weight: FrVar,
    nonce: FrVar,
}

/// Where the slot opens the trees, and whether both places are the command's own.
struct Position {
    state_bits: Vec<FrVar>,
    option: FrVar,
    both_valid: FrVar,
}

/// A command as far as the trees care: what it asks for, where, and whether it counts.
struct Judged {
    position: Position,
    valid: FrVar,
    new_key: [FrVar; 2],
    new_weight: FrVar,
    /// What the opened weight frees and what the new one costs.
    freed: FrVar,
    cost: FrVar,
}

/// Adds the clauses of one slot and returns the roots after it.
pub(super) fn synthesise(
    cs: &ConstraintSystemRef<Fr>,
    batch: &Batch<'_>,
    slot: usize,
    message: &[FrVar; 12],
    gate: &FrVar,
    roots: &Roots,
    inputs: Option<&ProcessInputs>,
) -> Result<Roots, SynthesisError> {
    let private = |value: &dyn Fn(&ProcessInputs) -> Fr| witness(cs, inputs.map(value));
    let opened = Opened {
        key: PointVar {
            x: private(&|i| i.current_state_leaves[slot].public_key.x)?,
            y: private(&|i| i.current_state_leaves[slot].public_key.y)?,
        },
        balance: private(&|i| i.current_state_leaves[slot].voice_credit_balance)?,
        nonce: private(&|i| i.current_ballots[slot].0)?,
        option_root: private(&|i| i.current_ballots[slot].1)?,
        weight: private(&|i| i.current_vote_weights[slot])?,
    };
    let judged = judge(cs, batch, slot, message, gate, &opened)?;
    apply(cs, batch, slot, &opened, &judged, roots, inputs)
}

/// Decrypts the message and decides whether its command counts. Flags only: no message makes this unsatisfiable.
fn judge(
    cs: &ConstraintSystemRef<Fr>,
    batch: &Batch<'_>,
    slot: usize,
    message: &[FrVar; 12],
    gate: &FrVar,
    opened: &Opened,
) -> Result<Judged, SynthesisError> {
    let at = Some(slot);
    let mode = batch.shape.mode;
    let [data @ .., x, y] = message;
    let (shared_key, on_curve) = clause(cs, SHARED_KEY, at, || {
        let encryption_key = PointVar {
            x: x.clone(),
            y: y.clone(),
        };
        let (on_curve, mut key) = ecdh::shared_key(&batch.coordinator, &encryption_key)?;
        key.x = outcome(cs, "shared-key/x", at, key.x)?;
        Ok((key, outcome(cs, SHARED_KEY, at, on_curve.into())?))
    })?;
    let [packed @ .., r8_x, r8_y, s] = clause(cs, DECRYPTION, at, || {
        let mut plaintext = cipher::decrypt(data, &shared_key)?;
        plaintext[0] = outcome(cs, DECRYPTION, at, plaintext[0].clone())?;
        Ok(plaintext)
    })?;
    let fields = clause(cs, UNPACKING, at, || {
        let bits = split_canonical(&packed[0])?;
        let field = |number: usize| &bits[number * FIELD_BITS..(number + 1) * FIELD_BITS];
        Ok(Fields {
            state_index: field(0).to_vec(),
            vote_option: field(1).to_vec(),
            weight: outcome(cs, UNPACKING, at, pack(field(2))?)?,
            nonce: pack(field(3))?,
        })
    })?;
    let signed = clause(cs, SIGNATURE, at, || {
        let r8 = PointVar { x: r8_x, y: r8_y };
        let flag = eddsa::verify_flag(&opened.key, &r8, &s, &hash(&packed)?)?;
        outcome(cs, SIGNATURE, at, flag.into())
    })?;
    let position = position(cs, batch, slot, &fields, (gate, &on_curve))?;
    let next_nonce = clause(cs, NONCE, at, || {
        let next = linear(&[(Fr::ONE, &opened.nonce)], Fr::ONE)?;
        outcome(cs, NONCE, at, is_equal(&fields.nonce, &next)?.into())
    })?;
    let (freed, cost) = clause(cs, COST, at, || {
        let cost = cost_of(mode, &fields.weight);
        Ok((cost_of(mode, &opened.weight), outcome(cs, COST, at, cost)?))
    })?;
    let affordable = clause(cs, CREDITS, at, || {
        let available = linear(&[(Fr::ONE, &opened.balance), (Fr::ONE, &freed)], Fr::ZERO)?;
        let flag = match mode {
            Mode::Qv | Mode::NonQv => is_ge_exact(&available, &cost)?,
            Mode::Full => is_equal(&available, &cost)?,
        };
        outcome(cs, CREDITS, at, flag.into())
    })?;
    let valid = clause(cs, VALIDITY, at, || {
        let valid = &position.both_valid * &signed * &next_nonce * &affordable;
        outcome(cs, VALIDITY, at, valid)
    })?;
    let [_, new_x, new_y, _] = packed;
    Ok(Judged {
        position,
        valid,
        new_key: [new_x, new_y],
        new_weight: fields.weight,
        freed,
        cost,
    })
}

/// Opens leaf, ballot and weight at the slot's position and replaces them, by themselves if the command does not count.
fn apply(
    cs: &ConstraintSystemRef<Fr>,
    batch: &Batch<'_>,
    slot: usize,
    opened: &Opened,
    judged: &Judged,
    roots: &Roots,
    inputs: Option<&ProcessInputs>,
) -> Result<Roots, SynthesisError> {
    let at = Some(slot);
    let Judged {
        position,
        valid,
        new_key: [new_x, new_y],
        ..
    } = judged;
    let (new_leaf, new_nonce, new_weight) = clause(cs, UPDATE, at, || {
        let choose = |new: &FrVar, old: &FrVar| -> Result<FrVar, SynthesisError> {
            Ok(old + valid * &difference(new, old)?)
        };
        let balance = &opened.balance + valid * &difference(&judged.freed, &judged.cost)?;
        let new_leaf = [
            choose(new_x, &opened.key.x)?,
            choose(new_y, &opened.key.y)?,
            outcome(cs, UPDATE, at, balance)?,
        ];
        // A valid nonce is the old one plus 1.
        Ok((
            new_leaf,
            &opened.nonce + valid,
            choose(&judged.new_weight, &opened.weight)?,
        ))
    })?;
    let new_option_root = clause(cs, VOTE_WEIGHT, at, || {
        let digits = DigitVar::of_position(cs, &position.option, batch.shape.option_depth)?;
        let siblings = inputs.map(|i| i.current_vote_weights_path_elements[slot].as_slice());
        let (old, new) = replace(cs, &digits, siblings, &opened.weight, &new_weight)?;
        enforce_equal(&old, &opened.option_root)?;
        outcome(cs, VOTE_WEIGHT, at, new)
    })?;
    let ballots = clause(cs, BALLOT, at, || {
        let siblings = inputs.map(|i| i.current_ballots_path_elements[slot].as_slice());
        let path = PathVar::new(cs, position.state_bits.clone(), siblings)?;
        let old = path.root(&hash(&[opened.nonce.clone(), opened.option_root.clone()])?)?;
        enforce_equal(&old, &roots.ballots)?;
        outcome(
            cs,
            BALLOT,
            at,
            path.root(&hash(&[new_nonce, new_option_root])?)?,
        )
    })?;
    let state = clause(cs, STATE_LEAF, at, || {
        let siblings = inputs.map(|i| i.current_state_leaves_path_elements[slot].as_slice());
        let path = PathVar::new(cs, position.state_bits.clone(), siblings)?;
        let leaf = [
            opened.key.x.clone(),
            opened.key.y.clone(),
            opened.balance.clone(),
        ];
        batch
            .depth
            .enforce_node(&path.nodes(&hash(&leaf)?)?, &roots.state)?;
        outcome(
            cs,
            STATE_LEAF,
            at,
            batch.depth.select(&path.nodes(&hash(&new_leaf)?)?)?,
        )
    })?;
    Ok(Roots { state, ballots })
}

/// The slot opens the command's own positions where they are in range, and position 0 otherwise (S7).
///
/// A slot outside the batch, or whose encryption key is off the curve, opens position 0 too: filler is inert whatever it
/// holds (D1), and so is what nobody can decrypt (D5). Nothing here is the prover's choice.
fn position(
    cs: &ConstraintSystemRef<Fr>,
    batch: &Batch<'_>,
    slot: usize,
    fields: &Fields,
    (gate, on_curve): (&FrVar, &FrVar),
) -> Result<Position, SynthesisError> {
    let at = Some(slot);
    let in_range = |name: &'static str, bits: &[Boolean<Fr>], bound: &FrVar, width: usize| {
        clause(cs, name, at, || {
            outcome(cs, name, at, is_index_below(bits, bound, width)?.into())
        })
    };
    let depth = batch.shape.depth;
    let state_valid = in_range(STATE_INDEX, &fields.state_index, batch.total_signups, depth)?;
    let option_bits = batch.shape.option_bits();
    let option_valid = in_range(
        VOTE_OPTION,
        &fields.vote_option,
        batch.vote_options,
        option_bits,
    )?;
    clause(cs, POSITION, at, || {
        let usable = gate * on_curve;
        let state_valid = outcome(cs, POSITION, at, &usable * state_valid)?;
        let option_valid = usable * option_valid;
        let bits = fields.state_index[..depth].iter().cloned().map(FrVar::from);
        let state_bits = bits.map(|bit| bit * &state_valid).collect();
        let option = pack(&fields.vote_option[..option_bits])? * &option_valid;
        let option = outcome(cs, "position/option", at, option)?;
        Ok(Position {
            state_bits,
            option,
            both_valid: state_valid * option_valid,
        })
    })
}

/// What a weight costs: its square in QV, itself otherwise.
fn cost_of(mode: Mode, weight: &FrVar) -> FrVar {
    match mode {
        Mode::Qv => weight * weight,
        Mode::NonQv | Mode::Full => weight.clone(),
    }
}
