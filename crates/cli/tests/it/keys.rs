//! `maci keys`, on circuits small enough to be made in a test.

use std::fs;

use serde_json::json;

use crate::support::{Place, files_below};

const SMALL: [&str; 2] = ["poll-joined-2", "vote-tally-nonqv-2-1-1"];

#[test]
fn keys_are_written_checked_listed_and_exported() {
    let place = Place::new();
    let (code, made) = place.json(&["keys", "setup", SMALL[0], SMALL[1], "--write", "keys"]);
    assert_eq!(code, 0, "{made}");
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

    let (code, exported) = place.json(&["keys", "export", SMALL[0]]);
    assert_eq!(code, 0, "{exported}");
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
    let ran = place.run(&["keys", "check"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
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
    let ran = place.run(&args);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
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
    let (code, envelope) =
        place.json(&["circuits", "stats", "message-processor-qv-2-2-1", SMALL[0]]);
    assert_eq!(code, 0, "{envelope}");
    let circuits = envelope["data"]["circuits"].as_array().expect("a list");
    let processor = &circuits[0];
    assert_eq!(processor["public_inputs"], 9);
    assert!(
        processor["rows_per_message"]
            .as_u64()
            .is_some_and(|rows| rows > 1000)
    );
    let clauses: u64 = processor["clauses"]
        .as_object()
        .expect("clauses")
        .values()
        .filter_map(serde_json::Value::as_u64)
        .sum();
    assert_eq!(
        Some(clauses),
        processor["rows"].as_u64(),
        "every row belongs to a clause"
    );
    assert_eq!(circuits[1]["rows_per_message"], serde_json::Value::Null);
    let ran = place.run(&["circuits", "stats", SMALL[0], "--clauses", "--no-progress"]);
    assert!(ran.stdout.contains("clause"), "{}", ran.stdout);
    let ran = place.run(&["circuits", "stats", "message-processor-xv-2-2-1"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("expected a circuit id"),
        "{}",
        ran.stderr
    );
}

#[test]
fn k_14_only_keys_that_do_not_ship_are_made() {
    let place = Place::new();
    for (circuit, ships) in [("poll-joined-10", true), (SMALL[0], false)] {
        let ran = place.run(&["keys", "export", circuit, "--dir", "absent"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let made = ran.stderr.contains("making its development key");
        assert_eq!(made, !ships, "{circuit}: {}", ran.stderr);
    }
}
