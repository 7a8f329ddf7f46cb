//! `maci demo`.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use maci_crypto::field;
use maci_protocol::keys::PrivateKey;
use serde_json::{Value, json};

use crate::support::{Place, bare_copy, files_below, fixture, read_json, run};

/// A poll whose proofs take seconds: at most three voters, one message a batch.
const SMALL: &str =
    "mode=qv,depth=2,tally-depth=1,vote-depth=1,batch=1,options=3,voters=3,messages=2,hostile=0";

#[test]
fn the_three_recorded_polls_tally_as_maci_did_with_all_other_files_gone() {
    for name in ["maci-v3", "maci-v3-nonqv", "maci-v3-full"] {
        let place = Place::new();
        bare_copy(name, &place.join("poll"));
        let envelope = place.ok(&["demo", "--recorded", "poll", "--tally-only"]);
        let expected = read_json(&fixture(name).join("tally.json"));
        let data = &envelope["data"];
        assert_eq!(data["results"], expected["results"]["tally"], "{name}");
        assert_eq!(
            data["total_spent"], expected["totalSpentVoiceCredits"]["spent"],
            "{name}"
        );
        assert_eq!(data["message_batches"], 2, "{name}");
        assert!(
            data["seconds"].is_number() && data["peak_rss_mb"].is_number(),
            "{name}"
        );
        assert_eq!(data["verdict_id"], Value::Null, "nothing was proved");
        assert!(
            !place.join(".maci").exists(),
            "the demo leaves nothing behind"
        );
    }
}

