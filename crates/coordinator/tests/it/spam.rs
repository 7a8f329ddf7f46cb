//! Many messages: O-06, without proofs.

use std::path::Path;

use maci_coordinator::StageId;
use maci_protocol::testing::{Balances, Spec};
use maci_verifier::{Mode, PollParams};

use crate::support::{Quiet, child, folder, key_of, native_job, variable, write_poll};

/// Messages of one batch.
const BATCH: u64 = 20;

/// A poll of garbage, read and tallied in a process of its own, so that its peak memory is its own.
#[test]
#[ignore = "run by o_06"]
fn flooded() {
    let (Some(data), Some(poll)) = (variable("MACI_CHILD_DATA"), variable("MACI_CHILD_POLL"))
    else {
        return;
    };
    let poll = Path::new(&poll);
    let quiet = Quiet::new();
    let mut job = native_job(Path::new(&data), poll, Some(key_of(poll))).unwrap();
    for stage in [StageId::Ingest, StageId::Process, StageId::Tally] {
        assert!(job.run(stage, quiet.control()).unwrap().is_complete());
    }
    let peak = maci_prover::memory::peak_resident().unwrap_or(0);
    eprintln!("figures: {peak}");
}

/// What a flood takes. Counts, because times depend on what else the machine does.
#[derive(Debug)]
struct Cost {
    /// Rows that were made of it: leaves and messages, message batches, ballot batches.
    rows: [u64; 3],
    /// Transactions of the journal, each synced to the disk.
    commits: u64,
    /// Bytes of the journal.
    journal: u64,
    /// The most memory that the process had.
    peak: u64,
}

/// The cost of that many garbage messages.
fn flood(messages: u64) -> Cost {
    let poll = folder();
    let params = PollParams {
        state_tree_depth: 6,
        tally_processing_state_tree_depth: 2,
        vote_option_tree_depth: 1,
        message_batch_size: BATCH as u8,
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
    let peak = text
        .lines()
        .find_map(|line| line.strip_prefix("figures: "))
        .unwrap()
        .parse()
        .unwrap();
    let status = native_job(data.path(), poll.path(), None)
        .unwrap()
        .status()
        .unwrap();
    let rows = [StageId::Ingest, StageId::Process, StageId::Tally].map(|stage| {
        let found = status.stages.iter().find(|(id, _)| *id == stage);
        found.unwrap().1.done
    });
    // The head is eight bytes of magic and the number of commits.
    let head = std::fs::read(data.path().join("journal.head")).unwrap();
    let commits = u64::from_be_bytes(head[8..16].try_into().unwrap());
    let journal = std::fs::metadata(data.path().join("journal.redb")).unwrap();
    Cost {
        rows,
        commits,
        journal: journal.len(),
        peak,
    }
}

#[test]
fn o_06_garbage_costs_linear_work_and_memory() {
    let few: u64 = variable("MACI_SPAM").map_or(1_000, |n| n.parse().unwrap());
    let (small, large) = (flood(few), flood(few * 10));
    let leaves = 21;
    for (messages, cost) in [(few, &small), (few * 10, &large)] {
        // Message 0 is MACI's own.
        let messages = messages + 1;
        eprintln!(
            "{messages} messages: {} commits, {} KiB of journal, {} MiB of memory",
            cost.commits,
            cost.journal >> 10,
            cost.peak >> 20
        );
        let batches = messages.div_ceil(BATCH);
        assert_eq!(cost.rows, [leaves + messages, batches, 6]);
        // One for each window of 4096 messages in ingest and in process, and a few for the poll and its results.
        assert!(cost.commits <= 2 * messages.div_ceil(4096) + 8, "{cost:?}");
        assert!(cost.journal <= messages * 2048 + (4 << 20), "{cost:?}");
    }
    let added = large.peak.saturating_sub(small.peak) / (few * 9);
    assert!(
        added < 4 << 10,
        "each message costs {added} bytes of memory"
    );
}
