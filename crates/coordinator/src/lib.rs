//! The tally job: stages over a journal that survives kill -9 at any moment.
//!
//! Steps 2 and 5 to 10 of the way of a vote. [`Job`] is the door: it opens a [data directory](DataDir), locks it, and runs
//! the [stages](StageId) in order:
//!
//! | stage | in | out |
//! |---|---|---|
//! | ingest | a [recorded poll](Recorded) or [one on a chain](ChainSource) | log rows |
//! | process | log, coordinator key | public inputs of every message batch |
//! | tally | the state after the last message | public inputs of every ballot batch, results, `tally.json` |
//! | prove | the batches without a proof | proof rows, `proofs/*.json` |
//! | transcript | all proofs | one check of the whole poll |
//! | bundle | everything | the audit bundle |
//! | submit | everything, a chain | transactions, each exactly once |
//!
//! Every artefact is a function of the log and the coordinator key (D16). The [`journal`] therefore keeps no secret, and an
//! interrupted job ends with the same bytes as one that ran through; finished proofs are never made again.

pub mod artefact;
mod chain;
mod codec;
mod datadir;
mod error;
pub mod export;
pub mod faults;
mod job;
pub mod journal;
mod live;
mod progress;
mod proof_json;
mod proving_keys;
mod records;
mod source;
mod stage;
mod stages;
mod tally_json;
mod transactions;
mod unit;
mod warning;

pub use chain::ChainSource;
pub use datadir::DataDir;
pub use error::{Error, ExitClass, JournalFault};
pub use job::{Job, Options, ProofOrder, ProofStatus, Status};
pub use live::{Live, LiveStage};
pub use progress::{Cancel, Event, Progress, Silent};
pub use proving_keys::{ProvingKeys, StoredKeys};
pub use records::{PollIdentity, PollRow, ProofRow, ResultsRow};
pub use source::{Recorded, Source};
pub use stage::{Checkpoint, Control, Stage, StageId};
pub use stages::submit::{Submission, Target};
pub use transactions::{IncludedRow, TransactionRow};
pub use unit::{ProofKind, ProofUnit};
pub use warning::{Warning, small_poll};
