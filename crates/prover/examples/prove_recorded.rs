//! Times key generation and proofs of one recorded poll: `prove_recorded DIRECTORY [WORKERS]`.
//!
//! It makes the keys anew (no cache), proves every recorded batch, and prints wall clock seconds, processor seconds and peak memory.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use maci_circuits::Inputs;
use maci_keys::{AllowInsecureDevKeys, R1cs, store};
use maci_protocol::layout::compact::{process_batches, tally_batches};
use maci_protocol::recorded;
use maci_protocol::secrets::RunSeed;
use maci_prover::cancel::Cancel;
use maci_prover::{Event, Job, Pool, memory};
use maci_verifier::CircuitId;

/// Processor time of this process so far, in seconds: unlike a clock it does not see what else the machine does.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = text.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<f64>().ok())
        .sum();
    ticks / 100.0
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().ok_or("expected a directory")?;
    let workers: Option<usize> = arguments.next().map(|text| text.parse()).transpose()?;
    let directory = Path::new(&directory);
    let read = |file: &str| std::fs::read_to_string(directory.join(file));
    let log = recorded::parse(&read("deployment.json")?, &read("logs.json")?)?;
    let coordinator = recorded::coordinator_key(&read("keys.json")?)?;
    let mut seed = RunSeed::derive(coordinator.private(), log.chain_id, log.poll_address);
    let processed = process_batches(&log, &coordinator, &mut seed)?;
    let tallied = tally_batches(&log, processed.last, &mut seed);
    let mut batches = Vec::new();
    for inputs in processed.batches {
        batches.push((inputs.circuit, Inputs::Process(Box::new(inputs))));
    }
    for inputs in tallied.batches {
        batches.push((inputs.circuit, Inputs::Tally(Box::new(inputs))));
    }
    let mut keys = Vec::new();
    let mut circuits: Vec<CircuitId> = batches.iter().map(|(circuit, _)| *circuit).collect();
    circuits.dedup();
    let all = Instant::now();
    for circuit in circuits {
        let (started, before) = (Instant::now(), cpu());
        let r1cs = R1cs::of(circuit)?;
        println!(
            "{circuit}: {} rows, synthesis and digest {:.1?}, CPU {:.1} s",
            r1cs.constraints(),
            started.elapsed(),
            cpu() - before
        );
        let (started, before) = (Instant::now(), cpu());
        let key = store::insecure_dev_key(circuit, r1cs, &mut |_| {})?
            .accept(Some(AllowInsecureDevKeys::because_the_user_said_so()))?;
        println!(
            "{circuit}: setup {:.1?}, CPU {:.1} s, key {} MiB, estimate per proof {} MiB, peak so far {} MiB",
            started.elapsed(),
            cpu() - before,
            key.memory_bytes() >> 20,
            memory::estimate(&key) >> 20,
            memory::peak_resident().unwrap_or(0) >> 20,
        );
        keys.push(Arc::new(key));
    }
    let jobs: Vec<Job> = batches
        .into_iter()
        .filter_map(|(circuit, inputs)| {
            let key = keys.iter().find(|key| key.circuit() == circuit)?;
            Some(Job::new(key.clone(), inputs))
        })
        .collect();
    let pool = match workers {
        Some(workers) => Pool::new().with_workers(workers),
        None => Pool::new(),
    };
    let (started, before) = (Instant::now(), cpu());
    let proofs = pool.prove(
        jobs,
        &|_, _, digest| {
            let r = digest.0.iter().fold(1u64, |sum, byte| {
                sum.wrapping_mul(31).wrapping_add(u64::from(*byte))
            });
            (r.into(), r.wrapping_add(1).into())
        },
        &Cancel::new(),
        &mut |event| {
            if let Event::Finished { index, elapsed, .. } = event {
                println!("proof {index}: {elapsed:.1?}");
            }
        },
    )?;
    println!(
        "{} proofs in {:.1?}, CPU {:.1} s; everything in {:.1?}, peak memory {} MiB",
        proofs.len(),
        started.elapsed(),
        cpu() - before,
        all.elapsed(),
        memory::peak_resident().unwrap_or(0) >> 20,
    );
    Ok(())
}
