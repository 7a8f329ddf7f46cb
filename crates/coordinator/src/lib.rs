//! The stages of a tally job and the journal that makes them resumable.
pub mod artefact;
mod datadir;
mod error;
pub mod journal;
mod progress;
mod stage;
mod unit;
mod warning;

pub use datadir::DataDir;
pub use error::{Error, ExitClass, JournalFault};
pub use progress::{Cancel, Event, Progress, Silent};
pub use stage::{Checkpoint, Control, Stage, StageId};
pub use unit::{ProofKind, ProofUnit};
pub use warning::{Warning, small_poll};
