//! An integrator's whole dependency is `maci-verifier`: check a Groth16 proof of a MACI v3 message batch.
//!
//! `cargo run -p example-embed-verifier` checks a proof that MACI itself made (snarkjs), from the recorded poll.

#![allow(clippy::print_stdout)]

use std::path::Path;

use anyhow::{Context, Result, ensure};
use maci_verifier::codec::snarkjs;
use maci_verifier::{CircuitId, KeyPoints, ProcessBatch, Proof, Statement, VerifyingKey, verify};

fn main() -> Result<()> {
    let poll = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/maci-v3");
    let read = |name: &str| {
        let path = poll.join(name);
        std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };

    // A key is only ever used for the circuit and the parameters that it was made for.
    let circuit: CircuitId = "message-processor-qv-10-20-2".parse()?;
    let points = KeyPoints::from_snarkjs(&read(
        "verification_keys/MessageProcessorQv_10-20-2_test.json",
    )?)?;
    // The recorded key is a test key with gamma == delta, which `VerifyingKey::new` refuses, and rightly so.
    ensure!(
        VerifyingKey::new(circuit, points.clone()).is_err(),
        "a key with gamma == delta was accepted"
    );
    let key = VerifyingKey::insecure(circuit, points)?;

    // Nine numbers become a typed statement; a number too many or too few is an error.
    let inputs = snarkjs::public_inputs(&read("proofs/process_0.public.json")?)?;
    let statement = ProcessBatch::from_public_inputs(&inputs)?;
    let proof = Proof::from_snarkjs(&read("proofs/process_0.proof.json")?)?;
    let _verified = verify(&key, &statement, &proof)?;
    println!(
        "messages {} to {} were processed as the statement says",
        statement.index, statement.batch_end_index
    );

    let forged = ProcessBatch {
        total_signups: statement.total_signups + 1,
        ..statement
    };
    match verify(&key, &forged, &proof) {
        Err(error) => println!("with one more sign-up: {error}"),
        Ok(_) => anyhow::bail!("a forged statement was accepted"),
    }
    Ok(())
}
