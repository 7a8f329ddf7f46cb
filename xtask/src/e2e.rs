//! Whole polls end to end. V-28, snarkjs half: snarkjs accepts our proofs with our exported verifying keys, and refuses an
//! altered input. The examples then run on what the job left.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::stages;

/// A poll to prove, and the circuits that prove it.
struct Case {
    name: &'static str,
    demo: &'static [&'static str],
    process: &'static str,
    tally: &'static str,
}

/// The recorded poll at MACI's own parameters, and the other modes at small ones.
const CASES: &[Case] = &[
    Case {
        name: "recorded-qv",
        demo: &[],
        process: "message-processor-qv-10-20-2",
        tally: "vote-tally-qv-10-1-2",
    },
    Case {
        name: "simulated-non-qv",
        demo: &[
            "--simulate",
            "mode=non-qv,depth=3,vote-depth=1,batch=3,voters=5,messages=7",
        ],
        process: "message-processor-nonqv-3-3-1",
        tally: "vote-tally-nonqv-3-1-1",
    },
    Case {
        name: "simulated-full",
        demo: &[
            "--simulate",
            "mode=full,depth=3,vote-depth=1,batch=3,voters=5,messages=7",
        ],
        process: "message-processor-full-3-3-1",
        tally: "vote-tally-nonqv-3-1-1",
    },
];

/// Runs the three example programs on what the recorded poll's job left.
pub(crate) fn examples(root: &Path) -> Result<()> {
    let run = |package: &str, args: &[&str]| {
        let mut line = vec![
            "run",
            "--quiet",
            "--profile",
            "ci",
            "--package",
            package,
            "--",
        ];
        line.extend(args);
        stages::run(root, "cargo", &line, &[])
    };
    let on_the_bundle = [
        "target/e2e/recorded-qv/bundle.json",
        "keys/message-processor-qv-10-20-2.vk",
        "keys/vote-tally-qv-10-1-2.vk",
    ];
    run("example-embed-verifier", &[])?;
    run("example-verify-offline", &on_the_bundle)?;
    run("example-gate-a-market", &on_the_bundle)
}

/// Installs snarkjs when absent, proves polls with `maci demo` and lets snarkjs check every proof.
pub(crate) fn run(root: &Path) -> Result<()> {
    install(root)?;
    let work = root.join("target/e2e");
    if work.exists() {
        std::fs::remove_dir_all(&work)
            .with_context(|| format!("cannot empty {}", work.display()))?;
    }
    std::fs::create_dir_all(&work)?;
    let maci = stages::maci_binary(root)?;
    EXPORTED
        .iter()
        .try_for_each(|circuit| check_export(root, &maci, &work, circuit))?;
    CASES
        .iter()
        .try_for_each(|case| check_poll(root, &maci, &work.join(case.name), case))?;
    check_files(root, &maci, &work)
}

/// Our prover on a circuit of circom with a key of snarkjs, and snarkjs on circuits and keys of ours.
fn check_files(root: &Path, maci: &Path, work: &Path) -> Result<()> {
    let files = work.join("circom");
    std::fs::create_dir_all(&files)?;
    let text = |path: &Path| {
        path.to_str()
            .map(str::to_owned)
            .context("the path is not UTF-8")
    };
    let (maci, files) = (text(maci)?, text(&files)?);
    let cache = text(&work.join("cache"))?;
    let env = [("MACI_CACHE", cache.as_str())];
    stages::run(
        &root.join("tools/e2e"),
        "node",
        &["circom.mjs", &maci, &files],
        &env,
    )
}

/// Circuits that snarkjs reads from our `.r1cs` files.
const EXPORTED: [&str; 3] = [
    "poll-joined-10",
    "vote-tally-qv-10-1-2",
    "message-processor-qv-10-20-2",
];

