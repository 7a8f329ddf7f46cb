//! The shipped circuits are those of `circuits/pinned/`, and all are smaller than MACI's.

use std::{path::PathBuf, time::Instant};

use maci_circuits::{SHIPPED, pinned_json, stats};
use maci_verifier::CircuitId;

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("pinned")
}

/// With `MACI_PIN=1` the files are written instead of compared.
#[test]
fn c_29_circuits_equal_their_pinned_files() {
    let write = std::env::var_os("MACI_PIN").is_some();
    for id in SHIPPED {
        let path = directory().join(format!("{id}.json"));
        let found = pinned_json(&id).unwrap();
        if write {
            std::fs::create_dir_all(directory()).unwrap();
            std::fs::write(&path, &found).unwrap();
            continue;
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            found,
            expected,
            "{id} changed: review, then regenerate {}",
            path.display()
        );
    }
}

/// O2 row counts of MACI's own circuits (circuits.md §2).
#[test]
fn circuits_have_fewer_rows_than_macis() {
    for (circuit, rows) in [
        ("message-processor-qv-10-20-2", 522_493),
        ("message-processor-nonqv-10-20-2", 507_273),
        ("message-processor-full-10-20-2", 492_173),
        ("message-processor-qv-14-20-3", 621_033),
        ("vote-tally-qv-10-1-2", 16_903),
        ("vote-tally-nonqv-10-1-2", 12_404),
        ("vote-tally-qv-14-5-3", 386_083),
        ("poll-joining-10", 3_970),
        ("poll-joining-14", 4_954),
        ("poll-joined-10", 3_751),
        ("poll-joined-14", 4_735),
    ] {
        let id: CircuitId = circuit.parse().unwrap();
        let start = Instant::now();
        let stats = stats(id).unwrap();
        println!(
            "{circuit}: {} rows of {rows}, fixed {}, per message {:?}, {:?} entries, {:.1?}",
            stats.rows,
            stats.fixed_rows,
            stats.rows_per_message,
            stats.non_zero,
            start.elapsed()
        );
        assert!(
            stats.rows < rows,
            "{circuit} has {} rows, MACI {rows}",
            stats.rows
        );
    }
}

#[test]
fn messages_cost_less_than_macis_and_least_outside_qv() {
    let per_message = |circuit: &str| {
        let id: CircuitId = circuit.parse().unwrap();
        stats(id).unwrap().rows_per_message.unwrap()
    };
    let qv = per_message("message-processor-qv-10-2-2");
    let non_qv = per_message("message-processor-nonqv-10-2-2");
    let full = per_message("message-processor-full-10-2-2");
    assert!(
        qv < 26_032 && non_qv < 25_271 && full < 24_516,
        "{qv} {non_qv} {full}"
    );
    assert!(non_qv <= qv && full <= qv, "{qv} {non_qv} {full}");
}

/// Prints how long the synthesis of a whole batch takes, for key generation and for a proof.
#[test]
fn synthesis_times() {
    use ark_relations::gr1cs::{ConstraintSynthesizer, ConstraintSystem, SynthesisMode};
    use maci_circuits::{Circuit, Inputs};

    let text = crate::common::fixture("maci-v3/inputs/process_0.input.json");
    let inputs =
        maci_protocol::layout::maci::ProcessInputs::from_json(maci_verifier::Mode::Qv, &text)
            .unwrap();
    let id = inputs.circuit;
    let start = Instant::now();
    let matrices = maci_circuits::matrices(id).unwrap();
    println!("{id}: set-up synthesis {:.2?}", start.elapsed());
    let start = Instant::now();
    let _ = matrices.digest();
    println!("{id}: digest {:.2?}", start.elapsed());
    for _ in 0..2 {
        let cs = ConstraintSystem::new_ref();
        cs.set_mode(SynthesisMode::Prove {
            construct_matrices: false,
            generate_lc_assignments: false,
        });
        let circuit = Circuit::new(id, Inputs::Process(Box::new(inputs.clone()))).unwrap();
        let start = Instant::now();
        circuit.generate_constraints(cs.clone()).unwrap();
        println!("{id}: witness {:.2?}", start.elapsed());
        assert_eq!(cs.num_witness_variables(), matrices.witness_variables);
    }
    let start = Instant::now();
    maci_circuits::check(id, &Inputs::Process(Box::new(inputs))).unwrap();
    println!("{id}: native check {:.2?}", start.elapsed());
}
