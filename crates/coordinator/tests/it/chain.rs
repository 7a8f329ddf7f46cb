//! A job whose poll is on a chain: real HTTP to a node that misbehaves, the same rows and files as from a recording.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use maci_chain::client::Backoff;
use maci_chain::ingest::{
    Finality, Options as IngestOptions, Panel, RelaySource, Relays, Rpc, Target,
};
use maci_chain::testing::hostile::{Branch, Faults, Hostile, Lie, Scenario, World};
use maci_chain::{Client, ClientOptions, Roots};
use maci_coordinator::{ChainSource, Error, ExitClass, Job, Options, Recorded, Source, StageId};
use maci_protocol::PollId;
use maci_protocol::keys::{CoordinatorKey, PrivateKey};
use maci_protocol::recorded::topic;
use maci_protocol::testing::simulate;
use maci_verifier::Mode;

use crate::support::{NoKeys, Quiet, artefacts, folder, keys, small_spec};

const QUICK: Backoff = Backoff {
    attempts: 8,
    first: Duration::from_micros(50),
    longest: Duration::from_micros(400),
};

/// A small poll, some of its messages relayed, and its coordinator's key.
fn poll(messages: u64) -> (Arc<World>, CoordinatorKey) {
    let poll = simulate(&small_spec(Mode::Qv, messages));
    let world = World::new(&poll, |message| message % 3 == 1);
    (Arc::new(world), poll.coordinator)
}

/// Keys cannot be cloned, on purpose.
fn copy(key: &CoordinatorKey) -> CoordinatorKey {
    CoordinatorKey::new(PrivateKey::deserialise(&key.private().serialise()).unwrap())
}

fn source(server: &Hostile, world: &World) -> Source {
    let options = ClientOptions {
        timeout: Duration::from_secs(5),
        backoff: QUICK,
        ..ClientOptions::default()
    };
    let node: Box<dyn Rpc> = Box::new(Client::connect(&server.url(), options).unwrap());
    let target = Target {
        maci: world.maci(),
        poll: PollId(0),
    };
    let mut source = ChainSource::new(Panel::new(vec![node]), target);
    let gateway = RelaySource::Gateway(format!("{}/ipfs", server.url()));
    source.relays =
        Relays::new(vec![gateway], Duration::from_secs(5), QUICK, &Roots::System).unwrap();
    let mut options = IngestOptions::default();
    options.finality = Finality::Depth(0);
    options.window = 7;
    options.backoff = QUICK;
    source.options = options;
    source.into()
}

fn native(data: &Path, source: Source, key: Option<CoordinatorKey>) -> Job {
    Job::open(
        data,
        Some(source),
        key,
        Arc::new(NoKeys),
        Options::default(),
    )
    .unwrap()
}

