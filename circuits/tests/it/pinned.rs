//! The circuits are those of `circuits/pinned/`, and all are smaller than MACI's.

use std::{path::PathBuf, time::Instant};

use maci_circuits::{
    PINNED,
    gates::{GATES, Gate},
    pinned_json,
    reference::maci_size,
    stats,
};
use maci_verifier::CircuitId;

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("pinned")
}

/// With `MACI_PIN=1` the files are written instead of compared.
#[test]
fn c_29_circuits_equal_their_pinned_files() {
    let write = std::env::var_os("MACI_PIN").is_some();
    for id in PINNED {
        let path = directory().join(format!("{id}.json"));
        let found = pinned_json(&stats(id).unwrap());
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

/// Every bound of [`GATES`], and MACI's own sizes as the bound of everything.
#[test]
fn gates() {
    let further = [
        "message-processor-qv-14-1-3",
        "poll-joining-14",
        "poll-joined-14",
    ];
    let further = further.map(|circuit| circuit.parse::<CircuitId>().unwrap());
    for id in PINNED.into_iter().chain(further) {
        let stats = stats(id).unwrap();
        let maci = maci_size(id).unwrap().rows;
        println!(
            "{id}: {} rows of {maci}, fixed {}, per message {:?}, entries {:?}",
            stats.rows, stats.fixed_rows, stats.rows_per_message, stats.non_zero,
        );
        assert!(stats.rows < maci, "{id}: {} rows, MACI {maci}", stats.rows);
        for gate in Gate::of(id) {
            let held = gate.holds(&stats);
            println!("  {gate:?}: {:?}, {held}", gate.found(&stats));
            assert!(held, "{gate:?}: found {:?}", gate.found(&stats));
        }
    }
}

/// A gate of a circuit that is not pinned would hold nothing.
#[test]
fn every_gate_is_on_a_pinned_circuit() {
    let pinned = PINNED.map(|id| id.to_string());
    for gate in GATES {
        assert!(pinned.iter().any(|id| id == gate.circuit), "{gate:?}");
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
    use maci_circuits::{Circuit, Inputs};

    let inputs = crate::common::recorded("maci-v3").process.remove(0);
    let id = inputs.circuit;
    let start = Instant::now();
    let matrices = maci_circuits::matrices(id).unwrap();
    println!("{id}: set-up synthesis {:.2?}", start.elapsed());
    let start = Instant::now();
    let _ = matrices.digest();
    println!("{id}: digest {:.2?}", start.elapsed());
    for _ in 0..2 {
        let circuit = Circuit::new(id, Inputs::Process(Box::new(inputs.clone()))).unwrap();
        let start = Instant::now();
        let cs = maci_circuits::assign(circuit).unwrap();
        println!("{id}: witness {:.2?}", start.elapsed());
        assert_eq!(cs.num_witness_variables(), matrices.witness_variables);
    }
    let start = Instant::now();
    maci_circuits::check(id, &Inputs::Process(Box::new(inputs))).unwrap();
    println!("{id}: native check {:.2?}", start.elapsed());
}
