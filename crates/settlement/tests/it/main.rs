//! Integration tests of the market: every verdict in them is judged from an audited poll with real proofs.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;
mod gate;
mod invariants;
mod layers;
mod ledger;
mod lifecycle;
mod model_check;
mod naive;
mod payout;
mod spec;
