//! One message slot: judge the command, open what it addresses, apply it if it counts.

use ark_ff::{AdditiveGroup, Field};
use ark_r1cs_std::boolean::Boolean;
use ark_relations::gr1cs::{ConstraintSystemRef, SynthesisError};
use ark_std::vec::Vec;
use maci_crypto::{
    Fr,
    babyjubjub::constraints::PointVar,
    bits::{is_equal, is_ge_exact, is_index_below, linear, pack, product, split_canonical},
    cipher::constraints as cipher,
    ecdh::constraints as ecdh,
    eddsa::constraints as eddsa,
    poseidon::constraints::hash,
};
use maci_protocol::layout::compact::{ProcessInputs, SlotInputs};
use maci_verifier::Mode;

use super::{
    BallotMemory, Batch, COST, CREDITS, DECRYPTION, FIELD_BITS, NONCE, POSITION, SHARED_KEY,
    SIGNATURE, STATE_INDEX, UNPACKING, UPDATE, VALIDITY, VOTE_OPTION, votes,
};
use crate::{
    clause::{clause, outcome},
    gadget::{FrVar, difference, sum, witness},
};

/// What the slot opens, before it is applied.
struct Opened {
    /// Merged key and balance.
    leaf: [FrVar; 3],
    /// What commands added to them.
    changes: [FrVar; 3],
    /// The present key and balance: merged plus change.
    key: PointVar,
    balance: FrVar,
    nonce: FrVar,
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

impl Opened {
    fn new(
        cs: &ConstraintSystemRef<Fr>,
        slot: usize,
        inputs: Option<&ProcessInputs>,
    ) -> Result<Self, SynthesisError> {
        let private =
            |value: &dyn Fn(&SlotInputs) -> Fr| witness(cs, inputs.map(|i| value(&i.slots[slot])));
        let leaf = [
            private(&|s| s.leaf.public_key.x)?,
            private(&|s| s.leaf.public_key.y)?,
            private(&|s| s.leaf.voice_credit_balance)?,
        ];
        let changes = [
            private(&|s| s.ballot.key_change[0])?,
            private(&|s| s.ballot.key_change[1])?,
            private(&|s| s.ballot.balance_change)?,
        ];
        Ok(Self {
            key: PointVar {
                x: sum([&leaf[0], &changes[0]])?,
                y: sum([&leaf[1], &changes[1]])?,
            },
            balance: sum([&leaf[2], &changes[2]])?,
            leaf,
            changes,
            nonce: private(&|s| s.ballot.nonce)?,
            weight: private(&|s| s.weight)?,
        })
    }
}

/// Adds the clauses of one slot, which may replace a ballot.
pub(super) fn synthesise(
    cs: &ConstraintSystemRef<Fr>,
    batch: &Batch<'_>,
    slot: usize,
    message: &[FrVar; 12],
    gate: &FrVar,
    ballots: &mut BallotMemory,
    inputs: Option<&ProcessInputs>,
) -> Result<(), SynthesisError> {
    let opened = Opened::new(cs, slot, inputs)?;
    let judged = judge(cs, batch, slot, message, gate, &opened)?;
    apply(cs, batch, slot, &opened, &judged, ballots, inputs)
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

/// Opens leaf, ballot and weight at the slot's position and replaces the last two, by themselves if the command does not
/// count.
fn apply(
    cs: &ConstraintSystemRef<Fr>,
    batch: &Batch<'_>,
    slot: usize,
    opened: &Opened,
    judged: &Judged,
    ballots: &mut BallotMemory,
    inputs: Option<&ProcessInputs>,
) -> Result<(), SynthesisError> {
    let at = Some(slot);
    let Judged {
        position,
        valid,
        new_key: [new_x, new_y],
        ..
    } = judged;
    let (new_head, weight_change) = clause(cs, UPDATE, at, || {
        let change = |new: &FrVar, old: &FrVar| product(valid, &difference(new, old)?);
        let [x, y, balance] = &opened.changes;
        let spent = product(valid, &difference(&judged.freed, &judged.cost)?)?;
        let new_head = [
            // A valid nonce is the old one plus 1.
            sum([&opened.nonce, valid])?,
            sum([x, &change(new_x, &opened.key.x)?])?,
            sum([y, &change(new_y, &opened.key.y)?])?,
            sum([balance, &outcome(cs, UPDATE, at, spent)?])?,
        ];
        Ok((new_head, change(&judged.new_weight, &opened.weight)?))
    })?;
    let weight = (&opened.weight, &weight_change);
    let votes = votes::replace(cs, &batch.shape, slot, &position.option, weight, inputs)?;
    let address = &position.state_bits;
    let [x, y, balance] = opened.changes.clone();
    let old: Vec<_> = [opened.nonce.clone(), x, y, balance]
        .into_iter()
        .chain(votes.old)
        .collect();
    let new: Vec<_> = new_head.into_iter().chain(votes.new).collect();
    ballots.replace(cs, &batch.shape, slot, address, (&old, &new), inputs)?;
    (batch.state).read(cs, slot, &batch.depth, address, &opened.leaf, inputs)
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
        let state_bits = bits
            .map(|bit| outcome(cs, "position/state", at, bit * &state_valid))
            .collect::<Result<_, _>>()?;
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
