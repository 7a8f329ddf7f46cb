//! A node behind one blocking handle: reads with retries, and transactions (see [`transact`]).
//!
//! Reads that fail for a reason that may pass (no connection, timeouts, rate limits, server errors, unreadable answers)
//! are repeated after a growing, jittered pause. What sends a transaction is never repeated blindly.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use alloy::eips::{BlockId, BlockNumberOrTag};
use alloy::primitives::{Address, B256, Bytes, U64, U256};
use alloy::rpc::client::RpcClient;
use alloy::rpc::json_rpc::{RpcRecv, RpcSend};
use alloy::rpc::types::{
    Block, Filter, Log, TransactionInput, TransactionReceipt, TransactionRequest,
};
use alloy::sol_types::SolCall;
use alloy::transports::http::reqwest;
use tokio::runtime::{Builder, Runtime};

use crate::error::Error;
use crate::tls::{self, Roots};
use crate::wallet::Wallet;

mod endpoint;
mod retry;
pub mod transact;

use endpoint::Endpoint;
pub use retry::Backoff;
pub use transact::{Call, Quote, SignedCall};

/// How long an answer is waited for after the request to stop (O-09).
const LAST_ANSWER: Duration = Duration::from_secs(3);

/// How a node is asked.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// The longest wait for one answer.
    pub timeout: Duration,
    /// How reads are repeated.
    pub backoff: Backoff,
    /// The chain that the node must serve.
    pub chain_id: Option<u64>,
    /// How long a transaction is waited for.
    pub inclusion_timeout: Duration,
    /// The pause between two looks for a receipt.
    pub poll_interval: Duration,
    /// Once this is set, nothing is asked again, and an answer that is on its way is waited for only a little longer.
    pub stop: Arc<AtomicBool>,
    /// Whose certificates are believed of a node behind https://.
    pub roots: Roots,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            backoff: Backoff::default(),
            chain_id: None,
            inclusion_timeout: Duration::from_mins(5),
            poll_interval: Duration::from_millis(500),
            stop: Arc::default(),
            roots: Roots::System,
        }
    }
}

/// A node, and the key that signs what is sent through it.
#[derive(Debug)]
pub struct Client {
    runtime: Runtime,
    rpc: RpcClient,
    endpoint: Endpoint,
    options: ClientOptions,
    chain_id: u64,
    wallet: Option<Wallet>,
}

impl Client {
    /// Connects and asks which chain the node serves; another chain than the wanted one is refused.
    pub fn connect(url: &str, options: ClientOptions) -> Result<Self, Error> {
        let endpoint = Endpoint::parse(url)?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("maci-chain")
            .enable_all()
            .build()
            .map_err(|error| Error::Start(error.to_string()))?;
        let mut http = tls::http(endpoint.is_encrypted(), &options.roots)?
            .timeout(options.timeout)
            .connect_timeout(options.timeout)
            .redirect(reqwest::redirect::Policy::none());
        if endpoint.is_loopback() {
            http = http.no_proxy();
        }
        let http = http
            .build()
            .map_err(|error| Error::Start(error.to_string()))?;
        let rpc = RpcClient::new_http_with_client(http, endpoint.url().clone());
        let mut client = Self {
            runtime,
            rpc,
            endpoint,
            options,
            chain_id: 0,
            wallet: None,
        };
        client.chain_id = client.request::<_, U64>("eth_chainId", ())?.to();
        match client.options.chain_id {
            Some(expected) if expected != client.chain_id => Err(Error::WrongChain {
                endpoint: client.endpoint.to_string(),
                expected,
                found: client.chain_id,
            }),
            _ => Ok(client),
        }
    }

    /// The same client with a key that signs transactions.
    #[must_use]
    pub fn with_wallet(mut self, wallet: Wallet) -> Self {
        self.wallet = Some(wallet);
        self
    }

    /// The chain that the node serves.
    pub fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// The node's address without credentials, path and query.
    pub fn endpoint(&self) -> String {
        self.endpoint.to_string()
    }

    /// How the node is asked.
    pub fn options(&self) -> &ClientOptions {
        &self.options
    }

    /// The key that signs; an error that says what needs it if there is none.
    pub fn wallet(&self, what: &str) -> Result<&Wallet, Error> {
        self.wallet.as_ref().ok_or_else(|| Error::NoWallet {
            what: what.to_owned(),
        })
    }

