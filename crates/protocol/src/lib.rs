//! Keys, commands, messages, the pure poll machine, tally and layouts: a poll's log in, circuit inputs out.
//!
//! No I/O, no clock, no async, no threads: every function is a function of its arguments.
//!
//! - [`recorded`]: recorded chain logs to a checked [`PollLog`].
//! - [`machine`]: what each message does to leaves and ballots, without trees.
//! - [`layout`]: how that becomes roots, paths, commitments and circuit inputs; [`layout::maci`] is MACI's.
//! - [`tally`]: the sums; [`secrets`]: every salt of a run from the coordinator key alone (D16).
//! - [`testing`]: polls of any parameters and mode, honest and hostile.

pub mod chain;
pub mod keys;
pub mod layout;
pub mod log;
pub mod machine;
pub mod message;
pub mod recorded;
pub mod secrets;
pub mod state;
pub mod tally;
pub mod tally_file;
pub mod testing;
pub mod types;
pub mod vote_tree;

pub use layout::maci::{ProcessInputs, TallyInputs};
pub use log::PollLog;
pub use message::{Message, SignedCommand, VoteCommand};
pub use state::{Ballot, StateLeaf};
pub use types::{Address, Nonce, PollId, StateIndex, VoteOptionIndex, VoteWeight};
