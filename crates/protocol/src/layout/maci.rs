//! MACI's own layout: the binary poll state and ballot trees and a quinary vote option tree per ballot.

mod inputs;

pub use inputs::{ProcessInputs, TallyInputs};
