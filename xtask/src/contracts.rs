//! Rewrites `crates/chain/abi/*.json` from MACI's compiled contracts, the npm package `@maci-protocol/contracts`.
//!
//! A file holds what deploying, calling and recognising one contract takes, and no more: the interface, the creation code
//! with the places of its libraries, and a fingerprint of the code that lies on the chain. Code on the chain holds library
//! addresses and immutables, which differ from one deployment to the next: the fingerprint is the hash of the code with
//! those places zeroed. The files are committed, so that building needs neither Node nor a Solidity compiler.

use std::fmt::Write as _;
use std::path::Path;

use alloy_primitives::{hex, keccak256};
use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};

use crate::stages;

/// Contracts that are deployed, called or recognised: the folder of their source, and their name.
const CONTRACTS: &[(&str, &[&str])] = &[
    (
        "contracts",
        &[
            "MACI",
            "MessageProcessor",
            "MessageProcessorFactory",
            "Poll",
            "PollFactory",
            "Tally",
            "TallyFactory",
            "VerifyingKeysRegistry",
        ],
    ),
    (
        "contracts/crypto",
        &[
            "PoseidonT3",
            "PoseidonT4",
            "PoseidonT5",
            "PoseidonT6",
            "Verifier",
        ],
    ),
    (
        "contracts/initialVoiceCreditProxy",
        &[
            "ConstantInitialVoiceCreditProxy",
            "ConstantInitialVoiceCreditProxyFactory",
            "ERC20VotesInitialVoiceCreditProxy",
            "ERC20VotesInitialVoiceCreditProxyFactory",
        ],
    ),
    ("contracts/mocks", &["MockERC20", "MockERC20Votes"]),
    (
        "@excubiae/contracts/contracts/test/extensions/mocks",
        &["MockEAS"],
    ),
    (
        "@excubiae/contracts/contracts/extensions/freeForAll",
        &[
            "FreeForAllChecker",
            "FreeForAllCheckerFactory",
            "FreeForAllPolicy",
            "FreeForAllPolicyFactory",
        ],
    ),
    (
        "@excubiae/contracts/contracts/extensions/merkle",
        &[
            "MerkleProofChecker",
            "MerkleProofCheckerFactory",
            "MerkleProofPolicy",
            "MerkleProofPolicyFactory",
        ],
    ),
    (
        "@excubiae/contracts/contracts/extensions/erc20",
        &[
            "ERC20Checker",
            "ERC20CheckerFactory",
            "ERC20Policy",
            "ERC20PolicyFactory",
        ],
    ),
    (
        "@excubiae/contracts/contracts/extensions/eas",
        &[
            "EASChecker",
            "EASCheckerFactory",
            "EASPolicy",
            "EASPolicyFactory",
        ],
    ),
];

/// Functions that nobody here calls: hashing helpers, and ways of doing what another function does.
const UNUSED: &[&str] = &[
    "MESSAGE_DATA_LENGTH",
    "hash2",
    "hash3",
    "hash4",
    "hash5",
    "hashLeftRight",
    "hashMessageAndPublicKey",
    "hashStateLeaf",
    "padAndHashMessage",
    "setVerifyingKeys",
    "setVerifyingKeysBatch",
    "sha256Hash",
];

/// Only ever clones of an implementation that the factory of the same name creates: their creation code is not needed.
fn has_factory(name: &str) -> bool {
    CONTRACTS
        .iter()
        .flat_map(|(_, names)| names.iter())
        .any(|other| other.strip_suffix("Factory") == Some(name))
}

