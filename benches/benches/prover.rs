//! Our prover beside ark-groth16: the same key, the same witness, the same r and s, in turns.
//!
//! `cargo xtask bench prover [--json] [LOG2_SIZE ...]`: the message processor with as many messages as fit each size,
//! 14, 16 and 18 when none is given. Medians of five; ratios are of processor seconds, which other work on the machine
//! disturbs least.

// Figures are for people: tables on standard output, counts as floats.
#![allow(clippy::print_stdout, clippy::cast_precision_loss)]

use std::error::Error;
use std::time::Instant;

use ark_bn254::{Bn254, Fr};
use ark_ec::AffineRepr;
use ark_groth16::Groth16;
use ark_relations::gr1cs::Matrix;
use maci_benches::{args, memory_mb};
use maci_circuits::{Circuit, matrices, sample_inputs};
use maci_keys::{AllowInsecureDevKeys, ProvingKey, R1cs, store::insecure_dev_key};
use maci_prover::groth16::{self, Step, Work};
use maci_prover::{Backend, Cancel, witness::Assignment};
use maci_verifier::{Mode, PollParams};
use serde_json::{Value, json};

const RUNS: usize = 5;

/// Processor time of this process so far, all threads, in seconds.
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

/// Processor and wall seconds.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    cpu: f64,
    wall: f64,
}

impl Cost {
    fn of<T>(work: impl FnOnce() -> T) -> (Self, T) {
        let (before, start) = (cpu(), Instant::now());
        let result = work();
        let wall = start.elapsed().as_secs_f64();
        let cpu = cpu() - before;
        (Self { cpu, wall }, result)
    }

    fn median(costs: &[Self]) -> Self {
        let middle = |mut values: Vec<f64>| {
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        Self {
            cpu: middle(costs.iter().map(|cost| cost.cpu).collect()),
            wall: middle(costs.iter().map(|cost| cost.wall).collect()),
        }
    }

    fn json(self) -> Value {
        json!({ "cpu_s": self.cpu, "wall_s": self.wall })
    }
}

fn params(message_batch_size: u8) -> PollParams {
    PollParams {
        state_tree_depth: 10,
        tally_processing_state_tree_depth: 1,
        vote_option_tree_depth: 2,
        message_batch_size,
        vote_options: 25,
        mode: Mode::Qv,
    }
}

fn rows(messages: u8) -> Result<usize, Box<dyn Error>> {
    Ok(R1cs::of(params(messages).process_circuit())?.qap_rows())
}

/// The most messages whose circuit fits a size.
fn messages_that_fill(size: usize) -> Result<u8, Box<dyn Error>> {
    let (one, two) = (rows(1)?, rows(2)?);
    if one > size {
        return Err(format!("one message takes {one} rows: choose a size above {size}").into());
    }
    Ok(u8::try_from(1 + (size - one) / (two - one))?)
}

/// Our key in the form of ark-groth16, with its points at infinity.
fn ark_key(key: &ProvingKey) -> ark_groth16::ProvingKey<Bn254> {
    fn spread<G: AffineRepr>(indices: &[u32], points: &[G], length: usize) -> Vec<G> {
        let mut all = vec![G::zero(); length];
        for (index, point) in indices.iter().zip(points) {
            all[*index as usize] = *point;
        }
        all
    }
    let points = key.verifying_key().points();
    let query = key.query();
    let length = key.r1cs().variables();
    ark_groth16::ProvingKey {
        vk: ark_groth16::VerifyingKey {
            alpha_g1: *points.alpha_g1(),
            beta_g2: *points.beta_g2(),
            gamma_g2: *points.gamma_g2(),
            delta_g2: *points.delta_g2(),
            gamma_abc_g1: points.ic().to_vec(),
        },
        beta_g1: *key.beta_g1(),
        delta_g1: *key.delta_g1(),
        a_query: spread(&query.a_indices, &query.a, length),
        b_g1_query: spread(&query.b_indices, &query.b_g1, length),
        b_g2_query: spread(&query.b_indices, &query.b_g2, length),
        h_query: query.h.clone(),
        l_query: query.l.clone(),
    }
}

/// One circuit with all that both provers need.
struct Subject {
    key: ProvingKey,
    ark_key: ark_groth16::ProvingKey<Bn254>,
    matrices: [Matrix<Fr>; 3],
    instance_variables: usize,
    assignment: Assignment,
}

impl Subject {
    fn new(bits: u32) -> Result<Self, Box<dyn Error>> {
        let id = params(messages_that_fill(1 << bits)?).process_circuit();
        let inputs = sample_inputs(id)?;
        let matrices = matrices(id)?;
        let key = insecure_dev_key(id, R1cs::from_matrices(&matrices), &mut |_| {})?
            .accept(Some(AllowInsecureDevKeys::because_the_user_said_so()))?;
        let assignment = Assignment::of(Circuit::new(id, inputs)?)?;
        Ok(Self {
            ark_key: ark_key(&key),
            key,
            instance_variables: matrices.instance_variables,
            matrices: [matrices.a, matrices.b, matrices.c],
            assignment,
        })
    }

