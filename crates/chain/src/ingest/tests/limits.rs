//! N-05: provider limits, other chains, wrong start blocks.

use crate::client::{Client, ClientOptions};
use crate::error::{Error, Kind};
use crate::ingest::{Fault, Finality, IngestError, MemoryStore, Options, Standing};
use crate::testing::hostile::{Faults, Hostile, Scenario};

use super::support::{client, long_world, options, panel, relays, run, worlds};

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
