//! Where the fixtures lie, and the shortest ways from inputs to a verdict.

use std::path::PathBuf;

use maci_circuits::{Circuit, Inputs, testing::Trial};
use maci_verifier::CircuitId;

/// A file of the recorded polls.
pub(crate) fn fixture(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../fixtures")
        .join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The honest witness of inputs.
pub(crate) fn honest(id: CircuitId, inputs: Inputs) -> Trial {
    Trial::honest(Circuit::new(id, inputs).unwrap()).unwrap()
}
