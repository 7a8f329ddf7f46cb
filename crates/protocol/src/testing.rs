//! Simulated polls of any parameters and mode, honest and hostile, from a seed.
//!
//! For fuzzing, batch boundaries, kill -9 and speed: no part of a real run. [`Spec`] says what poll, [`simulate`] makes
//! it with an independent account of what each message should do ([`Outlook`]), and [`fixture`] writes it as the files
//! that [`crate::recorded`] reads. Equal specs make equal polls.

mod books;
mod draw;
pub mod fixture;
mod kind;
pub mod points;
mod poll;
mod simulate;
mod spec;

pub use kind::Kind;
pub use poll::{Outlook, SimulatedPoll, Wrap};
pub use simulate::simulate;
pub use spec::{Balances, Spec};

/// A small poll of any mode and parameters, hostile ones included. For property tests: `any::<u64>().prop_map(arb_poll)`.
pub fn arb_poll(seed: u64) -> SimulatedPoll {
    simulate(&Spec::arbitrary(seed))
}
