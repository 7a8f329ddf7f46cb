//! The offline audit of a bundle.

mod poll;

pub use poll::{Anchor, VerifiedPoll, Warning};
