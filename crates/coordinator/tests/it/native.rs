//! Ingest, process and tally: the stages without proofs.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use maci_coordinator::{Cancel, Control, Error, Event, Job, Options, StageId, Warning};
use maci_protocol::StateIndex;
use maci_protocol::machine::Effect;
use maci_protocol::testing::{self, Spec};
use maci_verifier::{Mode, PollParams};
use serde_json::Value;

use crate::support::{NoKeys, Quiet, fixture, folder, key_of, native_job, small_spec, write_poll};

/// MACI's own result file without the values that its random salts decide.
fn plain(json: &str) -> Value {
    let mut value: Value = serde_json::from_str(json).unwrap();
    for name in [
        "results",
        "totalSpentVoiceCredits",
        "perVoteOptionSpentVoiceCredits",
    ] {
        if let Some(part) = value.get_mut(name).and_then(Value::as_object_mut) {
            part.remove("salt");
            part.remove("commitment");
        }
    }
    value.as_object_mut().unwrap().remove("newTallyCommitment");
    value
}

#[test]
fn recorded_polls_give_macis_own_results() {
    for name in ["maci-v3", "maci-v3-nonqv", "maci-v3-full"] {
        let recorded = fixture(name);
        let data = folder();
        let mut job = native_job(data.path(), &recorded, Some(key_of(&recorded))).unwrap();
        let quiet = Quiet::new();
        for stage in [StageId::Ingest, StageId::Process, StageId::Tally] {
            assert!(job.run(stage, quiet.control()).unwrap().is_complete());
        }
        let ours = fs::read_to_string(job.dir().tally_json()).unwrap();
        let theirs = fs::read_to_string(recorded.join("tally.json")).unwrap();
        assert_eq!(plain(&ours), plain(&theirs), "{name}");
        let names = |text: &str| -> Vec<String> {
            text.lines()
                .filter_map(|line| {
                    line.trim()
                        .split_once("\": ")
                        .map(|(name, _)| name.to_owned())
                })
                .collect()
        };
        assert_eq!(
            names(&ours),
            names(&theirs),
            "{name}: member names in order"
        );
    }
}

#[test]
fn stages_resume_from_every_checkpoint_with_equal_rows() {
    let poll = folder();
    write_poll(&small_spec(Mode::Qv, 9), poll.path());
    let key = || Some(key_of(poll.path()));
    let quiet = Quiet::new();
    let whole = folder();
    let mut job = native_job(whole.path(), poll.path(), key()).unwrap();
    for stage in [StageId::Ingest, StageId::Process, StageId::Tally] {
        job.run(stage, quiet.control()).unwrap();
    }
    let tally = fs::read(job.dir().tally_json()).unwrap();
    let parts = folder();
    for stage in [StageId::Ingest, StageId::Process, StageId::Tally] {
        for to in 1.. {
            // A new process each time: nothing but the journal carries over.
            let mut job = native_job(parts.path(), poll.path(), key()).unwrap();
            let at = job.execute(stage, to, quiet.control()).unwrap();
            assert_eq!(at.done, to.min(at.total));
            if at.is_complete() {
                break;
            }
        }
    }
    let job = native_job(parts.path(), poll.path(), key()).unwrap();
    assert_eq!(fs::read(job.dir().tally_json()).unwrap(), tally);
}

#[test]
fn unwinding_takes_later_stages_along_and_running_again_gives_equal_results() {
    let poll = folder();
    write_poll(&small_spec(Mode::NonQv, 6), poll.path());
    let quiet = Quiet::new();
    let data = folder();
    let mut job = native_job(data.path(), poll.path(), Some(key_of(poll.path()))).unwrap();
    for stage in [StageId::Ingest, StageId::Process, StageId::Tally] {
        job.run(stage, quiet.control()).unwrap();
    }
    let before = job.status().unwrap();
    for (stage, to) in [
        (StageId::Tally, 1),
        (StageId::Process, 3),
        (StageId::Ingest, 5),
        (StageId::Ingest, 0),
    ] {
        job.unwind(stage, to).unwrap();
        let status = job.status().unwrap();
        for (id, at) in &status.stages {
            if *id == stage {
                assert_eq!(at.done, to);
            } else if *id > stage {
                assert_eq!(at.done, 0, "{id} after unwinding {stage}");
            }
        }
        for stage in [StageId::Ingest, StageId::Process, StageId::Tally] {
            job.run(stage, quiet.control()).unwrap();
        }
        let again = job.status().unwrap();
        assert_eq!(again.results, before.results);
        assert_eq!(again.stages, before.stages);
    }
}

#[test]
fn ingest_and_status_need_no_key() {
    let recorded = fixture("maci-v3");
    let data = folder();
    let quiet = Quiet::new();
    let mut job = native_job(data.path(), &recorded, None).unwrap();
    assert!(job.ingest(quiet.control()).unwrap().is_complete());
    assert_eq!(job.status().unwrap().poll.unwrap().messages, 24);
    assert!(matches!(
        job.process(quiet.control()),
        Err(Error::KeyNeeded)
    ));
    drop(job);
    // The recording is not needed any more.
    let mut job = Job::open(
        data.path(),
        None,
        Some(key_of(&recorded)),
        Arc::new(NoKeys),
        Options::default(),
    )
    .unwrap();
    assert!(job.process(quiet.control()).unwrap().is_complete());
}

