//! The native machine on one core: decrypt, validate, apply and commit every batch, no witness and no proof.
//!
//! `cargo bench -p maci-benches --bench native_machine [-- MESSAGES ...]`. Without arguments it runs 10^4, 10^5 and 10^6
//! messages at (D, B, v) = (10, 20, 2) and prints messages a second and the memory that each thousand messages adds.
//! The reference is MACI's TypeScript core: 7 messages a second (600 messages, 60 voters, one run, other machine).

#![allow(clippy::print_stdout, clippy::cast_precision_loss)]

use std::error::Error;
use std::time::Instant;

use maci_benches::{args, memory_mb};
use maci_protocol::{
    layout::{Processing, Tallying, compact::CompactLayout},
    secrets::RunSeed,
    testing::{Balances, Spec, simulate},
};
use maci_verifier::{Mode, PollParams};

const REFERENCE: f64 = 7.0;

fn main() -> Result<(), Box<dyn Error>> {
    let mut counts = Vec::new();
    for text in args() {
        counts.push(text.parse::<u64>()?);
    }
    if counts.is_empty() {
        counts = vec![10_000, 100_000, 1_000_000];
    }
    println!("messages  applied  process s  messages/s  x MACI core  log MB  peak MB");
    for messages in counts {
        measure(messages)?;
    }
    Ok(())
}

fn measure(messages: u64) -> Result<(), Box<dyn Error>> {
    let params = PollParams {
        state_tree_depth: 10,
        tally_processing_state_tree_depth: 1,
        vote_option_tree_depth: 2,
        message_batch_size: 20,
        vote_options: 25,
        mode: Mode::Qv,
    }
    .validate()?;
    let spec = Spec {
        balances: Balances::Equal(1_000_000),
        ..Spec::honest(params, 1_000, messages, 1)
    };
    let poll = simulate(&spec);
    let log_mb = memory_mb("VmRSS");
    let mut salts = RunSeed::derive(
        poll.coordinator.private(),
        poll.log.chain_id,
        poll.log.poll_address,
    );
    let mut processing = Processing::<CompactLayout>::new(&poll.log, &poll.coordinator)?;
    let start = Instant::now();
    let mut applied = 0;
    while let Some(batch) = processing.advance(&mut salts) {
        applied += batch.counts.applied;
    }
    let seconds = start.elapsed().as_secs_f64();
    let last = processing.finish();
    Tallying::new(&poll.log, last).finish(&mut salts);
    let rate = messages as f64 / seconds;
    println!(
        "{messages:>8}  {applied:>7}  {seconds:>9.2}  {rate:>10.0}  {:>11.0}  {log_mb:>6}  {:>7}",
        rate / REFERENCE,
        memory_mb("VmHWM"),
    );
    Ok(())
}
