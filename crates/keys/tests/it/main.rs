//! Rows of security.md §2.4 and O-03, over keys small enough to damage in every byte.
#![allow(missing_docs, clippy::unwrap_used)]

mod files;
mod manifest;
mod prepared;
mod shipped;
mod store;

use maci_keys::AllowInsecureDevKeys;
use maci_verifier::CircuitId;

/// The permission that a test has.
const ALLOW: Option<AllowInsecureDevKeys> = Some(AllowInsecureDevKeys::because_the_user_said_so());

fn circuit(name: &str) -> CircuitId {
    name.parse().unwrap()
}
