//! What every command that talks to a chain shares: the node, the Ethereum key, dry runs, and how the chain crate's errors
//! become failures.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use maci_chain::client::{Call, Quote};
use maci_chain::deploy::Sending;
use maci_chain::primitives::Address;
use maci_chain::rpc::TransactionReceipt;
use maci_chain::submit::{SendOptions, deliver};
use maci_chain::{Client, ClientOptions, Error, Kind, Roots, Wallet};
use serde_json::{Value, json};

use crate::context::Context;
use crate::failure::Failure;
use crate::interrupt;
use crate::report::Report;

/// Which node to ask.
#[derive(Args, Debug)]
pub(crate) struct NodeArgs {
    /// Address of a node, https://… or http://…; a key in it is never shown
    #[arg(
        long,
        value_name = "URL",
        env = "MACI_RPC",
        hide_env_values = true,
        value_delimiter = ',',
        required = true
    )]
    pub(crate) rpc: Vec<String>,

    /// Chain that the node must serve [default: whichever it does]
    #[arg(long, value_name = "N")]
    pub(crate) chain_id: Option<u64>,

    #[command(flatten)]
    pub(crate) tls: TlsArgs,
}

/// Whose certificates are believed.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct TlsArgs {
    /// File of root certificates (PEM) for https:// addresses, instead of the operating system's
    #[arg(long, value_name = "FILE", env = "MACI_RPC_CA", hide_env_values = true)]
    pub(crate) rpc_ca: Option<PathBuf>,
}

impl TlsArgs {
    /// As the chain crate takes it.
    pub(crate) fn roots(&self) -> Roots {
        Roots::named(self.rpc_ca.as_deref())
    }
}

/// Which Ethereum key pays.
///
/// The key itself is never taken from the command line, where every user of the machine could read it.
#[derive(Args, Debug)]
#[allow(clippy::struct_field_names, reason = "the names are the options")]
pub(crate) struct EthKeyArgs {
    /// File with the Ethereum private key that pays, as hexadecimal digits; MACI_ETH_KEY_FILE names it too
    #[arg(long, value_name = "FILE", conflicts_with = "eth_keystore")]
    pub(crate) eth_key_file: Option<PathBuf>,

    /// Encrypted keystore of the Ethereum key that pays, as geth and cast write it
    #[arg(long, value_name = "FILE", requires = "eth_password_file")]
    pub(crate) eth_keystore: Option<PathBuf>,

    /// File with the keystore's password
    #[arg(long, value_name = "FILE", requires = "eth_keystore")]
    pub(crate) eth_password_file: Option<PathBuf>,
}

impl NodeArgs {
    /// Connects without a key.
    pub(crate) fn connect(&self) -> Result<Client, Failure> {
        let options = ClientOptions {
            chain_id: self.chain_id,
            stop: interrupt::flag(),
            roots: self.tls.roots(),
            ..ClientOptions::default()
        };
        let first = self.rpc.first().map_or("", String::as_str);
        Client::connect(first, options).map_err(|error| failure(&error))
    }

    /// Connects with the key that pays.
    pub(crate) fn connect_with(&self, key: &EthKeyArgs) -> Result<Client, Failure> {
        let wallet = key.load()?;
        Ok(self.connect()?.with_wallet(wallet))
    }
}

impl EthKeyArgs {
    /// Whether the command line or the environment names a key.
    pub(crate) fn is_named(&self) -> bool {
        self.eth_key_file.is_some()
            || self.eth_keystore.is_some()
            || std::env::var_os("MACI_ETH_KEY_FILE").is_some_and(|value| !value.is_empty())
    }

    /// Reads the key. What the command line names comes before what the environment names.
    pub(crate) fn load(&self) -> Result<Wallet, Failure> {
        let named = |name: &str| {
            std::env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let wallet = if let (Some(keystore), Some(password)) =
            (&self.eth_keystore, &self.eth_password_file)
        {
            Wallet::from_keystore(keystore, password)
        } else {
            let file = self
                .eth_key_file
                .clone()
                .or_else(|| named("MACI_ETH_KEY_FILE"));
            let file = file.ok_or_else(|| {
                    Failure::usage(
                        "no_eth_key",
                        "this command sends a transaction and needs an Ethereum key that pays",
                    )
                    .hint("name its file with --eth-key-file or MACI_ETH_KEY_FILE, or a keystore with --eth-keystore")
                })?;
            Wallet::from_key_file(&file)
        };
        wallet.map_err(|error| failure(&error))
    }
}

/// The option of everything that sends a transaction.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct DryRunArgs {
    /// Send nothing: show what would be sent, with gas and cost
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// How transactions are paid for and waited for.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct FeeArgs {
    /// The most that is ever paid per gas, in gwei; above it, sending waits
    #[arg(long, value_name = "GWEI", default_value_t = 100.0)]
    max_fee: f64,

    /// Seconds after which a transaction that is not included is replaced by one with higher fees
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    bump_after: u64,

    /// Seconds to wait for one transaction, or for fees below the limit, before giving up for now
    #[arg(long, value_name = "SECONDS", default_value_t = 1800)]
    patience: u64,
}

