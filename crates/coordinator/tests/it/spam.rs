//! Many messages: O-06, without proofs.

use std::path::Path;
use std::time::Instant;

use maci_coordinator::StageId;
use maci_protocol::testing::{Balances, Spec};
use maci_verifier::{Mode, PollParams};

use crate::support::{Quiet, child, folder, key_of, native_job, variable, write_poll};

/// A poll of garbage, made and tallied in a process of its own, so that its peak memory is its own.
#[test]
#[ignore = "run by o_06"]
fn flooded() {
    let (Some(data), Some(poll)) = (variable("MACI_CHILD_DATA"), variable("MACI_CHILD_POLL"))
    else {
        return;
    };
    let poll = Path::new(&poll);
    let quiet = Quiet::new();
    let start = Instant::now();
    let mut job = native_job(Path::new(&data), poll, Some(key_of(poll))).unwrap();
    for stage in [StageId::Ingest, StageId::Process, StageId::Tally] {
        assert!(job.run(stage, quiet.control()).unwrap().is_complete());
    }
    let peak = maci_prover::memory::peak_resident().unwrap_or(0);
    eprintln!("figures: {} {peak}", start.elapsed().as_millis());
}

/// Milliseconds and peak bytes for that many garbage messages.
fn flood(messages: u64) -> (u64, u64) {
    let poll = folder();
    let params = PollParams {
        state_tree_depth: 6,
        tally_processing_state_tree_depth: 2,
        vote_option_tree_depth: 1,
        message_batch_size: 20,
        vote_options: 5,
        mode: Mode::Qv,
    };
    let spec = Spec {
        params,
        voters: 20,
        messages,
        hostile_percent: 100,
        balances: Balances::Equal(100),
        seed: 3,
    };
    write_poll(&spec, poll.path());
    let data = folder();
    let variables = [
        ("MACI_CHILD_DATA", data.path().to_str().unwrap()),
        ("MACI_CHILD_POLL", poll.path().to_str().unwrap()),
    ];
    let output = child("spam::flooded", &variables).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    let figures = text
        .lines()
        .find_map(|line| line.strip_prefix("figures: "))
        .unwrap();
    let (millis, peak) = figures.split_once(' ').unwrap();
    (millis.parse().unwrap(), peak.parse().unwrap())
}

#[test]
fn o_06_garbage_costs_linear_time_and_memory() {
    let few: u64 = variable("MACI_SPAM").map_or(1_000, |n| n.parse().unwrap());
    let (short, small) = flood(few);
    let (long, large) = flood(few * 10);
    eprintln!(
        "{few} messages: {short} ms, {} MiB; ten times as many: {long} ms, {} MiB",
        small >> 20,
        large >> 20
    );
    assert!(
        long < short * 20 + 2_000,
        "{few}: {short} ms, ten times as many: {long} ms"
    );
    let added = large.saturating_sub(small) / (few * 9);
    assert!(added < 16 << 10, "each message costs {added} bytes");
}
