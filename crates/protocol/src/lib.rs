//! Keys, commands, messages, the pure poll machine, tally and layouts.

pub mod chain;
pub mod keys;
pub mod layout;
pub mod message;
pub mod state;
pub mod types;

pub use layout::maci::{ProcessInputs, TallyInputs};
pub use message::{Message, SignedCommand, VoteCommand};
pub use state::{Ballot, StateLeaf};
pub use types::{Address, Nonce, PollId, StateIndex, VoteOptionIndex, VoteWeight};
