//! Putting MACI v3 on a chain: libraries, factories, verifier, registry with our keys, policies, polls.
//!
//! Every step is written to a deployment file before it is sent and after it is included: an interrupted run goes on where
//! it stopped and sends no step twice. The code that then lies on the chain is compared with the committed one.
//!
//! - [`maci`]: one MACI instance with its own registry.
//! - [`poll`]: one poll on it.
//! - [`policy`] and [`credits`]: who may take part, and with how much.
//! - [`grid`]: ends in which the chain has no block; [`draft`]: a poll that is being made.
//! - [`record`] and [`store`]: the deployment file; [`steps`]: how one step is made to happen once.

pub mod ballots;
pub mod config;
pub mod credits;
pub mod draft;
pub mod grid;
mod journal;
pub mod list;
pub mod maci;
pub mod policy;
pub mod poll;
pub mod record;
pub mod steps;
pub mod store;

pub use config::{Amount, CreditsConfig, DeploymentConfig, MaciConfig, PolicyConfig, PollConfig};
pub use draft::Draft;
pub use grid::Grid;
pub use record::{PollRecord, Record};
pub use steps::{Planned, Sending, Steps};
pub use store::Store;
