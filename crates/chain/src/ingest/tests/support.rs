//! Polls, nodes and options for the tests.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use maci_protocol::PollId;
use maci_protocol::testing::{Balances, Spec, simulate};
use maci_verifier::{Mode, PollParams};

use crate::client::{Backoff, Client, ClientOptions};
use crate::ingest::{
    Failure, Finality, IngestError, MemoryStore, Options, Outcome, Panel, Relays, Rpc, Target,
    ingest,
};
use crate::testing::hostile::{Hostile, World};
use crate::tls::Roots;

/// Longer than any answer takes, short enough for many of them.
pub(super) const PATIENCE: Duration = Duration::from_millis(400);

pub(super) const QUICK: Backoff = Backoff {
    attempts: 14,
    first: Duration::from_micros(50),
    longest: Duration::from_micros(400),
};

pub(super) fn params(mode: Mode) -> PollParams {
    PollParams {
        state_tree_depth: 3,
        tally_processing_state_tree_depth: 1,
        vote_option_tree_depth: 1,
        message_batch_size: 3,
        vote_options: 5,
        mode,
    }
}

/// Small polls of every mode, some with relayed messages.
pub(super) fn worlds() -> &'static [Arc<World>] {
    static WORLDS: OnceLock<Vec<Arc<World>>> = OnceLock::new();
    WORLDS.get_or_init(|| {
        (0..12)
            .map(|seed| {
                let mode = [Mode::Qv, Mode::NonQv, Mode::Full][seed as usize % 3];
                let poll = simulate(&Spec {
                    hostile_percent: 50,
                    balances: Balances::Equal(100),
                    ..Spec::honest(params(mode), 1 + seed % 4, seed, seed)
                });
                Arc::new(World::new(&poll, |message| {
                    seed % 2 == 0 && message % 4 == 2
                }))
            })
            .collect()
    })
}

/// A poll that takes more than a hundred blocks.
pub(super) fn long_world() -> Arc<World> {
    static WORLD: OnceLock<Arc<World>> = OnceLock::new();
    let make = || {
        let params = PollParams {
            state_tree_depth: 5,
            ..params(Mode::Qv)
        };
        let poll = simulate(&Spec::honest(params, 12, 100, 9));
        Arc::new(World::new(&poll, |_| false))
    };
    Arc::clone(WORLD.get_or_init(make))
}

pub(super) fn client(server: &Hostile) -> Client {
    let options = ClientOptions {
        timeout: PATIENCE,
        backoff: QUICK,
        ..ClientOptions::default()
    };
    // `connect` asks too, and the scenario may refuse.
    Client::connect(&server.url(), options).unwrap()
}

pub(super) fn panel(clients: Vec<Client>) -> Panel {
    let nodes = clients
        .into_iter()
        .map(|client| Box::new(client) as Box<dyn Rpc>);
    Panel::new(nodes.collect())
}

pub(super) fn relays(server: &Hostile) -> Relays {
    let gateway = super::super::RelaySource::Gateway(format!("{}/ipfs", server.url()));
    Relays::new(vec![gateway], PATIENCE, QUICK, &Roots::System).unwrap()
}

pub(super) fn options() -> Options {
    Options {
        finality: Finality::Depth(0),
        backoff: QUICK,
        window: 16,
        max_window: 64,
        ..Options::default()
    }
}

pub(super) fn target(world: &World) -> Target {
    Target {
        maci: world.maci(),
        poll: PollId(0),
    }
}

/// One run into a store.
pub(super) fn run(
    panel: &Panel,
    relays: &Relays,
    world: &World,
    options: &Options,
    store: &mut MemoryStore,
) -> Result<Outcome, IngestError> {
    ingest(panel, relays, target(world), options, store, &()).map_err(|failure| match failure {
        Failure::Ingest(error) => error,
        Failure::Store(never) => match never {},
    })
}
