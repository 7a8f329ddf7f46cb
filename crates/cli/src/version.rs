//! What `--version` says.

use std::sync::LazyLock;

static LONG: LazyLock<String> = LazyLock::new(|| {
    let circuits: Vec<String> = maci_circuits::SHIPPED
        .iter()
        .map(|id| format!("  {id}"))
        .collect();
    format!(
        "{}\nproof system: Groth16 over BN254 (arkworks 0.6.0)\ncircuits:\n{}",
        short(),
        circuits.join("\n")
    )
});

/// One line: `maci 0.1.0`.
pub(crate) fn short() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// The version, the proof system, and the circuits whose keys this binary knows.
pub(crate) fn long() -> &'static str {
    &LONG
}
