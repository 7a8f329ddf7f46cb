//! V-28, the other direction: what we write, snarkjs accepts.

use std::path::Path;
use std::process::Command;

use maci_verifier::{CircuitId, Statement};
use serde_json::{Value, json};

use crate::support::{toy_key, toy_proof, toy_statement};

#[test]
#[ignore = "needs node and `npm ci` in tools/e2e; cargo xtask test checks whole polls the same way"]
fn v_28_snarkjs_accepts_our_proofs_and_keys() {
    let circuit: CircuitId = "message-processor-qv-10-20-2".parse().unwrap();
    let (pk, key) = toy_key(circuit, 1);
    let statement = toy_statement(0);
    let proof = toy_proof(&pk, &statement, 2);
    let directory = std::env::temp_dir().join(format!("maci-v28-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let inputs: Vec<String> = statement
        .public_inputs()
        .iter()
        .map(maci_crypto::field::to_dec)
        .collect();
    let record = json!({
        "proof": serde_json::from_str::<Value>(&proof.to_snarkjs()).unwrap(),
        "publicInputs": inputs,
    });
    let (vk, file) = (directory.join("vk.json"), directory.join("process_0.json"));
    std::fs::write(&vk, key.points().to_snarkjs()).unwrap();
    std::fs::write(&file, record.to_string()).unwrap();
    let output = Command::new("node")
        .arg("verify.mjs")
        .args([&vk, &file])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/e2e"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.starts_with("ok"), "{text}");
    std::fs::remove_dir_all(&directory).unwrap();
}
