//! Bringing a proven poll onto the chain: close it, send every proof, add the results (protocol.md §9).
//!
//! - [`position`]: what the chain has already.
//! - [`plan`]: the calls that are left, with their calldata; pure.
//! - [`keys`]: the registry's keys, under which every proof is checked before anything is sent.
//! - [`sender`]: one transaction, exactly once, whatever the node does and whenever this process dies; [`account`]: the
//!   sender over a client, for every command that sends.
//! - [`withdraw`]: gives up a transaction that never comes onto the chain.
//! - [`drive`]: all of it, from any position.
//!
//! Nothing here holds a secret but the client's wallet: commitments, proofs and results are what is published.

pub mod account;
pub mod drive;
pub mod keys;
mod node;
pub mod plan;
pub mod position;
pub mod sender;
#[cfg(test)]
mod tests;
mod withdraw;

pub use account::{Account, deliver};
pub use drive::{Chain, DryCall, Notice, SubmitOptions, Submitted, close, dry_run, submit};
pub use keys::RegisteredKeys;
pub use node::OnChain;
pub use plan::{Plan, Planned, Step, Work, plan};
pub use position::{Addresses, Position};
pub use sender::{Attempt, Node, Pending, Receipt, SendOptions, Settled, Store, Withdrawn};
pub use withdraw::withdraw;
