//! Inputs that cannot be right: each gets its exit code and a message that names what is wrong, and nothing is lost.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Place, Ran, bare_copy, files_below, read_json, run, write_json};

/// A place with a copy of the quadratic poll in `poll/`.
fn with_poll() -> Place {
    let place = Place::new();
    bare_copy("maci-v3", &place.join("poll"));
    place
}

/// A place whose data directory holds the poll, processed and tallied.
fn tallied() -> Place {
    let place = with_poll();
    for args in [
        &["ingest", "--recorded", "poll"][..],
        &["process", "--key-file", "poll/keys.json"],
        &["tally", "--key-file", "poll/keys.json"],
    ] {
        place.ends(0, args);
    }
    place
}

/// Demands exit code, error code and message, with and without `--json`.
fn refused(place: &Place, args: &[&str], exit: i32, code: &str, message: &str) -> Ran {
    let ran = place.run(args);
    assert_eq!(ran.code, exit, "{}", ran.stderr);
    assert_eq!(
        ran.stdout, "",
        "a failure prints nothing on standard output"
    );
    assert!(
        ran.stderr.contains(&format!("error[{code}]: ")),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains(message), "{}", ran.stderr);
    assert!(ran.stderr.contains("hint: "), "{}", ran.stderr);
    let (again, envelope) = place.json(args);
    assert_eq!(again, exit);
    assert_eq!(envelope["data"], Value::Null);
    assert_eq!(envelope["errors"][0]["code"], code);
    assert!(
        envelope["errors"][0]["message"]
            .as_str()
            .is_some_and(|text| text.contains(message))
    );
    ran
}

fn edit(place: &Place, file: &str, change: impl FnOnce(&mut Value)) {
    let path = place.join(file);
    let mut value = read_json(&path);
    change(&mut value);
    write_json(&path, &value);
}

#[test]
fn a_truncated_log_file() {
    let place = with_poll();
    let text = fs::read(place.join("poll/logs.json")).expect("read");
    fs::write(place.join("poll/logs.json"), &text[..text.len() / 2]).expect("written");
    refused(
        &place,
        &["ingest", "--recorded", "poll"],
        2,
        "recorded_poll",
        "logs.json",
    );
    refused(
        &place,
        &["poll", "show", "--recorded", "poll"],
        2,
        "recording_unreadable",
        "truncated",
    );
    // The next attempt with the whole file goes through in the same data directory.
    fs::write(place.join("poll/logs.json"), text).expect("written");
    assert_eq!(place.run(&["ingest", "--recorded", "poll"]).code, 0);
}

#[test]
fn a_log_file_that_was_truncated_later_loses_nothing() {
    let place = tallied();
    let before = fs::read(place.join(".maci/tally.json")).expect("a tally");
    let text = fs::read(place.join("poll/logs.json")).expect("read");
    fs::write(place.join("poll/logs.json"), &text[..text.len() / 2]).expect("written");
    refused(
        &place,
        &["ingest", "--recorded", "poll"],
        4,
        "changed_source",
        "logs.json changed since",
    );
    place.ends(0, &["tally", "--key-file", "poll/keys.json"]);
    assert_eq!(
        fs::read(place.join(".maci/tally.json")).expect("a tally"),
        before
    );
}

#[test]
fn the_log_of_another_poll() {
    let place = with_poll();
    bare_copy("maci-v3-nonqv", &place.join("other"));
    fs::copy(place.join("other/logs.json"), place.join("poll/logs.json")).expect("copied");
    refused(
        &place,
        &["ingest", "--recorded", "poll"],
        4,
        "recorded_poll",
        "DeployPoll",
    );
}

#[test]
fn the_log_of_another_contract() {
    let place = with_poll();
    edit(&place, "poll/deployment.json", |deployment| {
        deployment["addresses"]["poll"] = json!("0x0000000000000000000000000000000000000001");
    });
    refused(
        &place,
        &["ingest", "--recorded", "poll"],
        4,
        "recorded_poll",
        "is logs.json of another poll?",
    );
}

#[test]
fn another_poll_in_a_data_directory_that_has_one() {
    let place = tallied();
    bare_copy("maci-v3-full", &place.join("other"));
    refused(
        &place,
        &["ingest", "--recorded", "other"],
        4,
        "changed_source",
        "other/deployment.json changed since",
    );
    assert_eq!(place.run(&["poll", "show"]).code, 0);
}

