//! What holds for every command: help, usage errors, the envelope, settings, scripts and manual pages.

use std::fs;
use std::io::Read as _;
use std::process::Stdio;

use crate::support::{Place, run};

#[test]
fn help_of_the_program() {
    let ran = Place::new().run(&["--help"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(ran.stdout);
}

#[test]
fn no_command_is_a_usage_error_that_shows_the_help() {
    let ran = Place::new().run(&[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("Usage: maci"));
}

#[test]
fn an_unknown_command_is_a_usage_error_with_and_without_json() {
    let place = Place::new();
    let ran = place.run(&["tallly"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(
        ran.stderr.contains("unrecognized subcommand 'tallly'"),
        "{}",
        ran.stderr
    );
    let (code, envelope) = place.json(&["tallly"]);
    assert_eq!(code, 2);
    insta::assert_json_snapshot!(envelope, @r#"
    {
      "data": null,
      "errors": [
        {
          "code": "usage",
          "hint": "maci --help lists commands and options",
          "message": "unrecognized subcommand 'tallly'"
        }
      ],
      "ok": false,
      "schema_version": 1,
      "warnings": []
    }
    "#);
}

#[test]
fn a_flag_beats_the_environment_beats_the_file_beats_the_default() {
    let place = Place::new();
    let datadir = |command: &mut assert_cmd::Command| {
        let ran = run(command.args(["config", "show", "--json"]));
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let envelope: serde_json::Value = serde_json::from_str(&ran.stdout).expect("an envelope");
        let setting = envelope["data"]["settings"]["datadir"].clone();
        (
            setting["value"].as_str().map(str::to_owned),
            setting["source"].as_str().map(str::to_owned),
        )
    };
    let is = |value: &str, source: &str| (Some(value.to_owned()), Some(source.to_owned()));
    assert_eq!(datadir(&mut place.command()), is(".maci", "default"));
    fs::write(place.join("maci.toml"), "datadir = \"from-file\"\n").expect("written");
    assert_eq!(datadir(&mut place.command()), is("from-file", "file"));
    assert_eq!(
        datadir(place.command().env("MACI_DATADIR", "from-env")),
        is("from-env", "environment")
    );
    let mut command = place.command();
    command
        .env("MACI_DATADIR", "from-env")
        .args(["--datadir", "from-flag"]);
    assert_eq!(datadir(&mut command), is("from-flag", "flag"));
}

#[test]
fn an_unknown_key_in_the_configuration_is_named() {
    let place = Place::new();
    fs::write(place.join("maci.toml"), "datdir = \"x\"\n").expect("written");
    let ran = place.ends(2, &["config", "show"]);
    assert!(
        ran.stderr
            .contains("error[bad_config]: maci.toml is not a maci configuration"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("datdir"), "{}", ran.stderr);
    assert_eq!(
        place.json(&["config", "show"]).1["errors"][0]["code"],
        "bad_config"
    );
}

#[test]
fn a_missing_named_configuration_is_an_error_and_a_missing_default_is_none() {
    let place = Place::new();
    assert_eq!(place.run(&["config", "show"]).code, 0);
    let ran = place.ends(2, &["config", "show", "--config", "absent.toml"]);
    assert!(ran.stderr.contains("absent.toml"), "{}", ran.stderr);
}

#[test]
fn a_log_file_takes_the_log_and_an_unwritable_one_is_the_outside_world() {
    let place = Place::new();
    let ran = place.run(&[
        "config",
        "show",
        "-vvv",
        "--log-file",
        "maci.log",
        "--log-format",
        "json",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(place.join("maci.log").exists());
    let ran = place.ends(
        3,
        &["config", "show", "--log-file", "no/such/directory/maci.log"],
    );
    assert!(ran.stderr.contains("error[log_file]"), "{}", ran.stderr);
}

#[test]
fn a_bad_log_filter_is_a_usage_error() {
    let place = Place::new();
    let ran = run(place
        .command()
        .env("RUST_LOG", "maci=loud")
        .args(["config", "show"]));
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("error[bad_log_filter]"),
        "{}",
        ran.stderr
    );
}

#[test]
fn quiet_and_verbose_exclude_each_other() {
    assert_eq!(Place::new().run(&["config", "show", "-q", "-v"]).code, 2);
}

#[test]
fn completions_for_every_shell() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = place.run(&["completions", shell]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{shell}");
        assert!(ran.stdout.contains("maci"), "{shell}");
    }
    let (_, envelope) = place.json(&["completions", "bash"]);
    assert_eq!(envelope["data"]["shell"], "bash");
}

#[test]
fn manual_pages() {
    let place = Place::new();
    let ran = place.run(&["man"]);
    assert!(ran.stdout.contains(".TH maci 1"), "{}", ran.stdout);
    let envelope = place.ok(&["man", "--out", "pages"]);
    let pages = envelope["data"]["pages"].as_array().expect("a list");
    assert!(
        pages.iter().any(|page| page == "maci.1")
            && pages.iter().any(|page| page == "maci-config-show.1")
    );
    for page in pages {
        assert!(
            place
                .join("pages")
                .join(page.as_str().expect("a name"))
                .exists()
        );
    }
}

#[test]
fn a_closed_pipe_is_success() {
    let place = Place::new();
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("maci"))
        .args(["completions", "bash"])
        .current_dir(place.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("maci starts");
    // Nobody reads: the script is larger than a pipe, or the write fails at once.
    drop(child.stdout.take());
    let status = child.wait().expect("maci ends");
    let mut stderr = String::new();
    child
        .stderr
        .take()
        .expect("piped")
        .read_to_string(&mut stderr)
        .expect("text");
    assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
}

#[test]
fn version_names_the_proof_system() {
    let place = Place::new();
    assert_eq!(
        place.run(&["-V"]).stdout,
        format!("maci {}\n", env!("CARGO_PKG_VERSION"))
    );
    assert!(
        place
            .run(&["--version"])
            .stdout
            .contains("Groth16 over BN254")
    );
}
