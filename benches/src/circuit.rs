//! One table per circuit: rows beside MACI's, then synthesis, setup and proving beside the proof's own verification.

use std::error::Error;

use maci_circuits::{Circuit, CircuitStats, Inputs, matrices};
use maci_crypto::Fr;
use maci_keys::{AllowInsecureDevKeys, R1cs, store::insecure_dev_key};
use maci_prover::{prove, witness::Assignment};
use maci_verifier::{AnyStatement, CircuitId, verify};

use crate::{cost::cpu, median, memory_mb};

/// Proofs that are made.
const PROOFS: usize = 5;

/// A circuit to measure.
#[derive(Debug)]
pub struct Case {
    /// The circuit and its parameters.
    pub id: CircuitId,
    /// Rows of MACI's own circuit under circom --O2, where known (MACI at 0ac9933, circom 2.2.3).
    pub maci_rows: Option<usize>,
    /// Inputs to prove; `None` measures rows only.
    pub inputs: Option<Inputs>,
}

/// Prints the table of one circuit.
pub fn measure(case: Case) -> Result<(), Box<dyn Error>> {
    let (setup_synthesis, matrices) = median(1, || matrices(case.id));
    let matrices = matrices?;
    let stats = CircuitStats::of(case.id, &matrices);
    println!("{}", case.id);
    let beside = case.maci_rows.map_or(String::new(), |maci| {
        let ratio = stats.rows as f64 / maci as f64;
        format!(" ({ratio:.3} of MACI's {maci})")
    });
    println!("  rows               {:>10}{beside}", stats.rows);
    if let Some(rows) = stats.rows_per_message {
        println!(
            "  rows per message   {rows:>10}, and {} once a batch",
            stats.fixed_rows
        );
    }
    let [a, b, c] = stats.non_zero;
    println!("  entries            {:>10} = {a} + {b} + {c}", a + b + c);
    println!("  shape synthesis    {setup_synthesis:>10.3} s");
    let Some(inputs) = case.inputs else {
        return Ok(());
    };

    let (setup, key) = median(1, || {
        insecure_dev_key(case.id, R1cs::from_matrices(&matrices), &mut |_| {})
    });
    let key = key?.accept(Some(AllowInsecureDevKeys::because_the_user_said_so()))?;
    drop(matrices);
    let (witness, assignment) = median(5, || {
        Circuit::new(case.id, inputs.clone()).map(Assignment::of)
    });
    assignment??;
    let before = cpu();
    let (proving, proof) = median(PROOFS, || prove(&key, inputs.clone(), |_, _| randomness()));
    let seconds = (cpu() - before) / PROOFS as f64;
    let proof = proof?;
    let statement = AnyStatement::read(&case.id, &inputs.public_inputs())?;
    let (verification, verified) =
        median(5, || verify(key.verifying_key(), statement.inner(), &proof));
    let _verified = verified?;
    let ratio = |seconds: f64| seconds / verification;
    println!("  verification       {verification:>10.4} s, the reference");
    println!(
        "  witness            {witness:>10.3} s = {:.0} verifications",
        ratio(witness)
    );
    println!(
        "  proof, all cores   {proving:>10.3} s = {:.0} verifications",
        ratio(proving)
    );
    println!(
        "  proof, CPU time    {seconds:>10.3} s = {:.2e} s for each row of the domain of {}",
        seconds / stats.domain() as f64,
        stats.domain()
    );
    println!(
        "  key generation     {setup:>10.3} s = {:.0} verifications",
        ratio(setup)
    );
    println!("  peak memory        {:>10} MB", memory_mb("VmHWM"));
    Ok(())
}

/// Fixed blinding: these proofs are timed and thrown away.
fn randomness() -> (Fr, Fr) {
    (Fr::from(3u64), Fr::from(5u64))
}
