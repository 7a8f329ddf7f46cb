//! A poll read from a live chain: windows of blocks in, a checked [`PollLog`] out.
//!
//! Step 1 of the way of a vote for polls that nobody recorded. Needs no secret. Nodes are not trusted to be complete: the
//! events of every window are put together by the same [`Assembly`] that reads recorded polls, the result is compared with
//! what the contracts say at the window's last block, and again at the end, with the chain hash, every batch hash, the
//! merged root, the counts and the sign-up root. What does not fit is asked for again in smaller windows, and stops with
//! the range of blocks if it stays wrong (D14, D15).
//!
//! - [`rpc`]: what is asked of a node; [`panel`]: several nodes that have to agree.
//! - [`windows`]: how many blocks at a time; [`finality`]: how far; [`start`]: from where.
//! - [`poll`]: where the poll lives and what it was deployed with.
//! - [`reorg`]: back to the last block that is still on the chain.
//! - [`relay`]: messages whose contents are on IPFS.
//! - [`completeness`]: nothing is missing.
//! - [`store`]: what is kept between runs; [`run`] puts all of it together.
//!
//! [`PollLog`]: maci_protocol::PollLog
//! [`Assembly`]: maci_protocol::recorded::Assembly

pub mod completeness;
pub mod error;
pub mod finality;
pub mod lazy;
pub mod panel;
pub mod poll;
pub mod relay;
pub mod reorg;
pub mod rpc;
pub mod run;
pub mod start;
pub mod store;
pub mod windows;

pub use error::{Failure, Fault, IngestError};
pub use finality::Finality;
pub use lazy::Lazy;
pub use panel::Panel;
pub use poll::{Glance, PollInfo, glance};
pub use relay::{RelaySource, Relays};
pub use rpc::{Header, Rpc};
pub use run::{Event, Options, Outcome, Standing, Target, Watch, ingest, stands};
pub use store::{Begun, MemoryStore, Store, Window};

#[cfg(test)]
mod tests;
