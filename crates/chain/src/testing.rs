//! What end-to-end tests need: a test chain in a process of its own, and a node that lies, lags and fails.

#[cfg(feature = "testing")]
pub mod anvil;
pub mod hostile;

#[cfg(feature = "testing")]
pub use anvil::Anvil;
