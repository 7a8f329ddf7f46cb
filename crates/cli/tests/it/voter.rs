//! Voter files: made once, for their owner's eyes, sealed under a password, and never printed (K-15, K-17).

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Place, read_json, write_json};

fn secret(place: &Place, name: &str, text: &str) {
    let path = place.join(name);
    std::fs::write(&path, text).expect("written");
    std::fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("set");
}

#[test]
fn k_15_a_voter_file_is_its_owners_alone_and_is_never_overwritten() {
    let place = Place::new();
    let made = place.ok(&["voter", "keygen", "--voter", "me.json"]);
    assert_eq!(made["warnings"][0]["code"], "key_in_the_open");
    let mode = std::fs::metadata(place.join("me.json"))
        .expect("there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let (code, again) = place.json(&["voter", "keygen", "--voter", "me.json"]);
    assert_eq!(
        (code, again["errors"][0]["code"].as_str()),
        (2, Some("file_exists"))
    );

    let shown = place.ok(&["voter", "show", "--voter", "me.json"]);
    assert_eq!(shown["data"]["public_key"], made["data"]["public_key"]);
    let key = read_json(&place.join("me.json"))["key"]
        .as_str()
        .expect("open")
        .to_owned();
    assert!(key.starts_with("macisk.") && !shown.to_string().contains(&key));

    std::fs::set_permissions(place.join("me.json"), Permissions::from_mode(0o644)).expect("set");
    let (code, refused) = place.json(&["voter", "show", "--voter", "me.json"]);
    assert_eq!(
        (code, refused["errors"][0]["code"].as_str()),
        (2, Some("bad_key_file"))
    );
}

#[test]
fn k_15_a_wrong_password_and_a_damaged_file_are_told_apart() {
    let place = Place::new();
    secret(&place, "right", "correct horse\n");
    secret(&place, "wrong", "battery staple\n");
    let keygen = [
        "voter",
        "keygen",
        "--voter",
        "me.json",
        "--password-file",
        "right",
    ];
    let made = place.ok(&keygen);
    assert_eq!(made["data"]["sealed"], true);
    let text = std::fs::read_to_string(place.join("me.json")).expect("there");
    assert!(!text.contains("macisk."));

    let show = |password: &[&str]| {
        let args = [&["voter", "show", "--voter", "me.json"], password].concat();
        let (code, envelope) = place.json(&args);
        (
            code,
            envelope["errors"][0]["code"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        )
    };
    assert_eq!(show(&["--password-file", "right"]), (0, String::new()));
    assert_eq!(
        show(&["--password-file", "wrong"]),
        (2, "wrong_password".to_owned())
    );
    assert_eq!(show(&[]), (2, "no_password".to_owned()));

    let mut file = read_json(&place.join("me.json"));
    let mac = file["key"]["crypto"]["mac"]
        .as_str()
        .expect("sealed")
        .to_owned();
    let flipped = if mac.starts_with('0') { "1" } else { "0" }.to_owned() + &mac[1..];
    file["key"]["crypto"]["mac"] = flipped.into();
    write_json(&place.join("me.json"), &file);
    assert_eq!(
        show(&["--password-file", "right"]),
        (2, "bad_voter_file".to_owned())
    );
}

#[test]
fn macis_keys_are_taken_over_and_a_wrong_file_shows_nothing() {
    let place = Place::new();
    let canary = "macisk.00000000000000000000000000000000000000000000000000000000000000zz";
    secret(&place, "bad.key", canary);
    secret(&place, "one.key", &format!("macisk.{:0>64}\n", "1"));
    let take = |key: &str| {
        place.json(&[
            "voter",
            "keygen",
            "--voter",
            "me.json",
            "--from-key-file",
            key,
        ])
    };
    let (code, refused) = take("bad.key");
    assert_eq!(code, 2);
    assert!(!refused.to_string().contains("zz"));
    let (code, made) = take("one.key");
    assert_eq!(code, 0, "{made}");
    // MACI's own public key of the raw key 1.
    assert_eq!(
        made["data"]["public_key"],
        "macipk.19a6cba5b14bde64f57ed4aa415c05a9a9a88c0f26f53bda52459eb47e23ba09"
    );
}

#[test]
fn a_command_that_pays_wants_a_key_file_and_a_web_address() {
    let place = Place::new();
    assert_eq!(place.json(&["voter", "keygen", "--voter", "me.json"]).0, 0);
    let maci = "0x0000000000000000000000000000000000000001";
    let sign_up = ["voter", "signup", "--voter", "me.json", "--maci", maci];
    let with = |more: &[&str]| {
        let (code, envelope) = place.json(&[&sign_up[..], more].concat());
        (
            code,
            envelope["errors"][0]["code"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        )
    };
    let usage = |code: &str| (2, code.to_owned());
    assert_eq!(with(&[]), usage("usage"));
    assert_eq!(with(&["--rpc", "http://127.0.0.1:1"]), usage("no_eth_key"));
    secret(&place, "pays.key", &"11".repeat(32));
    let pays = ["--eth-key-file", "pays.key"];
    let at = |url: &str| with(&[&["--rpc", url][..], &pays].concat());
    assert_eq!(at("ftp://127.0.0.1:1"), usage("bad_rpc_url"));
    secret(&place, "pays.key", "not a key");
    assert_eq!(at("http://127.0.0.1:1"), usage("bad_key_file"));
}
