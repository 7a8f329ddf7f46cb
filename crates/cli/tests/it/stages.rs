//! The way of a vote by hand, one command a stage, with real proofs of a small simulated poll; and every refusal on it.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Place, Ran};

const SMALL: &str = "mode=non-qv,depth=2,tally-depth=1,vote-depth=1,batch=2,options=2,voters=3,messages=3,hostile=0";
const DEV: &str = "--insecure-dev-keys";

/// A place whose data directory `data` holds a tallied poll.
struct Way {
    place: Place,
    before: String,
    after: String,
}

impl Way {
    fn new() -> Self {
        let place = Place::new();
        let tally = [
            "demo",
            "--simulate",
            SMALL,
            "--seed",
            "5",
            "--tally-only",
            "--datadir",
            "data",
        ];
        place.ok(&tally);
        let (_, shown) = place.json(&["poll", "show", "--datadir", "data"]);
        let number = |name: &str| amount(&shown["data"][name]);
        let (before, after) = (
            (number("start_time") - 10).to_string(),
            (number("end_time") + 1).to_string(),
        );
        Self {
            place,
            before,
            after,
        }
    }

    fn run(&self, args: &[&str]) -> Ran {
        self.place.run(&[args, &["--datadir", "data"]].concat())
    }

    fn json(&self, args: &[&str]) -> (i32, Value) {
        self.place.json(&[args, &["--datadir", "data"]].concat())
    }

    fn ok(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.stderr);
        ran.stdout
    }

    /// Demands exit and error code, with and without `--json`, and a message.
    fn fails(&self, args: &[&str], exit: i32, code: &str, message: &str) {
        let ran = self.run(args);
        assert_eq!(ran.code, exit, "{args:?}: {} {}", ran.stdout, ran.stderr);
        assert!(
            ran.stderr.contains(&format!("error[{code}]")),
            "{args:?}: {}",
            ran.stderr
        );
        assert!(ran.stderr.contains(message), "{args:?}: {}", ran.stderr);
        let (again, envelope) = self.json(args);
        assert_eq!(
            (again, &envelope["errors"][0]["code"]),
            (exit, &json!(code)),
            "{args:?}"
        );
    }

    /// Copies a file with one piece of text replaced.
    fn changed(&self, file: &str, from: &str, to: &str, into: &str) {
        let text = fs::read_to_string(self.place.join(file)).expect("text");
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from} stands in {file}");
        fs::write(self.place.join(into), changed).expect("written");
    }
}

fn amount(value: &Value) -> u128 {
    value
        .as_str()
        .and_then(|text| text.parse().ok())
        .expect("a decimal string")
}

#[test]
fn from_a_log_to_a_settled_market_by_hand() {
    let way = Way::new();
    the_market_trades_before_the_poll(&way);
    development_keys_only_where_the_user_says_so(&way);
    the_bundle_is_audited_offline(&way);
    the_verdict_follows_from_the_bundle(&way);
    the_market_settles_once(&way);
    the_ledger_is_replayed(&way);
}

fn the_market_trades_before_the_poll(way: &Way) {
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
    way.fails(&new, 2, "tie_undeclared", "what a tie means");
    let new = [&new[..], &["--tie", "split", "--allow-insecure-dev"]].concat();
    let spec = way.ok(&[&new[..], &["--dry-run"]].concat());
    assert!(
        !way.place.join("data/markets/m.ledger").exists(),
        "a dry run makes nothing"
    );
    fs::write(way.place.join("spec.json"), spec).expect("written");
    way.ok(&new);
    way.fails(&new, 4, "market_exists", "there is a market m already");
    // The specification alone gives the same market.
    let (_, twin) = way.json(&["market", "new", "twin", "--spec", "spec.json"]);
    let (_, shown) = way.json(&["market", "show", "m"]);
    assert_eq!(twin["data"]["market_id"], shown["data"]["market_id"]);

    let at = |args: &[&str]| way.run(&[args, &["--at", &way.before]].concat());
    assert_eq!(
        at(&["market", "split", "m", "ann", "10"]).code,
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
        let ran = at(args);
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.stderr);
    }
    let ran = at(&["market", "withdraw", "m", "ben", "1000"]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("ben has 39 of free collateral, 1000 are needed"),
        "{}",
        ran.stderr
    );
    way.fails(
        &["market", "show", "absent"],
        2,
        "no_market",
        "there is no market absent",
    );
    way.fails(
        &["market", "show", "../m"],
        2,
        "bad_market_name",
        "found \"../m\"",
    );
}

