//! MACI v3 on a chain: contract bindings, a blocking client, deployment, the voter's calls, ingestion and submission.
//!
//! The only user of alloy and tokio. Everything that this crate offers blocks: the coordinator and the command line are
//! synchronous, and the runtime stays inside [`Client`].
//!
//! - [`contracts`]: what MACI's contracts look like on the chain, taken from MACI's own npm package.
//! - [`client`]: reads with retries, and transactions that are simulated, signed and waited for.
//! - [`deploy`]: MACI on a chain, step by step; [`voter`]: sign up, join, publish.
//! - [`tls`]: whose certificates are believed.
//! - [`wallet`]: the Ethereum key, from a file and never from an argument.
//! - [`ingest`]: a poll's logs, read completely or not at all.
//! - [`submit`]: from a proven poll to its results on the chain, exactly once.
//! - [`doctor`]: what would stop a poll's coordinator later, found before any work.
//! - [`gas`]: what transactions cost.
//! - [`keystore`]: secrets at rest under a password.
//! - [`error`]: one error type, whose kind says what the caller can do.

#![forbid(unsafe_code)]
// What a node answers must not stop the program.
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic
    )
)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod client;
pub mod contracts;
pub mod deploy;
pub mod doctor;
pub mod error;
pub mod gas;
pub mod ingest;
pub mod keystore;
pub mod submit;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod tls;
pub mod voter;
pub mod wallet;

pub use alloy::eips::{BlockId, BlockNumberOrTag};
pub use alloy::primitives;
pub use alloy::{rpc::types as rpc, sol_types};
pub use client::{Client, ClientOptions};
pub use error::{Error, Kind};
pub use tls::Roots;
pub use wallet::Wallet;
