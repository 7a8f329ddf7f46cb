//! V-28, snarkjs half: snarkjs accepts our proofs with our exported verifying keys, and refuses an altered input.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::stages;

/// Installs snarkjs when absent, proves polls with `maci demo` and lets snarkjs check every proof.
pub(crate) fn run(root: &Path) -> Result<()> {
    install(root)?;
    let work = root.join("target/e2e");
    if work.exists() {
        std::fs::remove_dir_all(&work)
            .with_context(|| format!("cannot empty {}", work.display()))?;
    }
    std::fs::create_dir_all(&work)?;
    for (name, poll) in [
        ("recorded-qv", vec![]),
        (
            "simulated-nonqv",
            vec![
                "--simulate",
                "mode=non-qv,depths=3-1-1,batch=3,messages=7",
                "--seed",
                "1",
            ],
        ),
        (
            "simulated-full",
            vec![
                "--simulate",
                "mode=full,depths=3-1-1,batch=3,messages=7",
                "--seed",
                "2",
            ],
        ),
    ] {
        check_poll(root, &work.join(name), &poll)?;
    }
    Ok(())
}

fn install(root: &Path) -> Result<()> {
    let tools = root.join("tools/e2e");
    ensure!(
        stages::available("npm"),
        "npm is not installed: the end-to-end tests need Node 20 with npm"
    );
    if tools.join("node_modules/snarkjs").is_dir() {
        return Ok(());
    }
    stages::run(
        &tools,
        "npm",
        &["ci", "--no-audit", "--no-fund", "--ignore-scripts"],
        &[],
    )
}

fn check_poll(root: &Path, datadir: &Path, poll: &[&str]) -> Result<()> {
    let datadir_text = datadir
        .to_str()
        .context("the workspace path is not UTF-8")?;
    let mut demo = vec![
        "run",
        "--quiet",
        "--profile",
        "ci",
        "--package",
        "maci-cli",
        "--",
        "demo",
    ];
    demo.extend(["--no-progress", "--datadir", datadir_text]);
    demo.extend(poll);
    stages::run(root, "cargo", &demo, &[])?;

    let mut triples = Vec::new();
    for proof in proofs(&datadir.join("proofs"))? {
        let stem = proof.to_string_lossy().replace(".proof.json", "");
        let kind = if stem.ends_with(|c: char| c.is_ascii_digit()) && stem.contains("process_") {
            "process"
        } else {
            "tally"
        };
        triples.push(datadir.join(format!("verification_keys/{kind}.json")));
        triples.push(proof.clone());
        triples.push(PathBuf::from(format!("{stem}.public.json")));
    }
    ensure!(
        !triples.is_empty(),
        "the demo left no proofs under {}",
        datadir.display()
    );
    let mut args = vec!["verify.mjs".to_owned()];
    args.extend(
        triples
            .iter()
            .map(|path| path.to_string_lossy().into_owned()),
    );
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    stages::run(&root.join("tools/e2e"), "node", &args, &[])
}

fn proofs(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(dir)
        .with_context(|| format!("cannot read {}", dir.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.to_string_lossy().ends_with(".proof.json"))
        .collect();
    found.sort();
    Ok(found)
}
