//! Prints how much a batch saves over single verification, readers and subgroup checks included on both sides:
//! `cargo run --release -p maci-verifier --example batch_ratio`.
//!
//! The proofs are those of the recorded QV poll, repeated; the weights differ for each position, so repetition saves nothing.
#![allow(clippy::print_stdout, clippy::cast_precision_loss)]

use std::error::Error;
use std::path::Path;

use maci_verifier::batch::{Claim, verify_many};
use maci_verifier::codec::snarkjs;
use maci_verifier::{CircuitId, KeyPoints, Proof, Statement, TallyBatch, VerifyingKey, verify};

/// Seconds that this thread has spent on a processor (Linux).
fn on_processor() -> Result<f64, Box<dyn Error>> {
    // The count is brought up to date at each tick of the scheduler, milliseconds apart, and where a thread yields.
    std::thread::yield_now();
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = text.split_whitespace().next().ok_or("no schedstat")?;
    Ok(nanoseconds.parse::<f64>()? * 1e-9)
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/maci-v3");
    let read = |file: &str| std::fs::read_to_string(folder.join(file));
    let circuit: CircuitId = "vote-tally-qv-10-1-2".parse()?;
    let points = KeyPoints::from_snarkjs(&read("verification_keys/VoteTallyQv_10-1-2_test.json")?)?;
    // MACI's recorded keys are test keys.
    let key = VerifyingKey::insecure(circuit, points)?;
    let mut recorded = Vec::new();
    for index in 0..3 {
        let inputs = snarkjs::public_inputs(&read(&format!("proofs/tally_{index}.public.json"))?)?;
        let proof = Proof::from_snarkjs(&read(&format!("proofs/tally_{index}.proof.json"))?)?;
        recorded.push((TallyBatch::from_public_inputs(&inputs)?, proof.to_evm()));
    }
    println!("proofs  single ms each  batch ms each  ratio");
    for count in [16, 64, 256] {
        let input: Vec<_> = recorded.iter().cycle().take(count).collect();
        let mut single = f64::INFINITY;
        let mut batch = f64::INFINITY;
        // The least of several rounds of processor time, against whatever else the machine does.
        for _ in 0..5 {
            let started = on_processor()?;
            for (statement, words) in &input {
                let _verified = verify(&key, statement, &Proof::from_evm(words)?)?;
            }
            single = single.min((on_processor()? - started) / count as f64);

            let started = on_processor()?;
            let proofs = input
                .iter()
                .map(|(_, words)| Proof::from_evm(words))
                .collect::<Result<Vec<_>, _>>()?;
            let claims: Vec<Claim<'_>> = input
                .iter()
                .zip(&proofs)
                .map(|((statement, _), proof)| Claim {
                    key: &key,
                    statement,
                    proof,
                })
                .collect();
            verify_many(&claims)?;
            batch = batch.min((on_processor()? - started) / count as f64);
        }
        println!(
            "{count:>6}  {:>14.3}  {:>13.3}  {:>5.2}",
            single * 1e3,
            batch * 1e3,
            single / batch
        );
    }
    Ok(())
}
