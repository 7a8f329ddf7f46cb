//! Several nodes asked the same question: their answers have to agree (N-06).

use core::fmt::{self, Write as _};

use maci_protocol::Address;
use maci_protocol::recorded::ChainLog;

use super::error::{Fault, IngestError};
use super::rpc::{Block, Header, Rpc, is_behind, is_without_state};
use crate::error::{Error, Kind};

/// The nodes, and how many of them have to say the same.
pub struct Panel {
    nodes: Vec<Box<dyn Rpc>>,
    quorum: usize,
}

impl fmt::Debug for Panel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.nodes.iter().map(|node| node.name()).collect();
        f.debug_struct("Panel")
            .field("nodes", &names)
            .field("quorum", &self.quorum)
            .finish()
    }
}

impl Panel {
    /// Nodes that all have to agree.
    pub fn new(nodes: Vec<Box<dyn Rpc>>) -> Self {
        let quorum = nodes.len().max(1);
        Self { nodes, quorum }
    }

    /// So many agreeing nodes are enough; 0 and too many mean all.
    #[must_use]
    pub fn with_quorum(mut self, quorum: usize) -> Self {
        let all = self.nodes.len().max(1);
        self.quorum = if quorum == 0 { all } else { quorum.min(all) };
        self
    }

    /// The nodes' names.
    pub fn names(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.name()).collect()
    }

    /// The chain that every node serves; another one than `expected` is refused. A quorum is no excuse here: a node of
    /// another chain is a mistake in the configuration. One that is down has no voice.
    pub(super) fn chain_id(&self, expected: Option<u64>) -> Result<u64, IngestError> {
        let mut expected = expected;
        let mut answered = 0;
        let mut silent = None;
        for node in &self.nodes {
            let found = match node.chain_id() {
                Ok(found) => found,
                Err(error) if error.kind() == Kind::Outside => {
                    tracing::warn!(node = node.name(), %error, "a node does not answer");
                    silent.get_or_insert(error);
                    continue;
                }
                Err(error) => return Err(Fault::Node(error).into()),
            };
            answered += 1;
            match expected {
                Some(id) if id != found => {
                    return Err(IngestError::from(Fault::Node(Error::WrongChain {
                        endpoint: node.name(),
                        expected: id,
                        found,
                    })));
                }
                _ => expected = Some(found),
            }
        }
        if let Some(error) = silent.filter(|_| answered < self.quorum) {
            return Err(Fault::Node(error).into());
        }
        expected.ok_or_else(|| {
            IngestError::from(Fault::Node(Error::Parameter("name a node".to_owned())))
        })
    }

    /// The lowest number that the nodes give a tag: every node has at least that block.
    pub(super) fn lowest(&self, block: Block) -> Result<u64, IngestError> {
        let headers = self.each(|node| {
            node.header(block)?.ok_or_else(|| Error::Garbage {
                endpoint: node.name(),
                method: "eth_getBlockByNumber".to_owned(),
                reason: format!("it has no block {block}"),
            })
        });
        let mut numbers = self.successes(headers)?;
        numbers.sort_unstable_by_key(|(_, header)| header.number);
        // With a quorum, the nodes that lag most need not be waited for.
        let spare = numbers.len() - self.quorum;
        Ok(numbers.get(spare).map_or(0, |(_, header)| header.number))
    }

    /// The header of a block that has to be there.
    pub(super) fn header(&self, number: u64) -> Result<Header, IngestError> {
        match self.find_header(number) {
            Ok(Some(header)) => Ok(header),
            Ok(None) => Err(Fault::Behind(number).into()),
            Err(fault) => Err(fault.into()),
        }
    }

    /// The header of a block, if the nodes have it.
    pub(super) fn find_header(&self, number: u64) -> Result<Option<Header>, Fault> {
        self.agree(
            || format!("the header of block {number}"),
            |node| {
                let header = node.header(Block::Number(number))?;
                match header {
                    Some(header) if header.number != number => Err(Fault::Answer {
                        endpoint: node.name(),
                        what: format!("block {} instead of block {number}", header.number),
                    }),
                    header => Ok(header),
                }
            },
            |header| header.map_or_else(|| "none".to_owned(), |header| hex(&header.hash[..8])),
        )
    }

    /// The logs of these blocks, checked for being that and in chain order.
    pub(super) fn logs(
        &self,
        first: u64,
        last: u64,
        contracts: &[Address],
    ) -> Result<Vec<ChainLog>, Fault> {
        self.agree(
            || format!("the logs of blocks {first} to {last}"),
            |node| {
                let logs = node.logs(first, last, contracts)?;
                in_order(logs, first, last, contracts).map_err(|what| Fault::Answer {
                    endpoint: node.name(),
                    what,
                })
            },
            |logs| format!("{} logs", logs.len()),
        )
    }

    /// What a contract answers at a block. The outer error is a fault, the inner `None` that no node keeps such old state.
    pub(super) fn call(
        &self,
        to: Address,
        data: &[u8],
        block: u64,
    ) -> Result<Option<Vec<u8>>, Fault> {
        let answers = self.successes(self.each(|node| match node.call(to, data, block) {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if is_without_state(&error) => Ok(None),
            Err(error) if is_behind(&error) => Err(Fault::Behind(block)),
            Err(error) => Err(error.into()),
        }))?;
        // A node that forgot has no voice.
        let known: Vec<_> = answers
            .into_iter()
            .filter_map(|(name, answer)| Some((name, answer?)))
            .collect();
        if known.is_empty() {
            return Ok(None);
        }
        let enough = self.quorum.min(known.len());
        decide(
            known,
            enough,
            &|| format!("a call of {to} at block {block}"),
            |bytes| hex(bytes.get(..40).unwrap_or(bytes)),
        )
        .map(Some)
    }

    /// Whether code lies at an address at a block.
    pub(super) fn has_code(&self, address: Address, block: u64) -> Result<bool, Fault> {
        let answers = self.successes(self.each(|node| match node.has_code(address, block) {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if is_without_state(&error) => Ok(None),
            Err(error) => Err(Fault::from(error)),
        }))?;
        let known: Vec<_> = answers
            .into_iter()
            .filter_map(|(name, answer)| Some((name, answer?)))
            .collect();
        if known.is_empty() {
            return Err(Fault::NoState(block));
        }
        let enough = self.quorum.min(known.len());
        decide(
            known,
            enough,
            &|| format!("the code at {address} at block {block}"),
            |known| if *known { "some" } else { "none" }.to_owned(),
        )
    }

    fn each<T, E>(&self, ask: impl Fn(&dyn Rpc) -> Result<T, E>) -> Vec<(String, Result<T, E>)> {
        self.nodes
            .iter()
            .map(|node| (node.name(), ask(node.as_ref())))
            .collect()
    }

    /// The answers, if there are enough of them.
    fn successes<T, E: Into<Fault>>(
        &self,
        answers: Vec<(String, Result<T, E>)>,
    ) -> Result<Vec<(String, T)>, Fault> {
        let mut good = Vec::new();
        let mut failure = None;
        for (name, answer) in answers {
            match answer {
                Ok(answer) => good.push((name, answer)),
                Err(error) => {
                    let error = error.into();
                    if good.len() + 1 < self.nodes.len() {
                        tracing::debug!(node = name, %error, "a node failed");
                    }
                    failure.get_or_insert(error);
                }
            }
        }
        match failure {
            Some(failure) if good.len() < self.quorum => Err(failure),
            _ => Ok(good),
        }
    }

    /// The answer that enough nodes give.
    fn agree<T: PartialEq>(
        &self,
        what: impl Fn() -> String,
        ask: impl Fn(&dyn Rpc) -> Result<T, Fault>,
        show: impl Fn(&T) -> String,
    ) -> Result<T, Fault> {
        let answers = self.successes(self.each(ask))?;
        decide(answers, self.quorum, &what, show)
    }
}

