//! What must not be seen (security.md K-17): the coordinator's key, plaintext votes, salts and the operator's Ethereum key, looked for
//! in everything that `maci run` writes at TRACE while it takes a poll from a node to its results.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::thread::{scope, sleep};
use std::time::Duration;

use alloy_primitives::{U256, hex};
use anyhow::{Context, Result, ensure};
use maci_protocol::message;
use maci_protocol::recorded;
use serde_json::Value;

use super::maci::Maci;
use super::small::SmallPoll;

/// Numbers below this are too short to be looked for: they are found everywhere.
const SHORTEST: u32 = 64;

/// Runs a command of `maci` at TRACE with metrics, and returns what it printed and every answer of its metrics.
pub(crate) fn watched(
    maci: &Maci,
    line: &[String],
    log: &str,
    variables: &[(&str, &str)],
) -> Result<(Output, Vec<u8>)> {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let metrics = address.to_string();
    let more = ["--log-file", log, "--metrics", &metrics];
    let line: Vec<String> = line
        .iter()
        .cloned()
        .chain(more.map(str::to_owned))
        .collect();
    let variables = [variables, &[("RUST_LOG", "trace")]].concat();
    scope(|threads| {
        let running = threads.spawn(|| maci.output(&line, &variables));
        let mut seen = Vec::new();
        while !running.is_finished() {
            seen.extend(scrape(address).unwrap_or_default());
            sleep(Duration::from_millis(50));
        }
        let output = running
            .join()
            .map_err(|_| anyhow::anyhow!("the command could not be run"))??;
        ensure!(
            seen.windows(5).any(|word| word == b"maci_"),
            "the metrics were never answered"
        );
        Ok((output, seen))
    })
}

fn scrape(address: SocketAddr) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

/// Looks for every secret of the poll in the data directory, the log and what was printed. Returns how many were looked for.
pub(crate) fn check(
    maci: &Maci,
    poll: &SmallPoll,
    data: &str,
    log: &str,
    printed: &[(&str, &[u8])],
) -> Result<usize> {
    let mut places: Vec<(String, Vec<u8>)> = printed
        .iter()
        .map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec()))
        .collect();
    let mut files = files_below(Path::new(&maci.path(data)))?;
    files.push(PathBuf::from(maci.path(log)));
    for path in files {
        let bytes = std::fs::read(&path)?;
        places.push((path.display().to_string(), bytes));
    }
    ensure!(
        places
            .iter()
            .any(|(name, bytes)| name.ends_with(log)
                && bytes.windows(5).any(|word| word == b"TRACE")),
        "the log has no line at TRACE"
    );
    let secrets = secrets(maci, poll, data)?;
    for (what, secret) in &secrets {
        for form in forms(*secret) {
            for (name, bytes) in &places {
                ensure!(
                    !bytes.windows(form.len()).any(|found| found == form),
                    "{what} is in {name}"
                );
            }
        }
    }
    Ok(secrets.len())
}

/// The numbers that nobody may see, with what they are.
fn secrets(maci: &Maci, poll: &SmallPoll, data: &str) -> Result<Vec<(String, U256)>> {
    let mut secrets = Vec::new();
    let mut add = |what: &str, digits: &str, radix: u64| -> Result<()> {
        let number = U256::from_str_radix(digits.trim(), radix)?;
        if number.bit_len() >= SHORTEST as usize {
            secrets.push((what.to_owned(), number));
        }
        Ok(())
    };
    let key = std::fs::read_to_string(maci.path("coordinator.key"))?;
    add(
        "the coordinator's key",
        key.trim().trim_start_matches("macisk."),
        16,
    )?;
    let eth = std::fs::read_to_string(&poll.operator.file)?;
    add(
        "the operator's Ethereum key",
        eth.trim().trim_start_matches("0x"),
        16,
    )?;

    let export = ["export", "inputs", "--key-file", "coordinator.key"];
    maci.ok(&[&export[..], &["--datadir", data, "--out", "inputs"]].concat())?;
    for path in files_below(Path::new(&maci.path("inputs")))? {
        let inputs: Value = serde_json::from_slice(&std::fs::read(&path)?)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // What opens the last commitment is published with the results.
        let last = name == "tally_1.json";
        for (field, value) in inputs.as_object().context("no inputs")? {
            let published = last && field.starts_with("new");
            if field == "coordPrivKey" || (field.ends_with("Salt") && !published) {
                add(
                    &format!("{field} of {name}"),
                    value.as_str().context("no text")?,
                    10,
                )?;
            }
        }
    }

    maci.ok(&poll.reading(data, "recorded"))?;
    let read = |file: &str| std::fs::read_to_string(maci.path(&format!("recorded/{file}")));
    let log = recorded::parse(&read("deployment.json")?, &read("logs.json")?)?;
    let coordinator = recorded::coordinator_key(
        &serde_json::json!({ "coordinator": { "privateKey": key.trim() } }).to_string(),
    )?;
    let mut votes = 0;
    // Message 0 is MACI's own and decrypts to noise.
    for command in log.messages.iter().skip(1) {
        let command = message::decrypt(command, &coordinator).context("no plaintext")?;
        let [packed, _, _, salt] = command.packed;
        add("a plaintext vote", &packed.to_string(), 10)?;
        add("a voter's salt", &salt.to_string(), 10)?;
        add("a voter's signature", &command.signature.s.to_string(), 10)?;
        votes += 1;
    }
    ensure!(votes == 4, "{votes} votes were decrypted");
    ensure!(
        secrets.len() > 20,
        "only {} secrets are known",
        secrets.len()
    );
    Ok(secrets)
}

/// How a number may be written.
fn forms(number: U256) -> [Vec<u8>; 5] {
    let digits = format!("{number:x}");
    [
        number.to_string().into_bytes(),
        digits.to_uppercase().into_bytes(),
        digits.into_bytes(),
        number.to_be_bytes::<32>().to_vec(),
        hex::encode(number.to_le_bytes::<32>()).into_bytes(),
    ]
}

fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}
