//! The way of a vote by hand, one command a stage, with real proofs of a small simulated poll; and every refusal on it.

use std::fs;

use serde_json::json;

use crate::support::{Place, Ran};

const SMALL: &str = "mode=non-qv,depth=2,tally-depth=1,vote-depth=1,batch=2,options=2,voters=3,messages=3,hostile=0";
const KEY: [&str; 2] = ["--key-file", "data/recorded/keys.json"];
const DEV: &str = "--insecure-dev-keys";

fn ok(place: &Place, args: &[&str]) -> Ran {
    let ran = place.run(args);
    assert_eq!(ran.code, 0, "{args:?}: {}", ran.stderr);
    ran
}

fn fails(place: &Place, args: &[&str], exit: i32, code: &str, message: &str) {
    let ran = place.run(args);
    assert_eq!(ran.code, exit, "{args:?}: {} {}", ran.stdout, ran.stderr);
    assert!(
        ran.stderr.contains(&format!("error[{code}]")),
        "{args:?}: {}",
        ran.stderr
    );
    assert!(ran.stderr.contains(message), "{args:?}: {}", ran.stderr);
    let (again, envelope) = place.json(args);
    assert_eq!(
        (again, &envelope["errors"][0]["code"]),
        (exit, &json!(code)),
        "{args:?}"
    );
}

