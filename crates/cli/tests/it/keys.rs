//! `maci keys`, on circuits small enough to be made in a test.

use std::fs;

use serde_json::json;

use crate::support::{Place, files_below};

const SMALL: [&str; 2] = ["poll-joined-2", "vote-tally-nonqv-2-1-1"];

#[test]
fn keys_are_written_checked_listed_and_exported() {
    let place = Place::new();
    let made = place.ok(&["keys", "setup", SMALL[0], SMALL[1], "--write", "keys"]);
    assert_eq!(made["warnings"][0]["code"], "insecure_dev_keys");
    let (code, checked) = place.json(&["keys", "check"]);
    assert_eq!(
        (code, &checked["data"]["valid"]),
        (0, &json!(true)),
        "{checked}"
    );
    let (_, list) = place.json(&["keys", "list"]);
    assert_eq!(list["data"]["verifying_keys"][0]["circuit"], SMALL[0]);
    assert_eq!(
        list["data"]["verifying_keys"][0]["provenance"],
        "insecure-dev"
    );

    let exported = place.ok(&["keys", "export", SMALL[0]]);
    let key = &exported["data"]["key"];
    assert_eq!(
        (&key["protocol"], &key["curve"], &key["nPublic"]),
        (&json!("groth16"), &json!("bn128"), &json!(1))
    );
    // A key that no manifest lists comes from its seed, and is the same.
    let (_, again) = place.json(&["keys", "export", SMALL[0], "--dir", "absent"]);
    assert_eq!(again["data"]["key_id"], exported["data"]["key_id"]);
    let ran = place.run(&[
        "keys", "export", SMALL[0], "--format", "maci", "--out", "vk.json",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let text = fs::read_to_string(place.join("vk.json")).expect("text");
    assert!(text.contains("alpha1") && text.contains("ic"), "{text}");

    // A changed key file is the answer no, by name.
    let file = files_below(&place.join("keys"))
        .into_iter()
        .find(|path| path.ends_with("poll-joined-2.vk"));
    let path = file.expect("a key file");
    let mut bytes = fs::read(&path).expect("read");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&path, bytes).expect("written");
    let ran = place.ends(1, &["keys", "check"]);
    assert!(
        ran.stderr.contains("error[keys_invalid]") && ran.stderr.contains("poll-joined-2.vk"),
        "{}",
        ran.stderr
    );
    assert_eq!(place.run(&["keys", "check", "--dir", "absent"]).code, 2);
}

#[test]
fn proving_keys_are_cached() {
    let place = Place::new();
    let args = ["keys", "setup", SMALL[0], "--cache", "cache"];
    assert_eq!(place.run(&args).code, 0);
    let (_, list) = place.json(&["keys", "list", "--cache", "cache"]);
    let files = list["data"]["proving_keys"].as_array().expect("a list");
    assert_eq!(files.len(), 1);
    assert!(
        files[0]["file"]
            .as_str()
            .is_some_and(|name| name.starts_with(SMALL[0]))
    );
    // A damaged one is a conflict until it is asked for anew.
    let path = files_below(&place.join("cache")).remove(0);
    let whole = fs::read(&path).expect("read");
    fs::write(&path, &whole[..whole.len() / 2]).expect("written");
    let ran = place.ends(4, &args);
    assert!(
        ran.stderr.contains("hint: maci keys setup --again"),
        "{}",
        ran.stderr
    );
    assert_eq!(place.run(&[&args[..], &["--again"]].concat()).code, 0);
    assert_eq!(
        fs::read(&path).expect("read"),
        whole,
        "equal seeds make equal bytes"
    );
}

#[test]
fn circuits_are_measured_by_id() {
    let place = Place::new();
    let envelope = place.ok(&["circuits", "stats", "message-processor-qv-2-2-1", SMALL[0]]);
    let circuits = envelope["data"]["circuits"].as_array().expect("a list");
    let processor = &circuits[0];
    assert_eq!(processor["public_inputs"], 9);
    assert!(
        processor["per_message"]
            .as_u64()
            .is_some_and(|rows| rows > 1000)
    );
    let components = processor["components"].as_array().expect("a list");
    let clauses: u64 = components
        .iter()
        .filter(|component| !component["path"].as_str().unwrap_or_default().contains('/'))
        .filter_map(|component| component["constraints"].as_u64())
        .sum();
    let own: u64 = components
        .iter()
        .filter_map(|component| component["own_constraints"].as_u64())
        .sum();
    assert_eq!(
        [Some(clauses), Some(own)],
        [processor["constraints"].as_u64(); 2],
        "every row belongs to a clause"
    );
    assert_eq!(circuits[1]["per_message"], serde_json::Value::Null);
    let ran = place.run(&["circuits", "stats", SMALL[0], "--no-progress"]);
    assert!(ran.stdout.contains("component"), "{}", ran.stdout);
    let ran = place.ends(2, &["circuits", "stats", "message-processor-xv-2-2-1"]);
    assert!(
        ran.stderr.contains("expected a circuit id"),
        "{}",
        ran.stderr
    );
}

/// One circuit by kind and parameters, in every form that is offered.
#[test]
fn a_circuit_is_measured_by_kind() {
    let place = Place::new();
    let by_kind = [
        "circuits",
        "stats",
        "--circuit",
        "message-processor",
        "--mode",
        "qv",
        "--state-depth",
        "2",
        "--batch",
        "2",
        "--vote-option-depth",
        "1",
    ];
    let envelope = place.ok(&by_kind);
    let data = &envelope["data"];
    assert_eq!(data["circuit"], "message-processor-qv-2-2-1");
    for number in ["constraints", "per_message", "domain"] {
        assert!(data[number].as_u64().is_some_and(|n| n > 0), "{number}");
    }
    assert!(data["non_zeros"]["total"].as_u64() > data["constraints"].as_u64());
    assert_eq!(data["digest"].as_str().map(str::len), Some(64));

    let ran = place.run(&[&by_kind[..], &["--csv", "--no-progress"]].concat());
    let lines: Vec<&str> = ran.stdout.lines().collect();
    let components = data["components"].as_array().map_or(0, Vec::len);
    assert_eq!(
        (ran.code, lines.len()),
        (0, components + 1),
        "{}",
        ran.stderr
    );
    assert!(lines.iter().all(|line| line.split(',').count() == 11));
    assert!(lines.iter().any(|line| line.contains(",signature,")));

    let ran = place.ends(0, &[&by_kind[..], &["--svg", "--no-progress"]].concat());
    assert!(ran.stdout.starts_with("<?xml") && ran.stdout.trim_end().ends_with("</svg>"));
    assert!(ran.stdout.contains("poseidon-3"), "gadgets are drawn");

    let ran = place.run(&[
        "circuits",
        "stats",
        "--circuit",
        "poll-joining",
        "--state-depth",
        "0",
    ]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("there is no circuit"), "{}", ran.stderr);
    let ran = place.run(&["circuits", "stats", "--state-depth", "3"]);
    assert_eq!(ran.code, 2, "parameters belong to a kind");
}

#[test]
fn a_poll_is_planned() {
    let place = Place::new();
    let of_options = |options| {
        let poll = "circuits plan --signups 20 --messages 30 --options";
        poll.split(' ').chain([options]).collect::<Vec<_>>()
    };
    let poll = of_options("5");
    let envelope = place.ok(&poll);
    let data = &envelope["data"];
    let number = |value: &serde_json::Value| value.as_u64().unwrap_or_default();
    assert_eq!(data["params"]["state_tree_depth"], 5);
    assert_eq!(data["params"]["vote_option_tree_depth"], 1);
    let batch = number(&data["params"]["message_batch_size"]);
    assert_eq!(number(&data["process"]["proofs"]), 31u64.div_ceil(batch));
    assert!(number(&data["process"]["constraints"]) < number(&data["process"]["domain"]));
    assert!(number(&data["memory_bytes"]) > 0 && number(&data["gas"]["coordinator"]) > 0);
    assert!(
        data["cpu_seconds"]
            .as_f64()
            .is_some_and(|seconds| seconds > 0.0)
    );

    place.ends(1, &[&poll[..], &["--memory", "1"]].concat());
    place.ends(2, &of_options("9999999"));
}

#[test]
fn a_circuit_is_written_for_other_tools() {
    let place = Place::new();
    let envelope = place.ok(&[
        "circuits",
        "export",
        "poll-joined-3",
        "--r1cs",
        "out/joined.r1cs",
    ]);
    let written = std::fs::read(place.join("out/joined.r1cs")).expect("written");
    assert!(written.starts_with(b"r1cs\x01\0\0\0"));
    assert_eq!(envelope["data"]["bytes"], written.len());
    let (_, stats) = place.json(&["circuits", "stats", "poll-joined-3"]);
    assert_eq!(envelope["data"]["digest"], stats["data"]["digest"]);
    let ran = place.run(&["circuits", "export", "--r1cs", "x.r1cs"]);
    assert_eq!(ran.code, 2, "no circuit is named");
}

#[test]
fn k_14_only_keys_that_do_not_ship_are_made() {
    let place = Place::new();
    for (circuit, ships) in [("poll-joined-10", true), (SMALL[0], false)] {
        let ran = place.ends(0, &["keys", "export", circuit, "--dir", "absent"]);
        let made = ran.stderr.contains("making its development key");
        assert_eq!(made, !ships, "{circuit}: {}", ran.stderr);
    }
}

#[test]
fn a_zkey_is_prepared_once_and_proved_with() {
    let place = Place::new();
    let export = [
        "keys", "export", SMALL[0], "--zkey", "a.zkey", "--wtns", "a.wtns",
    ];
    // A zkey has no label, so making one asks for the word.
    place.ends(2, &export);
    place.ok(&[&export[..], &["--insecure-dev-keys"]].concat());
    let prepared = place.ok(&["keys", "prepare", "a.zkey"]);
    let data = &prepared["data"];
    assert_eq!(data["prepared"], "a.prepared");
    assert_eq!(data["public_inputs"], 1);
    let sha = &data["zkey_sha256"];
    assert!(sha.as_str().is_some_and(|sha| sha.len() == 64), "{sha}");
    assert!(data["seconds"]["load"].is_number(), "{prepared}");
    let prove = |key: &str| place.ok(&["prove", "--zkey", key, "--wtns", "a.wtns"]);
    let (plain, fast) = (prove("a.zkey"), prove("a.prepared"));
    assert_eq!(&fast["data"]["zkey_sha256"], sha);
    assert!(plain["data"]["zkey_sha256"].is_null());
    assert_eq!(
        plain["data"]["public_inputs"],
        fast["data"]["public_inputs"]
    );
    assert_eq!(plain["data"]["variables"], fast["data"]["variables"]);

    // What cannot be prepared, and a prepared key that was changed, are refused by name.
    for (args, said) in [
        (["a.prepared", "--out", "b"], "magic"),
        (["a.wtns", "--out", "b"], "magic"),
        (["a.zkey", "--out", "./a.zkey"], "is a zkey, and stays"),
    ] {
        let ran = place.ends(2, &[&["keys", "prepare"], &args[..]].concat());
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
        assert!(!place.join("b").exists());
    }
    place.ends(3, &["keys", "prepare", "absent.zkey"]);
    let path = place.join("a.prepared");
    let mut bytes = fs::read(&path).expect("read");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&path, bytes).expect("written");
    let ran = place.ends(2, &["prove", "--zkey", "a.prepared", "--wtns", "a.wtns"]);
    assert!(
        ran.stderr.contains("body: its digest does not match") && ran.stderr.contains("anew"),
        "{}",
        ran.stderr
    );
}
