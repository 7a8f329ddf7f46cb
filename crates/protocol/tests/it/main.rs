//! Tests of maci-protocol over its public API.

#![allow(clippy::unwrap_used)]

mod common;
mod recorded;
