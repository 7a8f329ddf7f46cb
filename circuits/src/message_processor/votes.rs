//! The votes of a ballot: five weights in a field element, elements under a quinary tree whose top is in the leaf.

use ark_ff::{AdditiveGroup, Field};
use ark_relations::gr1cs::{ConstraintSystemRef, SynthesisError};
use ark_std::{vec, vec::Vec};
use maci_crypto::{
    Fr,
    bits::{lanes, linear, product},
    poseidon::constraints::hash,
    tree::quinary::constraints::DigitVar,
};
use maci_protocol::layout::compact::{
    ProcessInputs,
    shape::{LANE_BITS, LANES},
};

use super::{Shape, VOTE_WEIGHT};
use crate::{
    clause::{clause, outcome},
    gadget::{FrVar, difference, witness},
};

/// The nodes over all votes that a ballot leaf holds, before and after a slot.
pub(super) struct Votes {
    pub(super) old: Vec<FrVar>,
    pub(super) new: Vec<FrVar>,
}

/// Enforces that `weight` is the one at `option` and adds `change` to it.
///
/// Lanes are below 2^50 in every ballot: the blank one's are 0, and a change replaces a lane's weight by the 50-bit field
/// of a command. So no lane ever runs over into the next.
pub(super) fn replace(
    cs: &ConstraintSystemRef<Fr>,
    shape: &Shape,
    slot: usize,
    option: &FrVar,
    (weight, change): (&FrVar, &FrVar),
    inputs: Option<&ProcessInputs>,
) -> Result<Votes, SynthesisError> {
    clause(cs, VOTE_WEIGHT, Some(slot), || {
        let digits = DigitVar::of_position(cs, option, shape.option_depth)?;
        let Some((lane, places)) = digits.split_first() else {
            return Err(SynthesisError::Unsatisfiable);
        };
        let element = witness(cs, inputs.map(|i| i.slots[slot].element))?;
        let unpacked: [FrVar; LANES] = lanes(&element, LANES, LANE_BITS)?
            .try_into()
            .map_err(|_| SynthesisError::ArityMismatch)?;
        lane.enforce_read(&unpacked, weight)?;
        let mut power = Fr::ONE;
        let mut terms = Vec::with_capacity(LANES);
        for flag in lane.flags() {
            terms.push((power, flag));
            power *= Fr::from(1u64 << LANE_BITS);
        }
        let change = product(change, &linear(&terms, Fr::ZERO)?)?;
        let mut change = outcome(cs, VOTE_WEIGHT, Some(slot), change)?;

        let mut votes = Votes {
            new: vec![linear(
                &[(Fr::ONE, &element), (Fr::ONE, &change)],
                Fr::ZERO,
            )?],
            old: vec![element.clone()],
        };
        let mut own = element;
        for (level, digit) in places.iter().enumerate() {
            if level > 0 {
                own = hash(&votes.old)?;
                change = difference(&hash(&votes.new)?, &own)?;
            }
            let child = |i: usize| {
                let value = inputs.map(|inputs| inputs.slots[slot].vote_families[level][i]);
                witness(cs, value)
            };
            let family = [child(0)?, child(1)?, child(2)?, child(3)?, child(4)?];
            digit.enforce_read(&family, &own)?;
            votes.new = digit.write(&family, &change)?.into();
            votes.old = family.into();
        }
        Ok(votes)
    })
}
