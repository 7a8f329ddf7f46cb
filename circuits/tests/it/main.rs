//! Circuits against recorded polls, pinned sizes, dishonest witnesses and arbitrary logs.
#![allow(clippy::unwrap_used)]

mod common;
mod pinned;
mod recorded;
