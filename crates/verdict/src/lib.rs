//! From a proven tally to a verdict that anyone can re-check offline.
//!
//! Step 10 of the way of a vote (architecture.md §4):
//!
//! - [`bundle`]: one canonical file with everything an auditor needs about a poll.
//! - [`audit()`]: every check by name; a [`VerifiedPoll`] comes out only if all pass.
//! - [`rule`]: what a tally means for a market, in integers.
//! - [`judge`]: an audited poll and a market's question give a [`VerifiedVerdict`], the only thing on which a market settles.
//! - [`VerdictFile`]: the verdict in a file, refused unless judging again gives the same.
//! - [`canonical`]: the one byte form of all of these.
//!
//! Pure: no files, no clock. Nothing here depends on `maci-settlement`; the dependency points the other way.

#![forbid(unsafe_code)]

pub mod audit;
pub mod bundle;
pub mod canonical;
mod digest;
mod eip712;
mod keys;
mod pins;
pub mod rule;
mod source;
#[cfg(feature = "testing")]
pub mod testing;
mod verdict;

pub use audit::{
    Anchor, Audit, AuditOptions, AuditReport, ChainFacts, Check, CheckName, Outcome, ReplayedLog,
    VerifiedPoll, Warning, audit,
};
pub use bundle::{AuditBundle, BundleError, BundleKeys};
pub use digest::DigestError;
pub use keys::{Provenance, TrustedKeys, registry_hash, verifying_keys_hash};
pub use pins::{Contracts, PollPins};
pub use rule::{Resolution, Terms};
pub use source::{PollSource, SourceError};
pub use verdict::{
    Grade, JudgeError, Question, VERDICT_VERSION, Verdict, VerdictError, VerdictFile,
    VerifiedVerdict, judge,
};
