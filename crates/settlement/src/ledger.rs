//! The ledger: a market and the hash-chained events that made it (settlement.md §2.5).
//!
//! Every event carries the hash of the one before it, event 0 the market id. A market is a pure fold of its events, so a
//! replay anywhere gives the same balances and the same head. In a file each event is one line of canonical JSON with its
//! own hash, so any flipped byte is found in the line that holds it and the failing event is named (R6).
//!
//! Settlement is not replayed on trust: an event that accepts a verdict needs the audited poll behind it, from which the
//! verdict is judged again. Without it the ledger is refused (R2).

use alloy_primitives::B256;
use maci_verdict::canonical::{Fields, FormatError, Value, bytes32, bytes32_value, parse};
use maci_verdict::{VerifiedPoll, VerifiedVerdict, judge};

use crate::market::{Body, Command, Event, Market, Refusal};
use crate::spec::{MarketSpec, SpecError};
use crate::types::Time;

/// Format id of a ledger file.
const FORMAT: &str = "maci-rs ledger";
/// Version of the file's layout and of the event hash.
const VERSION: &str = "1";

/// A market with its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    market: Market,
    events: Vec<Event>,
}

/// Why a ledger file is refused; the failing event is named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The first line is not a header.
    #[error("header: {0}")]
    Header(#[from] FormatError),
    /// The header's market id is not that of its specification.
    #[error("header: expected market id {expected}, the hash of the specification, found {found}")]
    MarketId {
        /// Hash of the specification.
        expected: B256,
        /// The id in the header.
        found: B256,
    },
    /// The specification contradicts itself.
    #[error("header: {0}")]
    Spec(#[from] SpecError),
    /// The last line does not end.
    #[error("line {line}: expected a line feed at its end")]
    Unfinished {
        /// Number of the line, from 1.
        line: usize,
    },
    /// A line is no event.
    #[error("event {seq}: {source}")]
    Format {
        /// Position that the line should have.
        seq: u64,
        /// What is wrong.
        source: FormatError,
    },
    /// An event is missing, repeated or moved (I8).
    #[error("event {expected}: found sequence number {found}")]
    Sequence {
        /// Position that the line should have.
        expected: u64,
        /// The number in the line.
        found: u64,
    },
    /// An event does not follow the one before it (I8).
    #[error("event {seq}: expected previous hash {expected}, found {found}")]
    Previous {
        /// Which event.
        seq: u64,
        /// Hash of the event before it.
        expected: B256,
        /// The hash in the line.
        found: B256,
    },
    /// The content of an event was changed, or its hash (I8).
    #[error("event {seq}: expected hash {expected}, found {found}")]
    Hash {
        /// Which event.
        seq: u64,
        /// Hash of the content.
        expected: B256,
        /// The hash in the line.
        found: B256,
    },
    /// The event was not possible.
    #[error("event {seq} ({kind}): {source}")]
    Refused {
        /// Which event.
        seq: u64,
        /// Its kind.
        kind: &'static str,
        /// Why not.
        source: Refusal,
    },
    /// The replay gives another event: a fee, a payout or a verdict is not what follows from the events before.
    #[error("event {seq} ({kind}): the replay gives another result than the ledger states")]
    Differs {
        /// Which event.
        seq: u64,
        /// Its kind.
        kind: &'static str,
    },
    /// The audited poll behind a verdict was not given.
    #[error(
        "event {seq}: verdict {verdict_id} follows from none of the {given} audited polls given; pass its bundle"
    )]
    VerdictMissing {
        /// Which event.
        seq: u64,
        /// The verdict.
        verdict_id: B256,
        /// How many audited polls were given.
        given: usize,
    },
}

impl Ledger {
    /// A ledger without events.
    pub fn new(spec: MarketSpec) -> Result<Self, SpecError> {
        Ok(Self {
            market: Market::new(spec)?,
            events: Vec::new(),
        })
    }

    /// The market as it stands.
    pub const fn market(&self) -> &Market {
        &self.market
    }

    /// All events in order.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Hash of the last event; the market id before the first.
    pub fn head(&self) -> B256 {
        self.events
            .last()
            .map_or_else(|| self.market.market_id(), |event| event.hash)
    }

    /// Carries out a command, or refuses it and leaves everything as it was. `None`: there was nothing left to do.
    pub fn execute(
        &mut self,
        time: Time,
        command: &Command<'_>,
    ) -> Result<Option<&Event>, Refusal> {
        let verdict = match command {
            Command::Propose { verdict } | Command::Challenge { verdict } => Some(*verdict),
            _ => None,
        };
        let Some(body) = self.market.plan(time, command)? else {
            return Ok(None);
        };
        self.append(time, body, verdict)?;
        Ok(self.events.last())
    }

