//! What is done to answers, and the randomness that decides it.

use std::time::Duration;

use maci_protocol::Address;
use maci_protocol::recorded::ChainLog;

/// Numbers that look random and follow from a seed.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Begins with a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number (splitmix64).
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`; 0 if that is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.draw().checked_rem(limit).unwrap_or(0)
    }

    fn index(&mut self, limit: usize) -> usize {
        self.below(limit as u64) as usize
    }

    /// True in `percent` of a hundred cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// Something that the node does to the same log every time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// Leaves out the log at this position of the poll's logs.
    Drop(usize),
    /// Leaves out this one and the one before it, as a message with its chain hash.
    DropPair(usize),
    /// Gives it twice.
    Repeat(usize),
    /// Exchanges its contents with those of the next one.
    Swap(usize),
    /// Changes one bit of its data or of its last topic.
    Edit(usize),
}

/// What goes wrong, and how often.
#[derive(Clone, Debug)]
pub struct Faults {
    /// Requests of a hundred that get no proper answer: 429, 5xx, refusals, garbage, cut connections.
    pub transport_percent: u64,
    /// Requests of a thousand that get no answer in time.
    pub timeout_per_mille: u64,
    /// How long the server is silent then.
    pub silence: Duration,
    /// Answers about logs, of a hundred, whose contents are changed.
    pub content_percent: u64,
    /// Answers of contracts, of a hundred, in which one bit is changed.
    pub call_percent: u64,
    /// Requests for logs of more blocks than this get no answer: a proxy gives up before the node is ready.
    pub heavy_above: u64,
    /// What such a proxy does then: the status that it answers with; 0 cuts the answer short.
    pub heavy_status: u16,
    /// Requests of a hundred that are answered by a replica some blocks behind.
    pub lag_percent: u64,
    /// Blocks that a lagging replica is behind at most.
    pub lag: u64,
    /// The widest range of blocks for logs.
    pub max_range: u64,
    /// The most logs in one answer.
    pub max_results: usize,
    /// Old state is gone this many blocks behind the newest.
    pub state_depth: Option<u64>,
    /// The node truncates long lists of logs instead of refusing them.
    pub truncates: bool,
    /// The chain that the node says it serves, if it is another one.
    pub chain_id: Option<u64>,
    /// `finalized` is so many blocks behind the newest, `safe` half as many.
    pub finalized_depth: u64,
    /// What is done every time.
    pub lies: Vec<Lie>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            transport_percent: 0,
            timeout_per_mille: 0,
            silence: Duration::ZERO,
            content_percent: 0,
            call_percent: 0,
            heavy_above: u64::MAX,
            heavy_status: 504,
            lag_percent: 0,
            lag: 0,
            max_range: u64::MAX,
            max_results: usize::MAX,
            state_depth: None,
            truncates: false,
            chain_id: None,
            finalized_depth: 0,
            lies: Vec::new(),
        }
    }
}

/// Changes a list of logs in one way that a broken or evil node might.
pub(super) fn corrupt(logs: &mut Vec<ChainLog>, random: &mut Random) {
    let count = logs.len();
    if count == 0 {
        return;
    }
    let one = random.index(count);
    let other = random.index(count);
    match random.below(10) {
        0 => {
            logs.remove(one);
        }
        1 => logs.clear(),
        2 => logs.truncate(count.saturating_sub(2)),
        3 => {
            if let Some(log) = logs.get(one).cloned() {
                logs.insert(other, log);
            }
        }
        4 => exchange(logs, one, other, |a, b| {
            core::mem::swap(&mut a.at, &mut b.at);
        }),
        5 => with(logs, one, |log| log.removed = true),
        6 => with(logs, one, |log| flip_data(log, random)),
        7 => with(logs, one, flip_topic),
        8 => with(logs, one, |log| {
            log.at.block = (log.at.block + random.below(5)).saturating_sub(2);
        }),
        _ => exchange(logs, one, other, |a, b| {
            core::mem::swap(&mut a.data, &mut b.data);
        }),
    }
}

/// Does to a list of logs what the node always does.
pub(super) fn lie(logs: &mut Vec<ChainLog>, lies: &[Lie], all: &[ChainLog], poll: Address) {
    // Positions count the poll's logs on the whole chain, so a lie is about one log whatever the range.
    let poll: Vec<&ChainLog> = all.iter().filter(|log| log.address == poll).collect();
    let at = |position: usize| poll.get(position).map(|log| log.at);
    for lie in lies {
        match *lie {
            Lie::Drop(position) => logs.retain(|log| Some(log.at) != at(position)),
            Lie::DropPair(position) => logs.retain(|log| {
                let here = Some(log.at);
                here != at(position) && (position == 0 || here != at(position - 1))
            }),
            Lie::Repeat(position) => {
                let found = logs
                    .iter()
                    .find(|log| Some(log.at) == at(position))
                    .cloned();
                logs.extend(found);
            }
            Lie::Swap(position) => {
                for (here, there) in [(position, position + 1), (position + 1, position)] {
                    let found = logs.iter().position(|log| Some(log.at) == at(here));
                    if let (Some(found), Some(other)) = (found, poll.get(there)) {
                        with(logs, found, |log| {
                            log.data.clone_from(&other.data);
                            log.topics.clone_from(&other.topics);
                        });
                    }
                }
            }
            Lie::Edit(position) => {
                if let Some(found) = logs.iter().position(|log| Some(log.at) == at(position)) {
                    with(logs, found, |log| {
                        if log.data.is_empty() {
                            flip_topic(log);
                        } else if let Some(byte) = log.data.get_mut(31) {
                            *byte ^= 1;
                        }
                    });
                }
            }
        }
    }
}

/// Changes one bit of an answer.
pub(super) fn flip_bit(answer: &mut [u8], random: &mut Random) {
    let byte = random.index(answer.len());
    if let Some(byte) = answer.get_mut(byte) {
        *byte ^= 1 << random.below(8);
    }
}

fn flip_data(log: &mut ChainLog, random: &mut Random) {
    let byte = random.index(log.data.len());
    if let Some(byte) = log.data.get_mut(byte) {
        *byte ^= 1 << random.below(8);
    }
}

fn flip_topic(log: &mut ChainLog) {
    if let Some(byte) = log.topics.last_mut().and_then(|topic| topic.last_mut()) {
        *byte ^= 1;
    }
}

fn with(logs: &mut [ChainLog], position: usize, change: impl FnOnce(&mut ChainLog)) {
    if let Some(log) = logs.get_mut(position) {
        change(log);
    }
}

fn exchange(
    logs: &mut [ChainLog],
    one: usize,
    other: usize,
    change: impl FnOnce(&mut ChainLog, &mut ChainLog),
) {
    let (low, high) = (one.min(other), one.max(other));
    if low == high {
        return;
    }
    if let Some((left, right)) = logs.split_at_mut_checked(high)
        && let (Some(a), Some(b)) = (left.get_mut(low), right.first_mut())
    {
        change(a, b);
    }
}
