//! The report: what was measured as a table and a plot, and the floor below which no prover of this kind can go.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use ark_bn254::Fr;
use ark_ff::{BigInteger, PrimeField};
use maci_benches::prover::Subject;
use maci_prover::Step;
use plotters::prelude::*;
use serde_json::Value;

/// Bits of a digit.
const WINDOW: u32 = 16;

/// Products of an affine addition whose inversion is shared: three for the inverse, one for the slope, its square, one for y.
const PRODUCTS: u64 = 6;

/// Products in Fq that make one in Fq2.
const IN_FQ2: u64 = 3;

/// Seconds of the counted multiplications alone: one affine addition for each point and each non-zero digit of 16 bits, and
/// the butterflies of four transforms, all at the speed of [`seconds_of_a_product`]. Sorting, memory, buckets and the rows
/// themselves cost nothing here. `None` without vectors.
pub(crate) fn floor(subject: &Subject) -> Option<f64> {
    let key = subject.key.query();
    let values = subject.assignment.values();
    let r1cs = subject.key.r1cs();
    let digits = |value: &Fr| {
        let (plus, minus) = (value.into_bigint(), (-*value).into_bigint());
        u64::from(plus.num_bits().min(minus.num_bits()).div_ceil(WINDOW))
    };
    let of =
        |indices: &[u32]| -> u64 { indices.iter().map(|i| digits(&values[*i as usize])).sum() };
    let h = key.h.len() as u64 * u64::from(Fr::MODULUS_BIT_SIZE.div_ceil(WINDOW));
    let l: u64 = values.iter().map(digits).sum();
    let size = r1cs.domain_size() as u64;
    let butterflies = 4 * size / 2 * u64::from(size.trailing_zeros());
    let additions = h + l + of(&key.a_indices) + of(&key.b_indices) * IN_FQ2;
    Some((additions * PRODUCTS + butterflies) as f64 * seconds_of_a_product()?)
}

/// The processor's best: products of eight lanes over what fits the first-level cache.
#[cfg(target_arch = "x86_64")]
fn seconds_of_a_product() -> Option<f64> {
    use maci_lanes::{Eight, Ifma, LANES, Plan};
    const VECTORS: usize = 16;
    const PASSES: usize = 20_000;
    let plan = Plan::new(Ifma::detect()?, 8, Fr::from(5u64))?;
    let mut values = vec![Eight::default(); VECTORS];
    let others = values.clone();
    let seconds = (0..5).map(|_| {
        let before = maci_benches::cost::cpu();
        for _ in 0..PASSES {
            plan.product(&mut values, &others);
        }
        maci_benches::cost::cpu() - before
    });
    let least = seconds.fold(f64::INFINITY, f64::min);
    Some(least / (PASSES * VECTORS * LANES) as f64)
}

#[cfg(not(target_arch = "x86_64"))]
fn seconds_of_a_product() -> Option<f64> {
    None
}

/// The provers, as they are called in the figures and in the report.
const PROVERS: [(&str, &str); 8] = [
    ("ours", "maci-rs"),
    ("ours_scalar", "maci-rs, scalar"),
    ("ours_zkey", "maci-rs, zkey"),
    ("ours_prepared", "maci-rs, prepared zkey mapped and checked"),
    ("ours_cold", "maci-rs, zkey read and checked"),
    ("ark_groth16", "ark-groth16"),
    ("rapidsnark", "rapidsnark"),
    ("snarkjs", "snarkjs"),
];

/// Writes `benches/report/prover.md` and `prover.svg`.
pub(crate) fn write(data: &Value) -> Result<(), Box<dyn Error>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("report");
    fs::create_dir_all(&directory)?;
    fs::write(directory.join("prover.md"), text(data)?)?;
    plot(data, &directory.join("prover.svg"))
}

fn sizes(data: &Value) -> impl Iterator<Item = &Value> {
    data["sizes"].as_array().into_iter().flatten()
}

fn seconds(size: &Value, prover: &str) -> Option<f64> {
    size["medians"][prover]["cpu_s"].as_f64()
}

fn cell(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.digits$}"))
}

