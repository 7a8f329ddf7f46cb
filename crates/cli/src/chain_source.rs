//! The options of every command that reads a poll from a chain.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use maci_chain::client::Backoff;
use maci_chain::ingest::{
    Finality, Glance, IngestError, Lazy, Options, Panel, RelaySource, Relays, Rpc, Target, glance,
};
use maci_chain::{ClientOptions, Kind, Roots};
use maci_coordinator::ChainSource;
use maci_protocol::{Address, PollId};

use crate::chain::{self, TlsArgs};
use crate::failure::Failure;
use crate::interrupt;

/// How long a gateway may take for one batch.
const GATEWAY_TIMEOUT: Duration = Duration::from_mins(1);

/// Which poll to read, from which nodes, and how.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Reading from a chain")]
pub(crate) struct ChainSourceArgs {
    /// Address of a node, https://… or http://…; given more than once, the nodes have to agree. A key in it is never shown
    #[arg(
        long,
        value_name = "URL",
        env = "MACI_RPC",
        hide_env_values = true,
        value_delimiter = ','
    )]
    pub(crate) rpc: Vec<String>,

    /// Address of the MACI contract
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) maci: Option<Address>,

    /// Number of the poll in the MACI contract
    #[arg(long, value_name = "N")]
    pub(crate) poll: Option<u64>,

    /// Chain that the nodes must serve [default: whichever they do]
    #[arg(long, value_name = "N")]
    pub(crate) chain_id: Option<u64>,

    #[command(flatten)]
    pub(crate) tls: TlsArgs,

    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
}

/// How a poll is read from a chain.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Reading from a chain")]
pub(crate) struct ReadingArgs {
    /// First block to read [default: the one in which MACI was deployed, found by bisection]
    #[arg(long, value_name = "BLOCK")]
    pub(crate) from_block: Option<u64>,

    /// Last block to read [default: the last one that is final]
    #[arg(long, value_name = "BLOCK")]
    pub(crate) to_block: Option<u64>,

    /// Which blocks count: finalized, safe, or a number of blocks on top of them
    #[arg(long, value_name = "RULE", default_value_t)]
    pub(crate) finality: Finality,

    /// How many nodes have to say the same [default: all of them]
    #[arg(long, value_name = "N")]
    pub(crate) quorum: Option<usize>,

    /// Gateway of relayed batches; the CID is appended, or takes the place of {cid}
    #[arg(long, value_name = "URL")]
    pub(crate) relay_gateway: Vec<String>,

    /// Directory of relayed batches, each file named by its bytes32 or CID
    #[arg(long, value_name = "DIR")]
    pub(crate) relay_dir: Vec<PathBuf>,
}

impl ChainSourceArgs {
    /// Whether a node is named at all.
    pub(crate) fn is_given(&self) -> bool {
        !self.rpc.is_empty()
    }

    /// Which poll is meant.
    pub(crate) fn target(&self) -> Result<Target, Failure> {
        let missing = |what: &str| {
            Failure::usage("poll_not_named", format!("{what} is missing"))
                .hint("a poll on a chain is named by --maci ADDRESS and --poll N")
        };
        Ok(Target {
            maci: self
                .maci
                .ok_or_else(|| missing("the address of the MACI contract"))?,
            poll: PollId(self.poll.ok_or_else(|| missing("the number of the poll"))?),
        })
    }

    /// Connects to the nodes.
    pub(crate) fn panel(&self) -> Result<Panel, Failure> {
        let roots = self.tls.roots();
        if let [only] = self.rpc.as_slice() {
            // Nothing else could answer instead: a mistake in the address is named at once.
            let node = node(only, self.chain_id, &roots, Duration::ZERO)?;
            node.chain_id().map_err(|error| chain::failure(&error))?;
        }
        self.reading.panel(&self.rpc, self.chain_id, &roots)
    }

    /// Everything that a job needs to read the poll.
    pub(crate) fn source(&self) -> Result<ChainSource, Failure> {
        let target = self.target()?;
        self.reading
            .source(self.panel()?, target, self.chain_id, &self.tls.roots())
    }

    /// The poll as its contracts describe it at the newest block, without its logs.
    pub(crate) fn glance(&self) -> Result<Glance, Failure> {
        let target = self.target()?;
        glance(&self.panel()?, target, self.chain_id, Finality::Depth(0))
            .map_err(|error| failure(&error))
    }
}

/// How long one of several nodes is left alone after it did not answer.
const REST: Duration = Duration::from_secs(10);

/// A node to read from; `rest` is how long it is left alone after a failure.
fn node(
    url: &str,
    chain_id: Option<u64>,
    roots: &Roots,
    rest: Duration,
) -> Result<Box<dyn Rpc>, Failure> {
    let options = ClientOptions {
        chain_id,
        stop: interrupt::flag(),
        roots: roots.clone(),
        // Ingest itself asks again, so a node that is down is named soon.
        backoff: Backoff {
            attempts: 4,
            ..Backoff::default()
        },
        ..ClientOptions::default()
    };
    let node = Lazy::new(url, options, rest).map_err(|error| chain::failure(&error))?;
    Ok(Box::new(node))
}

impl ReadingArgs {
    /// The nodes. None is asked yet: one that is down is the quorum's affair.
    pub(crate) fn panel(
        &self,
        urls: &[String],
        chain_id: Option<u64>,
        roots: &Roots,
    ) -> Result<Panel, Failure> {
        let rest = if urls.len() > 1 { REST } else { Duration::ZERO };
        let nodes = urls.iter().map(|url| node(url, chain_id, roots, rest));
        let nodes = nodes.collect::<Result<_, _>>()?;
        Ok(Panel::new(nodes).with_quorum(self.quorum.unwrap_or(0)))
    }

    /// Everything that a job needs to read a poll from these nodes.
    pub(crate) fn source(
        &self,
        panel: Panel,
        target: Target,
        chain_id: Option<u64>,
        roots: &Roots,
    ) -> Result<ChainSource, Failure> {
        let mut source = ChainSource::new(panel, target);
        let folders = self.relay_dir.iter().cloned().map(RelaySource::Folder);
        let gateways = self.relay_gateway.iter().cloned().map(RelaySource::Gateway);
        source.relays = Relays::new(
            folders.chain(gateways).collect(),
            GATEWAY_TIMEOUT,
            Backoff {
                attempts: 4,
                ..Backoff::default()
            },
            roots,
        )
        .map_err(|error| chain::failure(&error))?;
        let mut options = Options::default();
        options.chain_id = chain_id;
        options.first = self.from_block;
        options.last = self.to_block;
        options.finality = self.finality;
        source.options = options;
        Ok(source)
    }
}

/// Why a poll could not be read, as a failure of the command.
fn failure(error: &IngestError) -> Failure {
    match error.kind() {
        Kind::Usage => Failure::usage(error.code(), error),
        Kind::Outside => Failure::outside(error.code(), error),
        Kind::State => Failure::conflict(error.code(), error),
    }
}