fn development_keys_only_where_the_user_says_so(way: &Way) {
    let key = |args: &[&'static str]| [args, &["--key-file", "data/recorded/keys.json"]].concat();
    way.fails(&key(&["bundle", "make", DEV]), 2, "stage_needed", "prove");
    let refused = way.run(&key(&["prove"]));
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(
        refused.stderr.contains("insecure-dev"),
        "{}",
        refused.stderr
    );
    assert!(
        refused.stderr.contains("hint: add --insecure-dev-keys"),
        "{}",
        refused.stderr
    );
    way.ok(&key(&["prove", DEV]));
    way.ok(&key(&["bundle", "make", DEV, "--out", "bundle.json"]));
    // A derived file that was changed is named, and made again only on request.
    let whole = fs::read(way.place.join("bundle.json")).expect("a bundle");
    way.changed(
        "data/bundle.json",
        "\"results\":[\"",
        "\"results\":[\"1",
        "data/bundle.json",
    );
    way.fails(
        &key(&["bundle", "make", DEV]),
        4,
        "artefact_damaged",
        "bundle.json is not what the journal says",
    );
    way.ok(&key(&["bundle", "make", DEV, "--remake"]));
    assert_eq!(
        fs::read(way.place.join("data/bundle.json")).expect("a bundle"),
        whole
    );
}

fn the_bundle_is_audited_offline(way: &Way) {
    let verify = ["bundle", "verify", "bundle.json"];
    way.fails(&verify, 1, "bundle_refused", "insecure development key");
    let verify = [&verify[..], &[DEV]].concat();
    assert!(way.ok(&verify).contains("grade V1"));
    assert!(
        way.ok(&[&verify[..], &["--recorded", "data/recorded"]].concat())
            .contains("grade V3")
    );
    way.changed(
        "bundle.json",
        "\"results\":[\"",
        "\"results\":[\"1",
        "changed.json",
    );
    way.fails(
        &["bundle", "verify", "changed.json", DEV],
        1,
        "bundle_refused",
        "file: fail",
    );
    let (_, envelope) = way.json(&["bundle", "verify", "changed.json", DEV]);
    assert_eq!(
        envelope["data"]["checks"][0]["outcome"], "fail",
        "the checks are told on failure too"
    );
    way.fails(
        &["bundle", "verify", "absent.json"],
        2,
        "file_not_found",
        "absent.json does not exist",
    );
}

fn the_verdict_follows_from_the_bundle(way: &Way) {
    let make = [
        "verdict",
        "make",
        "--market",
        "m",
        "--out",
        "verdict.json",
        "--at",
        &way.after,
    ];
    way.fails(&make, 1, "bundle_refused", "insecure development key");
    way.ok(&[&make[..], &[DEV]].concat());
    way.ok(&["verdict", "show", "verdict.json"]);
    let verify = [
        "verdict",
        "verify",
        "verdict.json",
        "--bundle",
        "bundle.json",
        "--market",
        "m",
    ];
    way.fails(&verify, 1, "bundle_refused", "insecure development key");
    way.ok(&[&verify[..], &[DEV]].concat());
    way.changed(
        "verdict.json",
        "\"total_spent\":\"",
        "\"total_spent\":\"1",
        "forged.json",
    );
    way.fails(
        &["verdict", "show", "forged.json"],
        1,
        "verdict_invalid",
        "forged.json",
    );
}

fn the_market_settles_once(way: &Way) {
    let settle = ["settle", "m", "--bundle", "bundle.json", "--at", &way.after];
    way.fails(&settle, 1, "bundle_refused", "insecure development key");
    let settle = [&settle[..], &[DEV, "--verdict", "verdict.json"]].concat();
    assert!(
        way.ok(&[&settle[..], &["--dry-run"]].concat())
            .contains("would settle")
    );
    let (code, settled) = way.json(&settle);
    assert_eq!(
        (code, &settled["data"]["market_state"]),
        (0, &json!("settled")),
        "{settled}"
    );
    let again = way.run(&settle);
    assert_eq!(again.code, 1, "a verdict settles once: {}", again.stderr);
    for account in ["ann", "ben"] {
        way.ok(&["market", "redeem", "m", account, "--at", &way.after]);
    }
    assert_eq!(
        way.run(&["market", "void", "m", "--at", &way.after]).code,
        4
    );
    let (_, shown) = way.json(&["market", "show", "m"]);
    let accounts = shown["data"]["accounts"].as_array().expect("accounts");
    let free: u128 = accounts
        .iter()
        .map(|account| amount(&account["cash"]))
        .sum();
    assert_eq!(free, 149, "deposits less withdrawals, all of it free again");
}

fn the_ledger_is_replayed(way: &Way) {
    way.ok(&["market", "ledger-verify", "m"]);
    way.changed(
        "data/markets/m.ledger",
        "\"amount\":\"50\"",
        "\"amount\":\"51\"",
        "bad.ledger",
    );
    way.fails(
        &["market", "ledger-verify", "bad.ledger"],
        1,
        "ledger_invalid",
        "event 1",
    );
    fs::copy(
        way.place.join("data/markets/m.ledger"),
        way.place.join("alone.ledger"),
    )
    .expect("copied");
    way.fails(
        &["market", "ledger-verify", "alone.ledger"],
        1,
        "ledger_invalid",
        "pass its bundle",
    );
    way.ok(&[
        "market",
        "ledger-verify",
        "alone.ledger",
        "--bundle",
        "bundle.json",
        DEV,
    ]);
    // A damaged ledger stops every command, and is left as it is.
    fs::copy(
        way.place.join("bad.ledger"),
        way.place.join("data/markets/m.ledger"),
    )
    .expect("copied");
    way.fails(&["market", "show", "m"], 4, "ledger_damaged", "event 1");
}
