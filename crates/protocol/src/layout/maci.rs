//! MACI's own layout: the binary poll state and ballot trees and a quinary vote option tree per ballot.
//!
//! Its circuit inputs are MACI's, number by number: recorded polls are its oracle.

mod inputs;
mod json;
mod process;
mod tally;

pub use inputs::{ProcessInputs, TallyInputs};
pub use json::InputsError;
pub use process::{
    MaciLayout, Opening, ProcessedPoll, Roots, empty_ballot_root, process_batches, state_root,
};
pub use tally::{TalliedPoll, TallyOutcome, Tallying, tally_batches};
