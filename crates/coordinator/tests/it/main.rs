//! The tally job from outside, over recorded and simulated polls.
#![allow(clippy::unwrap_used)]

mod chain;
mod crash;
mod damage;
mod export;
mod inputs;
mod native;
mod proofs;
mod spam;
mod support;