#[test]
fn a_poll_from_a_chain_and_its_export_give_the_same_rows_and_files() {
    let (world, key) = poll(4);
    let server = Hostile::start().unwrap();
    server.play(Scenario {
        faults: Faults {
            transport_percent: 20,
            content_percent: 20,
            ..Faults::default()
        },
        seed: 5,
        ..Scenario::honest(&world)
    });
    let quiet = Quiet::new();
    let (from_chain, exported, from_files) = (folder(), folder(), folder());
    let again = || copy(&key);
    let open = |data: &Path, source: Source| {
        Job::open(
            data,
            Some(source),
            Some(again()),
            keys(),
            Options::default(),
        )
        .unwrap()
    };
    let mut job = open(from_chain.path(), source(&server, &world));
    let status = job.run_all(quiet.control()).unwrap();
    assert_eq!(*job.log().unwrap(), *world.log());
    job.export_recorded(exported.path()).unwrap();
    assert!(exported.path().join("relayed").is_dir());
    // Files made twice are the same files.
    let logs = std::fs::read(exported.path().join("logs.json")).unwrap();
    job.export_recorded(exported.path()).unwrap();
    assert!(std::fs::read(exported.path().join("logs.json")).unwrap() == logs);

    let recorded = Recorded::directory(exported.path());
    let mut other = open(from_files.path(), recorded.clone().into());
    let other_status = other.run_all(quiet.control()).unwrap();
    // The whole row, digests of both files included.
    assert_eq!(other_status.poll, status.poll);
    assert_eq!(other_status.stages, status.stages);
    assert_eq!(other_status.results, status.results);
    let (ours, theirs) = (other.log().unwrap(), job.log().unwrap());
    assert_eq!(ours.leaves, theirs.leaves);
    assert_eq!(ours.messages, theirs.messages);
    assert_eq!(ours.batch_hashes, theirs.batch_hashes);
    assert!(artefacts(from_chain.path()) == artefacts(from_files.path()));
    drop(job);

    // A journal from a chain goes on from the exported files, and the other way round it refuses.
    let mut job = open(from_chain.path(), recorded.into());
    assert!(job.ingest(quiet.control()).unwrap().is_complete());
    drop(other);
    let mut job = open(from_files.path(), source(&server, &world));
    let error = job.ingest(quiet.control()).unwrap_err();
    assert!(matches!(error, Error::OtherSource), "{error}");
    assert_eq!(error.class(), ExitClass::Conflict);
}

/// A chain on which the last messages are missing.
fn other(world: &World, depth: u64) -> Arc<Branch> {
    let fork = world.head() - depth;
    Arc::new(world.fork(depth, 1, |log| {
        let message = [
            topic::CHAIN_HASH_UPDATED,
            topic::PUBLISH_MESSAGE,
            topic::IPFS_HASH_ADDED,
        ]
        .contains(&log.topics[0]);
        !message || log.at.block <= fork
    }))
}

#[test]
fn n_03_a_reorganisation_unwinds_every_stage_and_ends_like_a_fresh_sync() {
    let (world, key) = poll(9);
    let server = Hostile::start().unwrap();
    let quiet = Quiet::new();
    let again = || Some(copy(&key));
    let stages = [StageId::Ingest, StageId::Process, StageId::Tally];
    for depth in [11, 13, 15] {
        let data = folder();
        server.play(Scenario {
            branches: vec![other(&world, depth)],
            ..Scenario::honest(&world)
        });
        let mut job = native(data.path(), source(&server, &world), again());
        for stage in stages {
            assert!(job.run(stage, quiet.control()).unwrap().is_complete());
        }
        let before = job.status().unwrap();
        assert!(before.poll.as_ref().unwrap().messages < world.log().num_messages());
        drop(job);

        server.play(Scenario::honest(&world));
        let mut job = native(data.path(), source(&server, &world), again());
        assert!(job.ingest(quiet.control()).unwrap().is_complete());
        let status = job.status().unwrap();
        for (stage, at) in &status.stages {
            assert_eq!(at.is_complete(), *stage == StageId::Ingest, "{stage}");
        }
        assert!(status.results.is_none());
        // MACI's result file of the other chain is no artefact of this one.
        assert!(!job.dir().tally_json().exists());
        for stage in stages {
            assert!(job.run(stage, quiet.control()).unwrap().is_complete());
        }
        let fresh = folder();
        let mut sync = native(fresh.path(), source(&server, &world), again());
        for stage in stages {
            sync.run(stage, quiet.control()).unwrap();
        }
        assert_eq!(
            job.status().unwrap().results,
            sync.status().unwrap().results
        );
        assert_eq!(job.status().unwrap().poll, sync.status().unwrap().poll);
        assert_eq!(*job.log().unwrap(), *sync.log().unwrap());
    }
}

