//! Nothing is missing: what the logs give, compared with what the contracts say (D14, D15).
//!
//! Logs alone cannot show that their last ones were left out. The contracts' own counters and hashes can: at the last block
//! of every window as far as nodes keep such old state, and always at the end.

use alloy::primitives::U256;
use maci_crypto::tree::lean_imt::LeanImt;
use maci_crypto::{Fr, field, poseidon};
use maci_protocol::recorded::Assembly;
use maci_verifier::ChainHash;

use super::error::Fault;
use super::panel::Panel;
use super::poll::{PollInfo, ask, small, try_ask};
use super::store::Begun;
use crate::contracts::{MACI, Poll, field_of};

/// A value of a contract and what the logs give instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at block {block} the contract says that {what} is {expected}, the logs give {found}")]
pub struct Mismatch {
    /// Where the contract was asked.
    pub block: u64,
    /// Which value.
    pub what: &'static str,
    /// The contract's.
    pub expected: String,
    /// The logs'.
    pub found: String,
}

/// H1 of nothing: the key hash that MACI's tree begins with (protocol.md §1).
fn pad_key_hash() -> Fr {
    let pad = maci_protocol::StateLeaf::blank().public_key;
    poseidon::hash2(pad.x, pad.y)
}

/// Compares values that have to be equal.
struct Judge(u64);

impl Judge {
    #[allow(
        clippy::needless_pass_by_value,
        reason = "most values are made for the call"
    )]
    fn equal<T: PartialEq + ToString>(
        &self,
        what: &'static str,
        expected: T,
        found: T,
    ) -> Result<(), Fault> {
        if expected == found {
            return Ok(());
        }
        Err(Fault::Contract(Mismatch {
            block: self.0,
            what,
            expected: expected.to_string(),
            found: found.to_string(),
        }))
    }
}

/// Compares everything up to a block. `Ok(false)` means that no node keeps state that old, and nothing was compared.
pub(super) fn window(
    panel: &Panel,
    begun: &Begun,
    assembly: &Assembly,
    block: u64,
) -> Result<bool, Fault> {
    match poll_counters(panel, &begun.poll, assembly, block)
        .and_then(|()| sign_up_counter(panel, begun, assembly, block))
    {
        Ok(()) => Ok(true),
        Err(Fault::NoState(_)) => Ok(false),
        Err(fault) => Err(fault),
    }
}

/// Chain hash, messages, leaves and the merged root.
fn poll_counters(
    panel: &Panel,
    info: &PollInfo,
    assembly: &Assembly,
    block: u64,
) -> Result<(), Fault> {
    let judge = Judge(block);
    let poll = info.deployment.poll_address;
    let Some(hash) = try_ask(panel, poll, &Poll::chainHashCall {}, block)? else {
        // The poll is deployed later.
        return judge.equal("the number of messages", 0, assembly.num_messages());
    };
    judge.equal(
        "the chain hash",
        ChainHash(field_of(&hash)),
        assembly.hashes().current(),
    )?;
    let counts = ask(panel, poll, &Poll::totalSignupsAndMessagesCall {}, block)?;
    judge.equal(
        "the number of messages",
        small(counts.numMsgs),
        assembly.num_messages(),
    )?;
    judge.equal(
        "the number of state leaves",
        small(counts.numSUps),
        assembly.total_signups(),
    )?;
    let merged = ask(panel, poll, &Poll::mergedStateRootCall {}, block)?;
    let ours = assembly.merged().map(|(_, root, _)| root.0);
    judge.equal(
        "the merged state root",
        field::to_dec(&field_of(&merged)),
        field::to_dec(&ours.unwrap_or_default()),
    )
}

