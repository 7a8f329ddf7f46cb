//! Bad inputs: each is named, has its exit class, and loses nothing.

use std::fs;
use std::path::Path;

use maci_coordinator::{Error, ExitClass, StageId};
use serde_json::Value;

use crate::support::{Quiet, copy_recorded, fixture, folder, key_of, native_job, other_key};

/// Ingests a damaged copy of the recorded poll; then the same data directory must take the good one.
fn refused(damage: impl FnOnce(&Path)) -> Error {
    let good = fixture("maci-v3");
    let bad = folder();
    copy_recorded(&good, bad.path());
    damage(bad.path());
    let data = folder();
    let quiet = Quiet::new();
    let error = native_job(data.path(), bad.path(), Some(key_of(&good)))
        .and_then(|mut job| job.ingest(quiet.control()))
        .unwrap_err();
    let mut job = native_job(data.path(), &good, Some(key_of(&good))).unwrap();
    assert!(
        job.ingest(quiet.control()).unwrap().is_complete(),
        "the data directory is still usable"
    );
    error
}

fn edit(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut value: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    change(&mut value);
    fs::write(path, serde_json::to_vec(&value).unwrap()).unwrap();
}

#[test]
fn a_truncated_log_file_is_named() {
    let whole = fs::read(fixture("maci-v3").join("logs.json")).unwrap();
    for length in [0, 1, 1000, whole.len() / 2, whole.len() - 2] {
        let error = refused(|dir| fs::write(dir.join("logs.json"), &whole[..length]).unwrap());
        assert_eq!(error.class(), ExitClass::Usage, "cut to {length}");
        assert!(error.to_string().contains("logs.json"), "{error}");
    }
}

#[test]
fn a_missing_file_is_named() {
    for name in ["deployment.json", "logs.json"] {
        let error = refused(|dir| fs::remove_file(dir.join(name)).unwrap());
        assert_eq!(error.class(), ExitClass::Outside);
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn a_file_that_is_no_text_is_named() {
    for name in ["deployment.json", "logs.json"] {
        let error = refused(|dir| fs::write(dir.join(name), [0x7b, 0xff, 0x7d]).unwrap());
        assert_eq!(error.class(), ExitClass::Usage);
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn logs_of_another_poll_are_named() {
    let error = refused(|dir| {
        fs::copy(
            fixture("maci-v3-full").join("logs.json"),
            dir.join("logs.json"),
        )
        .unwrap();
    });
    assert_eq!(error.class(), ExitClass::Conflict);
}

#[test]
fn a_missing_message_is_named() {
    let is_publish = |log: &Value| {
        log["topics"][0] == "0x4be9ef9ae736055964ead1cf3c83a19c8b662b5df2bd4414776bb64d81f75d15"
    };
    for gone in [0, 7, 23] {
        let error = refused(|dir| {
            edit(&dir.join("logs.json"), |logs| {
                let poll = logs["poll"].as_array_mut().unwrap();
                let at = poll
                    .iter()
                    .enumerate()
                    .filter(|(_, log)| is_publish(log))
                    .nth(gone)
                    .unwrap()
                    .0;
                poll.remove(at);
            });
        });
        assert_eq!(error.class(), ExitClass::Conflict);
        assert!(matches!(error, Error::Recorded { .. }), "{error}");
    }
}

#[test]
fn wrong_parameters_are_named() {
    let error = refused(|dir| {
        edit(&dir.join("deployment.json"), |d| {
            d["params"]["mode"] = 1.into();
        });
    });
    assert_eq!(error.class(), ExitClass::Conflict);
    assert!(error.to_string().contains("mode"), "{error}");
    let error = refused(|dir| {
        edit(&dir.join("deployment.json"), |d| {
            d["params"]["voteOptions"] = 26.into();
        });
    });
    assert_eq!(error.class(), ExitClass::Usage);
    assert!(error.to_string().contains("vote options"), "{error}");
    let error = refused(|dir| {
        edit(&dir.join("deployment.json"), |d| {
            d["params"]["tallyProcessingStateTreeDepth"] = 10.into();
        });
    });
    assert_eq!(error.class(), ExitClass::Usage);
}

#[test]
fn a_wrong_coordinator_key_is_refused_before_and_after_ingest() {
    let recorded = fixture("maci-v3");
    let data = folder();
    let quiet = Quiet::new();
    let error = native_job(data.path(), &recorded, Some(other_key()))
        .unwrap()
        .ingest(quiet.control())
        .unwrap_err();
    assert!(matches!(error, Error::WrongKey(_)));
    assert_eq!(error.class(), ExitClass::Conflict);
    native_job(data.path(), &recorded, None)
        .unwrap()
        .ingest(quiet.control())
        .unwrap();
    let error = native_job(data.path(), &recorded, Some(other_key())).unwrap_err();
    assert!(matches!(error, Error::WrongKey(_)));
    let mut job = native_job(data.path(), &recorded, Some(key_of(&recorded))).unwrap();
    job.process(quiet.control()).unwrap();
}

#[test]
fn a_journal_of_another_poll_and_a_changed_log_are_conflicts_that_lose_nothing() {
    let recorded = fixture("maci-v3");
    let data = folder();
    let quiet = Quiet::new();
    let mut job = native_job(data.path(), &recorded, Some(key_of(&recorded))).unwrap();
    job.ingest(quiet.control()).unwrap();
    job.process(quiet.control()).unwrap();
    let before = job.status().unwrap();
    drop(job);

    let other = fixture("maci-v3-full");
    let error = native_job(data.path(), &other, None)
        .unwrap()
        .ingest(quiet.control())
        .unwrap_err();
    assert!(
        matches!(error, Error::OtherPoll { .. } | Error::ChangedSource { .. }),
        "{error}"
    );
    assert_eq!(error.class(), ExitClass::Conflict);

    let changed = folder();
    copy_recorded(&recorded, changed.path());
    edit(&changed.path().join("logs.json"), |logs| {
        logs["poll"].as_array_mut().unwrap().pop();
    });
    let error = native_job(data.path(), changed.path(), None)
        .unwrap()
        .ingest(quiet.control())
        .unwrap_err();
    assert!(matches!(error, Error::ChangedSource { .. }), "{error}");
    assert!(error.to_string().contains("logs.json"), "{error}");

    let mut job = native_job(data.path(), &recorded, Some(key_of(&recorded))).unwrap();
    assert!(
        job.run(StageId::Tally, quiet.control())
            .unwrap()
            .is_complete()
    );
    assert_eq!(job.status().unwrap().stages[..2], before.stages[..2]);
}

#[test]
fn a_vanished_journal_is_named_and_never_silently_begun_anew() {
    let recorded = fixture("maci-v3");
    let data = folder();
    native_job(data.path(), &recorded, None)
        .unwrap()
        .ingest(Quiet::new().control())
        .unwrap();
    fs::remove_file(data.path().join("journal.redb")).unwrap();
    let error = native_job(data.path(), &recorded, None).unwrap_err();
    assert_eq!(error.class(), ExitClass::Conflict);
    assert!(error.to_string().contains("journal.redb"), "{error}");
}

#[test]
fn o_05_a_second_job_is_refused() {
    let recorded = fixture("maci-v3");
    let data = folder();
    let _first = native_job(data.path(), &recorded, None).unwrap();
    let start = std::time::Instant::now();
    let error = native_job(data.path(), &recorded, None).unwrap_err();
    assert!(matches!(error, Error::Locked { .. }));
    assert!(start.elapsed().as_millis() < 1000);
}
