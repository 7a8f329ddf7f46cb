//! N-05: provider limits, other chains, wrong start blocks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::client::{Backoff, Client, ClientOptions};
use crate::error::{Error, Kind};
use crate::ingest::{
    Failure, Fault, Finality, IngestError, MemoryStore, Options, Standing, Watch, ingest,
};
use crate::testing::hostile::{Faults, Hostile, Scenario};

use super::support::{client, long_world, options, panel, relays, run, target, worlds};

#[test]
fn n_05_windows_shrink_to_one_block_and_ranges_are_inclusive() {
    let server = Hostile::start().unwrap();
    let world = &worlds()[7];
    for (max_range, max_results, truncates) in [
        (1, usize::MAX, false),
        (2, usize::MAX, false),
        (7, usize::MAX, false),
        (u64::MAX, 8, false),
        (u64::MAX, 8, true),
    ] {
        server.play(Scenario {
            faults: Faults {
                max_range,
                max_results,
                truncates,
                ..Faults::default()
            },
            ..Scenario::honest(world)
        });
        let nodes = panel(vec![client(&server)]);
        let mut store = MemoryStore::default();
        let options = Options {
            window: 5_000,
            max_window: 50_000,
            ..options()
        };
        let outcome = run(&nodes, &relays(&server), world, &options, &mut store).unwrap();
        assert_eq!(
            outcome.log.as_ref(),
            Some(world.log()),
            "{max_range} {max_results}"
        );
        assert!(server.counts().widest <= max_range);
        assert!(server.counts().narrowest >= 1);
    }
}

#[test]
fn n_05_ranges_that_never_arrive_are_asked_for_in_parts() {
    let server = Hostile::start().unwrap();
    let world = &worlds()[7];
    // A proxy that gives up, one that cuts the answer, one that has another name for it; never a word about the range.
    for heavy_status in [504, 502, 0, 524] {
        for heavy_above in [1, 3, 10] {
            server.play(Scenario {
                faults: Faults {
                    heavy_above,
                    heavy_status,
                    ..Faults::default()
                },
                ..Scenario::honest(world)
            });
            let nodes = panel(vec![client(&server)]);
            let mut store = MemoryStore::default();
            let options = Options {
                window: 5_000,
                max_window: 50_000,
                ..options()
            };
            let outcome = run(&nodes, &relays(&server), world, &options, &mut store).unwrap();
            assert_eq!(outcome.log.as_ref(), Some(world.log()));
            assert!(server.counts().widest <= heavy_above);
        }
    }
}

#[test]
fn n_05_an_end_whose_state_nodes_forgot_is_proved_at_a_newer_block() {
    let server = Hostile::start().unwrap();
    let world = long_world();
    let (short, long) = (
        world.cut(world.head(), 0, 0),
        world.cut(world.head(), 60, 0),
    );
    let branches = vec![Arc::new(short), Arc::new(long)];
    for request in [30, 60, 90, 120] {
        server.play(Scenario {
            branches: branches.clone(),
            switches: vec![(request, 1)],
            faults: Faults {
                state_depth: Some(20),
                ..Faults::default()
            },
            ..Scenario::honest(&world)
        });
        let nodes = panel(vec![client(&server)]);
        let mut store = MemoryStore::default();
        let first = Options {
            // Finding it takes old state.
            first: Some(0),
            ..options()
        };
        let outcome = run(&nodes, &relays(&server), &world, &first, &mut store).unwrap();
        assert_eq!(outcome.log.as_ref(), Some(world.log()), "{request}");
    }
}

#[test]
fn a_poll_that_is_not_final_yet_is_waited_for_and_one_that_never_was_is_not() {
    let server = Hostile::start().unwrap();
    let world = &worlds()[7];
    let read = |branch, finalized_depth| {
        server.play(Scenario {
            branches: vec![branch],
            faults: Faults {
                finalized_depth,
                ..Faults::default()
            },
            ..Scenario::honest(world)
        });
        let finalised = Options {
            finality: Finality::Finalized,
            ..options()
        };
        let nodes = panel(vec![client(&server)]);
        let mut store = MemoryStore::default();
        run(&nodes, &relays(&server), world, &finalised, &mut store)
    };
    let young = read(world.truth(), world.head() - 19).unwrap_err();
    assert!(
        matches!(young, IngestError::NotFinal { block: 19, .. }),
        "{young}"
    );
    assert_eq!(young.kind(), Kind::Outside);
    // Even MACI is not there at the last block that counts.
    let younger = read(world.truth(), world.head() - 10).unwrap_err();
    assert!(matches!(younger, IngestError::NotFinal { .. }), "{younger}");
    // One that is nowhere, neither at the last block that counts nor at the newest.
    let nodes = panel(vec![client(&server)]);
    let mut store = MemoryStore::default();
    let never = run(
        &nodes,
        &relays(&server),
        &worlds()[2],
        &options(),
        &mut store,
    );
    let never = never.unwrap_err();
    assert!(
        matches!(never.fault(), Some(Fault::Node(Error::NoCode { .. }))),
        "{never}"
    );
    assert_eq!(never.kind(), Kind::State);
}