/// Sign-ups with MACI, as far as they are read.
fn sign_up_counter(
    panel: &Panel,
    begun: &Begun,
    assembly: &Assembly,
    block: u64,
) -> Result<(), Fault> {
    let next = assembly.next_signup();
    if next.is_none() && !begun.whole {
        // Reading begins after the last sign-up.
        return Ok(());
    }
    let maci = begun.poll.deployment.maci_address;
    // Leaf 0 of MACI's tree is nobody's; before MACI there is no tree.
    let total = try_ask(panel, maci, &MACI::totalSignupsCall {}, block)?;
    Judge(block).equal(
        "the number of sign-ups",
        total.map_or(0, small),
        next.unwrap_or(u64::from(total.is_some())),
    )?;
    let read = assembly.signups().map_or(0, |signups| signups.len() as u64);
    if begun.whole && next.unwrap_or(1) != read + 1 {
        return Judge(block).equal("the index of the first sign-up", 1, 0);
    }
    Ok(())
}

/// The whole poll, once it is merged and over: counters, every batch hash, the merged root and the sign-up root.
pub(super) fn whole(
    panel: &Panel,
    begun: &Begun,
    assembly: &Assembly,
    block: u64,
) -> Result<(), Fault> {
    if !window(panel, begun, assembly, block)? {
        return Err(Fault::NoState(block));
    }
    let info = &begun.poll;
    batch_hashes(panel, info, assembly, block)?;
    if let Some((_, _, total)) = assembly.merged() {
        // D15: a join after the merge is in the contract's tree and in no proof.
        Judge(block).equal(
            "the number of state leaves",
            total,
            assembly.total_signups(),
        )?;
    }
    sign_ups(panel, info, assembly, block)
}

/// `getBatchHashes()`, before or after `padLastBatch()`.
fn batch_hashes(
    panel: &Panel,
    info: &PollInfo,
    assembly: &Assembly,
    block: u64,
) -> Result<(), Fault> {
    let judge = Judge(block);
    let poll = info.deployment.poll_address;
    let hashes = ask(panel, poll, &Poll::getBatchHashesCall {}, block)?;
    let ours = assembly.hashes().checkpoints();
    let theirs: Vec<ChainHash> = hashes
        .iter()
        .map(|hash| ChainHash(field_of(hash)))
        .collect();
    let is_padded = ask(panel, poll, &Poll::isBatchHashesPaddedCall {}, block)?;
    let expected = if is_padded {
        assembly.hashes().clone().padded()
    } else {
        ours.to_vec()
    };
    if theirs == expected {
        return Ok(());
    }
    if is_padded && is_padded_early(&theirs, ours) {
        return Err(Fault::PaddedEarly(block));
    }
    judge.equal("the number of batch hashes", theirs.len(), expected.len())?;
    for (theirs, ours) in theirs.iter().zip(&expected) {
        judge.equal("a batch hash", *theirs, *ours)?;
    }
    Ok(())
}

/// Whether the contract's batch hashes are those of full batches, and besides at most the one that was pushed by a padding too early:
/// the chain hash after all messages, which ends the last batch, is missing, and nobody can push it any more.
fn is_padded_early(theirs: &[ChainHash], full: &[ChainHash]) -> bool {
    if theirs.len() != full.len() + 1 {
        return theirs == full;
    }
    let odd = theirs.iter().zip(full).take_while(|(a, b)| a == b).count();
    theirs.get(odd + 1..) == full.get(odd..)
}

/// MACI keeps the root of its tree after every sign-up, so the keys themselves can be compared.
fn sign_ups(panel: &Panel, info: &PollInfo, assembly: &Assembly, block: u64) -> Result<(), Fault> {
    let judge = Judge(block);
    let Some(signups) = assembly.signups() else {
        return Ok(());
    };
    let index = signups.len() as u64;
    let mut tree = LeanImt::new();
    let leaves =
        core::iter::once(pad_key_hash()).chain(signups.map(|key| poseidon::hash2(key.x, key.y)));
    for leaf in leaves {
        if tree.insert(leaf).is_err() {
            return judge.equal("the sign-ups", "distinct keys", "one key twice");
        }
    }
    let index = U256::from(index);
    let call = MACI::getStateRootOnIndexedSignUpCall { index };
    let root = ask(panel, info.deployment.maci_address, &call, block)?;
    let ours = tree.root().unwrap_or_default();
    judge.equal(
        "the root of all sign-ups",
        field::to_dec(&field_of(&root)),
        field::to_dec(&ours),
    )
}