/// The answer that enough of the nodes give.
fn decide<T: PartialEq>(
    answers: Vec<(String, T)>,
    enough: usize,
    what: &dyn Fn() -> String,
    show: impl Fn(&T) -> String,
) -> Result<T, Fault> {
    let mut groups: Vec<(T, Vec<String>)> = Vec::new();
    for (name, answer) in answers {
        match groups.iter_mut().find(|(known, _)| *known == answer) {
            Some((_, names)) => names.push(name),
            None => groups.push((answer, vec![name])),
        }
    }
    groups.sort_by_key(|(_, names)| core::cmp::Reverse(names.len()));
    if groups.len() > 1 {
        let mut answers = String::new();
        for (answer, names) in &groups {
            let separator = if answers.is_empty() { "" } else { "; " };
            let shown = show(answer);
            // A string takes everything.
            let _ = write!(answers, "{separator}{}: {shown}", names.join(", "));
        }
        let best = groups.first().map_or(0, |(_, names)| names.len());
        if best < enough {
            return Err(Fault::Disagreement {
                what: what(),
                answers,
            });
        }
        tracing::warn!(what = what(), answers, "nodes disagree; the quorum decides");
    }
    match groups.into_iter().next() {
        Some((answer, _)) => Ok(answer),
        None => Err(Fault::Node(Error::Parameter("name a node".to_owned()))),
    }
}

/// Sorts logs into chain order and refuses lists that no honest node gives.
fn in_order(
    mut logs: Vec<ChainLog>,
    first: u64,
    last: u64,
    contracts: &[Address],
) -> Result<Vec<ChainLog>, String> {
    for log in &logs {
        if log.at.block < first || log.at.block > last {
            return Err(format!(
                "a log at {} when asked for blocks {first} to {last}",
                log.at
            ));
        }
        if !contracts.contains(&log.address) {
            return Err(format!(
                "a log of {}, which was not asked for, at {}",
                log.address, log.at
            ));
        }
        if log.at.block >> 40 != 0 || log.at.log_index >> 24 != 0 {
            return Err(format!("a log at {}, where no chain has one", log.at));
        }
        if log.removed {
            return Err(format!("a log at {} that a reorganisation removed", log.at));
        }
    }
    logs.sort_by_key(|log| log.at);
    for pair in logs.windows(2) {
        if let [before, after] = pair
            && (before.at.block, before.at.log_index) == (after.at.block, after.at.log_index)
        {
            return Err(format!("two logs at {}", after.at));
        }
    }
    Ok(logs)
}

fn hex(bytes: &[u8]) -> String {
    format!("0x{}", alloy::primitives::hex::encode(bytes))
}
