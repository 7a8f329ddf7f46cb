//! Audit bundle and verdict files, offline audit.

pub mod audit;
pub mod canonical;
mod digest;
mod eip712;
mod pins;
pub mod rule;
mod verdict;

pub use audit::{Anchor, VerifiedPoll, Warning};
pub use digest::DigestError;
pub use pins::{Contracts, PollPins};
pub use rule::{Resolution, Terms};
pub use verdict::{
    Grade, JudgeError, Question, VERDICT_VERSION, Verdict, VerdictError, VerdictFile,
    VerifiedVerdict, judge,
};
