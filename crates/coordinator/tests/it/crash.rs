//! kill -9 at any moment: O-01, O-02.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use maci_coordinator::{Cancel, Control, Event, Options, ProofStatus, ProofUnit};
use maci_verifier::Mode;

use crate::support::{
    Quiet, Random, Reference, child, folder, job, native_job, small_spec, variable,
};

/// The job that gets killed: run to the end in a process of its own. With `MACI_CHILD_EVENTS`, kills itself at that event.
#[test]
#[ignore = "run by the tests of this file"]
fn victim() {
    let (Some(data), Some(poll)) = (variable("MACI_CHILD_DATA"), variable("MACI_CHILD_POLL"))
    else {
        return;
    };
    let last = variable("MACI_CHILD_EVENTS").map(|n| n.parse().unwrap());
    let seen = AtomicU64::new(0);
    let progress = move |_: &Event| {
        if Some(seen.fetch_add(1, Ordering::SeqCst)) == last {
            // No destructor runs, nothing is flushed.
            let me = std::process::id().to_string();
            let _ = Command::new("kill").args(["-9", &me]).status();
            thread::sleep(Duration::from_mins(1));
        }
    };
    let cancel = Cancel::new();
    let control = Control {
        progress: &progress,
        cancel: &cancel,
    };
    job(Path::new(&data), Path::new(&poll), Options::default())
        .unwrap()
        .run_all(control)
        .unwrap();
}

fn start(data: &Path, poll: &Path, events: Option<u64>) -> Child {
    let (data, poll) = (data.to_str().unwrap(), poll.to_str().unwrap());
    let events = events.map(|n| n.to_string());
    let mut variables = vec![("MACI_CHILD_DATA", data), ("MACI_CHILD_POLL", poll)];
    variables.extend(events.as_deref().map(|n| ("MACI_CHILD_EVENTS", n)));
    child("crash::victim", &variables).spawn().unwrap()
}

/// Waits for the process and kills it at `deadline`, if there is one.
fn end(mut process: Child, deadline: Option<Instant>) -> ExitStatus {
    loop {
        if let Some(status) = process.try_wait().unwrap() {
            return status;
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            process.kill().unwrap();
            return process.wait().unwrap();
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// What the journal says about each proof, and how long it took to open it, whatever state the process died in.
fn proofs(data: &Path, poll: &Path, longest: &mut Duration) -> BTreeMap<ProofUnit, ProofStatus> {
    let start = Instant::now();
    let status = native_job(data, poll, None).unwrap().status().unwrap();
    *longest = start.elapsed().max(*longest);
    status
        .proofs
        .into_iter()
        .map(|proof| (proof.unit, proof))
        .collect()
}

#[test]
fn o_01_o_02_kill_at_any_moment_resumes_to_equal_bytes_and_redoes_no_finished_proof() {
    let cases: u64 = variable("MACI_KILL_CASES").map_or(50, |n| n.parse().unwrap());
    let reference = Arc::new(Reference::of(&small_spec(Mode::Qv, 2)));
    let poll = reference.poll.path();
    let workers = thread::available_parallelism().map_or(1, |n| n.get() as u64);

    // How long an undisturbed run takes, and how many events it has, bound the moments.
    let whole = folder();
    let begin = Instant::now();
    assert!(end(start(whole.path(), poll, None), None).success());
    let duration = begin.elapsed();
    reference.assert_same(whole.path(), "another process");
    let events = AtomicU64::new(0);
    let count = |_: &Event| {
        events.fetch_add(1, Ordering::SeqCst);
    };
    let cancel = Cancel::new();
    let counted = folder();
    job(counted.path(), poll, Options::default())
        .unwrap()
        .run_all(Control {
            progress: &count,
            cancel: &cancel,
        })
        .unwrap();
    let events = events.into_inner();

    let mut random = Random(0x006d_6163_692d_7273);
    let mut longest = Duration::ZERO;
    let mut killed = 0;
    let mut case = 0;
    // A process that ended before its moment came is no case of a kill.
    while killed < cases {
        assert!(
            case < 3 * cases,
            "only {killed} of {case} processes were killed before they ended"
        );
        let data = folder();
        // Half of the kills come at a random time, half right at an event, between a commit and what follows it.
        let dead = if case % 2 == 0 {
            let micros = random.below(duration.as_micros() as u64);
            end(
                start(data.path(), poll, None),
                Some(Instant::now() + Duration::from_micros(micros)),
            )
        } else {
            end(start(data.path(), poll, Some(random.below(events))), None)
        };
        killed += u64::from(dead.signal() == Some(9));
        let before = proofs(data.path(), poll, &mut longest);
        let unfinished = before.values().filter(|proof| proof.finished == 0).count() as u64;
        assert!(
            unfinished <= workers,
            "case {case}: {unfinished} batches lost"
        );

        let mut resumed = job(data.path(), poll, Options::default()).unwrap();
        let status = resumed.run_all(Quiet::new().control()).unwrap();
        reference.assert_same(data.path(), &format!("case {case}"));
        assert_eq!(status.stages, reference.status.stages, "case {case}");
        for proof in &status.proofs {
            assert_eq!(
                proof.finished, 1,
                "case {case}: {} was made twice",
                proof.unit
            );
            if let Some(earlier) = before
                .get(&proof.unit)
                .filter(|earlier| earlier.finished == 1)
            {
                assert_eq!(
                    proof.begun, earlier.begun,
                    "case {case}: {} was begun again",
                    proof.unit
                );
            }
        }
        case += 1;
    }
    eprintln!("{killed} of {case} processes killed; the slowest restart took {longest:?}");
}
