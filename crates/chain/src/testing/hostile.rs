//! A node that lies, lags and fails: a real HTTP server on loopback over a chain made from a simulated poll.
//!
//! Everything it does wrong follows from a seed, so a failed seed can be run again. [`world`] is the honest chain and its
//! contracts, [`faults`] what is done to the answers, `http` the wire.

pub mod faults;
mod http;
mod world;

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

pub use faults::{Faults, Lie, Random};
pub use world::{Branch, World};

/// What the server plays.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The contracts and the contents of relayed batches.
    pub world: Arc<World>,
    /// The chain, and other chains that it may become.
    pub branches: Vec<Arc<Branch>>,
    /// After so many requests, so-and-so many branches on: `(request, branch)` in ascending order.
    pub switches: Vec<(u64, usize)>,
    /// What goes wrong.
    pub faults: Faults,
    /// Everything random follows from it.
    pub seed: u64,
}

impl Scenario {
    /// An honest node of one chain.
    pub fn honest(world: &Arc<World>) -> Self {
        Self {
            world: Arc::clone(world),
            branches: vec![world.truth()],
            switches: Vec::new(),
            faults: Faults::default(),
            seed: 0,
        }
    }
}

/// What the server counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests in all.
    pub requests: u64,
    /// Requests that were answered wrongly or not at all.
    pub injected: u64,
    /// The most blocks of one accepted request for logs.
    pub widest: u64,
    /// The fewest blocks of one accepted request for logs.
    pub narrowest: u64,
}

#[derive(Debug)]
struct State {
    scenario: Option<Scenario>,
    random: Random,
    counts: Counts,
    /// Files that the gateway serves, by CID.
    files: BTreeMap<String, Vec<u8>>,
}

/// The server. It stops when dropped.
#[derive(Debug)]
pub struct Hostile {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    stop: Arc<AtomicBool>,
    acceptor: Option<JoinHandle<()>>,
}

impl Hostile {
    /// Listens on a free port of loopback.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State {
            scenario: None,
            random: Random::new(0),
            counts: Counts::default(),
            files: BTreeMap::new(),
        }));
        let stop = Arc::new(AtomicBool::new(false));
        let acceptor = {
            let (state, stop) = (Arc::clone(&state), Arc::clone(&stop));
            thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    let (state, stop) = (Arc::clone(&state), Arc::clone(&stop));
                    // A connection that breaks is the client's business.
                    thread::spawn(move || http::serve(stream, &state, &stop));
                }
            })
        };
        Ok(Self {
            address,
            state,
            stop,
            acceptor: Some(acceptor),
        })
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Plays another scenario from its beginning.
    pub fn play(&self, scenario: Scenario) {
        let mut state = lock(&self.state);
        state.random = Random::new(scenario.seed);
        state.counts = Counts {
            narrowest: u64::MAX,
            ..Counts::default()
        };
        state.scenario = Some(scenario);
    }

    /// Puts a file behind the gateway at `/ipfs/`.
    pub fn put_file(&self, cid: String, content: Vec<u8>) {
        lock(&self.state).files.insert(cid, content);
    }

    /// What was counted since the scenario began.
    pub fn counts(&self) -> Counts {
        lock(&self.state).counts
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the acceptor.
        let _ = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