    /// Fixed blinding: these proofs are timed and thrown away.
    fn blinding() -> (Fr, Fr) {
        (Fr::from(3u64), Fr::from(5u64))
    }

    fn ours(
        &self,
        backend: Backend,
        done: &mut dyn FnMut(Step),
    ) -> Result<groth16::Points, Box<dyn Error>> {
        let cancel = Cancel::new();
        let work = Work::new(&cancel).with_backend(backend).reporting(done);
        let points = groth16::create(&self.key, &self.assignment, Self::blinding(), work)?;
        Ok(points)
    }

    fn ark(&self) -> Result<groth16::Points, Box<dyn Error>> {
        let (r, s) = Self::blinding();
        let proof = Groth16::<Bn254>::create_proof_with_reduction_and_matrices(
            &self.ark_key,
            r,
            s,
            &self.matrices,
            self.instance_variables,
            self.matrices[0].len(),
            self.assignment.values(),
        )?;
        Ok(groth16::Points {
            a: proof.a,
            b: proof.b,
            c: proof.c,
        })
    }
}

/// The least processor time of each step.
#[derive(Default)]
struct Steps(Vec<(Step, f64)>);

impl Steps {
    fn add(&mut self, step: Step, seconds: f64) {
        match self.0.iter_mut().find(|(known, _)| *known == step) {
            Some((_, least)) => *least = least.min(seconds),
            None => self.0.push((step, seconds)),
        }
    }
}

fn measure(bits: u32) -> Result<Value, Box<dyn Error>> {
    let subject = Subject::new(bits)?;
    let rows = subject.matrices[0].len();
    let (mut ours, mut ark, mut scalar) = (Vec::new(), Vec::new(), Vec::new());
    let mut steps = Steps::default();
    for _ in 0..RUNS {
        let mut before = cpu();
        let (cost, our_points) = Cost::of(|| {
            subject.ours(Backend::Vectors, &mut |step| {
                let now = cpu();
                steps.add(step, now - before);
                before = now;
            })
        });
        ours.push(cost);
        let (cost, ark_points) = Cost::of(|| subject.ark());
        ark.push(cost);
        let (cost, scalar_points) = Cost::of(|| subject.ours(Backend::Scalar, &mut |_| {}));
        scalar.push(cost);
        let (our_points, ark_points) = (our_points?, ark_points?);
        if our_points != ark_points || scalar_points? != ark_points {
            return Err("the provers do not agree".into());
        }
    }
    let [ours, ark, scalar] = [ours, ark, scalar].map(|costs| Cost::median(&costs));
    let steps: serde_json::Map<String, Value> = steps
        .0
        .iter()
        .map(|(step, seconds)| (format!("{step:?}"), json!(seconds)))
        .collect();
    Ok(json!({
        "log2_size": bits,
        "rows": rows,
        "circuit": subject.key.circuit().to_string(),
        "ours": ours.json(),
        "ark_groth16": ark.json(),
        "scalar": scalar.json(),
        "vs_ark_groth16": ark.cpu / ours.cpu,
        "vs_ark_groth16_wall": ark.wall / ours.wall,
        "scalar_vs_ark_groth16": ark.cpu / scalar.cpu,
        "steps_cpu_s": steps,
        "peak_memory_mb": memory_mb("VmHWM"),
    }))
}

fn main() -> Result<(), Box<dyn Error>> {
    let as_json = std::env::args().any(|arg| arg == "--json");
    let mut sizes: Vec<u32> = args()
        .iter()
        .map(|arg| arg.parse())
        .collect::<Result<_, _>>()?;
    if sizes.is_empty() {
        sizes = vec![14, 16, 18];
    }
    let mut measured = Vec::new();
    for bits in sizes {
        let size = measure(bits)?;
        if !as_json {
            println!("{size:#}");
        }
        measured.push(size);
    }
    if as_json {
        let last = measured.last().cloned().unwrap_or_default();
        let no_peer = "keys and witnesses cannot be written in snarkjs' formats yet";
        println!(
            "{}",
            json!({
                "schema_version": 1,
                "ok": true,
                "data": {
                    "vectors": maci_prover::Backend::Vectors.vectors(),
                    "vs_ark_groth16": last["vs_ark_groth16"],
                    "scalar_vs_ark_groth16": last["scalar_vs_ark_groth16"],
                    "vs_rapidsnark": null,
                    "scalar_vs_rapidsnark": null,
                    "vs_snarkjs": null,
                    "reasons": { "rapidsnark": no_peer, "snarkjs": no_peer },
                    "runs": RUNS,
                    "sizes": measured,
                },
                "errors": [],
                "warnings": [],
            })
        );
    }
    Ok(())
}
