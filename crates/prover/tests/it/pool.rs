//! Many proofs: the same bytes in any order, within any memory limit, until someone cancels (O-07, O-08, O-09).

use ark_bn254::Fr;
use maci_circuits::Inputs;
use maci_keys::ProvingKey;
use maci_prover::cancel::Cancel;
use maci_prover::{Event, Job, Pool, ProveError, WitnessDigest};
use maci_verifier::Proof;

use crate::support::{joined, key, randomness};

fn of_key(_: &ProvingKey, public: &[Fr], digest: WitnessDigest) -> (Fr, Fr) {
    randomness(public, digest)
}

fn jobs(count: u64) -> Vec<Job> {
    let key = key();
    (1..=count)
        .map(|voter| Job {
            key: key.clone(),
            inputs: Box::new(move || joined(voter, 100)),
        })
        .collect()
}

fn bytes(proofs: &[Proof]) -> Vec<[u8; Proof::BYTES]> {
    proofs.iter().map(Proof::to_bytes).collect()
}

#[test]
fn o_07_workers_and_memory_change_no_byte() {
    let mut all = Vec::new();
    for (threads, workers, memory) in [(1, 1, u64::MAX), (2, 2, u64::MAX), (4, 3, 0)] {
        let mut finished = Vec::new();
        let mut started = 0;
        let mut running = 0usize;
        let mut most = 0;
        let proofs = Pool::new()
            .with_threads(threads)
            .with_workers(workers)
            .with_memory(memory)
            .prove(jobs(5), &of_key, &Cancel::new(), &mut |event| match event {
                Event::Started { .. } => {
                    started += 1;
                    running += 1;
                    most = most.max(running);
                }
                Event::Finished { index, .. } => {
                    finished.push(index);
                    running -= 1;
                }
                _ => {}
            })
            .unwrap();
        assert_eq!(started, 5);
        // Without memory for two, one runs at a time.
        if memory == 0 {
            assert_eq!(most, 1);
        }
        finished.sort_unstable();
        assert_eq!(finished, [0, 1, 2, 3, 4]);
        all.push(bytes(&proofs));
    }
    assert_eq!(all[0], all[1]);
    assert_eq!(all[1], all[2]);
}

#[test]
fn o_09_cancelling_keeps_what_was_reported() {
    let cancel = Cancel::new();
    let mut kept = 0;
    let error = Pool::new()
        .with_threads(1)
        .prove(jobs(6), &of_key, &cancel, &mut |event| {
            if matches!(event, Event::Finished { .. }) {
                kept += 1;
                cancel.cancel();
            }
        })
        .unwrap_err();
    assert_eq!(error, ProveError::Cancelled);
    assert!((1..6).contains(&kept), "{kept}");
}

#[test]
fn one_bad_batch_stops_the_rest_by_name() {
    let mut jobs = jobs(4);
    let mut bad = joined(9, 100);
    if let Inputs::Joined(inputs) = &mut bad {
        inputs.index = 1;
    }
    let key = jobs[1].key.clone();
    jobs[1] = Job::new(key, bad);
    let error = Pool::new()
        .with_threads(2)
        .prove(jobs, &of_key, &Cancel::new(), &mut |_| {})
        .unwrap_err();
    assert!(matches!(error, ProveError::Unsatisfied { .. }), "{error}");
}

#[test]
fn no_jobs_are_no_proofs() {
    let proofs = Pool::new()
        .prove(Vec::new(), &of_key, &Cancel::new(), &mut |_| {})
        .unwrap();
    assert!(proofs.is_empty());
}
