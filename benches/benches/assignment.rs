//! Full synthesis beside the assignment of a proof's witness, in time and in memory.
//!
//! `cargo bench -p maci-benches --bench assignment [-- CIRCUIT..]`
//!
//! *Full synthesis* is what a prover does that keeps nothing between two proofs, as arkworks' own: every linear
//! combination is built, inlined and turned into matrices. *Key generation* does the same without values. *Assignment*
//! is what our prover does: the shape comes with the key, and only values are computed. Runs are interleaved and each
//! figure is the median of five. Memory is right for the first circuit of a run; later ones reuse what it left.

#![allow(clippy::print_stdout, clippy::cast_precision_loss)]

use std::{error::Error, hint::black_box};

use ark_relations::gr1cs::{ConstraintSynthesizer, ConstraintSystem, OptimizationGoal};
use maci_benches::{args, median, memory_above};
use maci_circuits::{Circuit, Inputs, Matrices, SHIPPED, matrices, sample_inputs};
use maci_prover::witness::Assignment;
use maci_verifier::CircuitId;

const RUNS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let wanted = args();
    println!(
        "{:<32} {:>18} {:>18} {:>18} {:>8} {:>8}",
        "circuit", "full synthesis", "key generation", "assignment", "faster", "smaller"
    );
    for id in SHIPPED {
        if wanted.is_empty() || wanted.contains(&id.to_string()) {
            measure(id, &sample_inputs(id)?)?;
        }
    }
    Ok(())
}

/// One line: seconds and megabytes of each way, and how assignment compares with full synthesis.
fn measure(id: CircuitId, inputs: &Inputs) -> Result<(), Box<dyn Error>> {
    let full = || -> Result<Matrices, Box<dyn Error>> {
        let cs = ConstraintSystem::new_ref();
        cs.set_optimization_goal(OptimizationGoal::Constraints);
        Circuit::new(id, inputs.clone())?.generate_constraints(cs.clone())?;
        cs.finalize();
        Ok(Matrices::of(&cs)?)
    };
    let assignment = || -> Result<Assignment, Box<dyn Error>> {
        Ok(Assignment::of(Circuit::new(id, inputs.clone())?)?)
    };
    // The smallest first: what a larger one leaves to the allocator would hide what it takes.
    let of_assignment = memory_above(|| black_box(assignment()).map(drop))?;
    let of_key_generation = memory_above(|| black_box(matrices(id)).map(drop))?;
    let of_full = memory_above(|| black_box(full()).map(drop))?;
    let memory = [of_full, of_key_generation, of_assignment];
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..RUNS {
        let (time, result) = median(1, full);
        drop(result?);
        times[0].push(time);
        let (time, result) = median(1, || matrices(id));
        drop(result?);
        times[1].push(time);
        let (time, result) = median(1, assignment);
        drop(result?);
        times[2].push(time);
    }
    let times = times.map(|mut times: Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[RUNS / 2]
    });
    let cell = |i: usize| format!("{:.3} s {:>5} MB", times[i], memory[i]);
    println!(
        "{:<32} {:>18} {:>18} {:>18} {:>7.1}x {:>7.1}x",
        id.to_string(),
        cell(0),
        cell(1),
        cell(2),
        times[0] / times[2],
        memory[0] as f64 / memory[2].max(1) as f64
    );
    Ok(())
}
