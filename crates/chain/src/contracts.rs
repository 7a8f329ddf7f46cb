//! What MACI's contracts look like on a chain: their calls and events, their code, and the words of their refusals.
//!
//! The committed files under `abi/` come from MACI's npm package (`cargo xtask contracts`). The bindings are written by
//! hand, because MACI's contracts share their structs and the interfaces do not; a test holds every selector of theirs
//! against those files.

mod artifact;
mod bindings;
mod clone;
mod convert;
mod revert;

pub use artifact::{Artifact, Libraries, Runtime, artifact};
pub use bindings::*;
pub use clone::implementation_of;
pub use convert::{MessageWords, field_of, from_key, to_key, to_mode, to_proof, word};
pub use revert::Revert;

/// The release of `@maci-protocol/contracts` that the committed files come from.
pub const RELEASE: &str = "0.0.0-ci.de6bbd5";
