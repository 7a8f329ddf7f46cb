//! Vault, ledger and the gate of a market that settles on a verdict and on nothing else.
//!
//! The last steps of the way of a vote (architecture.md §4, step 11). Pure: no clock, no files, no async; every command
//! brings its time, every fact comes as an argument, every answer is a value.
//!
//! - [`spec`]: what is decided before the first deposit, hashed into the market id.
//! - [`market`]: phases, vault, guards, effects, invariants.
//! - [`gate`]: `Settle`, `Hold` or `Refuse`, the only way from a verdict to a settlement.
//! - [`ledger`]: the hash-chained events and their file.
//! - [`payout`]: who gets what, in integers that sum exactly.
//!
//! No payment depends on a vote cast by an account: the engine knows no voters (R11).

#![forbid(unsafe_code)]

pub mod gate;
pub mod ledger;
pub mod market;
pub mod payout;
pub mod spec;
pub mod types;

pub use gate::{Decision, Hold, Refuse};
pub use ledger::{Ledger, LedgerError};
pub use market::{Account, Body, Command, Event, Market, Phase, Refusal, Trade, VoidCause};
pub use spec::{MarketSpec, SpecError, VoidPolicy};
pub use types::{AccountId, Amount, Slot, Time};
