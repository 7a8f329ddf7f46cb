//! `maci run` and its like before anything is asked of a chain.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Place, run};

/// Nobody listens there.
const NOBODY: &str = "http://127.0.0.1:9";

/// A place with both keys.
fn place() -> Place {
    let place = Place::new();
    fs::write(place.join("coordinator.key"), "macisk.1234\n").expect("written");
    let paying = place.join("paying.key");
    fs::write(&paying, "11".repeat(32)).expect("written");
    fs::set_permissions(&paying, fs::Permissions::from_mode(0o600)).expect("private");
    place
}

fn command<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let poll = [
        "run",
        "--rpc",
        NOBODY,
        "--maci",
        "0x516a8AB72226Be408CE1E198C5391950A1C8E484",
        "--poll",
        "0",
        "--key-file",
        "coordinator.key",
        "--eth-key-file",
        "paying.key",
        "--datadir",
        "data",
    ];
    [&poll, more].concat()
}

/// What can be known at once is not found out after the days that a poll may be open: it comes before the node.
#[test]
fn a_run_that_could_not_end_does_not_begin() {
    let place = place();
    let demand = |more: &[&str], exit: i32, code: &str| {
        let (found, envelope) = place.json(&command(more));
        assert_eq!(
            (found, envelope["errors"][0]["code"].as_str()),
            (exit, Some(code)),
            "{envelope}"
        );
    };
    demand(&["--max-fee=-1"], 2, "bad_max_fee");
    demand(&["--relay-gateway", "ftp://nowhere"], 2, "bad_rpc_url");
    demand(&[], 3, "node_unreachable");
    fs::write(
        place.join("data/layout"),
        "maci-rs data directory, layout 9\n",
    )
    .expect("written");
    demand(&[], 4, "layout");
}

#[test]
fn k_17_no_log_shows_the_key_in_the_address_of_a_node() {
    let place = place();
    let url = "http://canary:canary@127.0.0.1:9/v3/canary-canary?key=canary";
    for filter in [
        "trace",
        "trace,alloy_transport_http::reqwest_transport=trace,reqwest::connect=trace,hyper_util::client=trace",
    ] {
        let ran = run(place.command().env("RUST_LOG", filter).args([
            "ingest",
            "--rpc",
            url,
            "--maci",
            "0x516a8AB72226Be408CE1E198C5391950A1C8E484",
            "--poll",
            "0",
            "--datadir",
            "data",
        ]));
        assert_eq!(ran.code, 3, "{}", ran.stderr);
        assert!(ran.stderr.contains("http://127.0.0.1:9"), "{}", ran.stderr);
        assert!(!ran.stderr.contains("canary"), "{}", ran.stderr);
    }
}