impl FeeArgs {
    /// As the chain crate takes them.
    pub(crate) fn options(self) -> Result<SendOptions, Failure> {
        if !(self.max_fee > 0.0 && self.max_fee < 1e9) {
            return Err(Failure::usage(
                "bad_max_fee",
                format!(
                    "--max-fee takes gwei above 0 and below 10^9, found {}",
                    self.max_fee
                ),
            ));
        }
        // Whole wei, within the range just checked.
        #[allow(clippy::cast_sign_loss)]
        let fee_cap = (self.max_fee * 1e9) as u128;
        Ok(SendOptions {
            fee_cap,
            bump_after: Duration::from_secs(self.bump_after),
            patience: Duration::from_secs(self.patience),
        })
    }
}

/// Everything that a command needs to send a transaction.
#[derive(Args, Debug)]
pub(crate) struct SenderArgs {
    #[command(flatten)]
    node: NodeArgs,

    #[command(flatten)]
    eth_key: EthKeyArgs,

    #[command(flatten)]
    fees: FeeArgs,

    #[command(flatten)]
    dry_run: DryRunArgs,
}

impl SenderArgs {
    /// Connects with the key that pays.
    pub(crate) fn connect(&self) -> Result<Client, Failure> {
        self.node.connect_with(&self.eth_key)
    }

    /// Whether nothing is sent.
    pub(crate) fn is_dry(&self) -> bool {
        self.dry_run.dry_run
    }

    /// As the steps of a deployment take it.
    pub(crate) fn sending<'a>(&self, stop: &'a dyn Fn() -> bool) -> Result<Sending<'a>, Failure> {
        Ok(Sending {
            options: self.fees.options()?,
            stop,
        })
    }
}

/// What became of one call.
pub(crate) enum Outcome {
    /// It was included.
    Included(Box<TransactionReceipt>),
    /// It was simulated and priced.
    Planned(Report),
}

/// Sends a call, or only simulates and prices it.
pub(crate) fn send(
    context: &Context<'_>,
    client: &Client,
    call: &Call,
    args: &SenderArgs,
) -> Result<Outcome, Failure> {
    let options = args.fees.options()?;
    if args.is_dry() {
        let from = client.wallet(&call.what).map_err(|error| failure(&error))?;
        let quote = client
            .quote(from.address(), call)
            .map_err(|error| failure(&error))?;
        let plan = plan_data(&call.what, call.to, &json!(call.data), &quote);
        let text = plan_text(&plan);
        return Ok(Outcome::Planned(Report::new(plan).text(text)));
    }
    let cancel = context.interrupt.cancel();
    match deliver(client, call, &options, &|| cancel.is_cancelled()) {
        Ok(receipt) => Ok(Outcome::Included(Box::new(receipt))),
        Err(error) => {
            context.interrupt.check()?;
            Err(failure(&error))
        }
    }
}

/// The machine-readable half of a call that was not sent.
fn plan_data(what: &str, to: Option<Address>, data: &Value, quote: &Quote) -> Value {
    json!({
        "dry_run": true,
        "call": what,
        "to": to,
        "calldata": data,
        "gas": quote.gas,
        "max_fee_per_gas": quote.max_fee_per_gas.to_string(),
        "max_cost_wei": quote.cost().to_string(),
    })
}

/// One line about a call that was not sent.
fn plan_text(plan: &Value) -> String {
    let text = |name: &str| {
        plan[name]
            .as_str()
            .map_or_else(|| plan[name].to_string(), str::to_owned)
    };
    format!(
        "{} to {} would take {} gas, at most {} wei; nothing was sent",
        text("call"),
        text("to"),
        text("gas"),
        text("max_cost_wei"),
    )
}

/// The machine-readable half of a transaction that was included.
pub(crate) fn receipt_data(receipt: &TransactionReceipt) -> Value {
    json!({
        "transaction": receipt.transaction_hash,
        "block": receipt.block_number,
        "gas": receipt.gas_used,
    })
}

/// The chain crate's error with the exit code of its kind and a stable code.
pub(crate) fn failure(error: &Error) -> Failure {
    let code = match error {
        Error::Url { .. } => "bad_rpc_url",
        Error::Timeout { .. } | Error::Connection { .. } | Error::Http { .. } => "node_unreachable",
        Error::Untrusted { .. } => "node_untrusted",
        Error::Roots { .. } => "bad_root_certificates",
        Error::Garbage { .. } => "node_garbage",
        Error::Refused { .. } => "node_refused",
        Error::Reverted { .. } => "contract_refused",
        Error::NotTheContract { .. } | Error::NoCode { .. } | Error::OtherCode { .. } => {
            "wrong_contract"
        }
        Error::WrongChain { .. } => "wrong_chain",
        Error::Failed { .. } => "transaction_failed",
        Error::Pending { .. } => "transaction_pending",
        Error::Funds { .. } => "no_funds",
        Error::FeeCap { .. } => "fee_cap",
        Error::ForeignPending { .. } => "foreign_pending",
        Error::OtherAccount { .. } => "other_account",
        Error::Behind { .. } => "node_behind",
        Error::VotingOpen { .. } => "voting_open",
        Error::NoWallet { .. } => "no_eth_key",
        Error::Key { .. } => "bad_key_file",
        Error::Io { .. } => "io",
        Error::Parameter(_) => "bad_parameter",
        Error::Conflict(_) => "chain_conflict",
        _ => "chain",
    };
    match error.kind() {
        Kind::Usage => Failure::usage(code, error),
        Kind::Outside if matches!(error, Error::Pending { .. }) => Failure::outside(code, error)
            .hint("run the same command again to wait on; maci submit --withdraw gives the transaction up"),
        Kind::Outside => Failure::outside(code, error)
            .hint("nothing is lost; run the same command again once the cause is gone"),
        Kind::State => Failure::conflict(code, error),
    }
}
