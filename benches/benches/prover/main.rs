//! Our prover beside ark-groth16, snarkjs and rapidsnark: the same circuit and witness, in turns.
//!
//! `cargo xtask bench prover [--json] [--report] [--end-to-end] [LOG2_SIZE ...]`: the message processor with as many messages as fit each
//! size, or the tally; 14, 16 and 18 when none is given. Medians of five rounds, in which every prover takes its turn; ratios are of processor
//! seconds, which other work on the machine disturbs least. Keys are in memory for provers in this process, snarkjs and
//! rapidsnark are whole processes. They take the dev key's zkey, and so do we where we stand beside them.

// Figures are for people: tables on standard output, counts as floats.
#![allow(clippy::print_stdout, clippy::cast_precision_loss)]

mod report;

use std::error::Error;
use std::path::{Path, PathBuf};

use maci_benches::cost::{Cost, cpu};
use maci_benches::prover::{
    Ark, Files, Subject, agree, circuit_that_fills, message_processor, prove_zkey,
};
use maci_benches::{args, memory_above};
use maci_prover::Backend;
use serde_json::{Map, Value, json};

const RUNS: usize = 5;

/// Rounds in which snarkjs, a hundred times slower, takes part.
const SNARKJS_RUNS: usize = 3;

/// Sizes above this are too slow for snarkjs.
const SNARKJS_MOST: u32 = 18;

/// Programs beside which we measure.
struct Peers {
    snarkjs: Option<PathBuf>,
    rapidsnark: Option<PathBuf>,
}

impl Peers {
    fn from_environment() -> Self {
        let path = |name| std::env::var_os(name).map(PathBuf::from);
        Self {
            snarkjs: path("SNARKJS"),
            rapidsnark: path("RAPIDSNARK"),
        }
    }

    fn reasons(&self, whole: bool) -> Value {
        let reason = |path: &Option<PathBuf>, text: &str| path.is_none().then(|| text.to_owned());
        json!({
            "snarkjs": reason(&self.snarkjs, "npm is not installed"),
            "rapidsnark": reason(&self.rapidsnark, "set RAPIDSNARK to the path of its prover"),
            "end_to_end": (!whole).then_some("add --end-to-end, and set RAPIDSNARK to the path of its prover"),
        })
    }
}

fn snarkjs(program: &Path, files: &Files) -> std::io::Result<Cost> {
    let mut line: Vec<&Path> = vec![program, Path::new("groth16"), Path::new("prove")];
    line.extend(files.args());
    Cost::of_program(Path::new("node"), &line)
}

