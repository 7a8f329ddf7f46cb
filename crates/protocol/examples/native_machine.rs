//! How fast the native machine is: decrypt, validate, apply and commit per batch, on one core, without witnesses.
//!
//! `cargo run --profile ci --example native_machine -p maci-protocol -- [messages] [voters] [D] [v] [B] [mode]`

use std::{
    error::Error,
    io::Write,
    time::{Duration, Instant},
};

use maci_protocol::{
    layout::{
        Processing,
        maci::{MaciLayout, Tallying},
    },
    secrets::RunSeed,
    testing::{Balances, Spec, simulate},
};
use maci_verifier::{Mode, PollParams};

/// Resident memory of this process: now, or at its highest.
fn memory_mb(field: &str) -> u64 {
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

/// Processor time of this process (ticks of 10 ms): on a shared machine the wall clock measures the neighbours too.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(11)
        .take(2);
    let hundredths = ticks
        .filter_map(|ticks| ticks.parse::<u64>().ok())
        .sum::<u64>();
    Duration::from_millis(10 * hundredths)
}

/// Messages per second, rounded down.
fn rate(messages: u64, time: Duration) -> u128 {
    u128::from(messages) * 1_000_000 / time.as_micros().max(1)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize, default: u64| -> Result<u64, Box<dyn Error>> {
        arguments
            .get(place)
            .map_or(Ok(default), |text| Ok(text.parse()?))
    };
    let messages = number(0, 10_000)?;
    let voters = number(1, 1_000)?;
    let mode = arguments.get(5).map_or(Ok(Mode::Qv), |text| text.parse())?;
    let params = PollParams {
        state_tree_depth: number(2, 10)?.try_into()?,
        tally_processing_state_tree_depth: 1,
        vote_option_tree_depth: number(3, 2)?.try_into()?,
        message_batch_size: number(4, 20)?.try_into()?,
        vote_options: 25,
        mode,
    }
    .validate()?;
    let spec = Spec {
        balances: Balances::Equal(1_000_000),
        ..Spec::honest(params, voters, messages, 1)
    };
    let poll = simulate(&spec);
    let log_mb = memory_mb("VmRSS");

    let mut salts = RunSeed::derive(
        poll.coordinator.private(),
        poll.log.chain_id,
        poll.log.poll_address,
    );
    let start = Instant::now();
    let mut processing = Processing::<MaciLayout>::new(&poll.log, &poll.coordinator)?;
    let built = start.elapsed();
    let start = Instant::now();
    let cpu = cpu_time();
    let mut applied = 0;
    while let Some(summary) = processing.advance(&mut salts) {
        applied += summary.counts.applied;
    }
    let processed = start.elapsed();
    let cpu = cpu_time().saturating_sub(cpu);
    let last = processing.finish();
    let start = Instant::now();
    let outcome = Tallying::new(&poll.log, last).finish(&mut salts);
    let tallied = start.elapsed();

    let count = poll.log.num_messages();
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "messages {count}, applied {applied}, voters {voters}, {params:?}"
    )?;
    writeln!(
        out,
        "trees {:.3} s, processing {:.3} s, tally {:.3} s",
        built.as_secs_f64(),
        processed.as_secs_f64(),
        tallied.as_secs_f64()
    )?;
    writeln!(
        out,
        "{} messages per second, {} per second of processor time",
        rate(count, processed),
        rate(count, cpu)
    )?;
    writeln!(
        out,
        "memory {log_mb} MB with the log, {} MB at the highest",
        memory_mb("VmHWM")
    )?;
    writeln!(out, "spent {}", outcome.results.spent)?;
    Ok(())
}
