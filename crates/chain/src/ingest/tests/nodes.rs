//! N-06: several nodes that do not agree.

use std::sync::Arc;
use std::time::Duration;

use maci_protocol::recorded::topic;

use crate::ClientOptions;
use crate::client::Backoff;
use crate::error::{Error, Kind};
use crate::ingest::{Fault, Lazy, MemoryStore, Panel, Rpc};
use crate::testing::hostile::{Faults, Hostile, Lie, Scenario};

use super::support::{client, options, panel, relays, run, worlds};

/// Servers, one for each list of lies.
fn servers(lies: &[&[Lie]]) -> Vec<Hostile> {
    lies.iter()
        .map(|lies| {
            let server = Hostile::start().unwrap();
            server.play(Scenario {
                faults: Faults {
                    lies: lies.to_vec(),
                    // No old state, so that nothing but the other node tells.
                    state_depth: Some(2),
                    ..Faults::default()
                },
                ..Scenario::honest(&worlds()[10])
            });
            server
        })
        .collect()
}

fn nodes(servers: &[Hostile]) -> Panel {
    panel(servers.iter().map(client).collect())
}

#[test]
fn n_06_nodes_that_disagree_stop_the_run_with_the_blocks() {
    let world = &worlds()[10];
    for lie in [Lie::Drop(5), Lie::DropPair(7), Lie::Swap(6), Lie::Edit(8)] {
        let servers = servers(&[&[], &[lie]]);
        let mut store = MemoryStore::default();
        let error = run(
            &nodes(&servers),
            &relays(&servers[0]),
            world,
            &options(),
            &mut store,
        );
        let error = error.unwrap_err();
        assert!(
            matches!(error.fault(), Some(Fault::Disagreement { .. })),
            "{lie:?}: {error}"
        );
        assert_eq!(error.kind(), Kind::State);
        let (first, last) = error.blocks().unwrap();
        assert!(first == last, "{lie:?}: {error}");
        let text = error.to_string();
        for server in &servers {
            let port = server.url().rsplit(':').next().unwrap().to_owned();
            assert!(text.contains(&port), "{text}");
        }
    }
}

#[test]
fn n_06_a_quorum_outvotes_one_liar() {
    let world = &worlds()[10];
    let servers = servers(&[&[], &[Lie::DropPair(7), Lie::Edit(3)], &[]]);
    let majority = nodes(&servers).with_quorum(2);
    let mut store = MemoryStore::default();
    let outcome = run(
        &majority,
        &relays(&servers[0]),
        world,
        &options(),
        &mut store,
    )
    .unwrap();
    assert_eq!(outcome.log.as_ref(), Some(world.log()));
    // A node that is down is no vote.
    drop(majority);
    let down = client(&servers[2]);
    let clients: Vec<Box<dyn Rpc>> = vec![
        Box::new(client(&servers[0])),
        Box::new(client(&servers[2])),
        Box::new(Down(down)),
    ];
    let mut store = MemoryStore::default();
    let panel = Panel::new(clients).with_quorum(2);
    let outcome = run(&panel, &relays(&servers[0]), world, &options(), &mut store).unwrap();
    assert_eq!(outcome.log.as_ref(), Some(world.log()));
}

#[test]
fn n_06_a_lagging_node_is_waited_for() {
    let world = &worlds()[10];
    let servers = servers(&[&[], &[]]);
    servers[1].play(Scenario {
        faults: Faults {
            lag_percent: 50,
            lag: 6,
            ..Faults::default()
        },
        ..Scenario::honest(world)
    });
    let mut store = MemoryStore::default();
    let nodes = nodes(&servers);
    let outcome = run(&nodes, &relays(&servers[0]), world, &options(), &mut store).unwrap();
    // The lowest newest block may be one before the poll is over.
    match outcome.log {
        Some(log) => assert_eq!(log, *world.log()),
        None => assert!(outcome.limit.number < world.head()),
    }
}