#[test]
fn the_wrong_coordinator_key() {
    let place = tallied();
    bare_copy("maci-v3-full", &place.join("other"));
    let args = ["process", "--key-file", "other/keys.json"];
    let ran = refused(
        &place,
        &args,
        4,
        "wrong_coordinator_key",
        "does not belong to this poll",
    );
    let key = read_json(&place.join("other/keys.json"))["coordinator"]["privateKey"].to_string();
    assert!(!ran.stderr.contains(key.trim_matches('"')));
    assert_eq!(
        place.run(&["tally", "--key-file", "poll/keys.json"]).code,
        0
    );
}

#[test]
fn no_coordinator_key() {
    let place = tallied();
    refused(
        &place,
        &["process"],
        2,
        "no_coordinator_key",
        "needs the coordinator's private key",
    );
    refused(
        &place,
        &["process", "--key-file", "absent"],
        2,
        "file_not_found",
        "absent does not exist",
    );
}

#[test]
fn a_key_file_that_holds_another_secret_is_not_shown() {
    let place = tallied();
    for secret in [
        "hunter2-hunter2",
        "{\"password\": \"hunter2-hunter2\"}",
        "{\"coordinator\": \"hunter2-hunter2\"}",
    ] {
        fs::write(place.join("secret"), secret).expect("written");
        let ran = refused(
            &place,
            &["process", "--key-file", "secret"],
            2,
            "bad_key_file",
            "key file secret",
        );
        assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
    }
}

#[cfg(unix)]
#[test]
fn a_key_file_that_others_can_read_draws_a_warning() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = tallied();
    let path = place.join("poll/keys.json");
    let set =
        |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("permissions");
    set(0o644);
    let ran = place.run(&["process", "--key-file", "poll/keys.json"]);
    assert!(
        ran.stderr.contains("is readable by others (mode 644)"),
        "{}",
        ran.stderr
    );
    let (_, envelope) = place.json(&["process", "--key-file", "poll/keys.json"]);
    assert_eq!(envelope["warnings"][0]["code"], "key_file_shared");
    set(0o600);
    assert!(
        !place
            .run(&["process", "--key-file", "poll/keys.json"])
            .stderr
            .contains("readable by others")
    );
}

#[test]
fn the_key_file_of_the_command_line_beats_the_variable_beats_the_configuration() {
    let place = tallied();
    bare_copy("maci-v3-full", &place.join("other"));
    let process = |variable: Option<&str>, args: &[&str]| {
        let mut command = place.command();
        if let Some(path) = variable {
            command.env("MACI_COORDINATOR_KEY_FILE", path);
        }
        run(command.arg("process").args(args)).code
    };
    assert_eq!(process(Some("poll/keys.json"), &[]), 0);
    assert_eq!(process(Some("other/keys.json"), &[]), 4);
    assert_eq!(
        process(Some("other/keys.json"), &["--key-file", "poll/keys.json"]),
        0
    );
    fs::write(place.join("maci.toml"), "key-file = \"poll/keys.json\"\n").expect("written");
    assert_eq!(process(None, &[]), 0);
    assert_eq!(process(Some("other/keys.json"), &[]), 4);
    // The serialised key alone is a key file too.
    let key = read_json(&place.join("poll/keys.json"))["coordinator"]["privateKey"].clone();
    fs::write(
        place.join("key"),
        format!("{}\n", key.as_str().expect("text")),
    )
    .expect("written");
    assert_eq!(process(None, &["--key-file", "key"]), 0);
}

#[test]
fn a_missing_batch_of_messages() {
    let place = with_poll();
    let mut position = 0;
    edit(&place, "poll/logs.json", |logs| {
        let poll = logs["poll"].as_array_mut().expect("logs of the poll");
        // The longest run of logs with the data of a message (12 words) goes: a whole batch is missing.
        poll.retain(|log| {
            let message = log["data"]
                .as_str()
                .is_some_and(|data| data.len() == 2 + 12 * 64);
            position += u32::from(message);
            !(message && (3..=22).contains(&position))
        });
    });
    assert!(position > 22, "the poll has more than a batch of messages");
    refused(
        &place,
        &["ingest", "--recorded", "poll"],
        4,
        "recorded_poll",
        "missing",
    );
}

#[test]
fn an_edited_message_is_named() {
    let place = with_poll();
    edit(&place, "poll/logs.json", |logs| {
        let poll = logs["poll"].as_array_mut().expect("logs of the poll");
        let mut messages = poll
            .iter_mut()
            .filter(|log| log["data"].as_str().is_some_and(|data| data.len() == 770));
        let log = messages.nth(5).expect("a message");
        let data = log["data"].as_str().expect("data").to_owned();
        let last = if data.ends_with('0') { "1" } else { "0" };
        log["data"] = json!(format!("{}{last}", &data[..data.len() - 1]));
    });
    refused(
        &place,
        &["ingest", "--recorded", "poll"],
        4,
        "recorded_poll",
        "message 5 at block",
    );
}

