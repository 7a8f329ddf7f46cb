//! Warnings about a poll reach people and programs, and stop nothing.

use serde_json::Value;

use crate::support::{Place, bare_copy, fixture, read_json, write_json};

/// Topic 0 of MACI's `SignUp`.
const SIGN_UP: &str = "0x8a7b66ad10";

/// The warnings of an envelope with one code.
fn warned(envelope: &Value, code: &str) -> Vec<String> {
    let warnings = envelope["warnings"].as_array().expect("a list");
    let of_code = warnings.iter().filter(|warning| warning["code"] == code);
    of_code
        .map(|warning| warning["message"].as_str().expect("text").to_owned())
        .collect()
}

#[test]
fn c_02_counted_messages_of_another_poll_are_reported_once() {
    let place = Place::new();
    let poll =
        "mode=non-qv,depth=2,tally-depth=1,vote-depth=1,batch=20,options=3,voters=3,messages=120";
    let tally = |hostile: &str| {
        let spec = format!("{poll},hostile={hostile}");
        let envelope = place.ok(&[
            "demo",
            "--simulate",
            &spec,
            "--seed",
            "11",
            "--tally-only",
            "--datadir",
            hostile,
        ]);
        warned(&envelope, "reused_coordinator_key")
    };
    let warnings = tally("80");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("another poll"), "{warnings:?}");
    assert!(tally("0").is_empty());
}

#[test]
fn c_07_a_join_without_a_sign_up_is_reported_and_ingested() {
    let place = Place::new();
    bare_copy("maci-v3", &place.join("poll"));
    let ingest = |data: &str| {
        let envelope = place.ok(&["ingest", "--recorded", "poll", "--datadir", data]);
        warned(&envelope, "joined_without_signup")
    };
    assert!(ingest("before").is_empty());
    let mut logs = read_json(&fixture("maci-v3").join("logs.json"));
    let events = logs["maci"].as_array_mut().expect("events");
    let sign_up = |event: &Value| {
        let topic = event["topics"][0].as_str();
        topic.is_some_and(|topic| topic.starts_with(SIGN_UP))
    };
    let last = events.iter().rposition(sign_up).expect("a sign-up");
    events.remove(last);
    write_json(&place.join("poll/logs.json"), &logs);
    let warnings = ingest("after");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("state index"), "{warnings:?}");
}
