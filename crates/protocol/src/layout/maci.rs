//! MACI's own layout: the binary poll state and ballot trees and a quinary vote option tree per ballot.
//!
//! Its circuit inputs are MACI's, number by number: recorded polls are its oracle. Our circuits prove over
//! [`super::compact`]; this layout is for comparing with MACI and for polls deployed with MACI's own keys.

mod inputs;
mod json;
mod process;
mod tally;

pub use inputs::{ProcessInputs, TallyInputs};
pub use json::InputsError;
pub(crate) use process::state_tree;
pub use process::{MaciLayout, Opening, Roots, empty_ballot_root, state_root};

use super::{FinalState, ProcessError};
use crate::{keys::CoordinatorKey, log::PollLog, secrets::SaltSource};

/// A poll being tallied in MACI's layout.
pub type Tallying<'a> = super::Tallying<'a, MaciLayout>;

/// Processes a whole poll in MACI's layout and keeps every batch's inputs.
pub fn process_batches(
    log: &PollLog,
    key: &CoordinatorKey,
    salts: &mut dyn SaltSource,
) -> Result<super::ProcessedPoll<MaciLayout>, ProcessError> {
    super::process_batches(log, key, salts)
}

/// Tallies a processed poll in MACI's layout and keeps every batch's inputs.
pub fn tally_batches(
    log: &PollLog,
    last: FinalState<MaciLayout>,
    salts: &mut dyn SaltSource,
) -> super::TalliedPoll<MaciLayout> {
    super::tally_batches(log, last, salts)
}
