//! `logs.json`: read as a stream, so that a large poll costs no more memory than its messages, and written the same way.

use core::fmt;
use std::io::{BufReader, Read, Seek, Write};

use serde::de::{self, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{
    assembly::{Assembly, Relayed},
    deployment::Deployment,
    error::{At, RecordedError},
    events,
    raw::{ChainLog, Parsed, RawFault},
};
use crate::log::PollLog;

/// Reads and checks a recorded poll.
///
/// Logs in chain order, as nodes give them, are taken in one by one. Only where the file has another order is it read
/// again from its start and sorted in memory.
pub fn parse_reader(
    deployment_json: &str,
    mut logs: impl Read + Seek,
    relayed: &mut dyn Relayed,
) -> Result<PollLog, RecordedError> {
    let deployment = Deployment::from_json(deployment_json)?;
    let mut assembly = Assembly::new(deployment.clone());
    let (mut places, mut ordered) = (Places::default(), true);
    let mut refused = None;
    read(&mut logs, &mut |contract, log| {
        ordered &= places.follows(contract, log.at);
        // A log that is refused may only be out of order, which the rest of the file tells.
        if ordered && refused.is_none() {
            let taken = match contract {
                Contract::Poll => assembly.push_poll(&log, relayed),
                Contract::Maci => assembly.push_maci(&log),
            };
            refused = taken.err();
        }
        Ok(())
    })?;
    match (ordered, refused) {
        (true, None) => return assembly.finish(),
        (true, Some(error)) => return Err(error),
        (false, _) => {}
    }
    logs.rewind()
        .map_err(|error| json(de::Error::custom(error)))?;
    let (mut maci, mut poll) = (Vec::new(), Vec::new());
    read(&mut logs, &mut |contract, log| {
        match contract {
            Contract::Poll => poll.push(log),
            Contract::Maci => maci.push(log),
        }
        Ok(())
    })?;
    let mut assembly = Assembly::new(deployment);
    maci.sort_by_key(|log| log.at);
    for log in maci {
        assembly.push_maci(&log)?;
    }
    poll.sort_by_key(|log| log.at);
    for log in poll {
        assembly.push_poll(&log, relayed)?;
    }
    assembly.finish()
}

/// Which list of the file a log stands in.
#[derive(Clone, Copy)]
enum Contract {
    Maci,
    Poll,
}

impl Contract {
    fn name(self) -> &'static str {
        match self {
            Self::Maci => "maci",
            Self::Poll => "poll",
        }
    }
}

/// The last place in each list.
#[derive(Default)]
struct Places([Option<At>; 2]);

impl Places {
    fn follows(&mut self, contract: Contract, at: At) -> bool {
        let before = self.0[contract as usize].replace(at);
        before.is_none_or(|before| before <= at)
    }
}

type Take<'a> = &'a mut dyn FnMut(Contract, ChainLog) -> Result<(), RecordedError>;

fn json(source: serde_json::Error) -> RecordedError {
    RecordedError::Json {
        file: "logs.json",
        source,
    }
}

/// Gives every log of the file to `take`.
fn read(logs: impl Read, take: Take<'_>) -> Result<(), RecordedError> {
    let mut failure = None;
    let mut parser = serde_json::Deserializer::from_reader(BufReader::with_capacity(1 << 16, logs));
    let seed = File {
        take,
        failure: &mut failure,
    };
    let read = seed.deserialize(&mut parser).and_then(|()| parser.end());
    match (failure, read) {
        (Some(failure), _) => Err(failure),
        (None, Err(error)) => Err(json(error)),
        (None, Ok(())) => Ok(()),
    }
}

/// The whole file.
struct File<'a, 'b> {
    take: Take<'a>,
    /// Why `take` refused; serde carries texts only.
    failure: &'b mut Option<RecordedError>,
}

impl<'de> DeserializeSeed<'de> for File<'_, '_> {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for File<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with lists of logs")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (mut maci, mut poll) = (false, false);
        while let Some(name) = map.next_key::<String>()? {
            let (contract, seen) = match name.as_str() {
                "maci" => (Contract::Maci, &mut maci),
                "poll" => (Contract::Poll, &mut poll),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            if core::mem::replace(seen, true) {
                return Err(de::Error::duplicate_field(contract.name()));
            }
            map.next_value_seed(List {
                contract,
                take: &mut *self.take,
                failure: &mut *self.failure,
            })?;
        }
        if poll {
            Ok(())
        } else {
            Err(de::Error::missing_field("poll"))
        }
    }
}

/// One contract's list.
struct List<'a, 'b> {
    contract: Contract,
    take: Take<'a>,
    failure: &'b mut Option<RecordedError>,
}

impl<'de> DeserializeSeed<'de> for List<'_, '_> {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of logs")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut position = 0;
        while let Some(Parsed(log)) = list.next_element()? {
            let taken = log
                .map_err(|fault| refused(self.contract, position, fault))
                .and_then(|log| (self.take)(self.contract, log));
            if let Err(error) = taken {
                *self.failure = Some(error);
                return Err(de::Error::custom("refused"));
            }
            position += 1;
        }
        Ok(())
    }
}

fn refused(contract: Contract, position: usize, fault: RawFault) -> RecordedError {
    let contract = contract.name();
    match fault {
        RawFault::Quantity { field, found } => RecordedError::Quantity {
            contract,
            position,
            field,
            found,
        },
        RawFault::Address { at, .. } => RecordedError::Malformed {
            at,
            event: contract,
            what: "the address is none",
        },
        RawFault::Words { at, topic0 } => RecordedError::Malformed {
            at,
            event: events::name(topic0.as_ref()),
            what: "topics or data are not hexadecimal words of the expected number",
        },
    }
}

/// Writes a `logs.json`: first the logs of MACI, then those of the poll, each in chain order.
#[derive(Debug)]
pub struct LogsWriter<W> {
    out: W,
    first: bool,
}

impl<W: Write> LogsWriter<W> {
    /// Begins the file.
    pub fn new(mut out: W) -> std::io::Result<Self> {
        out.write_all(b"{\n \"maci\": [")?;
        Ok(Self { out, first: true })
    }

    /// Writes the next log of the list.
    pub fn log(&mut self, log: &ChainLog) -> std::io::Result<()> {
        let separator: &[u8] = if self.first { b"\n  " } else { b",\n  " };
        self.first = false;
        self.out.write_all(separator)?;
        serde_json::to_writer(&mut self.out, log).map_err(std::io::Error::from)
    }

    /// Ends MACI's list and begins the poll's.
    pub fn poll(&mut self) -> std::io::Result<()> {
        self.first = true;
        self.out.write_all(b"\n ],\n \"poll\": [")
    }

    /// Ends the file and gives its sink back.
    pub fn finish(mut self) -> std::io::Result<W> {
        self.out.write_all(b"\n ]\n}\n")?;
        self.out.flush()?;
        Ok(self.out)
    }
}
