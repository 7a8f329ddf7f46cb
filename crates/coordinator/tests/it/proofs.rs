//! Proving: order, workers, cancelling.

use std::fs;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use ark_ff::PrimeField;
use maci_coordinator::{
    Cancel, Checkpoint, Control, Error, Event, ExitClass, Job, Options, ProofKind, ProofOrder,
    ProofUnit, StageId,
};
use maci_crypto::{Fr, field};
use maci_protocol::layout::compact::process_batches;
use maci_protocol::secrets::RunSeed;
use maci_verifier::{Mode, Proof};
use serde_json::Value;

use crate::support::{Quiet, Reference, folder, job, key_of, keys, small_spec, write_poll};

#[test]
fn o_07_every_order_and_every_number_of_workers_gives_equal_bytes() {
    for mode in [Mode::Qv, Mode::NonQv, Mode::Full] {
        let reference = Reference::of(&small_spec(mode, 3));
        for (workers, order) in [
            (1, ProofOrder::Reverse),
            (4, ProofOrder::Shuffled(2)),
            (4, ProofOrder::Submission),
        ] {
            let mut options = Options::default();
            options.threads = NonZeroUsize::new(workers);
            options.workers = NonZeroUsize::new(workers);
            options.order = order;
            let data = folder();
            let mut job = job(data.path(), reference.poll.path(), options).unwrap();
            job.run_all(Quiet::new().control()).unwrap();
            reference.assert_same(
                data.path(),
                &format!("{mode}, {workers} workers, {order:?}"),
            );
        }
    }
}

#[test]
fn proofs_resume_one_by_one_and_unwind() {
    let reference = Reference::of(&small_spec(Mode::Qv, 2));
    let data = folder();
    let quiet = Quiet::new();
    let total = reference.status.proofs.len() as u64;
    for to in 1..=total {
        let mut job = job(data.path(), reference.poll.path(), Options::default()).unwrap();
        for stage in [StageId::Ingest, StageId::Process, StageId::Tally] {
            job.run(stage, quiet.control()).unwrap();
        }
        assert_eq!(
            job.execute(StageId::Prove, to, quiet.control()).unwrap(),
            Checkpoint { done: to, total }
        );
    }
    let mut job = job(data.path(), reference.poll.path(), Options::default()).unwrap();
    job.run_all(quiet.control()).unwrap();
    reference.assert_same(data.path(), "one by one");
    job.unwind(StageId::Prove, 1).unwrap();
    let status = job.status().unwrap();
    assert_eq!(
        status
            .proofs
            .iter()
            .map(|proof| proof.unit)
            .collect::<Vec<_>>(),
        [ProofUnit::process(0)]
    );
    assert!(matches!(
        job.bundle(quiet.control()),
        Err(Error::StageNeeded { .. })
    ));
    job.run_all(quiet.control()).unwrap();
    reference.assert_same(data.path(), "unwound");
}

/// Whoever brings the proofs onto the chain need not be able to read the votes.
#[test]
fn k_17_a_finished_job_is_audited_and_sent_without_the_coordinators_key() {
    let reference = Reference::of(&small_spec(Mode::Qv, 2));
    let data = folder();
    let quiet = Quiet::new();
    let mut whole = job(data.path(), reference.poll.path(), Options::default()).unwrap();
    let open = || Job::open(data.path(), None, None, keys(), Options::default()).unwrap();
    for stage in [
        StageId::Ingest,
        StageId::Process,
        StageId::Tally,
        StageId::Prove,
    ] {
        whole.run(stage, quiet.control()).unwrap();
    }
    drop(whole);
    let error = open().verified_tally(quiet.control()).unwrap_err();
    assert!(matches!(error, Error::KeyNeeded), "{error}");

    let mut whole = job(data.path(), reference.poll.path(), Options::default()).unwrap();
    whole.run_all(quiet.control()).unwrap();
    let expected = whole.verified_tally(quiet.control()).unwrap();
    drop(whole);
    let found = open().verified_tally(quiet.control()).unwrap();
    assert_eq!(format!("{found:?}"), format!("{expected:?}"));
    // A bundle that was changed is none.
    let path = data.path().join("bundle.json");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.push(b' ');
    std::fs::write(&path, bytes).unwrap();
    assert!(matches!(
        open().verified_tally(quiet.control()),
        Err(Error::KeyNeeded)
    ));
}

#[test]
fn o_09_cancelling_at_any_event_stops_soon_and_resumes_to_equal_bytes() {
    let reference = Reference::of(&small_spec(Mode::NonQv, 2));
    for at in (0..).step_by(3) {
        let data = folder();
        let cancel = Cancel::new();
        let pulled = Mutex::new((0, None));
        let progress = |_: &Event| {
            let mut pulled = pulled.lock().unwrap();
            if pulled.0 == at {
                pulled.1 = Some(Instant::now());
                cancel.cancel();
            }
            pulled.0 += 1;
        };
        let mut first = job(data.path(), reference.poll.path(), Options::default()).unwrap();
        let result = first.run_all(Control {
            progress: &progress,
            cancel: &cancel,
        });
        let stopped = pulled
            .lock()
            .unwrap()
            .1
            .map(|pulled: Instant| pulled.elapsed());
        let before = first.status().unwrap();
        drop(first);
        match result {
            Err(Error::Interrupted) => {}
            // Pulled when nothing was left to do.
            Ok(_) => assert!(at > 10),
            Err(other) => panic!("event {at}: {other}"),
        }
        assert!(
            stopped.is_none_or(|time| time < Duration::from_secs(10)),
            "event {at}: {stopped:?}"
        );
        // What was begun was finished: nothing in hand is thrown away.
        assert!(
            before
                .proofs
                .iter()
                .all(|proof| proof.begun == 1 && proof.finished == 1),
            "event {at}"
        );
        let mut again = job(data.path(), reference.poll.path(), Options::default()).unwrap();
        let status = again.run_all(Quiet::new().control()).unwrap();
        reference.assert_same(data.path(), &format!("cancelled at event {at}"));
        assert!(
            status
                .proofs
                .iter()
                .all(|proof| proof.begun == 1 && proof.finished == 1),
            "event {at}"
        );
        if stopped.is_none() {
            assert!(at > 10, "the job has more events than that");
            return;
        }
    }
    assert_eq!(Error::Interrupted.class(), ExitClass::Interrupted);
}