#[test]
fn stages_refuse_to_run_out_of_order() {
    let recorded = fixture("maci-v3");
    let data = folder();
    let quiet = Quiet::new();
    let mut job = native_job(data.path(), &recorded, Some(key_of(&recorded))).unwrap();
    for (stage, needed) in [
        (StageId::Process, StageId::Ingest),
        (StageId::Tally, StageId::Process),
        (StageId::Prove, StageId::Tally),
        (StageId::Transcript, StageId::Prove),
    ] {
        match job.run(stage, quiet.control()) {
            Err(Error::StageNeeded { stage: found }) => assert_eq!(found, needed),
            other => panic!("{stage}: {other:?}"),
        }
    }
}

/// Runs the stages without proofs; the warnings in order, and those that the status keeps.
fn warnings_of(poll: &Path) -> (Vec<Warning>, Vec<Warning>) {
    let data = folder();
    let mut job = native_job(data.path(), poll, Some(key_of(poll))).unwrap();
    let seen = Mutex::new(Vec::new());
    let published = job.dir().tally_json();
    let progress = |event: &Event| {
        if let Event::Warning(warning) = event {
            assert!(!published.exists(), "the warning comes before the tally");
            seen.lock().unwrap().push(warning.clone());
        }
    };
    let cancel = Cancel::new();
    let control = Control {
        progress: &progress,
        cancel: &cancel,
    };
    for stage in [StageId::Ingest, StageId::Process, StageId::Tally] {
        job.run(stage, control).unwrap();
    }
    (seen.into_inner().unwrap(), job.status().unwrap().warnings)
}

/// The warnings of a poll with so many voters.
fn warnings(voters: u64) -> Vec<Warning> {
    let poll = folder();
    let params = PollParams {
        state_tree_depth: 4,
        tally_processing_state_tree_depth: 1,
        vote_option_tree_depth: 1,
        message_batch_size: 5,
        vote_options: 5,
        mode: Mode::NonQv,
    };
    write_poll(&Spec::honest(params, voters, voters * 3, 5), poll.path());
    let (seen, kept) = warnings_of(poll.path());
    assert_eq!(kept, seen);
    seen
}

#[test]
fn c_02_counted_messages_of_other_polls_warn_of_a_reused_key() {
    let spec = Spec {
        hostile_percent: 80,
        ..small_spec(Mode::NonQv, 120)
    };
    let poll = testing::simulate(&spec);
    let foreign = poll.outlook.iter().filter(|outlook| {
        outlook.kind == testing::Kind::ForeignPoll && outlook.effect == Effect::Apply
    });
    let warning = Warning::ReusedKey {
        messages: foreign.count() as u64,
    };
    assert_ne!(warning, Warning::ReusedKey { messages: 0 });
    let directory = folder();
    write_poll(&spec, directory.path());
    let (seen, kept) = warnings_of(directory.path());
    // Once when the messages are processed, once before the tally is published.
    assert_eq!(seen.first(), Some(&warning));
    assert_eq!(seen.iter().filter(|seen| **seen == warning).count(), 2);
    assert_eq!(kept.iter().filter(|kept| **kept == warning).count(), 1);
    assert_eq!(warning.code(), "reused_coordinator_key");

    let (seen, _) = warnings_of(&fixture("maci-v3"));
    let reused = |warning: &Warning| matches!(warning, Warning::ReusedKey { .. });
    assert!(!seen.iter().any(reused), "{seen:?}");
}

#[test]
fn c_07_joins_without_a_sign_up_are_reported_at_ingest() {
    let mut poll = testing::simulate(&Spec {
        hostile_percent: 0,
        ..small_spec(Mode::Qv, 3)
    });
    let _ = poll.log.signups.as_mut().unwrap().remove(1);
    let (deployment, logs, keys) = testing::fixture::write(&poll);
    let directory = folder();
    for (name, text) in [
        ("deployment.json", deployment),
        ("logs.json", logs),
        ("keys.json", keys),
    ] {
        fs::write(directory.path().join(name), text).unwrap();
    }
    let warning = Warning::JoinedWithoutSignup {
        state_indices: vec![StateIndex(2)],
    };
    let (seen, kept) = warnings_of(directory.path());
    assert_eq!(seen.first(), Some(&warning));
    assert_eq!(seen, kept);
    assert!(warning.to_string().contains("state index 2 "), "{warning}");
}

#[test]
fn o_12_small_polls_warn_before_the_tally_is_published() {
    assert_eq!(warnings(0), [Warning::NoVotes]);
    assert_eq!(warnings(1), [Warning::OneVoter]);
    assert!(matches!(
        warnings(3)[..],
        [Warning::FewVoters { threshold: 5, .. }, ..]
    ));
    assert_eq!(warnings(12), []);
}