    fn append(
        &mut self,
        time: Time,
        body: Body,
        verdict: Option<&VerifiedVerdict>,
    ) -> Result<(), Refusal> {
        let event = Event::new(self.events.len() as u64, self.head(), time, body);
        self.market = self.market.applied(&event, verdict)?;
        self.events.push(event);
        Ok(())
    }

    /// The file: a header line and one line for each event.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.header_line();
        bytes.extend(self.events.iter().flat_map(Self::event_line));
        bytes
    }

    /// The header line, with its line feed: format, version, market id and the whole specification.
    pub fn header_line(&self) -> Vec<u8> {
        line(&Value::object([
            ("format", Value::text(FORMAT)),
            ("market_id", bytes32_value(self.market.market_id())),
            ("spec", self.market.spec().to_value()),
            ("version", Value::text(VERSION)),
        ]))
    }

    /// The line of one event, with its line feed, for appending to a file.
    pub fn event_line(event: &Event) -> Vec<u8> {
        line(&event.to_value())
    }

    /// Reads a file and replays it. `polls` are the audited polls behind the verdicts that the ledger accepts.
    pub fn parse(bytes: &[u8], polls: &[VerifiedPoll]) -> Result<Self, LedgerError> {
        let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        // What follows the last line feed must be nothing.
        if lines.pop().is_none_or(|rest| !rest.is_empty()) {
            return Err(LedgerError::Unfinished {
                line: lines.len() + 1,
            });
        }
        let mut lines = lines.into_iter();
        let mut ledger = Self::read_header(lines.next().unwrap_or_default())?;
        for (seq, line) in lines.enumerate() {
            ledger.read_event(seq as u64, line, polls)?;
        }
        Ok(ledger)
    }

    fn read_header(line: &[u8]) -> Result<Self, LedgerError> {
        let (found, spec) = Fields::read("header", parse(line)?, |fields| {
            fields.expect("format", FORMAT)?;
            fields.expect("version", VERSION)?;
            Ok((
                fields.take("market_id", bytes32)?,
                fields.take("spec", MarketSpec::from_value)?,
            ))
        })?;
        let expected = spec.market_id();
        if found != expected {
            return Err(LedgerError::MarketId { expected, found });
        }
        Ok(Self::new(spec)?)
    }

    fn read_event(
        &mut self,
        seq: u64,
        line: &[u8],
        polls: &[VerifiedPoll],
    ) -> Result<(), LedgerError> {
        let event = parse(line)
            .and_then(Event::from_value)
            .map_err(|source| LedgerError::Format { seq, source })?;
        let expected = event.compute_hash();
        if event.hash != expected {
            return Err(LedgerError::Hash {
                seq,
                expected,
                found: event.hash,
            });
        }
        if event.seq != seq {
            return Err(LedgerError::Sequence {
                expected: seq,
                found: event.seq,
            });
        }
        let expected = self.head();
        if event.prev != expected {
            return Err(LedgerError::Previous {
                seq,
                expected,
                found: event.prev,
            });
        }
        self.replay(event, polls)
    }

    /// Carries the event's command out again and demands the same event.
    fn replay(&mut self, event: Event, polls: &[VerifiedPoll]) -> Result<(), LedgerError> {
        let (seq, kind) = (event.seq, event.body.kind());
        let refused = |source| LedgerError::Refused { seq, kind, source };
        let verdict = match &event.body {
            Body::VerdictAccepted { verdict_id, .. } | Body::VerdictConflict { verdict_id } => {
                let found = self.find_verdict(*verdict_id, polls);
                Some(found.ok_or(LedgerError::VerdictMissing {
                    seq,
                    verdict_id: *verdict_id,
                    given: polls.len(),
                })?)
            }
            _ => None,
        };
        let command = event
            .body
            .command(&self.market, event.time, verdict.as_ref());
        let planned = command
            .map_or(Ok(None), |command| self.market.plan(event.time, &command))
            .map_err(refused)?;
        if planned.as_ref() != Some(&event.body) {
            return Err(LedgerError::Differs { seq, kind });
        }
        self.market = self
            .market
            .applied(&event, verdict.as_ref())
            .map_err(refused)?;
        self.events.push(event);
        Ok(())
    }

    fn find_verdict(&self, id: B256, polls: &[VerifiedPoll]) -> Option<VerifiedVerdict> {
        let question = self.market.question()?;
        let judged = polls.iter().filter_map(|poll| judge(poll, &question).ok());
        judged.into_iter().find(|verdict| verdict.id() == id)
    }
}

fn line(value: &Value) -> Vec<u8> {
    let mut bytes = value.to_bytes();
    bytes.push(b'\n');
    bytes
}
