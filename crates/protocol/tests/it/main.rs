//! Tests of maci-protocol over its public API.

#![allow(clippy::unwrap_used)]

mod common;
mod compact;
mod ingest;
mod naive;
mod recorded;
mod relays;
mod rules;
mod salts;
mod signups;
mod simulated;
mod vectors;
