//! N-03: the chain changes its mind.

use std::sync::Arc;

use maci_protocol::recorded::{ChainLog, topic};

use crate::ingest::{Finality, MemoryStore, Options, Outcome, Store};
use crate::testing::hostile::{Branch, Faults, Hostile, Random, Scenario, World};

use super::support::{client, long_world, options, panel, relays, run, worlds};

/// A chain without the poll's last messages, so that its log is another one.
fn other(world: &World, depth: u64, salt: u64) -> Arc<Branch> {
    let fork = world.head() - depth;
    Arc::new(world.fork(depth, salt, |log| {
        let message = [topic::CHAIN_HASH_UPDATED, topic::PUBLISH_MESSAGE]
            .contains(log.topics.first().unwrap());
        !message || log.at.block <= fork + 2
    }))
}

/// What is kept of the poll, block hashes included.
fn logs(store: &MemoryStore, outcome: &Outcome) -> Vec<ChainLog> {
    let mut logs = Vec::new();
    let Ok(()) = store.logs(&mut |log| {
        if log.at.block <= outcome.closing_block {
            logs.push(log);
        }
        Ok(())
    });
    logs
}

#[test]
fn n_03_reorganisations_of_depth_1_to_64_are_rolled_back() {
    let server = Hostile::start().unwrap();
    let world = long_world();
    server.play(Scenario::honest(&world));
    let nodes = panel(vec![client(&server)]);
    let relays = relays(&server);
    let mut differing = 0;
    for depth in 1..=64 {
        let mut store = MemoryStore::default();
        server.play(Scenario {
            branches: vec![other(&world, depth, depth)],
            ..Scenario::honest(&world)
        });
        // The other chain, to its newest block: what it says counts as long as it lasts.
        let before = run(&nodes, &relays, &world, &options(), &mut store).unwrap();
        differing += u64::from(before.log.as_ref() != Some(world.log()));
        // Then the poll's own chain.
        server.play(Scenario::honest(&world));
        let after = run(&nodes, &relays, &world, &options(), &mut store).unwrap();
        assert_eq!(after.log.as_ref(), Some(world.log()), "depth {depth}");
        let mut fresh = MemoryStore::default();
        let sync = run(&nodes, &relays, &world, &options(), &mut fresh).unwrap();
        assert_eq!(sync.log, after.log, "depth {depth}");
        assert_eq!(sync.closing_block, after.closing_block, "depth {depth}");
        assert!(logs(&fresh, &sync) == logs(&store, &after), "depth {depth}");
    }
    assert!(differing > 40, "{differing}");
}

#[test]
fn n_03_reorganisations_while_reading_are_noticed() {
    let server = Hostile::start().unwrap();
    let world = long_world();
    server.play(Scenario::honest(&world));
    let nodes = panel(vec![client(&server)]);
    let relays = relays(&server);
    let mut random = Random::new(3);
    for round in 0..40 {
        let branches: Vec<_> = (1..=3)
            .map(|salt| other(&world, 1 + random.below(64), salt))
            .chain([world.truth()])
            .collect();
        let mut at = 0;
        let switches = (0..4)
            .map(|branch| {
                let switch = (at, branch);
                at += 1 + random.below(120);
                switch
            })
            .collect();
        server.play(Scenario {
            branches,
            switches,
            seed: round,
            ..Scenario::honest(&world)
        });
        let mut store = MemoryStore::default();
        // A run may end on a chain that is replaced later; the next one finds out.
        for _ in 0..2 {
            let _ = run(&nodes, &relays, &world, &options(), &mut store);
        }
        while server.counts().requests <= at {
            let _ = run(&nodes, &relays, &world, &options(), &mut store);
        }
        let outcome = run(&nodes, &relays, &world, &options(), &mut store).unwrap();
        assert_eq!(outcome.log.as_ref(), Some(world.log()), "round {round}");
    }
}

/// Blocks that are final are not touched by reorganisations above them, even while these happen.
#[test]
fn n_03_what_is_final_needs_no_rolling_back() {
    let server = Hostile::start().unwrap();
    let world = long_world();
    for (round, finality) in [(1, Finality::Finalized), (2, Finality::Depth(20))] {
        let branches: Vec<_> = (1..=3)
            .map(|salt| other(&world, 6 + salt, salt))
            .chain([world.truth()])
            .collect();
        server.play(Scenario {
            branches,
            switches: vec![(0, 0), (30, 1), (60, 2), (90, 3)],
            seed: round,
            faults: Faults {
                finalized_depth: 20,
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
        assert!(outcome.log.is_none());
        assert!(outcome.tip.unwrap().number <= world.head() - 19);
        server.play(Scenario::honest(&world));
        let after = Options {
            finality: Finality::Depth(0),
            ..options
        };
        let outcome = run(&nodes, &relays(&server), &world, &after, &mut store).unwrap();
        assert_eq!(outcome.log.as_ref(), Some(world.log()));
    }
}

/// A poll of another chain whose blocks are all replaced, even those before MACI.
#[test]
fn n_03_a_chain_without_any_kept_block_is_read_from_the_start() {
    let server = Hostile::start().unwrap();
    let world = &worlds()[9];
    server.play(Scenario {
        branches: vec![Arc::new(world.fork(world.head(), 5, |_| true))],
        ..Scenario::honest(world)
    });
    let nodes = panel(vec![client(&server)]);
    let mut store = MemoryStore::default();
    run(&nodes, &relays(&server), world, &options(), &mut store).unwrap();
    server.play(Scenario::honest(world));
    let outcome = run(&nodes, &relays(&server), world, &options(), &mut store).unwrap();
    assert_eq!(outcome.log.as_ref(), Some(world.log()));
}