/// Installs the package when absent and rewrites the files.
pub(crate) fn run(root: &Path) -> Result<()> {
    let tools = root.join("tools/contracts");
    let artifacts = tools.join("node_modules/@maci-protocol/contracts/build/artifacts");
    if !artifacts.is_dir() {
        ensure!(
            stages::available("npm"),
            "npm is not installed: MACI's contracts come from an npm package"
        );
        let install = ["ci", "--no-audit", "--no-fund", "--ignore-scripts"];
        stages::run(&tools, "npm", &install, &[])?;
    }
    let compiled = compiler_output(&artifacts.join("build-info"))?;
    let out = root.join("crates/chain/abi");
    std::fs::create_dir_all(&out)?;
    for (folder, names) in CONTRACTS {
        for name in *names {
            let contract = contract(&artifacts, &compiled, folder, name)
                .with_context(|| format!("cannot read the contract {name}"))?;
            let path = out.join(format!("{name}.json"));
            std::fs::write(&path, contract)
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    Ok(())
}

/// The compiler's own output: unlike the per-contract artefacts, it says where the immutables lie.
fn compiler_output(folder: &Path) -> Result<Value> {
    let file = std::fs::read_dir(folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .next()
        .context("the package holds no compiler output")??;
    let text = std::fs::read_to_string(file.path())?;
    let mut whole: Value = serde_json::from_str(&text)?;
    Ok(whole["output"]["contracts"].take())
}

fn contract(artifacts: &Path, compiled: &Value, folder: &str, name: &str) -> Result<String> {
    let whole = &compiled[format!("{folder}/{name}.sol")][name];
    let abi = whole["abi"].as_array().context("it has no interface")?;
    let used = |entry: &&Value| {
        let name = entry["name"].as_str().unwrap_or_default();
        entry["type"] != "function" || !UNUSED.contains(&name)
    };
    let abi: Vec<Value> = abi.iter().filter(used).map(lean).collect();
    let mut file = Map::new();
    file.insert("contract".into(), json!(name));
    let creation = &whole["evm"]["bytecode"];
    if name.starts_with("PoseidonT") {
        let (code, runtime) = library(artifacts, name)?;
        file.insert("creation".into(), json!({ "code": code, "links": {} }));
        file.insert("runtime".into(), runtime);
    } else {
        if !has_factory(name) {
            let code = creation["object"].as_str().context("it has no code")?;
            let links = places(&creation["linkReferences"], Depth::Libraries);
            let links_by_name = named(&creation["linkReferences"]);
            let code = format!("0x{}", unlinked(code, &links)?);
            file.insert(
                "creation".into(),
                json!({ "code": code, "links": links_by_name }),
            );
        }
        let runtime = runtime(&whole["evm"]["deployedBytecode"])?;
        file.insert("runtime".into(), runtime);
    }
    // One line per entry of the interface: a change of the contracts then reads as such.
    let mut text = String::from("{\n");
    writeln!(text, "\"abi\": [")?;
    for (index, entry) in abi.iter().enumerate() {
        let comma = if index + 1 < abi.len() { "," } else { "" };
        writeln!(text, "{entry}{comma}")?;
    }
    text.push(']');
    for (key, value) in file {
        write!(text, ",\n{}: {value}", json!(key))?;
    }
    text.push_str("\n}\n");
    Ok(text)
}

/// An entry of the interface without the compiler's own names for its types.
fn lean(entry: &Value) -> Value {
    match entry {
        Value::Object(map) => map
            .iter()
            .filter(|(key, _)| key.as_str() != "internalType")
            .map(|(key, value)| (key.clone(), lean(value)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(list) => list.iter().map(lean).collect(),
        other => other.clone(),
    }
}

/// Hash, length and varying places of the code on the chain.
fn runtime(deployed: &Value) -> Result<Value> {
    let code = deployed["object"]
        .as_str()
        .context("it has no runtime code")?;
    let mut masked = places(&deployed["linkReferences"], Depth::Libraries);
    masked.extend(places(&deployed["immutableReferences"], Depth::Immutables));
    masked.sort_unstable();
    let mut bytes = hex::decode(unlinked(code, &masked)?)?;
    for (start, length) in &masked {
        bytes[*start..start + length].fill(0);
    }
    Ok(fingerprint(&bytes, &masked))
}

fn fingerprint(code: &[u8], masked: &[(usize, usize)]) -> Value {
    json!({ "length": code.len(), "masked": masked, "keccak256": keccak256(code).to_string() })
}

/// The Poseidon libraries: their Solidity is a stub, and MACI's build puts circomlibjs' generated code in its place.
fn library(artifacts: &Path, name: &str) -> Result<(String, Value)> {
    /// Copy everything behind these twelve bytes and return it: `codesize push1 12 push1 0 codecopy push2 .. push1 0 return`.
    const PROLOGUE: usize = 12;
    let path = artifacts.join(format!("contracts/crypto/{name}.sol/{name}.json"));
    let artifact: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let code = artifact["bytecode"].as_str().context("it has no code")?;
    let bytes = hex::decode(code)?;
    ensure!(
        bytes.starts_with(&hex!("38600c60003961")) && bytes.len() > PROLOGUE,
        "{name} is not circomlibjs' generated code"
    );
    Ok((code.to_owned(), fingerprint(&bytes[PROLOGUE..], &[])))
}

/// The code with zeros at the given places, where the compiler leaves marks that are no hexadecimal digits.
fn unlinked(code: &str, places: &[(usize, usize)]) -> Result<String> {
    let mut code = code.to_owned();
    for (start, length) in places {
        let range = 2 * start..2 * (start + length);
        ensure!(range.end <= code.len(), "a link lies outside the code");
        code.replace_range(range, &"00".repeat(*length));
    }
    Ok(code)
}

/// How deep the lists of places lie.
#[derive(Clone, Copy)]
enum Depth {
    /// file -> library -> places
    Libraries,
    /// variable -> places
    Immutables,
}

fn places(references: &Value, depth: Depth) -> Vec<(usize, usize)> {
    let outer = references.as_object().into_iter().flat_map(Map::values);
    let lists: Vec<&Value> = match depth {
        Depth::Immutables => outer.collect(),
        Depth::Libraries => outer
            .filter_map(Value::as_object)
            .flat_map(Map::values)
            .collect(),
    };
    lists.into_iter().flat_map(spans).collect()
}

fn spans(list: &Value) -> Vec<(usize, usize)> {
    let number = |value: &Value| {
        value
            .as_u64()
            .and_then(|number| usize::try_from(number).ok())
    };
    let list = list.as_array().map_or(&[] as &[Value], Vec::as_slice);
    list.iter()
        .filter_map(|span| Some((number(&span["start"])?, number(&span["length"])?)))
        .collect()
}

/// library -> starts of its 20-byte places.
fn named(references: &Value) -> Value {
    let files = references.as_object().into_iter().flat_map(Map::values);
    files
        .filter_map(Value::as_object)
        .flatten()
        .map(|(library, list)| {
            let starts: Vec<usize> = spans(list).into_iter().map(|(start, _)| start).collect();
            (library.clone(), json!(starts))
        })
        .collect::<Map<_, _>>()
        .into()
}
