//! Audit bundle and verdict files, offline audit.

pub mod canonical;
pub mod rule;
