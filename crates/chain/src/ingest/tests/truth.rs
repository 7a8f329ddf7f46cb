//! N-04 and N-05: whatever a node does, the log is the truth or there is none.

use std::sync::Arc;

use crate::ingest::{Fault, Finality, MemoryStore, Options};
use crate::testing::hostile::{Faults, Hostile, Lie, Random, Scenario};

use super::support::{PATIENCE, client, options, panel, relays, run, worlds};

fn seeds() -> u64 {
    // `cargo xtask test --thorough` asks for ten times as many.
    std::env::var("MACI_HOSTILE_SEEDS")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(1_000)
}

/// Everything at once, in a mixture that follows from the seed.
fn faults(random: &mut Random, head: u64) -> Faults {
    Faults {
        transport_percent: random.below(40),
        timeout_per_mille: if random.chance(3) { 15 } else { 0 },
        silence: PATIENCE * 2,
        content_percent: random.below(40),
        call_percent: if random.chance(20) {
            1 + random.below(5)
        } else {
            0
        },
        lag_percent: random.below(20),
        lag: 1 + random.below(6),
        max_range: if random.chance(50) {
            1 + random.below(20)
        } else {
            u64::MAX
        },
        max_results: if random.chance(50) {
            12 + random.below(30) as usize
        } else {
            usize::MAX
        },
        state_depth: random.chance(30).then(|| random.below(head)),
        truncates: random.chance(50),
        chain_id: None,
        finalized_depth: 4,
        lies: Vec::new(),
        ..Faults::default()
    }
}

/// How a seed ended.
#[derive(Clone, Copy, Debug, Default)]
struct Score {
    right: u64,
    stopped: u64,
    injected: u64,
    requests: u64,
}

fn play(
    server: &Hostile,
    seeds: core::ops::Range<u64>,
    faults: impl Fn(&mut Random, u64) -> Faults,
) -> Score {
    server.play(Scenario::honest(&worlds()[0]));
    let nodes = panel(vec![client(server)]);
    let relays = relays(server);
    let mut score = Score::default();
    for seed in seeds {
        let world = &worlds()[seed as usize % worlds().len()];
        let mut random = Random::new(seed);
        server.play(Scenario {
            faults: faults(&mut random, world.head()),
            seed,
            ..Scenario::honest(world)
        });
        let finality = [Finality::Finalized, Finality::Depth(0), Finality::Depth(2)];
        let options = Options {
            finality: finality[random.below(3) as usize],
            window: 1 + random.below(80),
            ..options()
        };
        let mut store = MemoryStore::default();
        // A lagging node may not show that the poll is over; then one looks again later.
        let mut result = run(&nodes, &relays, world, &options, &mut store);
        while matches!(&result, Ok(outcome) if outcome.log.is_none()) {
            result = run(&nodes, &relays, world, &options, &mut store);
        }
        match result {
            Ok(outcome) => {
                let right = outcome.log.as_ref() == Some(world.log());
                assert!(right, "seed {seed}: a wrong tally");
                score.right += 1;
            }
            Err(error) => {
                eprintln!("seed {seed} stopped: {error}");
                score.stopped += 1;
            }
        }
        let counts = server.counts();
        score.injected += counts.injected;
        score.requests += counts.requests;
    }
    score
}

#[test]
fn n_04_no_seed_of_a_hostile_node_gives_a_wrong_tally() {
    let server = Hostile::start().unwrap();
    let score = play(&server, 0..seeds(), faults);
    eprintln!("{score:?}");
    // A build that gives up at every seed would never tally wrongly either.
    assert!(score.right * 2 > seeds(), "{score:?}");
    assert!(score.injected > seeds());
}

#[test]
fn n_05_three_failures_in_ten_requests_do_not_stop_a_poll() {
    let server = Hostile::start().unwrap();
    let count = (seeds() / 4).max(50);
    let score = play(&server, 0..count, |_, _| Faults {
        transport_percent: 30,
        finalized_depth: 4,
        ..Faults::default()
    });
    eprintln!("{score:?}");
    assert_eq!(score.right, count);
    assert!(score.injected * 4 > score.requests, "{score:?}");
}

#[test]
fn n_04_a_node_that_always_lies_about_one_log_is_named_with_the_blocks() {
    let server = Hostile::start().unwrap();
    let world = &worlds()[10];
    server.play(Scenario::honest(world));
    let nodes = panel(vec![client(&server)]);
    let relays = relays(&server);
    let logs = 2 + 3 + 2 * 10;
    for (state_depth, step) in [(None, 1), (Some(0), 4)] {
        for position in (0..logs).step_by(step) {
            for lie in [
                Lie::Drop(position),
                Lie::DropPair(position),
                Lie::Repeat(position),
                Lie::Swap(position),
                Lie::Edit(position),
            ] {
                server.play(Scenario {
                    faults: Faults {
                        lies: vec![lie],
                        state_depth,
                        ..Faults::default()
                    },
                    ..Scenario::honest(world)
                });
                let mut store = MemoryStore::default();
                let result = run(&nodes, &relays, world, &options(), &mut store);
                match result {
                    // Sign-ups lie between, and a swap of equal contents changes nothing.
                    Ok(outcome) => assert_eq!(
                        outcome.log.as_ref(),
                        Some(world.log()),
                        "{lie:?} {state_depth:?}"
                    ),
                    Err(error) => {
                        let (first, last) = error.blocks().unwrap_or_else(|| {
                            panic!("{lie:?}: {error:?} names no blocks");
                        });
                        assert!(first <= last && last <= world.head(), "{error}");
                        let named = error.batch().is_some()
                            || matches!(
                                error.fault(),
                                Some(Fault::Log(_) | Fault::Contract(_) | Fault::Answer { .. })
                            );
                        assert!(named, "{lie:?}: {error:?}");
                    }
                }
            }
        }
    }
}

/// A run that is stopped goes on where it was, and ends with the same log.
#[test]
fn n_05_a_run_resumes_from_every_block() {
    let server = Hostile::start().unwrap();
    let world = Arc::clone(&worlds()[11]);
    server.play(Scenario::honest(&world));
    let nodes = panel(vec![client(&server)]);
    let relays = relays(&server);
    let mut store = MemoryStore::default();
    let mut finished = 0;
    for last in 21..=world.head() {
        let options = Options {
            last: Some(last),
            ..options()
        };
        let outcome = run(&nodes, &relays, &world, &options, &mut store).unwrap();
        assert!(outcome.tip.unwrap().number <= last);
        finished += u64::from(outcome.log.is_some());
    }
    assert!(finished > 1);
    let outcome = run(&nodes, &relays, &world, &options(), &mut store).unwrap();
    assert_eq!(outcome.log.as_ref(), Some(world.log()));
}
