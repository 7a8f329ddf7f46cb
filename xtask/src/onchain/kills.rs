//! kill -9 at every journal step of `maci run` from a node (security.md O-01, O-02, N-07).
//!
//! 1. A [small poll](super::small) is held and closed to voting, and the chain is put on record.
//! 2. One undisturbed `maci run` takes it to its results and notes every point at which it commits or renames something
//!    ([`maci_coordinator::faults`]): the census. It logs at TRACE and shows [no secret](super::canary). The census must contain every step that is named in [`STEPS`].
//! 3. The chain is set back. Another data directory goes the same way, killed once before and once after each write of the
//!    census, and started again each time.
//! 4. Both end with the same results, the same files byte for byte and the same number of transactions; no proof that was
//!    finished was made a second time.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use maci_coordinator::faults::{CENSUS, KILL};
use serde_json::{Value, json};

use super::canary;
use super::maci::Maci;
use super::small::{self, PROOFS, SmallPoll};

/// Every step that has to be interrupted, and how often it is taken at least.
const STEPS: [(&str, usize); 20] = [
    ("open: journal", 1),
    ("open: file layout", 1),
    // Merging the state: the signed transaction, then its receipt.
    ("close: commit pending", 1),
    ("close: commit pending+transactions", 1),
    // Which poll it is, its windows of blocks, and the rows made of them.
    ("ingest: commit chain_poll", 1),
    ("ingest: commit headers+logs", 3),
    ("ingest: commit poll+checkpoints+batch_hashes+deployment", 1),
    ("ingest: commit checkpoints+leaves+messages", 1),
    ("process: commit checkpoints+process_batches", 1),
    ("tally: commit checkpoints+tally_batches+results", 1),
    ("tally: file tally.json", 1),
    ("prove: commit attempts", 5),
    ("prove: commit checkpoints+proofs", 5),
    ("prove: file process_0.json", 1),
    ("prove: file tally_1.json", 1),
    ("transcript: commit checkpoints", 1),
    ("bundle: file bundle.json", 1),
    ("bundle: commit checkpoints+bundle", 1),
    ("submit: commit pending", 6),
    ("submit: commit pending+transactions", 6),
];

/// Kills the tally of a poll that is over at every step. Leaves the chain as it was, and returns the figures.
pub(crate) fn hold(maci: &Maci, poll: &SmallPoll) -> Result<Value> {
    let start = Instant::now();
    let before = poll.nonce(maci)?;
    let record = small::record(maci)?;
    let variables = [(CENSUS, "census")];
    let (output, metrics) =
        canary::watched(maci, &poll.run("undisturbed"), "trace.log", &variables)?;
    let envelope: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    ensure!(
        output.status.success(),
        "the undisturbed run ended: {envelope}"
    );
    poll.check_results(maci)?;
    let sent = poll.nonce(maci)? - before;
    let census = points(maci, "census")?;
    check_census(&census)?;
    let results = envelope["data"]["results"].clone();
    let printed: [(&str, &[u8]); 3] = [
        ("the envelope", &output.stdout),
        ("standard error", &output.stderr),
        ("the metrics", &metrics),
    ];
    let secrets = canary::check(maci, poll, "undisturbed", "trace.log", &printed)?;

    small::set_back(maci, &record)?;
    let record = small::record(maci)?;
    let kills = kill_at_every(maci, poll, &census)?;
    let (status, envelope) = maci.with(&poll.run("killed"), &[(CENSUS, "passed")])?;
    ensure!(status.success(), "the last run ended: {envelope}");
    let mut done = envelope["data"].clone();
    ensure!(done["results"] == results, "the results differ");
    poll.check_results(maci)?;
    let transactions = done["transactions"].take();
    let transactions = transactions.as_array().context("no transactions")?;
    let now = poll.nonce(maci)?;
    ensure!(
        transactions
            .iter()
            .all(|done| done["success"] == json!(true))
            && transactions.len() as u64 == sent
            && now - before == sent,
        "{sent} transactions are needed, {} were sent: {transactions:?}",
        now - before
    );
    let finished = points(maci, "passed")?
        .iter()
        .filter(|point| *point == "prove: commit checkpoints+proofs (after)")
        .count();
    ensure!(
        finished == PROOFS,
        "{PROOFS} proofs were finished {finished} times"
    );
    same_files(maci)?;
    small::set_back(maci, &record)?;
    Ok(json!({
        "points": census.len(),
        "kills": kills,
        "transactions": sent,
        "secrets_looked_for": secrets,
        "seconds": start.elapsed().as_secs(),
    }))
}

/// Runs and kills at one point of the census after the other. Returns how often a process was killed.
///
/// A run that follows a kill takes up a pending transaction before it comes to the stage that sent it, so the chain may be done before
/// the census is: a point may be missed where it was interrupted before.
fn kill_at_every(maci: &Maci, poll: &SmallPoll, census: &[String]) -> Result<usize> {
    let mut interrupted: BTreeMap<&str, usize> = BTreeMap::new();
    for (place, point) in census.iter().enumerate() {
        let variables = [(KILL, point.as_str()), (CENSUS, "passed")];
        let (status, envelope) = maci.with(&poll.run("killed"), &variables)?;
        if status.success() && interrupted.contains_key(point.as_str()) {
            continue;
        }
        ensure!(
            status.signal() == Some(9) && points(maci, "passed")?.last() == Some(point),
            "kill {place} of {}, at `{point}`, ended with {status}: {envelope}",
            census.len()
        );
        *interrupted.entry(point).or_default() += 1;
    }
    for point in census {
        ensure!(
            interrupted.contains_key(point.as_str()),
            "nothing was interrupted at `{point}`"
        );
    }
    Ok(interrupted.values().sum())
}

/// The points in a census file, in order.
fn points(maci: &Maci, name: &str) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(maci.path(name)).context("no census was taken")?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// The census must have every step, on both sides of its write.
fn check_census(census: &[String]) -> Result<()> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for point in census {
        *counts.entry(point).or_default() += 1;
    }
    for (point, count) in &counts {
        eprintln!("{count:>4} x {point}");
    }
    for (step, least) in STEPS {
        for moment in ["before", "after"] {
            let point = format!("{step} ({moment})");
            let found = counts.get(point.as_str()).copied().unwrap_or_default();
            ensure!(
                found >= least,
                "`{point}` was passed {found} times, expected at least {least}"
            );
        }
    }
    Ok(())
}

/// What both data directories hand out must be the same, byte for byte.
fn same_files(maci: &Maci) -> Result<()> {
    let files = |data: &str| -> Result<BTreeMap<String, Vec<u8>>> {
        let mut found = BTreeMap::new();
        for folder in [data.to_owned(), format!("{data}/proofs")] {
            for entry in std::fs::read_dir(maci.path(&folder))? {
                let path = entry?.path();
                let name = path.display().to_string().replace(data, "");
                let json = path
                    .extension()
                    .is_some_and(|extension| extension == "json");
                if json && !name.ends_with("status.json") {
                    found.insert(name, std::fs::read(&path)?);
                }
            }
        }
        Ok(found)
    };
    let (ours, theirs) = (files("killed")?, files("undisturbed")?);
    ensure!(
        ours.len() == PROOFS + 2 && ours.keys().eq(theirs.keys()),
        "the files are {:?} and {:?}",
        ours.keys(),
        theirs.keys()
    );
    for (name, bytes) in &ours {
        ensure!(theirs.get(name) == Some(bytes), "{name} differs");
    }
    Ok(())
}