#[test]
fn from_a_log_to_a_settled_market_by_hand() {
    let place = Place::new();
    let with = |args: &[&'static str]| [args, &["--datadir", "data"][..]].concat();
    let key = |args: &[&'static str]| [args, &KEY[..], &["--datadir", "data"]].concat();
    ok(
        &place,
        &with(&["demo", "--simulate", SMALL, "--seed", "5", "--tally-only"]),
    );

    // The market opens before the poll, and pins it.
    let new = [
        "market",
        "new",
        "m",
        "--question",
        "Which?",
        "--outcome",
        "left",
        "--outcome",
        "right",
    ];
    fails(&place, &with(&new), 2, "tie_undeclared", "what a tie means");
    let new = [&new[..], &["--tie", "split", "--allow-insecure-dev"]].concat();
    ok(&place, &with(&new));
    fails(
        &place,
        &with(&new),
        4,
        "market_exists",
        "there is a market m already",
    );
    let (_, shown) = place.json(&with(&["poll", "show"]));
    let number = |name: &str| {
        shown["data"][name]
            .as_str()
            .and_then(|text| text.parse::<u64>().ok())
            .expect(name)
    };
    let (before, after) = (
        (number("start_time") - 10).to_string(),
        (number("end_time") + 1).to_string(),
    );
    let at = |args: &[&str], at: &str| {
        let args = [args, &["--at", at, "--datadir", "data"]].concat();
        let ran = place.run(&args);
        (ran.code, ran.stderr)
    };
    assert_eq!(
        at(&["market", "split", "m", "ann", "10"], &before).0,
        4,
        "the market is in draft"
    );
    for args in [
        &["market", "deposit", "m", "ann", "100"][..],
        &["market", "deposit", "m", "ben", "50"],
        &["market", "open", "m"],
        &["market", "split", "m", "ann", "100"],
        &[
            "market",
            "trade",
            "m",
            "--buyer",
            "ben",
            "--seller",
            "ann",
            "--outcome",
            "1",
            "--shares",
            "40",
            "--payment",
            "10",
        ],
        &[
            "market",
            "transfer",
            "m",
            "ann",
            "ben",
            "--outcome",
            "0",
            "--shares",
            "5",
        ],
        &["market", "merge", "m", "ann", "20"],
        &["market", "withdraw", "m", "ben", "1"],
    ] {
        let (code, stderr) = at(args, &before);
        assert_eq!(code, 0, "{args:?}: {stderr}");
    }
    let (code, stderr) = at(&["market", "withdraw", "m", "ben", "1000"], &before);
    assert_eq!(code, 4, "{stderr}");
    assert!(
        stderr.contains("ben has 39 of free collateral, 1000 are needed"),
        "{stderr}"
    );

    // Proofs: development keys only where the user says so (K-13).
    fails(
        &place,
        &key(&["bundle", "make", DEV]),
        2,
        "stage_needed",
        "prove",
    );
    let refused = place.run(&key(&["prove"]));
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(
        refused.stderr.contains("--insecure-dev-keys"),
        "{}",
        refused.stderr
    );
    ok(&place, &key(&["prove", DEV]));
    ok(
        &place,
        &key(&["bundle", "make", DEV, "--out", "bundle.json"]),
    );

    // The bundle, offline.
    fails(
        &place,
        &["bundle", "verify", "bundle.json"],
        1,
        "bundle_refused",
        "insecure development key",
    );
    let ran = ok(&place, &["bundle", "verify", "bundle.json", DEV]);
    assert!(ran.stdout.contains("grade V1"), "{}", ran.stdout);
    let ran = ok(
        &place,
        &[
            "bundle",
            "verify",
            "bundle.json",
            DEV,
            "--recorded",
            "data/recorded",
        ],
    );
    assert!(ran.stdout.contains("grade V3"), "{}", ran.stdout);
    let bundle = fs::read_to_string(place.join("bundle.json")).expect("text");
    let changed = bundle.replacen("\"results\":[\"", "\"results\":[\"1", 1);
    assert_ne!(changed, bundle);
    fs::write(place.join("changed.json"), changed).expect("written");
    fails(
        &place,
        &["bundle", "verify", "changed.json", DEV],
        1,
        "bundle_refused",
        "file: fail",
    );

    // The verdict.
    let made = [
        "verdict",
        "make",
        "--market",
        "m",
        DEV,
        "--out",
        "verdict.json",
        "--at",
        &after,
        "--datadir",
        "data",
    ];
    ok(&place, &made);
    ok(&place, &["verdict", "show", "verdict.json"]);
    let verify = with(&[
        "verdict",
        "verify",
        "verdict.json",
        "--bundle",
        "bundle.json",
        "--market",
        "m",
    ]);
    fails(
        &place,
        &verify,
        1,
        "bundle_refused",
        "insecure development key",
    );
    ok(&place, &[&verify[..], &[DEV]].concat());
    let verdict = fs::read_to_string(place.join("verdict.json")).expect("text");
    let changed = verdict.replacen("\"total_spent\":\"", "\"total_spent\":\"1", 1);
    assert_ne!(changed, verdict);
    fs::write(place.join("forged.json"), changed).expect("written");
    fails(
        &place,
        &["verdict", "show", "forged.json"],
        1,
        "verdict_invalid",
        "forged.json",
    );

    // Settlement.
    let settle = [
        "settle",
        "m",
        "--bundle",
        "bundle.json",
        "--at",
        &after,
        "--datadir",
        "data",
    ];
    fails(
        &place,
        &settle,
        1,
        "bundle_refused",
        "insecure development key",
    );
    let settle = [&settle[..], &[DEV, "--verdict", "verdict.json"]].concat();
    let dry = ok(&place, &[&settle[..], &["--dry-run"]].concat());
    assert!(dry.stdout.contains("would settle"), "{}", dry.stdout);
    let (code, settled) = place.json(&settle);
    assert_eq!(
        (code, &settled["data"]["market_state"]),
        (0, &json!("settled")),
        "{settled}"
    );
    let again = place.run(&settle);
    assert_eq!(again.code, 1, "a verdict settles once: {}", again.stderr);
    for account in ["ann", "ben"] {
        let (code, stderr) = at(&["market", "redeem", "m", account], &after);
        assert_eq!(code, 0, "{stderr}");
    }
    let (code, stderr) = at(&["market", "void", "m"], &after);
    assert_eq!(code, 4, "{stderr}");
    let (code, shown) = place.json(&with(&["market", "show", "m"]));
    assert_eq!(code, 0);
    let free: u128 = shown["data"]["accounts"]
        .as_array()
        .expect("accounts")
        .iter()
        .map(|account| {
            account["cash"]
                .as_str()
                .and_then(|text| text.parse::<u128>().ok())
                .expect("a number")
        })
        .sum();
    assert_eq!(free, 149, "deposits less withdrawals, all of it free again");

    // The ledger.
    ok(&place, &with(&["market", "ledger-verify", "m"]));
    let path = place.join("data/markets/m.ledger");
    let ledger = fs::read_to_string(&path).expect("text");
    fs::write(
        place.join("bad.ledger"),
        ledger.replacen("\"amount\":\"50\"", "\"amount\":\"51\"", 1),
    )
    .expect("written");
    fails(
        &place,
        &["market", "ledger-verify", "bad.ledger"],
        1,
        "ledger_invalid",
        "event 1",
    );
    fs::copy(&path, place.join("alone.ledger")).expect("copied");
    fails(
        &place,
        &["market", "ledger-verify", "alone.ledger"],
        1,
        "ledger_invalid",
        "pass its bundle",
    );
    ok(
        &place,
        &[
            "market",
            "ledger-verify",
            "alone.ledger",
            "--bundle",
            "bundle.json",
            DEV,
        ],
    );
}
