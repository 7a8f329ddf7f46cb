//! What can go wrong between us and a chain, and whose move it is.

use std::path::PathBuf;
use std::time::Duration;

use alloy::primitives::{Address, B256, U256};
use alloy::transports::{RpcError, TransportError, TransportErrorKind};

use crate::contracts::Revert;

/// Whose move an error is; the command line turns it into an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The caller asked for something that cannot be (exit code 2).
    Usage,
    /// The node, the network or the disk failed; trying again may help (exit code 3).
    Outside,
    /// The chain's state and what the caller expects differ (exit code 4).
    State,
}

/// Everything that this crate fails with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address of a node cannot be used.
    #[error("`{url}` is no address of a node: {reason}")]
    Url {
        /// The address without credentials, path and query.
        url: String,
        /// Why not.
        reason: String,
    },
    /// The runtime or the HTTP client could not be made.
    #[error("cannot start the network client: {0}")]
    Start(String),
    /// No answer in time.
    #[error("{endpoint} did not answer `{method}` in time; try again or give it more time")]
    Timeout {
        /// The node.
        endpoint: String,
        /// What was asked.
        method: String,
    },
    /// No connection, or it broke.
    #[error("cannot reach {endpoint} for `{method}`: {reason}")]
    Connection {
        /// The node.
        endpoint: String,
        /// What was asked.
        method: String,
        /// What the network said.
        reason: String,
    },
    /// The certificate of a node is not believed.
    #[error(
        "{endpoint} is not who it says it is, or its root is not known here: {reason}; name the file of the root that signed its \
         certificate (--rpc-ca), if you trust it"
    )]
    Untrusted {
        /// The node.
        endpoint: String,
        /// What is wrong with the certificate.
        reason: String,
    },
    /// A file of root certificates cannot be used.
    #[error("the root certificates in {} cannot be used: {reason}", path.display())]
    Roots {
        /// Where.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// An HTTP status that is no success.
    #[error("{endpoint} answered `{method}` with HTTP status {status}: {body}")]
    Http {
        /// The node.
        endpoint: String,
        /// What was asked.
        method: String,
        /// The status.
        status: u16,
        /// The beginning of the body.
        body: String,
        /// How long the node wants us to wait.
        retry_after: Option<Duration>,
    },
    /// An answer that is no answer to the question.
    #[error("{endpoint} answered `{method}` with something unreadable: {reason}")]
    Garbage {
        /// The node.
        endpoint: String,
        /// What was asked.
        method: String,
        /// Why it cannot be read.
        reason: String,
    },
    /// The node understood the request and refused it.
    #[error("{endpoint} refused `{method}`: {message} (code {code})")]
    Refused {
        /// The node.
        endpoint: String,
        /// What was asked.
        method: String,
        /// JSON-RPC's error code.
        code: i64,
        /// The node's words.
        message: String,
        /// Whether the node limits how often it is asked.
        rate_limited: bool,
    },
    /// A contract refused a call.
    #[error("`{what}` is refused by the contract: {revert}")]
    Reverted {
        /// The call.
        what: String,
        /// The contract's reason.
        revert: Revert,
    },
    /// A contract's answer is not what its interface promises.
    #[error(
        "the contract at {address} answered `{what}` with something else than its interface says ({reason}); \
         check the address"
    )]
    NotTheContract {
        /// Where.
        address: Address,
        /// The call.
        what: String,
        /// Why it cannot be read.
        reason: String,
    },
    /// The node serves another chain.
    #[error(
        "{endpoint} serves the chain {found}, expected {expected}; check the address of the node"
    )]
    WrongChain {
        /// The node.
        endpoint: String,
        /// The wanted chain.
        expected: u64,
        /// The served chain.
        found: u64,
    },
    /// Nothing lies at an address.
    #[error("no contract lies at {address}, expected {what}; check the address and the chain")]
    NoCode {
        /// Where.
        address: Address,
        /// What should be there.
        what: String,
    },
    /// Another contract lies at an address.
    #[error("the code at {address} is not that of {what} of MACI {release}; check the address")]
    OtherCode {
        /// Where.
        address: Address,
        /// What should be there.
        what: String,
        /// The release that the committed contracts come from.
        release: &'static str,
    },
    /// A transaction was included and failed.
    #[error("the transaction {hash} (`{what}`) was included in block {block} and failed")]
    Failed {
        /// The transaction.
        hash: B256,
        /// What it was to do.
        what: String,
        /// Where it was included.
        block: u64,
    },
    /// A transaction is not included yet.
    #[error("the transaction {hash} (`{what}`) is not included after {waited:?}; it may still be")]
    Pending {
        /// The transaction.
        hash: B256,
        /// What it is to do.
        what: String,
        /// How long was waited.
        waited: Duration,
    },
    /// The account cannot pay.
    #[error("the account {account} holds {balance} wei and `{what}` may cost {needed} wei")]
    Funds {
        /// Who pays.
        account: Address,
        /// What is to be paid.
        what: String,
        /// What there is.
        balance: U256,
        /// What it may cost.
        needed: U256,
    },
    /// The chain asks for more than the cap, and has done so for long.
    #[error("`{what}` needs {needed} wei per gas and the cap is {cap}; wait, or raise the cap")]
    FeeCap {
        /// The call.
        what: String,
        /// What the chain asks for.
        needed: u128,
        /// The most that may be paid.
        cap: u128,
    },
    /// The account has transactions on their way that are not ours.
    #[error(
        "the account {account} has {count} pending transactions of another program; wait for them, or use an account of its own"
    )]
    ForeignPending {
        /// Who sends.
        account: Address,
        /// How many.
        count: u64,
    },
    /// A transaction is on its way that another account signed, or for another chain.
    #[error(
        "`{what}` is on its way with nonce {nonce} of the account {account} on chain {chain_id}; the key given is that of {found} and \
         the node serves chain {found_chain}: go on with the key and the chain of that transaction, or cancel it with them"
    )]
    OtherAccount {
        /// What it is to do.
        what: String,
        /// Its nonce.
        nonce: u64,
        /// Who signed it.
        account: Address,
        /// For which chain.
        chain_id: u64,
        /// Whose key is given.
        found: Address,
        /// The chain that the node serves.
        found_chain: u64,
    },
    /// The node does not come as far as is waited for.
    #[error(
        "the node has not reached block {block}; it does not follow the chain any more, or nobody makes blocks there"
    )]
    Behind {
        /// The block.
        block: u64,
    },
    /// The poll still takes messages.
    #[error("the poll is open until {end} and the chain's time is {now}; closing it has to wait")]
    VotingOpen {
        /// The last second in which messages are accepted.
        end: u64,
        /// The newest block's time.
        now: u64,
    },
    /// A call needs a key and none was given.
    #[error(
        "`{what}` sends a transaction and no Ethereum key is given; give a key file or a keystore"
    )]
    NoWallet {
        /// The call.
        what: String,
    },
    /// A key file cannot be used. Never shows what is in it.
    #[error("the key in {} cannot be used: {reason}", path.display())]
    Key {
        /// Where.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A file cannot be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// `read`, `write`, ...
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// A committed contract file is broken: a bug of this program.
    #[error("the committed contract {name} is broken: {reason}; run `cargo xtask contracts`")]
    Artifact {
        /// Which.
        name: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A parameter that no contract or circuit would accept.
    #[error("{0}")]
    Parameter(String),
    /// What lies on the chain is not what the caller has, described in one sentence.
    #[error("{0}")]
    Conflict(String),
}

impl Error {
    /// Whose move it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Url { .. }
            | Self::Start(_)
            | Self::NoWallet { .. }
            | Self::Key { .. }
            | Self::Roots { .. }
            | Self::Artifact { .. }
            | Self::Parameter(_) => Kind::Usage,
            Self::Timeout { .. }
            | Self::Connection { .. }
            | Self::Untrusted { .. }
            | Self::Http { .. }
            | Self::Garbage { .. }
            | Self::Refused { .. }
            | Self::Pending { .. }
            | Self::Funds { .. }
            | Self::FeeCap { .. }
            | Self::ForeignPending { .. }
            | Self::Behind { .. }
            | Self::VotingOpen { .. }
            | Self::Io { .. } => Kind::Outside,
            Self::Reverted { .. }
            | Self::NotTheContract { .. }
            | Self::WrongChain { .. }
            | Self::NoCode { .. }
            | Self::OtherCode { .. }
            | Self::Failed { .. }
            | Self::OtherAccount { .. }
            | Self::Conflict(_) => Kind::State,
        }
    }

    /// Whether the same request may succeed when it is asked again.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Timeout { .. } | Self::Connection { .. } | Self::Garbage { .. } => true,
            Self::Http { status, .. } => *status == 429 || *status >= 500,
            Self::Refused { rate_limited, .. } => *rate_limited,
            _ => false,
        }
    }

    /// Sorts a transport's error. `secrets` are the parts of the node's address that are never shown, the longest first.
    pub(crate) fn transport(
        error: TransportError,
        endpoint: &str,
        secrets: &[String],
        method: &str,
    ) -> Self {
        let endpoint = endpoint.to_owned();
        let method = method.to_owned();
        match error {
            RpcError::ErrorResp(payload) => {
                if let Some(data) = payload.as_revert_data() {
                    return Self::Reverted {
                        what: method,
                        revert: Revert::decode(&data),
                    };
                }
                Self::Refused {
                    rate_limited: payload.is_retry_err(),
                    endpoint,
                    method,
                    code: payload.code,
                    message: redact(&payload.message, secrets),
                }
            }
            RpcError::Transport(TransportErrorKind::HttpError(error)) => Self::Http {
                endpoint,
                method,
                status: error.status,
                body: redact(&error.body, secrets),
                retry_after: None,
            },
            RpcError::Transport(TransportErrorKind::HttpErrorWithRetryAfter {
                error,
                retry_after,
            }) => Self::Http {
                endpoint,
                method,
                status: error.status,
                body: redact(&error.body, secrets),
                retry_after: Some(retry_after),
            },
            RpcError::Transport(kind) => {
                let reason = redact(&chain(&kind), secrets);
                match reason.split_once(UNTRUSTED) {
                    Some((_, why)) => Self::Untrusted {
                        endpoint,
                        reason: format!("{UNTRUSTED}{why}"),
                    },
                    None => Self::Connection {
                        endpoint,
                        method,
                        reason,
                    },
                }
            }
            RpcError::DeserError { err, .. } => Self::Garbage {
                endpoint,
                method,
                reason: redact(&err.to_string(), secrets),
            },
            RpcError::NullResp => Self::Garbage {
                endpoint,
                method,
                reason: "null".to_owned(),
            },
            other => Self::Connection {
                endpoint,
                method,
                reason: redact(&other.to_string(), secrets),
            },
        }
    }
}

/// How rustls begins what it has to say of a certificate.
const UNTRUSTED: &str = "invalid peer certificate: ";

/// The beginning of what a node says: enough to understand it, too short to flood a terminal.
fn excerpt(text: &str) -> String {
    const LONGEST: usize = 300;
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let mut short: String = text.chars().take(LONGEST).map(clean).collect();
    if text.chars().count() > LONGEST {
        short.push('…');
    }
    short
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}

/// HTTP libraries quote the address of the node, and servers echo it: it may hold an access key.
fn redact(text: &str, secrets: &[String]) -> String {
    let mut text = text.to_owned();
    for secret in secrets {
        text = text.replace(secret.as_str(), "…");
    }
    excerpt(&text)
}