/// Exports a circuit and has `snarkjs r1cs info` count what our own statistics count.
fn check_export(root: &Path, maci: &Path, work: &Path, circuit: &str) -> Result<()> {
    let file = work.join(format!("{circuit}.r1cs"));
    let json = |args: &[&str]| -> Result<Value> {
        let ran = Command::new(maci).args(args).arg("--json").output()?;
        ensure!(
            ran.status.success(),
            "maci {args:?} ended with {}",
            ran.status
        );
        let envelope: Value = serde_json::from_slice(&ran.stdout)?;
        Ok(envelope["data"].clone())
    };
    let path = file.to_str().context("the workspace path is not UTF-8")?;
    json(&["circuits", "export", circuit, "--r1cs", path])?;
    let stats = json(&["circuits", "stats", circuit])?;
    let info = Command::new("node")
        .args(["node_modules/snarkjs/build/cli.cjs", "r1cs", "info", path])
        .current_dir(root.join("tools/e2e"))
        .output()
        .context("node cannot be started")?;
    let text = String::from_utf8_lossy(&info.stdout);
    ensure!(
        info.status.success(),
        "snarkjs does not read {path}: {text}"
    );
    let wires = stats["wires"].as_u64().context("no wires")?;
    let publics = stats["public_inputs"]
        .as_u64()
        .context("no public inputs")?;
    let rows = stats["constraints"].as_u64().context("no constraints")?;
    for (what, number) in [
        ("Wires", wires),
        ("Constraints", rows),
        ("Public Inputs", publics),
    ] {
        let line = format!("# of {what}: {number}");
        ensure!(
            text.lines().any(|found| found.trim_end().ends_with(&line)),
            "expected `{line}` of {circuit}, snarkjs says:\n{text}"
        );
    }
    eprintln!(
        "snarkjs reads {circuit}: {rows} constraints, {wires} wires, {publics} public inputs"
    );
    Ok(())
}

/// The npm packages that check our files and proofs.
pub(crate) fn install(root: &Path) -> Result<()> {
    let tools = root.join("tools/e2e");
    ensure!(
        stages::available("npm"),
        "npm is not installed: the end-to-end tests need Node 20 with npm"
    );
    if tools.join("node_modules/circom2").is_dir() {
        return Ok(());
    }
    stages::run(
        &tools,
        "npm",
        &["ci", "--no-audit", "--no-fund", "--ignore-scripts"],
        &[],
    )
}

fn check_poll(root: &Path, maci: &Path, datadir: &Path, case: &Case) -> Result<()> {
    let text = |path: &Path| {
        path.to_str()
            .map(str::to_owned)
            .context("the workspace path is not UTF-8")
    };
    // A cache of its own: a stale key elsewhere must not hide a broken key generation.
    let cache = text(&root.join("target/e2e/cache"))?;
    let binary = text(maci)?;
    let maci = |args: &[&str]| stages::run(root, &binary, args, &[("MACI_CACHE", &cache)]);
    let directory = text(datadir)?;
    let mut demo = vec!["demo", "--no-progress", "--datadir", &directory];
    demo.extend(case.demo);
    maci(&demo)?;

    let mut args = vec!["verify.mjs".to_owned()];
    for (kind, circuit) in [("process", case.process), ("tally", case.tally)] {
        let vk = text(&datadir.join(format!("{kind}.vk.json")))?;
        maci(&[
            "keys", "export", circuit, "--format", "snarkjs", "--out", &vk,
        ])?;
        let proofs = proofs(&datadir.join("proofs"), kind)?;
        ensure!(
            !proofs.is_empty(),
            "the demo left no {kind} proofs under {directory}"
        );
        args.extend(proofs.into_iter().flat_map(|proof| [vk.clone(), proof]));
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    stages::run(&root.join("tools/e2e"), "node", &args, &[])
}

fn proofs(dir: &Path, kind: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(kind) {
            found.push(path.to_string_lossy().into_owned());
        }
    }
    found.sort();
    Ok(found)
}
