//! What is seen of a running job: logs, metrics, status; and that no secret is among it (K-17).

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use maci_crypto::{Fr, field};
use maci_protocol::keys::CoordinatorKey;
use maci_protocol::layout::compact::{process_batches, tally_batches};
use maci_protocol::recorded;
use maci_protocol::secrets::RunSeed;
use serde_json::{Value, json};

use crate::support::{Place, files_below, fixture, read_json};

/// A poll whose proofs take seconds: at most three voters, one message a batch.
const SMALL: &str =
    "mode=qv,depth=2,tally-depth=1,vote-depth=1,batch=1,options=3,voters=3,messages=3,hostile=0";

fn start(place: &Place, args: &[&str]) -> Child {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("maci"));
    command
        .args(args)
        .current_dir(place.path())
        .env("RUST_LOG", "trace")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().expect("maci starts")
}

fn scrape(address: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET /metrics HTTP/1.1\r\nHost: {address}\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

/// Every secret of a run in the spellings in which it could show up: the coordinator's key, the commands in the clear,
/// and the salts that are not published with the tally.
fn secrets(place: &Place) -> Vec<Vec<u8>> {
    let text = |name: &str| {
        fs::read_to_string(place.join("data/recorded").join(name)).expect("a recorded file")
    };
    let log = recorded::parse(&text("deployment.json"), &text("logs.json")).expect("a log");
    let key: CoordinatorKey = recorded::coordinator_key(&text("keys.json")).expect("a key");
    let scalar = field::from_dec(&key.scalar().to_string()).expect("a number below p");
    let mut seed = RunSeed::derive(key.private(), log.chain_id, log.poll_address);
    let mut values: Vec<Fr> = vec![scalar];
    // Message 0 is the contract's: it decrypts to noise that nobody wrote.
    for message in log.messages.iter().skip(1) {
        let command = message.decrypt(&key).expect("a key on the curve");
        values.extend([command.packed[0], command.packed[3]]);
    }
    let processed = process_batches(&log, &key, &mut seed).expect("processed");
    values.extend(processed.batches.iter().map(|batch| batch.new_sb_salt));
    let mut tallied = tally_batches(&log, processed.last, &mut seed).batches;
    tallied.pop();
    for batch in &tallied {
        values.push(batch.new_salts.results.0);
        values.push(batch.new_salts.spent.0);
    }
    let mut spellings = Vec::new();
    for value in values {
        let bytes = field::to_be_bytes(&value);
        let mut little_endian = bytes.to_vec();
        little_endian.reverse();
        spellings.extend([
            field::to_dec(&value).into_bytes(),
            hex::encode(bytes)
                .trim_start_matches('0')
                .as_bytes()
                .to_vec(),
            bytes.to_vec(),
            little_endian,
        ]);
    }
    let serialised = key.private().serialise();
    let digits = serialised
        .trim_start_matches("macisk.")
        .trim_start_matches('0');
    spellings.push(digits.as_bytes().to_vec());
    for spelling in &spellings {
        assert!(
            spelling.len() >= 24,
            "short secrets would be found by chance"
        );
    }
    spellings
}

#[test]
fn k_17_logs_metrics_status_and_artefacts_of_a_run_at_trace_hold_no_secret() {
    let place = Place::new();
    let mut child = start(
        &place,
        &[
            "demo",
            "--simulate",
            SMALL,
            "--seed",
            "8",
            "--datadir",
            "data",
            "--json",
            "--metrics",
            "127.0.0.1:0",
            "--log-format",
            "json",
            "--log-file",
            "maci.log",
        ],
    );
    let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
    let mut said = String::new();
    let address = loop {
        let mut line = String::new();
        assert_ne!(stderr.read_line(&mut line).expect("text"), 0, "{said}");
        said.push_str(&line);
        if let Some(address) = line.strip_prefix("metrics at http://") {
            break address.trim_end().trim_end_matches("/metrics").to_owned();
        }
    };
    let rest = std::thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).map(|_| text)
    });
    let mut scrapes = Vec::new();
    while child.try_wait().expect("a child").is_none() {
        scrapes.extend(scrape(&address));
        std::thread::sleep(std::time::Duration::from_millis(250));
    }
    let output = child.wait_with_output().expect("maci ends");
    said.push_str(&rest.join().expect("joined").expect("text"));
    assert!(output.status.success(), "{said}");

    // Something was seen at all.
    let last = scrapes
        .iter()
        .rfind(|text| text.contains("maci_build_info{"))
        .expect("metrics");
    assert!(
        scrapes
            .iter()
            .any(|text| text.contains("maci_proofs_total{kind=\"process\"}")),
        "{last}"
    );
    let log = fs::read_to_string(place.join("maci.log")).expect("a log");
    assert!(
        log.len() < 20 << 20,
        "a log that people can read: {} bytes",
        log.len()
    );
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).expect("one object a line"))
        .collect();
    let spans = |name: &str| {
        lines
            .iter()
            .filter(|line| line["span"]["name"] == name && line["fields"]["message"] == "close")
            .count()
    };
    assert_eq!(spans("stage"), 6, "one span a stage");
    assert!(
        spans("batch") > 0 && spans("proof") > 5,
        "one a batch and one a proof"
    );
    assert!(place.join("data/status.json").exists());

    let mut outputs = vec![
        ("standard output".to_owned(), output.stdout),
        ("standard error".to_owned(), said.into_bytes()),
        ("maci.log".to_owned(), log.into_bytes()),
    ];
    outputs.extend(
        scrapes
            .into_iter()
            .map(|text| ("metrics".to_owned(), text.into_bytes())),
    );
    let recorded = place.join("data/recorded");
    for path in files_below(&place.join("data")) {
        if !path.starts_with(&recorded) {
            outputs.push((path.display().to_string(), fs::read(&path).expect("a file")));
        }
    }
    for secret in secrets(&place) {
        for (name, bytes) in &outputs {
            assert!(
                !bytes.windows(secret.len()).any(|window| window == secret),
                "a secret is in {name}"
            );
        }
    }
}