fn text(data: &Value) -> Result<String, std::fmt::Error> {
    let mut out = String::from(
        "# The prover beside others\n\n\
         Written by `cargo xtask bench prover --report`; times of one machine, which carry over as ratios only. Medians of \
         processor seconds over all threads, provers in turns. Keys are in memory for maci-rs and ark-groth16, but where it says *mapped* \
         or *read*; snarkjs and rapidsnark are whole processes and read the zkey. All is built for the processor at hand, \
         arkworks with its assembler. \"vs\" is their time over ours: vs snarkjs and rapidsnark with the same zkey.\n\n",
    );
    out.push_str("| domain | circuit | rows |");
    for (_, name) in PROVERS {
        write!(out, " {name} |")?;
    }
    out.push_str(" vs ark-groth16 | scalar vs ark-groth16 | vs rapidsnark | scalar vs rapidsnark | vs snarkjs | memory vs ark-groth16 |\n|");
    out.push_str(&"---|".repeat(PROVERS.len() + 9));
    out.push('\n');
    for size in sizes(data) {
        write!(
            out,
            "| 2^{} | {} | {} |",
            size["log2_size"],
            size["circuit"].as_str().unwrap_or_default(),
            size["rows"]
        )?;
        for (key, _) in PROVERS {
            write!(out, " {} |", cell(seconds(size, key), 3))?;
        }
        for ratio in [
            "vs_ark_groth16",
            "scalar_vs_ark_groth16",
            "vs_rapidsnark",
            "scalar_vs_rapidsnark",
            "vs_snarkjs",
        ] {
            write!(out, " {}x |", cell(size[ratio].as_f64(), 2))?;
        }
        writeln!(
            out,
            " {}x |",
            cell(size["memory_vs_ark_groth16"].as_f64(), 2)
        )?;
    }
    out.push_str(
        "\n![processor seconds of a proof by size](prover.svg)\n\n## Where our time goes\n\n\
         Least processor seconds of each step; *floor* counts the multiplications of additions and butterflies alone, at the \
         speed of vectors in the first-level cache.\n\n",
    );
    for (row, size) in sizes(data).enumerate() {
        let known = &size["steps_cpu_s"];
        let steps: Vec<_> = Step::ALL
            .iter()
            .map(|step| (step.name(), &known[step.name()]))
            .filter(|(_, seconds)| !seconds.is_null())
            .collect();
        if row == 0 {
            out.push_str("| domain |");
            for (name, _) in &steps {
                write!(out, " {name} |")?;
            }
            out.push_str(" floor | ours / floor |\n|");
            out.push_str(&"---|".repeat(steps.len() + 3));
            out.push('\n');
        }
        write!(out, "| 2^{} |", size["log2_size"])?;
        for (_, value) in &steps {
            write!(out, " {} |", cell(value.as_f64(), 3))?;
        }
        let floor = size["floor_cpu_s"].as_f64();
        let distance = floor.and_then(|floor| Some(seconds(size, "ours")? / floor));
        writeln!(out, " {} | {}x |", cell(floor, 3), cell(distance, 2))?;
    }
    let whole = &data["end_to_end"];
    if let Some(ratio) = whole["vs_maci"].as_f64() {
        write!(
            out,
            "\n## A batch of {} messages\n\nInputs to proof: {} s for {} rows. rapidsnark on {} rows (MACI's circuit for the same \
             batch has 522493), without the time of a witness generator: {} s, **{ratio:.1} times** as much.\n",
            whole["messages"],
            cell(whole["medians"]["ours"]["cpu_s"].as_f64(), 3),
            whole["rows"],
            whole["rapidsnark_rows"],
            cell(whole["medians"]["rapidsnark"]["cpu_s"].as_f64(), 3),
        )?;
    }
    Ok(out)
}

/// Processor seconds over the domain's size, both in powers.
fn plot(data: &Value, path: &Path) -> Result<(), Box<dyn Error>> {
    let bits = |size: &Value| size["log2_size"].as_f64().unwrap_or_default();
    let all: Vec<f64> = sizes(data)
        .flat_map(|size| PROVERS.iter().filter_map(|(key, _)| seconds(size, key)))
        .collect();
    let least = all.iter().copied().fold(f64::INFINITY, f64::min) / 2.0;
    let most = all.iter().copied().fold(0.0, f64::max) * 2.0;
    let first = sizes(data).map(bits).fold(f64::INFINITY, f64::min);
    let last = sizes(data).map(bits).fold(first + 1.0, f64::max);
    let area = SVGBackend::new(path, (800, 500)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d(first..last, (least..most).log_scale())?;
    chart
        .configure_mesh()
        .x_desc("log2 of the domain's size")
        .y_desc("processor seconds of a proof")
        .draw()?;
    for (index, (key, name)) in PROVERS.iter().enumerate() {
        let points: Vec<(f64, f64)> = sizes(data)
            .filter_map(|size| Some((bits(size), seconds(size, key)?)))
            .collect();
        if points.is_empty() {
            continue;
        }
        let color = Palette99::pick(index).to_rgba();
        chart
            .draw_series(LineSeries::new(points, color.stroke_width(2)).point_size(3))?
            .label(*name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color));
    }
    chart
        .configure_series_labels()
        .background_style(WHITE)
        .border_style(BLACK)
        .position(SeriesLabelPosition::UpperLeft)
        .draw()?;
    area.present()?;
    Ok(())
}
