//! What the benches share: medians, memory, and one table per circuit.
//!
//! Every figure stands beside its reference, because a time says little on a shared machine: rows beside MACI's own
//! compiled rows, proofs beside the verification of the same proof.

// Figures are for people: tables on standard output, counts as floats.
#![allow(clippy::print_stdout, clippy::cast_precision_loss)]

use std::time::Instant;

pub mod circuit;
pub mod cost;
pub mod prover;

/// The arguments after `--`, without the flags that `cargo bench` adds.
pub fn args() -> Vec<String> {
    std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with("--"))
        .collect()
}

/// A line of this process's status in MB: `VmRSS` now, `VmHWM` at its highest.
pub fn memory_mb(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find(|line| line.starts_with(field))
        .unwrap_or_default();
    line.split_whitespace()
        .nth(1)
        .and_then(|kb| kb.parse::<u64>().ok())
        .unwrap_or(0)
        / 1024
}

/// How far this process's memory rises above its present size while `work` runs, in MB; 0 where the system keeps no
/// high-water mark that can be reset.
pub fn memory_above<T, E>(work: impl FnOnce() -> Result<T, E>) -> Result<u64, E> {
    let before = memory_mb("VmRSS");
    // Linux: resets VmHWM to VmRSS.
    let reset = std::fs::write("/proc/self/clear_refs", "5");
    work()?;
    let risen = memory_mb("VmHWM").saturating_sub(before);
    Ok(if reset.is_ok() { risen } else { 0 })
}

/// The median wall time of `runs` calls, in seconds, and the last result.
pub fn median<T>(runs: usize, mut work: impl FnMut() -> T) -> (f64, T) {
    let mut times = Vec::with_capacity(runs);
    let mut last = None;
    for _ in 0..runs.max(1) {
        let start = Instant::now();
        last = Some(work());
        times.push(start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    match last {
        Some(value) => (times[times.len() / 2], value),
        None => unreachable!("at least one run"),
    }
}
