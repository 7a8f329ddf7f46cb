//! Circuits against recorded polls, pinned sizes, dishonest witnesses and arbitrary logs.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod assignment;
mod clauses;
mod common;
mod docs;
mod joining;
mod lies;
mod messages;
mod mutation;
mod pinned;
mod recorded;
mod search;
mod structure;
mod tally;
mod totality;
