//! The wire: HTTP/1.1 with kept connections, one JSON-RPC request a body, and `GET /ipfs/<cid>`.
#![allow(
    clippy::indexing_slicing,
    reason = "indexing a JSON value gives null where there is nothing"
)]

use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use alloy::primitives::{Bytes, hex};
use maci_protocol::Address;
use serde_json::{Value, json};

use super::faults::{Random, corrupt, flip_bit, lie};
use super::world::MACI_BLOCK;
use super::{Branch, Counts, Scenario, State, lock};
use crate::ingest::Header;

/// What is sent back.
enum Answer {
    Body(u16, Vec<u8>),
    /// Half of it, and the connection closed.
    Half(Vec<u8>),
    /// Nothing for a while, and the connection closed.
    Silence(Duration),
}

/// Serves one connection to its end.
pub(super) fn serve(stream: TcpStream, state: &Mutex<State>, stop: &AtomicBool) {
    let _ = stream.set_nodelay(true);
    let Ok(reading) = stream.try_clone() else {
        return;
    };
    let (mut reader, mut writer) = (BufReader::new(reading), stream);
    while let Ok(Some((path, body))) = request(&mut reader) {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let sent = match answer(&path, &body, state) {
            Answer::Body(status, body) => respond(&mut writer, status, body.len(), &body),
            Answer::Half(body) => {
                let half = body.get(..body.len() / 2).unwrap_or_default();
                let _ = respond(&mut writer, 200, body.len(), half);
                return;
            }
            Answer::Silence(time) => {
                thread::sleep(time);
                return;
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

/// The path and the body of the next request; `None` at the end.
fn request(reader: &mut impl BufRead) -> io::Result<Option<(String, Vec<u8>)>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? == 0 {
            return Ok(None);
        }
        let header = header.trim_end().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some((path, body)))
}

fn respond(writer: &mut impl Write, status: u16, length: usize, body: &[u8]) -> io::Result<()> {
    let mut answer = format!(
        "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    )
    .into_bytes();
    answer.extend_from_slice(body);
    writer.write_all(&answer)?;
    writer.flush()
}

fn answer(path: &str, body: &[u8], state: &Mutex<State>) -> Answer {
    let mut state = lock(state);
    let state = &mut *state;
    state.counts.requests += 1;
    let Some(scenario) = &state.scenario else {
        return Answer::Body(503, Vec::new());
    };
    let (faults, random) = (&scenario.faults, &mut state.random);
    if random.below(1000) < faults.timeout_per_mille {
        state.counts.injected += 1;
        return Answer::Silence(faults.silence);
    }
    let breaks = random.chance(faults.transport_percent);
    if let Some(cid) = path.strip_prefix("/ipfs/") {
        let file = state
            .files
            .get(cid)
            .or_else(|| scenario.world.relayed.get(cid));
        return match file {
            _ if breaks => Answer::Body(502, b"<html>".to_vec()),
            Some(file) => Answer::Body(200, file.clone()),
            None => Answer::Body(404, Vec::new()),
        };
    }
    let Ok(request) = serde_json::from_slice::<Value>(body) else {
        return Answer::Body(400, Vec::new());
    };
    let envelope = |name: &str, value: Value| {
        let mut answer = json!({ "jsonrpc": "2.0", "id": request["id"] });
        answer[name] = value;
        answer.to_string().into_bytes()
    };
    let error = |code: i64, message: &str| {
        let mut value = json!({ "code": code, "message": message });
        if code == REVERTED {
            value["data"] = json!("0x");
        }
        Answer::Body(200, envelope("error", value))
    };
    if breaks {
        state.counts.injected += 1;
        return match random.below(8) {
            0 => Answer::Body(429, b"slow down".to_vec()),
            1 => Answer::Body(500, Vec::new()),
            2 => Answer::Body(503, b"<html>busy</html>".to_vec()),
            3 => Answer::Body(200, b"{\"jsonrpc\":\"2.0\",\"id\":".to_vec()),
            4 => Answer::Body(200, b"\xff\xfe garbage".to_vec()),
            5 => error(-32005, "request rate exceeded per second capacity"),
            6 => error(-32000, "internal error: upstream timed out, exceeded"),
            _ => Answer::Half(envelope("result", json!("0x"))),
        };
    }
    let requests = state.counts.requests;
    let active = scenario
        .switches
        .iter()
        .rev()
        .find(|(at, _)| *at <= requests);
    let branch = scenario
        .branches
        .get(active.map_or(0, |(_, branch)| *branch));
    let Some(branch) = branch else {
        return Answer::Body(500, Vec::new());
    };
    let mut newest = branch.head();
    if random.chance(faults.lag_percent) {
        newest = newest.saturating_sub(1 + random.below(faults.lag));
    }
    let method = request["method"].as_str().unwrap_or_default();
    let node = Node {
        scenario,
        branch,
        newest,
    };
    if method != "eth_getLogs" {
        return match node.read(method, &request["params"], random) {
            Ok(value) => Answer::Body(200, envelope("result", value)),
            Err((code, message)) => error(code, &message),
        };
    }
    let filter = &request["params"][0];
    if let (Some(first), Some(last)) = (number(&filter["fromBlock"]), number(&filter["toBlock"]))
        && (last + 1).saturating_sub(first) > faults.heavy_above
    {
        state.counts.injected += 1;
        return match faults.heavy_status {
            0 => Answer::Half(envelope("result", json!([]))),
            status => Answer::Body(status, b"<html>upstream timed out</html>".to_vec()),
        };
    }
    match node.logs(filter, random, &mut state.counts) {
        Ok(value) => Answer::Body(200, envelope("result", value)),
        Err((code, message)) => error(code, &message),
    }
}

/// What one replica of the node knows.
struct Node<'a> {
    scenario: &'a Scenario,
    branch: &'a Branch,
    newest: u64,
}

type Refusal = (i64, String);

/// The code with which nodes say that a contract refused.
const REVERTED: i64 = 3;

impl Node<'_> {
    fn read(&self, method: &str, params: &Value, random: &mut Random) -> Result<Value, Refusal> {
        let faults = &self.scenario.faults;
        match method {
            "eth_chainId" => {
                let id = faults
                    .chain_id
                    .unwrap_or(self.scenario.world.log().chain_id);
                Ok(json!(format!("{id:#x}")))
            }
            "eth_blockNumber" => Ok(json!(format!("{:#x}", self.newest))),
            "eth_getBlockByNumber" => Ok(self.header(&params[0])),
            "eth_getCode" => {
                let known = self.block(&params[1])? >= MACI_BLOCK;
                let maci = address(&params[0]) == Some(self.scenario.world.maci());
                Ok(json!(if known && maci { "0x6080" } else { "0x" }))
            }
            "eth_call" => {
                let block = self.block(&params[1])?;
                let oldest = faults
                    .state_depth
                    .map_or(0, |depth| self.branch.head().saturating_sub(depth));
                if block < oldest {
                    return Err((-32000, "missing trie node 00 (path )".to_owned()));
                }
                let call = &params[0];
                let data = call["input"].as_str().unwrap_or_default();
                let (Some(to), Ok(data)) = (address(&call["to"]), hex::decode(data)) else {
                    return Err((-32602, "invalid params".to_owned()));
                };
                let found: Option<Bytes> = self.scenario.world.call(self.branch, to, &data, block);
                match found {
                    Some(bytes) if random.chance(faults.call_percent) => {
                        let mut bytes = bytes.to_vec();
                        flip_bit(&mut bytes, random);
                        Ok(json!(Bytes::from(bytes)))
                    }
                    Some(bytes) => Ok(json!(bytes)),
                    None if to == self.scenario.world.maci() => {
                        Err((REVERTED, "execution reverted".to_owned()))
                    }
                    None => Err((
                        -32000,
                        "the hostile node does not know this call".to_owned(),
                    )),
                }
            }
            _ => Err((-32601, "method not found".to_owned())),
        }
    }

    fn logs(
        &self,
        filter: &Value,
        random: &mut Random,
        counts: &mut Counts,
    ) -> Result<Value, Refusal> {
        let faults = &self.scenario.faults;
        let refuse = |code, message: &str| Err((code, message.to_owned()));
        let (Some(first), Some(last)) = (number(&filter["fromBlock"]), number(&filter["toBlock"]))
        else {
            return refuse(-32602, "invalid params");
        };
        let width = (last + 1).saturating_sub(first);
        if width > faults.max_range {
            return refuse(-32602, "block range is too wide");
        }
        // A lagging replica is silent about what it does not have.
        let mut logs = self.branch.logs(first, last.min(self.newest));
        if logs.len() > faults.max_results {
            if !faults.truncates {
                return refuse(-32005, "query returned more than the allowed results");
            }
            logs.truncate(faults.max_results);
        }
        counts.widest = counts.widest.max(width);
        counts.narrowest = counts.narrowest.min(width);
        if !faults.lies.is_empty() {
            let all = self.branch.logs(0, self.branch.head());
            let poll = self.scenario.world.log().poll_address;
            lie(&mut logs, &faults.lies, &all, poll);
        }
        if random.chance(faults.content_percent) {
            counts.injected += 1;
            corrupt(&mut logs, random);
        }
        // The order of an answer means nothing.
        if random.chance(20) {
            logs.reverse();
        }
        Ok(json!(logs))
    }

    /// A block that this replica has.
    fn block(&self, block: &Value) -> Result<u64, Refusal> {
        match number(block) {
            Some(number) if number <= self.newest => Ok(number),
            _ => Err((-32000, "header not found".to_owned())),
        }
    }

    fn header(&self, block: &Value) -> Value {
        let depth = self.scenario.faults.finalized_depth;
        let number = match block.as_str() {
            Some("latest") => Some(self.newest),
            Some("safe") => Some(self.newest.saturating_sub(depth / 2)),
            Some("finalized") => Some(self.newest.saturating_sub(depth)),
            _ => number(block),
        };
        let header = number
            .filter(|number| *number <= self.newest)
            .and_then(|number| self.branch.header(number));
        header.map_or(Value::Null, |header| shown(&header))
    }
}

fn shown(header: &Header) -> Value {
    json!({
        "number": format!("{:#x}", header.number),
        "hash": hex::encode_prefixed(header.hash),
        "parentHash": hex::encode_prefixed(header.parent),
        "timestamp": format!("{:#x}", header.timestamp),
    })
}

fn number(value: &Value) -> Option<u64> {
    u64::from_str_radix(value.as_str()?.strip_prefix("0x")?, 16).ok()
}

fn address(value: &Value) -> Option<Address> {
    value.as_str()?.parse().ok()
}
