//! A node that is connected to when it is first asked: one of several that is down is no reason not to ask the others.

use std::fmt;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use maci_protocol::Address;
use maci_protocol::recorded::ChainLog;

use super::rpc::{Block, Header, Rpc};
use crate::client::{Client, ClientOptions, endpoint_name};
use crate::error::Error;

/// The node.
pub struct Lazy {
    url: String,
    name: String,
    options: ClientOptions,
    client: OnceLock<Client>,
    /// After a failure it is left alone for so long.
    rest: Duration,
    failed: Mutex<Option<Instant>>,
}

/// The address may hold an access key.
impl fmt::Debug for Lazy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lazy").field(&self.name).finish()
    }
}

impl Lazy {
    /// The node at an address. One that cannot be reached is left alone for `rest`, so that it does not hold up the others.
    pub fn new(url: &str, options: ClientOptions, rest: Duration) -> Result<Self, Error> {
        Ok(Self {
            url: url.to_owned(),
            name: endpoint_name(url)?,
            options,
            client: OnceLock::new(),
            rest,
            failed: Mutex::new(None),
        })
    }

    fn client(&self) -> Result<&Client, Error> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = Client::connect(&self.url, self.options.clone())?;
        Ok(self.client.get_or_init(|| client))
    }

    fn ask<T>(&self, ask: impl FnOnce(&Client) -> Result<T, Error>) -> Result<T, Error> {
        let failed = || self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let resting = failed().is_some_and(|at| at.elapsed() < self.rest);
        if resting {
            return Err(Error::Connection {
                endpoint: self.name.clone(),
                method: "any".to_owned(),
                reason: "it did not answer a moment ago".to_owned(),
            });
        }
        let answer = self.client().and_then(ask);
        let silent = matches!(
            &answer,
            Err(Error::Connection { .. } | Error::Timeout { .. })
        );
        *failed() = silent.then(Instant::now);
        answer
    }
}

impl Rpc for Lazy {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn chain_id(&self) -> Result<u64, Error> {
        self.ask(Rpc::chain_id)
    }

    fn header(&self, block: Block) -> Result<Option<Header>, Error> {
        self.ask(|client| client.header(block))
    }

    fn logs(&self, first: u64, last: u64, contracts: &[Address]) -> Result<Vec<ChainLog>, Error> {
        self.ask(|client| Rpc::logs(client, first, last, contracts))
    }

    fn call(&self, to: Address, data: &[u8], block: u64) -> Result<Vec<u8>, Error> {
        self.ask(|client| Rpc::call(client, to, data, block))
    }

    fn has_code(&self, address: Address, block: u64) -> Result<bool, Error> {
        self.ask(|client| client.has_code(address, block))
    }
}
