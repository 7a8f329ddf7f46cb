//! The simulator's books: what voters have and what they may do, in big integers and with none of the machine's code.

use ark_ec::CurveGroup;
use ark_ff::PrimeField;
use maci_crypto::{Fr, babyjubjub::RawPoint};
use maci_verifier::Mode;
use num_bigint::BigUint;

use super::{draw::Draw, points, spec::Balances};
use crate::{
    keys::PrivateKey,
    machine::Reason,
    message::{FIELD_BITS, VoteCommand},
};

/// The greatest number that a command holds.
pub(super) const MAX_NUMBER: u64 = (1 << FIELD_BITS) - 1;

/// One voter's books.
pub(super) struct Voter {
    pub(super) key: Signer,
    pub(super) balance: BigUint,
    pub(super) nonce: u64,
    pub(super) votes: Vec<u64>,
}

/// Who can sign for a leaf.
pub(super) enum Signer {
    Key(PrivateKey),
    /// The leaf's key is unusable and stays so.
    Nobody(PrivateKey),
}

pub(super) fn balance(draw: &mut Draw, balances: Balances) -> BigUint {
    let one = BigUint::from(1u8);
    let modulus = BigUint::from(Fr::MODULUS);
    match balances {
        Balances::Equal(credits) => credits.into(),
        Balances::Extreme => draw
            .pick(&[
                BigUint::ZERO,
                one.clone(),
                BigUint::from(100u8),
                BigUint::from(9_999u16),
                BigUint::from(MAX_NUMBER),
                BigUint::from(MAX_NUMBER).pow(2),
                one.clone() << 100,
                one.clone() << 126,
                one.clone() << 128,
                (one.clone() << 252) - &one,
                one.clone() << 252,
                &modulus - BigUint::from(2u8),
                modulus - one,
            ])
            .clone(),
    }
}

pub(super) fn packed(command: &VoteCommand) -> [Fr; 4] {
    let of = |value: u64, place: u32| BigUint::from(value) << (place * FIELD_BITS);
    let first = of(command.state_index.0, 0)
        + of(command.vote_option_index.0, 1)
        + of(command.new_vote_weight.0, 2)
        + of(command.nonce.0, 3)
        + of(command.poll_id.0, 4);
    [
        Fr::from(first),
        command.new_public_key.x,
        command.new_public_key.y,
        command.salt.0,
    ]
}

/// The point plus one of order 8.
pub(super) fn moved(point: &RawPoint) -> RawPoint {
    match (point.to_point(), points::order_8().to_point()) {
        (Some(point), Some(torsion)) => (point + torsion).into_affine().into(),
        _ => *point,
    }
}

pub(super) fn cost(mode: Mode, weight: u64) -> BigUint {
    BigUint::from(weight).pow(if mode == Mode::Qv { 2 } else { 1 })
}

/// The greatest weight that the books allow, at most 2^50 - 1.
pub(super) fn most(mode: Mode, balance: &BigUint, current: u64) -> u64 {
    let credits = balance + cost(mode, current);
    let weight = if mode == Mode::Qv {
        credits.sqrt()
    } else {
        credits
    };
    u64::try_from(weight).unwrap_or(u64::MAX).min(MAX_NUMBER)
}

pub(super) fn left(
    mode: Mode,
    balance: &BigUint,
    current: u64,
    weight: u64,
) -> Result<BigUint, Reason> {
    let (credits, cost) = (balance + cost(mode, current), cost(mode, weight));
    if credits < cost {
        return Err(Reason::InsufficientCredits);
    }
    let left = credits - cost;
    if mode == Mode::Full && left != BigUint::ZERO {
        return Err(Reason::UnspentCredits);
    }
    Ok(left)
}

/// Why a vote of the greatest weight may not be possible: in FULL mode 50 bits may not spend everything.
pub(super) fn unaffordable(mode: Mode) -> Reason {
    if mode == Mode::Full {
        Reason::UnspentCredits
    } else {
        Reason::InsufficientCredits
    }
}
