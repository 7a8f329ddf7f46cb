//! What end-to-end tests need: a test chain in a process of its own.

pub mod anvil;

pub use anvil::Anvil;
