//! Vectors of independent implementations (`vectors/*.json`, written by `cargo xtask vectors`).

#![allow(clippy::unwrap_used)]

mod curve;
mod hashes;
mod keys;
mod trees;
mod vectors;