    /// Any method that only reads, repeated while its failure may pass.
    pub fn request<P, R>(&self, method: &'static str, params: P) -> Result<R, Error>
    where
        P: RpcSend + Clone,
        R: RpcRecv,
    {
        retry::repeat(&self.options.backoff, &self.options.stop, || {
            self.request_once(method, params.clone())
        })
    }

    /// Any method, asked once.
    pub fn request_once<P, R>(&self, method: &'static str, params: P) -> Result<R, Error>
    where
        P: RpcSend,
        R: RpcRecv,
    {
        let limit = self.options.timeout;
        let timed = async {
            let request = self.rpc.request::<P, R>(method, params);
            tokio::select! {
                answer = tokio::time::timeout(limit, request) => answer.ok(),
                () = self.stopped() => None,
            }
        };
        match self.runtime.block_on(timed) {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(error)) => Err(self.endpoint.sort(error, method)),
            None => Err(Error::Timeout {
                endpoint: self.endpoint.to_string(),
                method: method.to_owned(),
            }),
        }
    }

    /// Ends some time after the request to stop.
    async fn stopped(&self) {
        while !self.options.stop.load(Ordering::SeqCst) {
            tokio::time::sleep(retry::GLANCE).await;
        }
        tokio::time::sleep(LAST_ANSWER).await;
    }

    /// The header and transaction hashes of a block; `None` if the node does not have it.
    pub fn block(&self, block: BlockNumberOrTag) -> Result<Option<Block>, Error> {
        self.request("eth_getBlockByNumber", (block, false))
    }

    /// As [`Self::block`], by hash.
    pub fn block_by_hash(&self, hash: B256) -> Result<Option<Block>, Error> {
        self.request("eth_getBlockByHash", (hash, false))
    }

    /// The number of the newest block.
    pub fn head(&self) -> Result<u64, Error> {
        Ok(self.request::<_, U64>("eth_blockNumber", ())?.to())
    }

    /// The time of the newest block, in seconds: the only clock that counts (O-10).
    pub fn now(&self) -> Result<u64, Error> {
        let latest = self.block(BlockNumberOrTag::Latest)?;
        let latest = latest.ok_or_else(|| Error::Garbage {
            endpoint: self.endpoint.to_string(),
            method: "eth_getBlockByNumber".to_owned(),
            reason: "it has no newest block".to_owned(),
        })?;
        Ok(latest.header.timestamp)
    }

    /// The logs that a filter selects.
    pub fn logs(&self, filter: &Filter) -> Result<Vec<Log>, Error> {
        self.request("eth_getLogs", (filter.clone(),))
    }

    /// Reads from a contract at the newest block.
    pub fn call<C: SolCall>(&self, to: Address, call: &C) -> Result<C::Return, Error> {
        self.call_at(to, call, BlockId::latest())
    }

    /// Reads from a contract at a block.
    pub fn call_at<C: SolCall>(
        &self,
        to: Address,
        call: &C,
        block: BlockId,
    ) -> Result<C::Return, Error> {
        let request = TransactionRequest {
            to: Some(to.into()),
            input: TransactionInput::both(call.abi_encode().into()),
            ..TransactionRequest::default()
        };
        let answer: Bytes = self
            .request("eth_call", (request, block))
            .map_err(|error| named(error, C::SIGNATURE))?;
        C::abi_decode_returns(&answer).map_err(|error| {
            if answer.is_empty() {
                return Error::NoCode {
                    address: to,
                    what: format!("a contract with `{}`", C::SIGNATURE),
                };
            }
            Error::NotTheContract {
                address: to,
                what: C::SIGNATURE.to_owned(),
                reason: error.to_string(),
            }
        })
    }

    /// The code at an address; empty where there is none.
    pub fn code(&self, address: Address) -> Result<Bytes, Error> {
        self.request("eth_getCode", (address, BlockNumberOrTag::Latest))
    }

    /// The wei of an account.
    pub fn balance(&self, account: Address) -> Result<U256, Error> {
        self.request("eth_getBalance", (account, BlockNumberOrTag::Latest))
    }

    /// How many transactions an account has sent, as the state at `block` says.
    pub fn nonce(&self, account: Address, block: BlockNumberOrTag) -> Result<u64, Error> {
        let count: U64 = self.request("eth_getTransactionCount", (account, block))?;
        Ok(count.to())
    }

    /// The receipt of a transaction; `None` while it is not included.
    pub fn receipt(&self, hash: B256) -> Result<Option<TransactionReceipt>, Error> {
        self.request("eth_getTransactionReceipt", (hash,))
    }
}

/// An address of a node without credentials, path and query; an error for what is no address.
pub fn endpoint_name(url: &str) -> Result<String, Error> {
    Ok(Endpoint::parse(url)?.to_string())
}

/// A refusal names the contract's function, not the node's method.
fn named(error: Error, function: &str) -> Error {
    match error {
        Error::Reverted { revert, .. } => Error::Reverted {
            what: function.to_owned(),
            revert,
        },
        other => other,
    }
}
