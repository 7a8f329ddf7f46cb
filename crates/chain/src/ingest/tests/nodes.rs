//! N-06: several nodes that do not agree.

use crate::error::Kind;
use crate::ingest::{Fault, MemoryStore, Panel, Rpc};
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

/// Answers one question, and then no more.
struct Down(crate::Client);

impl Rpc for Down {
    fn name(&self) -> String {
        self.0.endpoint()
    }

    fn chain_id(&self) -> Result<u64, crate::Error> {
        Ok(self.0.chain_id())
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