#[test]
fn metrics_are_for_this_machine_alone() {
    let place = Place::new();
    let (code, envelope) = place.json(&["config", "show", "--metrics", "0.0.0.0:0"]);
    assert_eq!(
        (code, &envelope["errors"][0]["code"]),
        (2, &json!("metrics_not_loopback"))
    );
    let (code, _) = place.json(&["config", "show", "--metrics", "localhost"]);
    assert_eq!(code, 2);
}

#[test]
fn status_tells_where_a_job_stands_with_and_without_its_lock() {
    let place = Place::new();
    let recorded = fixture("maci-v3");
    let recorded = recorded.to_str().expect("text");
    let (code, envelope) = place.json(&["status"]);
    assert_eq!(
        (code, &envelope["errors"][0]["code"]),
        (2, &json!("no_data_directory"))
    );
    assert_eq!(place.run(&["ingest", "--recorded", recorded]).code, 0);
    let (code, envelope) = place.json(&["status"]);
    let data = &envelope["data"];
    assert_eq!((code, &data["next"]), (0, &json!("process")), "{envelope}");
    assert_eq!(data["stages"][0]["complete"], true);
    assert_eq!(data["source"], "journal");
    let ran = place.ends(0, &["status", "--watch"]);
    assert!(ran.stdout.contains("next: maci process"), "{}", ran.stdout);

    // Another process holds the journal: what that process says about itself is shown.
    let lock = fs::File::options()
        .write(true)
        .open(place.join(".maci/lock"))
        .expect("a lock file");
    lock.lock().expect("locked");
    let (code, envelope) = place.json(&["status"]);
    assert_eq!(
        (code, &envelope["data"]["source"]),
        (0, &json!("running process")),
        "{envelope}"
    );
    assert_eq!(envelope["data"]["stages"][0]["complete"], true);
    fs::remove_file(place.join(".maci/status.json")).expect("removed");
    let (code, envelope) = place.json(&["status"]);
    assert_eq!(
        (code, &envelope["errors"][0]["code"]),
        (4, &json!("locked"))
    );
}

#[test]
fn exported_inputs_say_that_they_are_secret() {
    let place = Place::new();
    let recorded = fixture("maci-v3");
    assert_eq!(
        place
            .run(&["ingest", "--recorded", recorded.to_str().expect("text")])
            .code,
        0
    );
    let keys = recorded.join("keys.json");
    let keys = keys.to_str().expect("text");
    let envelope = place.ok(&["export", "inputs", "--key-file", keys, "--out", "inputs"]);
    assert_eq!(
        envelope["data"]["files"],
        json!([
            "process_0.json",
            "process_1.json",
            "tally_0.json",
            "tally_1.json",
            "tally_2.json",
            "tally.json"
        ])
    );
    let codes: Vec<_> = envelope["warnings"]
        .as_array()
        .expect("a list")
        .iter()
        .collect();
    assert!(
        codes
            .iter()
            .any(|warning| warning["code"] == "secret_files"),
        "{envelope}"
    );
    let ours = read_json(&place.join("inputs/tally_2.json"));
    let theirs = read_json(&recorded.join("inputs/tally_2.input.json"));
    assert_eq!(ours["ballots"], theirs["ballots"]);
    assert_eq!(ours["currentResults"], theirs["currentResults"]);
}