/// What each prover took in each round, by name.
#[derive(Default)]
struct Costs(Vec<(&'static str, Vec<Cost>)>);

impl Costs {
    fn add(&mut self, name: &'static str, cost: Cost) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, costs)) => costs.push(cost),
            None => self.0.push((name, vec![cost])),
        }
    }

    fn median(&self, name: &str) -> Option<Cost> {
        let (_, costs) = self.0.iter().find(|(known, _)| *known == name)?;
        Some(Cost::median(costs))
    }

    /// How many times less processor time `ours` takes than `peer`.
    fn ratio(&self, peer: &str, ours: &str) -> Option<f64> {
        Some(self.median(peer)?.cpu / self.median(ours)?.cpu)
    }

    fn json(&self) -> Value {
        let of = |(name, costs): &(&'static str, Vec<Cost>)| {
            let median = Cost::median(costs);
            let every: Vec<f64> = costs.iter().map(|cost| cost.cpu).collect();
            let figures =
                json!({ "cpu_s": median.cpu, "wall_s": median.wall, "every_cpu_s": every });
            ((*name).to_owned(), figures)
        };
        self.0.iter().map(of).collect::<Map<_, _>>().into()
    }
}

/// The least processor time of each step, in their order.
#[derive(Default)]
struct Steps(Vec<(String, f64)>);

impl Steps {
    fn add(&mut self, step: &str, seconds: f64) {
        match self.0.iter_mut().find(|(known, _)| known == step) {
            Some((_, least)) => *least = least.min(seconds),
            None => self.0.push((step.to_owned(), seconds)),
        }
    }
}

/// In-process provers in turns, all with one result.
fn round(
    subject: &Subject,
    ark: &Ark,
    costs: &mut Costs,
    steps: &mut Steps,
) -> Result<(), Box<dyn Error>> {
    let mut before = cpu();
    let (cost, ours) = Cost::of(|| {
        subject.prove(Backend::Vectors, &mut |step| {
            let now = cpu();
            steps.add(step.name(), now - before);
            before = now;
        })
    });
    costs.add("ours", cost);
    let (cost, theirs) = Cost::of(|| ark.prove(&subject.assignment));
    costs.add("ark_groth16", cost);
    let (cost, scalar) = Cost::of(|| subject.prove(Backend::Scalar, &mut |_| {}));
    costs.add("ours_scalar", cost);
    theirs?;
    if scalar? != ours? {
        return Err("the two backends do not agree".into());
    }
    Ok(())
}

/// That a circuit has the domain that it is to be measured at.
fn domain(subject: &Subject, bits: u32) -> Result<(), Box<dyn Error>> {
    let found = subject.key.r1cs().domain_size();
    if found == 1 << bits {
        Ok(())
    } else {
        Err(format!(
            "{} has a domain of {found} rows, not of 2^{bits}",
            subject.key.circuit()
        )
        .into())
    }
}

fn measure(bits: u32, peers: &Peers) -> Result<Value, Box<dyn Error>> {
    let subject = Subject::new(circuit_that_fills(1 << bits)?)?;
    domain(&subject, bits)?;
    let ark = subject.ark()?;
    if !agree(&subject, &ark)? {
        return Err("the provers do not agree".into());
    }
    let directory = tempfile::tempdir()?;
    let files = subject.files(directory.path())?;
    let zkey = files.read(&files.prepared)?;
    let (mut costs, mut steps) = (Costs::default(), Steps::default());
    for run in 0..RUNS {
        round(&subject, &ark, &mut costs, &mut steps)?;
        for (name, backend) in [
            ("ours_zkey", Backend::Vectors),
            ("ours_zkey_scalar", Backend::Scalar),
        ] {
            let (cost, result) = Cost::of(|| prove_zkey(&zkey, backend));
            result?;
            costs.add(name, cost);
        }
        for (name, key) in [
            ("ours_prepared", &files.prepared),
            ("ours_cold", &files.zkey),
        ] {
            let (cost, result) = Cost::of(|| prove_zkey(&files.read(key)?, Backend::Vectors));
            result?;
            costs.add(name, cost);
        }
        if let Some(program) = &peers.rapidsnark {
            costs.add("rapidsnark", Cost::of_program(program, &files.args())?);
        }
        if let Some(program) = &peers.snarkjs
            && run < SNARKJS_RUNS
            && bits <= SNARKJS_MOST
        {
            costs.add("snarkjs", snarkjs(program, &files)?);
        }
    }
    drop(zkey);
    let ours_above = memory_above(|| subject.prove(Backend::Vectors, &mut |_| {}))?;
    let ark_above = memory_above(|| ark.prove(&subject.assignment))?;
    let ours_mb = (subject.key.memory_bytes() as u64 >> 20) + ours_above;
    let ark_mb = (ark.memory_bytes() as u64 >> 20) + ark_above;
    let floor = report::floor(&subject);
    let steps: Map<String, Value> = steps
        .0
        .into_iter()
        .map(|(step, seconds)| (step, json!(seconds)))
        .collect();
    Ok(json!({
        "log2_size": bits,
        "rows": subject.key.r1cs().constraints(),
        "circuit": subject.key.circuit().to_string(),
        "vs_ark_groth16": costs.ratio("ark_groth16", "ours"),
        "scalar_vs_ark_groth16": costs.ratio("ark_groth16", "ours_scalar"),
        "vs_rapidsnark": costs.ratio("rapidsnark", "ours_zkey"),
        "scalar_vs_rapidsnark": costs.ratio("rapidsnark", "ours_zkey_scalar"),
        "vs_rapidsnark_prepared": costs.ratio("rapidsnark", "ours_prepared"),
        "vs_rapidsnark_cold": costs.ratio("rapidsnark", "ours_cold"),
        "vs_snarkjs": costs.ratio("snarkjs", "ours_zkey"),
        "medians": costs.json(),
        "steps_cpu_s": steps,
        "floor_cpu_s": floor,
        "peak_memory_mb": { "ours": ours_mb, "ark_groth16": ark_mb },
        "memory_vs_ark_groth16": ours_mb as f64 / ark_mb as f64,
    }))
}

/// Messages of our circuit that take as many rows as MACI's takes for [`BATCH`]: 522,493 constraints, domain 2^19.
const AS_LARGE_AS_MACIS: u8 = 44;

/// Messages of a batch at MACI's parameters (10, 20, 2).
const BATCH: u8 = 20;

/// A batch of 20 messages from inputs to proof, beside rapidsnark on a circuit of the size that MACI's has for the same batch;
/// the time of MACI's witness generator is left out, which favours it.
fn end_to_end(rapidsnark: &Path) -> Result<Value, Box<dyn Error>> {
    let mut costs = Costs::default();
    let subject = Subject::new(message_processor(BATCH))?;
    let large = Subject::new(message_processor(AS_LARGE_AS_MACIS))?;
    domain(&large, 19)?;
    let directory = tempfile::tempdir()?;
    let files = large.files(directory.path())?;
    let rows = large.key.r1cs().constraints();
    drop(large);
    for _ in 0..RUNS {
        let (cost, result) = Cost::of(|| subject.assign_and_prove());
        result?;
        costs.add("ours", cost);
        costs.add("rapidsnark", Cost::of_program(rapidsnark, &files.args())?);
    }
    Ok(json!({
        "messages": BATCH,
        "rows": subject.key.r1cs().constraints(),
        "rapidsnark_rows": rows,
        "medians": costs.json(),
        "vs_maci": costs.ratio("rapidsnark", "ours"),
    }))
}

fn main() -> Result<(), Box<dyn Error>> {
    let flag = |name: &str| std::env::args().any(|arg| arg == name);
    let mut sizes: Vec<u32> = args()
        .iter()
        .map(|arg| arg.parse())
        .collect::<Result<_, _>>()?;
    if sizes.is_empty() {
        sizes = vec![14, 16, 18];
    }
    let peers = Peers::from_environment();
    let mut measured = Vec::new();
    for bits in sizes {
        let size = measure(bits, &peers)?;
        if !flag("--json") {
            println!("{size:#}");
        }
        measured.push(size);
    }
    // Ratios to quote are those of the largest size at which a peer took part.
    let last = |name: &str| {
        let known = measured.iter().filter(|size| !size[name].is_null());
        let largest = known.max_by_key(|size| size["log2_size"].as_u64());
        largest.map(|size| size[name].clone())
    };
    let whole = peers.rapidsnark.as_deref().filter(|_| flag("--end-to-end"));
    let data = json!({
        "end_to_end": whole.map(end_to_end).transpose()?,
        "vectors": Backend::Vectors.vectors(),
        "vs_ark_groth16": last("vs_ark_groth16"),
        "scalar_vs_ark_groth16": last("scalar_vs_ark_groth16"),
        "vs_rapidsnark": last("vs_rapidsnark"),
        "scalar_vs_rapidsnark": last("scalar_vs_rapidsnark"),
        "vs_snarkjs": last("vs_snarkjs"),
        "reasons": peers.reasons(whole.is_some()),
        "runs": RUNS,
        "snarkjs_runs": SNARKJS_RUNS,
        "optimised": !cfg!(debug_assertions),
        "assembler_of_arkworks": cfg!(all(feature = "asm", target_feature = "adx", target_feature = "bmi2")),
        "sizes": measured,
    });
    if flag("--report") {
        report::write(&data)?;
    }
    if flag("--json") {
        println!(
            "{}",
            json!({ "schema_version": 1, "ok": true, "data": data, "errors": [], "warnings": [] })
        );
    }
    Ok(())
}
