//! Damaged journals and artefacts, full disks: O-03, O-04.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use maci_coordinator::{Error, ExitClass, Options, ProofUnit};
use maci_verifier::Mode;
use redb::{Database, ReadableDatabase, TableDefinition};

use crate::support::{Quiet, Reference, folder, job, native_job, small_spec, variable};

const PROOFS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("proofs");

/// Changes one proof row below the journal's own code.
fn flip_proof(data: &Path, key: u64, at: impl Fn(usize) -> usize) {
    let database = Database::open(data.join("journal.redb")).unwrap();
    let mut value = {
        let tx = database.begin_read().unwrap();
        tx.open_table(PROOFS)
            .unwrap()
            .get(key)
            .unwrap()
            .unwrap()
            .value()
            .to_vec()
    };
    let at = at(value.len());
    value[at] ^= 0x20;
    let tx = database.begin_write().unwrap();
    tx.open_table(PROOFS)
        .unwrap()
        .insert(key, value.as_slice())
        .unwrap();
    tx.commit().unwrap();
}

fn remake() -> Options {
    let mut options = Options::default();
    options.remake = true;
    options
}

#[test]
fn o_03_a_flipped_proof_is_named_and_remade_only_when_asked() {
    let reference = Reference::of(&small_spec(Mode::Qv, 2));
    let quiet = Quiet::new();
    let data = folder();
    job(data.path(), reference.poll.path(), Options::default())
        .unwrap()
        .run_all(quiet.control())
        .unwrap();
    for (round, at) in [0, 40, 320].into_iter().enumerate() {
        flip_proof(data.path(), 1, |length| at.min(length - 1));
        for _ in 0..2 {
            let error = job(data.path(), reference.poll.path(), Options::default()).unwrap_err();
            assert!(
                matches!(&error, Error::CorruptProof { unit, .. } if *unit == ProofUnit::process(1)),
                "{error}"
            );
            assert_eq!(error.class(), ExitClass::Conflict);
            assert!(
                error.to_string().contains("process_1")
                    && error.to_string().contains("journal.redb"),
                "{error}"
            );
        }
        let mut healed = job(data.path(), reference.poll.path(), remake()).unwrap();
        let status = healed.run_all(quiet.control()).unwrap();
        reference.assert_same(data.path(), "remade");
        for proof in status.proofs {
            let expected = if proof.unit == ProofUnit::process(1) {
                2 + round as u32
            } else {
                1
            };
            assert_eq!(
                proof.begun, expected,
                "only the damaged proof was made again"
            );
        }
    }
}

#[test]
fn o_03_flipped_artefacts_are_named_and_remade_only_when_asked() {
    let reference = Reference::of(&small_spec(Mode::Qv, 2));
    let quiet = Quiet::new();
    let data = folder();
    job(data.path(), reference.poll.path(), Options::default())
        .unwrap()
        .run_all(quiet.control())
        .unwrap();
    for (name, good) in &reference.artefacts {
        for bad in [
            [b"x", &good[1..]].concat(),
            good[..good.len() / 2].to_vec(),
            Vec::new(),
        ] {
            fs::write(data.path().join(name), &bad).unwrap();
            let mut stopped = job(data.path(), reference.poll.path(), Options::default()).unwrap();
            let error = stopped.run_all(quiet.control()).unwrap_err();
            drop(stopped);
            assert!(matches!(error, Error::CorruptArtefact { .. }), "{error}");
            assert!(error.to_string().contains(name), "{error}");
            assert_eq!(
                fs::read(data.path().join(name)).unwrap(),
                bad,
                "left as it is"
            );
            job(data.path(), reference.poll.path(), remake())
                .unwrap()
                .run_all(quiet.control())
                .unwrap();
            reference.assert_same(data.path(), name);
        }
        fs::remove_file(data.path().join(name)).unwrap();
        job(data.path(), reference.poll.path(), Options::default())
            .unwrap()
            .run_all(quiet.control())
            .unwrap();
        reference.assert_same(data.path(), name);
    }
}

#[test]
fn o_03_a_removed_row_is_noticed() {
    let reference = Reference::of(&small_spec(Mode::Qv, 1));
    let data = folder();
    job(data.path(), reference.poll.path(), Options::default())
        .unwrap()
        .run_all(Quiet::new().control())
        .unwrap();
    for table in [
        "messages",
        "process_batches",
        "results",
        "checkpoints",
        "poll",
    ] {
        let path = data.path().join("journal.redb");
        let whole = fs::read(&path).unwrap();
        let database = Database::open(&path).unwrap();
        let tx = database.begin_write().unwrap();
        tx.open_table(TableDefinition::<u64, &[u8]>::new(table))
            .unwrap()
            .remove(0)
            .unwrap();
        tx.commit().unwrap();
        drop(database);
        let error = job(data.path(), reference.poll.path(), remake()).unwrap_err();
        assert!(
            error.to_string().contains(&format!("table {table}")),
            "{error}"
        );
        assert_eq!(error.class(), ExitClass::Conflict);
        fs::write(&path, whole).unwrap();
    }
}

/// A job under a file size limit, in a process of its own. Prints the error, which must be the disk's.
#[test]
#[ignore = "run by o_04_a_full_disk"]
fn cramped() {
    let (Some(data), Some(poll)) = (variable("MACI_CHILD_DATA"), variable("MACI_CHILD_POLL"))
    else {
        return;
    };
    let result = job(Path::new(&data), Path::new(&poll), Options::default())
        .and_then(|mut job| job.run_all(Quiet::new().control()));
    match result {
        Ok(_) => {}
        Err(error) => {
            eprintln!("stopped: {error}");
            assert_eq!(error.class(), ExitClass::Outside, "{error}");
        }
    }
}

/// A limit on file sizes stands for a full disk: a write beyond it fails, as one to a full disk does.
#[test]
fn o_04_a_full_disk_is_a_clean_error_and_loses_nothing() {
    let reference = Reference::of(&small_spec(Mode::Qv, 2));
    let poll = reference.poll.path();
    let mut stopped = 0;
    for kilobytes in [0, 1, 64, 512, 1024, 1280, 1536, 2048] {
        let data = folder();
        let output = Command::new("bash")
            .args([
                "-c",
                "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\"",
                &kilobytes.to_string(),
            ])
            .arg(std::env::current_exe().unwrap())
            .args(["damage::cramped", "--exact", "--ignored", "--nocapture"])
            .env("MACI_CHILD_DATA", data.path())
            .env("MACI_CHILD_POLL", poll)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{kilobytes} kB: {text}");
        if text.contains("stopped: ") {
            stopped += 1;
            assert!(
                text.contains(data.path().to_str().unwrap()),
                "{kilobytes} kB: the file is named: {text}"
            );
        }
        if data.path().join("journal.redb").exists() {
            native_job(data.path(), poll, None)
                .unwrap()
                .status()
                .unwrap();
        }
        job(data.path(), poll, Options::default())
            .unwrap()
            .run_all(Quiet::new().control())
            .unwrap();
        reference.assert_same(data.path(), &format!("after {kilobytes} kB"));
    }
    assert!(stopped >= 4, "only {stopped} limits were felt");
}