#[test]
fn proof_files_have_macis_names_and_hold_no_secret() {
    let reference = Reference::of(&small_spec(Mode::Qv, 3));
    let units: Vec<String> = reference
        .status
        .proofs
        .iter()
        .map(|proof| format!("proofs/{}.json", proof.unit))
        .collect();
    assert!(
        units.contains(&"proofs/process_3.json".to_owned())
            && units.contains(&"proofs/tally_0.json".to_owned())
    );
    for unit in &reference.status.proofs {
        let file: Value =
            serde_json::from_slice(&reference.artefacts[&format!("proofs/{}.json", unit.unit)])
                .unwrap();
        Proof::from_snarkjs(&file["proof"].to_string()).unwrap();
        let inputs = file["publicInputs"].as_array().unwrap();
        let named = file["circuitInputs"].as_object().unwrap();
        assert_eq!(named.len(), inputs.len());
        let (commitment, place) = match unit.unit.kind {
            ProofKind::Process => ("newSbCommitment", 6),
            ProofKind::Tally => ("newTallyCommitment", 2),
        };
        assert_eq!(named[commitment], inputs[place]);
    }
    // The last message batch comes first.
    let first: Value =
        serde_json::from_slice(&reference.artefacts["proofs/process_0.json"]).unwrap();
    assert_eq!(first["circuitInputs"]["index"], "3");
    assert_eq!(first["circuitInputs"]["batchEndIndex"], "4");
}

/// Every spelling of a 32-byte value that a file could hold.
fn spellings(value: [u8; 32], decimal: &str) -> Vec<Vec<u8>> {
    let mut reversed = value;
    reversed.reverse();
    let mut found = vec![
        value.to_vec(),
        reversed.to_vec(),
        decimal.as_bytes().to_vec(),
    ];
    for bytes in [value, reversed] {
        let digits = hex::encode(bytes);
        found.push(digits.trim_start_matches('0').to_uppercase().into_bytes());
        found.push(digits.trim_start_matches('0').as_bytes().to_vec());
    }
    found
}

#[test]
fn k_17_no_secret_reaches_the_data_directory() {
    let spec = small_spec(Mode::Qv, 3);
    let poll = folder();
    write_poll(&spec, poll.path());
    let data = folder();
    let mut run = job(data.path(), poll.path(), Options::default()).unwrap();
    run.run_all(Quiet::new().control()).unwrap();
    let shown = format!("{run:?}");
    let log = run.log().unwrap();
    drop(run);

    let key = key_of(poll.path());
    let scalar = Fr::from(key.scalar().into_bigint());
    let seed = RunSeed::derive(key.private(), log.chain_id, log.poll_address);
    let processed = process_batches(&log, &key, &mut seed.clone()).unwrap();
    let serialised = key.private().serialise();
    let digits = serialised.strip_prefix("macisk.").unwrap();
    let raw: [u8; 32] = hex::decode(digits).unwrap().try_into().unwrap();
    let mut secrets = spellings(raw, digits);
    secrets.extend(spellings(
        field::to_be_bytes(&scalar),
        &field::to_dec(&scalar),
    ));
    for batch in &processed.batches {
        // The tally's last salts are published; those of the state commitments never are.
        let salt = &batch.new_sb_salt;
        secrets.extend(spellings(field::to_be_bytes(salt), &field::to_dec(salt)));
    }

    let length = secrets.len();
    for signed in log
        .messages
        .iter()
        .filter_map(|message| message.decrypt(&key))
    {
        // A vote alone is a small number that a file holds by chance; with its nonce and poll in one element it is not.
        for value in signed
            .command()
            .pack()
            .into_iter()
            .flat_map(|[vote, _, _, salt]| [vote, salt])
        {
            let spelled = spellings(field::to_be_bytes(&value), &field::to_dec(&value));
            secrets.extend(spelled.into_iter().filter(|secret| secret.len() >= 32));
        }
    }
    assert!(secrets.len() > length, "some message is a vote");

    let mut files = vec![("the debug output".to_owned(), shown.into_bytes())];
    let mut folders = vec![data.path().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push((path.display().to_string(), fs::read(&path).unwrap()));
            }
        }
    }
    assert!(files.len() > 8);
    for (name, bytes) in files {
        for secret in &secrets {
            assert!(secret.len() >= 32, "short secrets would be found by chance");
            assert!(
                !bytes.windows(secret.len()).any(|part| part == secret),
                "{name} holds a secret"
            );
        }
    }
}
