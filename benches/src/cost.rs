//! Processor and wall seconds of work in this process and in others.

use std::process::{Command, Stdio};
use std::time::Instant;
use std::{io, path::Path};

use rustix::time::{ClockId, clock_gettime};

/// Processor and wall seconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// Of all threads.
    pub cpu: f64,
    /// From start to end.
    pub wall: f64,
}

/// Processor seconds of this process so far, all threads.
pub fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Processor seconds of children that have ended, in steps of 10 ms.
fn children() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = text.rsplit(')').next().unwrap_or_default();
    // proc_pid_stat(5): cutime and cstime are fields 16 and 17, the name is field 2.
    let ticks: f64 = after_name
        .split_whitespace()
        .skip(13)
        .take(2)
        .filter_map(|field| field.parse::<f64>().ok())
        .sum();
    ticks / 100.0
}

impl Cost {
    /// What a call costs, and its result.
    pub fn of<T>(work: impl FnOnce() -> T) -> (Self, T) {
        let (before, start) = (cpu(), Instant::now());
        let result = work();
        let wall = start.elapsed().as_secs_f64();
        let cpu = cpu() - before;
        (Self { cpu, wall }, result)
    }

    /// What another program costs, from its start to its end. An error names its last words.
    pub fn of_program(program: &Path, args: &[&Path]) -> io::Result<Self> {
        let (before, start) = (children(), Instant::now());
        let output = Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .output()?;
        let wall = start.elapsed().as_secs_f64();
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().last().unwrap_or_default();
            return Err(io::Error::other(format!(
                "{} ended with {}: {last}",
                program.display(),
                output.status
            )));
        }
        Ok(Self {
            cpu: children() - before,
            wall,
        })
    }

    /// The median of each figure.
    pub fn median(costs: &[Self]) -> Self {
        let middle = |mut values: Vec<f64>| {
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or_default()
        };
        Self {
            cpu: middle(costs.iter().map(|cost| cost.cpu).collect()),
            wall: middle(costs.iter().map(|cost| cost.wall).collect()),
        }
    }
}
