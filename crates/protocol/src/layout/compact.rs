//! The layout of our circuits: what lies between the first and the last commitment of a poll, as cheap as we can.
//!
//! The contracts fix the first state and ballot commitment, in MACI's form, and never look into a later one. So the
//! merged state tree is only read; one tree of our own form holds, for each voter, what its commands changed since:
//! nonce, key and balance as differences to the merged leaf, and five vote weights in a field element.
//! `docs/layout.md` specifies it, rule by rule. Results and tally commitments are MACI's in either layout.

mod ballot;
mod inputs;
mod process;
pub mod shape;
mod tally;

pub use ballot::{BallotHead, families, pack, packed_len, top_nodes, unpack};
pub use inputs::{ProcessInputs, SlotInputs, TallyBallot, TallyInputs};
pub use process::{CompactLayout, empty_root};
pub use tally::whole_levels;

use super::{FinalState, ProcessError};
use crate::{keys::CoordinatorKey, log::PollLog, secrets::SaltSource};

/// Processes a whole poll in this layout and keeps every batch's inputs.
pub fn process_batches(
    log: &PollLog,
    key: &CoordinatorKey,
    salts: &mut dyn SaltSource,
) -> Result<super::ProcessedPoll<CompactLayout>, ProcessError> {
    super::process_batches(log, key, salts)
}

/// Tallies a processed poll in this layout and keeps every batch's inputs.
pub fn tally_batches(
    log: &PollLog,
    last: FinalState<CompactLayout>,
    salts: &mut dyn SaltSource,
) -> super::TalliedPoll<CompactLayout> {
    super::tally_batches(log, last, salts)
}