/// A tip that is replaced by another with the same logs, which is what most reorganisations are, costs no work that was done.
#[test]
fn n_03_a_reorganisation_without_other_logs_keeps_every_stage() {
    let (world, key) = poll(9);
    let server = Hostile::start().unwrap();
    let quiet = Quiet::new();
    let stages = [StageId::Ingest, StageId::Process, StageId::Tally];
    let data = folder();
    server.play(Scenario::honest(&world));
    let mut job = native(data.path(), source(&server, &world), Some(copy(&key)));
    for stage in stages {
        assert!(job.run(stage, quiet.control()).unwrap().is_complete());
    }
    let before = job.status().unwrap();
    let tally = std::fs::read(job.dir().tally_json()).unwrap();
    drop(job);

    // The same events to the merge, and other blocks after it.
    let merge = world.log().end_time;
    let last = (0..=world.head())
        .find(|number| world.truth().time(*number) > merge)
        .unwrap();
    server.play(Scenario {
        branches: vec![Arc::new(world.cut(last, 12, 7))],
        ..Scenario::honest(&world)
    });
    let mut job = native(data.path(), source(&server, &world), Some(copy(&key)));
    assert!(job.ingest(quiet.control()).unwrap().is_complete());
    let after = job.status().unwrap();
    assert_eq!(after.stages, before.stages);
    assert_eq!(after.poll, before.poll);
    assert_eq!(after.results, before.results);
    assert_eq!(std::fs::read(job.dir().tally_json()).unwrap(), tally);
    // The blocks are the other chain's: nothing is asked a second time.
    let requests = server.counts().requests;
    assert!(job.ingest(quiet.control()).unwrap().is_complete());
    assert!(server.counts().requests - requests <= 2);
}

#[test]
fn an_open_poll_is_read_as_far_as_it_is_and_resumed_later() {
    let (world, _) = poll(9);
    let server = Hostile::start().unwrap();
    let quiet = Quiet::new();
    let data = folder();
    for last in [24, 28, 31] {
        server.play(Scenario {
            branches: vec![Arc::new(world.cut(last, 0, 0))],
            ..Scenario::honest(&world)
        });
        let mut job = native(data.path(), source(&server, &world), None);
        let error = job.ingest(quiet.control()).unwrap_err();
        assert!(matches!(error, Error::PollNotOver { .. }), "{error}");
        assert_eq!(error.code(), "poll_open");
        assert_eq!(error.class(), ExitClass::Outside);
    }
    server.play(Scenario::honest(&world));
    let mut job = native(data.path(), source(&server, &world), None);
    assert!(job.ingest(quiet.control()).unwrap().is_complete());
    let log = job.log().unwrap();
    assert_eq!(*log, *world.log());
    // Few requests: the chain is only asked whether the last block still stands.
    let before = server.counts().requests;
    assert!(job.ingest(quiet.control()).unwrap().is_complete());
    assert!(server.counts().requests - before <= 2);
}

#[test]
fn n_04_a_lying_node_leaves_evidence_and_no_rows() {
    let (world, _) = poll(9);
    let server = Hostile::start().unwrap();
    server.play(Scenario {
        faults: Faults {
            lies: vec![Lie::DropPair(9)],
            ..Faults::default()
        },
        ..Scenario::honest(&world)
    });
    let quiet = Quiet::new();
    let data = folder();
    let mut job = native(data.path(), source(&server, &world), None);
    let error = job.ingest(quiet.control()).unwrap_err();
    assert_eq!(error.code(), "incomplete_logs");
    assert_eq!(error.class(), ExitClass::Conflict);
    assert!(job.status().unwrap().poll.is_none());
    let evidence = std::fs::read_to_string(job.dir().evidence()).unwrap();
    let evidence: serde_json::Value = serde_json::from_str(&evidence).unwrap();
    let (first, last) = (&evidence["first_block"], &evidence["last_block"]);
    assert!(
        first.as_u64().unwrap() <= last.as_u64().unwrap(),
        "{evidence}"
    );
    // What was read before the lie is kept, and an honest node completes it.
    server.play(Scenario::honest(&world));
    assert!(job.ingest(quiet.control()).unwrap().is_complete());
    assert!(!job.dir().evidence().exists());
    assert_eq!(*job.log().unwrap(), *world.log());
}
