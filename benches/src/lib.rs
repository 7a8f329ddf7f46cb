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

/// CPU seconds that this process has taken so far, on all cores; 0 where the system does not say.
pub fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The fields after the name, which is in parentheses: times in user and system mode are fields 14 and 15, in ticks of
    // a hundredth of a second.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
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
