//! Layouts: how transitions become trees, paths and commitments.

pub mod maci;