/// An address at which nobody listens.
fn nobody() -> String {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[test]
fn n_06_a_node_that_cannot_be_reached_is_no_vote_and_no_obstacle() {
    let world = &worlds()[10];
    let servers = servers(&[&[], &[]]);
    let lazy = |url: &str| -> Box<dyn Rpc> {
        let options = ClientOptions {
            backoff: Backoff::ONCE,
            ..ClientOptions::default()
        };
        Box::new(Lazy::new(url, options, Duration::from_mins(1)).unwrap())
    };
    let dead = nobody();
    let urls = [dead.as_str(), &servers[0].url(), &servers[1].url()];
    let three = || Panel::new(urls.iter().map(|url| lazy(url)).collect());
    let read = |panel: &Panel| {
        let mut store = MemoryStore::default();
        run(panel, &relays(&servers[0]), world, &options(), &mut store)
    };
    let outcome = read(&three().with_quorum(2)).unwrap();
    assert_eq!(outcome.log.as_ref(), Some(world.log()));
    let error = read(&three()).unwrap_err();
    assert!(
        matches!(error.fault(), Some(Fault::Node(Error::Connection { .. }))),
        "{error}"
    );
    assert_eq!(error.kind(), Kind::Outside);
    // Another chain is a mistake, whatever the quorum.
    servers[1].play(Scenario {
        faults: Faults {
            chain_id: Some(5),
            ..Faults::default()
        },
        ..Scenario::honest(world)
    });
    let error = read(&three().with_quorum(1)).unwrap_err();
    assert!(
        matches!(error.fault(), Some(Fault::Node(Error::WrongChain { .. }))),
        "{error}"
    );
}

/// What one node says in every answer alike is believed (grade V1): only another node can contradict it.
#[test]
fn n_06_a_node_that_lies_consistently_is_caught_by_other_nodes_alone() {
    let world = &worlds()[7];
    let fork = world.head() - 11;
    let lie = Arc::new(world.fork(11, 1, |log| {
        let message = [
            topic::CHAIN_HASH_UPDATED,
            topic::PUBLISH_MESSAGE,
            topic::IPFS_HASH_ADDED,
        ];
        !message.contains(&log.topics[0]) || log.at.block <= fork
    }));
    let servers: Vec<Hostile> = (0..3)
        .map(|node| {
            let server = Hostile::start().unwrap();
            server.play(Scenario {
                branches: vec![if node == 0 {
                    Arc::clone(&lie)
                } else {
                    world.truth()
                }],
                ..Scenario::honest(world)
            });
            server
        })
        .collect();
    let read = |panel: &Panel| {
        let mut store = MemoryStore::default();
        run(panel, &relays(&servers[0]), world, &options(), &mut store)
    };
    let believed = read(&nodes(&servers[..1])).unwrap().log.unwrap();
    assert!(believed.num_messages() < world.log().num_messages());
    let error = read(&nodes(&servers[..2])).unwrap_err();
    assert!(
        matches!(error.fault(), Some(Fault::Disagreement { .. })),
        "{error}"
    );
    let outcome = read(&nodes(&servers).with_quorum(2)).unwrap();
    assert_eq!(outcome.log.as_ref(), Some(world.log()));
}

/// Answers nothing, from the first question on.
struct Down(crate::Client);

impl Rpc for Down {
    fn name(&self) -> String {
        self.0.endpoint()
    }

    fn chain_id(&self) -> Result<u64, crate::Error> {
        Err(self.down())
    }

    fn header(
        &self,
        _: crate::ingest::rpc::Block,
    ) -> Result<Option<crate::ingest::Header>, crate::Error> {
        Err(self.down())
    }

    fn logs(
        &self,
        _: u64,
        _: u64,
        _: &[maci_protocol::Address],
    ) -> Result<Vec<maci_protocol::recorded::ChainLog>, crate::Error> {
        Err(self.down())
    }

    fn call(&self, _: maci_protocol::Address, _: &[u8], _: u64) -> Result<Vec<u8>, crate::Error> {
        Err(self.down())
    }

    fn has_code(&self, _: maci_protocol::Address, _: u64) -> Result<bool, crate::Error> {
        Err(self.down())
    }
}

impl Down {
    fn down(&self) -> crate::Error {
        crate::Error::Connection {
            endpoint: self.0.endpoint(),
            method: "any".to_owned(),
            reason: "down".to_owned(),
        }
    }
}