#[test]
fn without_options_the_built_in_poll_is_taken_and_no_file_is_needed() {
    let place = Place::new();
    let ran = place.run(&["demo", "--tally-only", "--no-progress"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let last = ran.stdout.lines().count() - 1;
    // The last line holds the time and the memory of this run.
    let table: Vec<&str> = ran.stdout.lines().take(last).collect();
    insta::assert_snapshot!(table.join("\n"), @r"
    option  votes  credits
         3     10      100
         4      7       49
         7      6       36
         0      5       25
         2      4       16
         1      3        9
         6      2        4
    239 credits spent; 18 of 25 options got no votes
    ");
}

#[test]
fn an_edited_log_fails_by_name() {
    let place = Place::new();
    bare_copy("maci-v3", &place.join("poll"));
    let text = fs::read_to_string(place.join("poll/logs.json")).expect("text");
    // A digit within the data of the last log that is long enough to be a message.
    let at = text
        .rfind(&"0".repeat(20))
        .map_or(text.len() / 2, |at| at + 10);
    let edited = format!("{}7{}", &text[..at], &text[at + 1..]);
    fs::write(place.join("poll/logs.json"), edited).expect("written");
    let (code, envelope) = place.json(&["demo", "--recorded", "poll", "--tally-only"]);
    assert_eq!(code, 4, "{envelope}");
    let message = envelope["errors"][0]["message"]
        .as_str()
        .expect("a message");
    assert!(
        message.contains("block ") && message.contains("log index"),
        "{message}"
    );
}

#[test]
fn a_simulated_poll_is_written_in_the_recorded_layout_and_runs_the_same_from_there() {
    let place = Place::new();
    let simulate = [
        "demo",
        "--simulate",
        "mode=full,voters=6,messages=12",
        "--seed",
        "9",
        "--tally-only",
    ];
    let first = place.ok(&[&simulate[..], &["--datadir", "data"]].concat());
    let second = place.ok(&["demo", "--recorded", "data/recorded", "--tally-only"]);
    for member in [
        "results",
        "total_spent",
        "message_batches",
        "tally_batches",
        "tally_commitment",
    ] {
        assert_eq!(first["data"][member], second["data"][member], "{member}");
    }
    let (code, envelope) = place.json(&["demo", "--simulate", "options=6"]);
    assert_eq!(code, 2);
    let message = envelope["errors"][0]["message"]
        .as_str()
        .expect("a message");
    assert!(message.contains("vote options must be 1 to 5"), "{message}");
}

/// The whole way with real proofs, at TRACE, with the coordinator's key as the canary (K-17).
#[test]
fn k_17_a_small_simulated_poll_goes_the_whole_way_and_shows_no_secret() {
    let place = Place::new();
    let mut command = place.command();
    command.env("RUST_LOG", "trace").args([
        "demo",
        "--simulate",
        SMALL,
        "--seed",
        "3",
        "--datadir",
        "data",
    ]);
    let ran = run(command.args(["--log-file", "data.log", "--json"]));
    assert_eq!(ran.code, 0, "{} {}", ran.stdout, ran.stderr);
    let envelope: Value = serde_json::from_str(&ran.stdout).expect("an envelope");
    let data = &envelope["data"];
    assert_shape(&envelope);

    // The market commands find what the demo left.
    let shown = place.json(&["market", "show", "demo", "--datadir", "data"]);
    assert_eq!(
        (shown.0, &shown.1["data"]["market_state"]),
        (0, &json!("settled")),
        "{}",
        shown.1
    );
    assert_eq!(shown.1["data"]["verdict_id"], data["verdict_id"]);
    assert_eq!(
        place
            .run(&["market", "ledger-verify", "demo", "--datadir", "data"])
            .code,
        0
    );

    // The same command again makes no proof again and ends with the same bytes (D16).
    let artefacts = |place: &Place| {
        [
            "bundle.json",
            "verdict.json",
            "tally.json",
            "markets/demo.ledger",
        ]
        .map(|name| fs::read(place.join("data").join(name)).expect("a file"))
    };
    let before = artefacts(&place);
    let again = [
        "demo",
        "--simulate",
        SMALL,
        "--seed",
        "3",
        "--datadir",
        "data",
    ];
    let (code, envelope) = place.json(&again);
    assert_eq!(
        (code, &envelope["data"]["verdict_id"]),
        (0, &data["verdict_id"]),
        "{envelope}"
    );
    assert!(
        artefacts(&place) == before,
        "another run gives the same artefacts"
    );
    assert_no_secret(&place, ran.stdout, ran.stderr);
}

/// The members that scripts rely on, and that no collateral is made or lost.
fn assert_shape(envelope: &Value) {
    let data = &envelope["data"];
    assert_eq!(envelope["ok"], true);
    assert!(
        data["results"]
            .as_array()
            .is_some_and(|results| results.iter().all(Value::is_string))
    );
    assert!(data["total_spent"].is_string());
    assert_eq!(
        (&data["message_batches"], &data["tally_batches"]),
        (&json!(3), &json!(2))
    );
    assert!(
        data["verdict_id"]
            .as_str()
            .is_some_and(|id| id.len() == 66 && id.starts_with("0x"))
    );
    assert_eq!(
        (&data["market_state"], &data["grade"]),
        (&json!("settled"), &json!("V3"))
    );
    assert!(
        data["constraints_per_message"]
            .as_u64()
            .is_some_and(|rows| rows > 1000)
    );
    assert!(
        data["seconds"]
            .as_f64()
            .is_some_and(|seconds| seconds > 0.0)
    );
    assert!(data["peak_rss_mb"].as_u64().is_some_and(|mb| mb > 1));
    let codes: Vec<&str> = envelope["warnings"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|w| w["code"].as_str())
        .collect();
    assert!(
        codes.contains(&"insecure_dev_keys"),
        "the demo says which keys it uses: {codes:?}"
    );
    // Complete sets: what went in comes out.
    let sum: i128 = data["accounts"]
        .as_array()
        .expect("accounts")
        .iter()
        .map(|account| {
            account["profit"]
                .as_str()
                .and_then(|text| text.parse::<i128>().ok())
                .expect("a number")
        })
        .sum();
    assert_eq!(sum, 0);
}

/// No form of the coordinator's key is in any output or file, the simulated recording itself excepted.
fn assert_no_secret(place: &Place, stdout: String, stderr: String) {
    let serialised = read_json(&place.join("data/recorded/keys.json"))["coordinator"]["privateKey"]
        .as_str()
        .expect("a key")
        .to_owned();
    let key = PrivateKey::deserialise(&serialised).expect("a key");
    let scalar = maci_protocol::keys::CoordinatorKey::new(key);
    let scalar = field::from_dec(&scalar.scalar().to_string()).expect("a number below p");
    let mut little_endian = field::to_be_bytes(&scalar).to_vec();
    little_endian.reverse();
    let digits = serialised
        .trim_start_matches("macisk.")
        .trim_start_matches('0')
        .to_owned();
    let canaries = [
        digits.into_bytes(),
        field::to_dec(&scalar).into_bytes(),
        hex::encode(field::to_be_bytes(&scalar)).into_bytes(),
        field::to_be_bytes(&scalar).to_vec(),
        little_endian,
    ];
    let mut written = files_below(&place.join("data"));
    written.retain(|path| !path.starts_with(place.join("data/recorded")));
    assert!(written.len() > 5, "{written:?}");
    written.push(place.join("data.log"));
    let mut outputs: Vec<(String, Vec<u8>)> = written
        .iter()
        .map(|path| (path.display().to_string(), fs::read(path).expect("a file")))
        .collect();
    outputs.push(("standard output".to_owned(), stdout.into_bytes()));
    outputs.push(("standard error".to_owned(), stderr.into_bytes()));
    for (name, bytes) in &outputs {
        for canary in &canaries {
            assert!(
                !bytes
                    .windows(canary.len())
                    .any(|window| window == canary.as_slice()),
                "a secret is in {name}"
            );
        }
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_with_130_and_the_next_run_goes_on() {
    let place = Place::new();
    let args = [
        "demo",
        "--simulate",
        SMALL,
        "--seed",
        "4",
        "--datadir",
        "data",
        "--json",
    ];
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("maci"))
        .args(args)
        .current_dir(place.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("maci starts");
    // Its first words come after the handler is there.
    let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
    let mut line = String::new();
    stderr.read_line(&mut line).expect("text");
    let killed = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("kill runs");
    assert!(killed.success());
    std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
    let output = child.wait_with_output().expect("maci ends");
    assert_eq!(output.status.code(), Some(130));
    let envelope: Value = serde_json::from_slice(&output.stdout).expect("an envelope");
    assert_eq!(
        (&envelope["ok"], &envelope["errors"][0]["code"]),
        (&json!(false), &json!("interrupted"))
    );
    let ran = place.run(&[
        "demo",
        "--recorded",
        "data/recorded",
        "--datadir",
        "data",
        "--tally-only",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}
