//! The tally job from outside, over recorded and simulated polls.
#![allow(clippy::unwrap_used)]

mod inputs;
mod native;
mod support;