#[test]
fn a_first_block_that_was_wrong_is_corrected_in_the_same_store() {
    let server = Hostile::start().unwrap();
    let world = &worlds()[7];
    server.play(Scenario::honest(world));
    let nodes = panel(vec![client(&server)]);
    let relays = relays(&server);
    let mut store = MemoryStore::default();
    let from = |first| Options { first, ..options() };
    assert!(run(&nodes, &relays, world, &from(Some(25)), &mut store).is_err());
    let outcome = run(&nodes, &relays, world, &from(Some(18)), &mut store).unwrap();
    assert_eq!(outcome.log.as_ref(), Some(world.log()));
    // Whoever names none goes on with it.
    let outcome = run(&nodes, &relays, world, &from(None), &mut store).unwrap();
    assert_eq!(outcome.log.as_ref(), Some(world.log()));
}

#[test]
fn n_02_batch_hashes_that_were_padded_before_the_last_message_are_named() {
    let server = Hostile::start().unwrap();
    let mut named = 0;
    for world in worlds() {
        server.play(Scenario {
            branches: vec![Arc::new(world.padded_early())],
            ..Scenario::honest(world)
        });
        let nodes = panel(vec![client(&server)]);
        let mut store = MemoryStore::default();
        let result = run(&nodes, &relays(&server), world, &options(), &mut store);
        let messages = world.log().num_messages();
        match result {
            // The last message filled its batch, or nobody padded anything away.
            Ok(outcome) => {
                assert_eq!(outcome.log.as_ref(), Some(world.log()));
                assert!(messages.is_multiple_of(3) || messages == 1, "{messages}");
            }
            Err(error) => {
                assert_eq!(error.code(), "padded_early", "{error}");
                assert_eq!(error.kind(), Kind::State);
                named += 1;
            }
        }
        let requests = server.counts().requests;
        // The log is right: nothing of it is read again.
        assert!(requests < 400, "{requests}");
    }
    assert!(named >= 4, "{named}");
}

struct Stopped(Arc<AtomicBool>);

impl Watch for Stopped {
    fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// A node that hangs, a client that would wait for an hour: the test ends only because it is told to stop.
#[test]
fn o_09_a_hanging_node_does_not_keep_a_run_from_stopping() {
    let server = Hostile::start().unwrap();
    let world = &worlds()[7];
    server.play(Scenario::honest(world));
    let stop = Arc::new(AtomicBool::new(false));
    let patient = ClientOptions {
        timeout: Duration::from_hours(1),
        stop: Arc::clone(&stop),
        ..ClientOptions::default()
    };
    let nodes = panel(vec![Client::connect(&server.url(), patient).unwrap()]);
    server.play(Scenario {
        faults: Faults {
            timeout_per_mille: 1_000,
            silence: Duration::from_hours(1),
            ..Faults::default()
        },
        ..Scenario::honest(world)
    });
    let signal = Arc::clone(&stop);
    let stopper = thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        signal.store(true, Ordering::SeqCst);
    });
    let mut store = MemoryStore::default();
    let relays = relays(&server);
    let slow = Options {
        backoff: Backoff {
            attempts: 1_000,
            first: Duration::from_hours(1),
            longest: Duration::from_hours(1),
        },
        ..options()
    };
    let result = ingest(
        &nodes,
        &relays,
        target(world),
        &slow,
        &mut store,
        &Stopped(stop),
    );
    assert!(matches!(
        result,
        Err(Failure::Ingest(IngestError::Cancelled))
    ));
    stopper.join().unwrap();
}