#[test]
fn wrong_parameters() {
    for (field, value, exit, message) in [
        (
            "voteOptionTreeDepth",
            json!(9),
            2,
            "vote option tree depth must be 1 to 5, found 9",
        ),
        ("messageBatchSize", json!(0), 2, "message batch size"),
        ("pollStateTreeDepth", json!(11), 2, "must be equal"),
        (
            "tallyProcessingStateTreeDepth",
            json!(10),
            2,
            "below the state tree depth",
        ),
        ("mode", json!(1), 4, "disagrees with the DeployPoll event"),
        ("pollId", json!("7"), 4, "poll id"),
    ] {
        let place = with_poll();
        edit(&place, "poll/deployment.json", |deployment| {
            deployment["params"][field] = value;
        });
        refused(
            &place,
            &["ingest", "--recorded", "poll"],
            exit,
            "recorded_poll",
            message,
        );
    }
}

#[test]
fn an_unusable_data_directory() {
    let place = with_poll();
    fs::write(place.join("file"), "").expect("written");
    refused(
        &place,
        &["ingest", "--recorded", "poll", "--datadir", "file/data"],
        3,
        "io",
        "file/data",
    );
    refused(
        &place,
        &["tally", "--key-file", "poll/keys.json", "--datadir", "file"],
        3,
        "io",
        "file",
    );
    refused(
        &place,
        &[
            "tally",
            "--key-file",
            "poll/keys.json",
            "--datadir",
            "absent",
        ],
        2,
        "no_data_directory",
        "there is no data directory absent",
    );
    assert!(!place.join("absent").exists(), "looking makes nothing");
}

#[test]
fn a_damaged_journal() {
    let place = tallied();
    let path = place.join(".maci/journal.redb");
    let bytes = fs::read(&path).expect("a journal");
    fs::write(&path, &bytes[..bytes.len() / 3]).expect("written");
    let ran = place.ends(4, &["tally", "--key-file", "poll/keys.json"]);
    assert!(
        ran.stderr.contains("error[journal_damaged]"),
        "{}",
        ran.stderr
    );
    fs::write(&path, bytes).expect("written");
    assert_eq!(
        place.run(&["tally", "--key-file", "poll/keys.json"]).code,
        0
    );
}

#[test]
fn a_second_coordinator() {
    let place = tallied();
    let lock = fs::OpenOptions::new()
        .write(true)
        .open(place.join(".maci/lock"))
        .expect("the lock file");
    lock.lock().expect("locked");
    refused(
        &place,
        &["poll", "show"],
        4,
        "locked",
        "in use by another coordinator",
    );
    drop(lock);
    assert_eq!(place.run(&["poll", "show"]).code, 0);
}

#[test]
fn a_stage_before_its_turn() {
    let place = with_poll();
    assert_eq!(place.run(&["ingest", "--recorded", "poll"]).code, 0);
    let ran = refused(
        &place,
        &["tally", "--key-file", "poll/keys.json"],
        2,
        "stage_needed",
        "expected the stage process to be complete",
    );
    assert!(
        ran.stderr.contains("hint: run maci process first"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_recorded_directory_that_is_not_there() {
    let place = Place::new();
    let ran = place.ends(2, &["poll", "show", "--recorded", "absent"]);
    assert!(
        ran.stderr.contains("absent/deployment.json does not exist"),
        "{}",
        ran.stderr
    );
    assert_ne!(place.run(&["ingest", "--recorded", "absent"]).code, 0);
}

#[test]
fn refused_commands_leave_the_directory_as_it_was() {
    let place = tallied();
    bare_copy("maci-v3-full", &place.join("other"));
    let state = |place: &Place| {
        let files = files_below(&place.join(".maci"));
        let stable = files
            .into_iter()
            .filter(|path| !path.ends_with("journal.redb") && !path.ends_with("lock"));
        stable
            .map(|path| (path.clone(), fs::read(path).expect("a file")))
            .collect::<Vec<_>>()
    };
    let before = state(&place);
    assert_eq!(
        place
            .run(&["process", "--key-file", "other/keys.json"])
            .code,
        4
    );
    assert_eq!(place.run(&["ingest", "--recorded", "other"]).code, 4);
    assert_eq!(state(&place), before);
    let (_, envelope) = place.json(&["poll", "show"]);
    assert_eq!(
        envelope["data"]["stages"]["tally"],
        json!({ "done": 3, "total": 3 })
    );
}