#[test]
fn n_05_another_chain_is_refused() {
    let server = Hostile::start().unwrap();
    let world = &worlds()[1];
    server.play(Scenario::honest(world));
    let nodes = panel(vec![client(&server)]);
    let mut store = MemoryStore::default();
    let wanted = Options {
        chain_id: Some(1),
        ..options()
    };
    let error = run(&nodes, &relays(&server), world, &wanted, &mut store).unwrap_err();
    let wrong =
        |error: &IngestError| matches!(error.fault(), Some(Fault::Node(Error::WrongChain { .. })));
    assert!(wrong(&error), "{error}");
    assert_eq!(error.kind(), Kind::State);

    // The same store later, behind another node.
    run(&nodes, &relays(&server), world, &options(), &mut store).unwrap();
    server.play(Scenario {
        faults: Faults {
            chain_id: Some(5),
            ..Faults::default()
        },
        ..Scenario::honest(world)
    });
    let error = run(&nodes, &relays(&server), world, &options(), &mut store).unwrap_err();
    assert!(wrong(&error), "{error}");
}

#[test]
fn n_05_start_and_end_are_honoured_and_a_late_start_is_named() {
    let server = Hostile::start().unwrap();
    let world = &worlds()[7];
    server.play(Scenario::honest(world));
    let nodes = panel(vec![client(&server)]);
    let relays = relays(&server);
    // Any start up to the poll's own block will do.
    for first in [0, 5, 18, 21] {
        let options = Options {
            first: Some(first),
            ..options()
        };
        let mut store = MemoryStore::default();
        let outcome = run(&nodes, &relays, world, &options, &mut store).unwrap();
        assert_eq!(outcome.log.as_ref(), Some(world.log()), "{first}");
    }
    // Later ones miss messages.
    for first in [22, 25, world.head()] {
        let options = Options {
            first: Some(first),
            ..options()
        };
        let mut store = MemoryStore::default();
        let error = run(&nodes, &relays, world, &options, &mut store).unwrap_err();
        let (begins, ends) = error.blocks().unwrap();
        assert!(begins >= first && begins <= ends, "{error}");
    }
    let options = Options {
        first: Some(world.head() + 1),
        ..options()
    };
    let error = run(
        &nodes,
        &relays,
        world,
        &options,
        &mut MemoryStore::default(),
    )
    .unwrap_err();
    assert!(matches!(error, IngestError::Range { .. }), "{error}");
}

#[test]
fn a_poll_that_is_open_or_not_merged_is_no_error() {
    let server = Hostile::start().unwrap();
    let world = long_world();
    for (last, standing) in [(60, Standing::Open), (world.head(), Standing::Complete)] {
        server.play(Scenario::honest(&world));
        let nodes = panel(vec![client(&server)]);
        let options = Options {
            last: Some(last),
            ..options()
        };
        let mut store = MemoryStore::default();
        let outcome = run(&nodes, &relays(&server), &world, &options, &mut store).unwrap();
        assert_eq!(outcome.standing, standing);
        assert_eq!(outcome.log.is_some(), standing == Standing::Complete);
    }
}

#[test]
fn only_blocks_that_count_are_read() {
    let server = Hostile::start().unwrap();
    let world = long_world();
    for (finality, behind) in [
        (Finality::Finalized, 30),
        (Finality::Safe, 15),
        (Finality::Depth(12), 12),
        (Finality::Depth(0), 0),
    ] {
        server.play(Scenario {
            faults: Faults {
                finalized_depth: 30,
                ..Faults::default()
            },
            ..Scenario::honest(&world)
        });
        let nodes = panel(vec![client(&server)]);
        let options = Options {
            finality,
            ..options()
        };
        let mut store = MemoryStore::default();
        let outcome = run(&nodes, &relays(&server), &world, &options, &mut store).unwrap();
        assert_eq!(outcome.limit.number, world.head() - behind);
        assert!(outcome.tip.unwrap().number <= outcome.limit.number);
        assert_eq!(outcome.log.is_some(), behind < 8, "{finality}");
    }
}

#[test]
fn a_node_that_is_not_there_or_knows_no_such_contract_is_named() {
    assert!(
        Client::connect(
            "http://127.0.0.1:9",
            ClientOptions {
                backoff: crate::client::Backoff::ONCE,
                ..ClientOptions::default()
            }
        )
        .is_err()
    );
    let server = Hostile::start().unwrap();
    let (world, other) = (&worlds()[1], &worlds()[2]);
    server.play(Scenario::honest(world));
    let nodes = panel(vec![client(&server)]);
    let error = run(
        &nodes,
        &relays(&server),
        other,
        &options(),
        &mut MemoryStore::default(),
    );
    let error = error.unwrap_err();
    assert!(
        matches!(error.fault(), Some(Fault::Node(Error::NoCode { .. }))),
        "{error}"
    );
}
