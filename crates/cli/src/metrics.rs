//! Metrics in Prometheus' text form, for who runs a coordinator unattended: `--metrics 127.0.0.1:PORT`.
//!
//! The numbers are those of the job's events. One thread answers `GET /metrics` on a loopback address, one short
//! connection after the other; anything that should be seen from elsewhere goes through the operator's own proxy. No
//! label and no value holds anything secret: stages, kinds, circuits, counts and seconds.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use maci_coordinator::{Event, ProofKind};

use crate::failure::Failure;
use crate::rusage;

/// A client that says nothing for so long is dropped.
const PATIENCE: Duration = Duration::from_secs(2);
/// More bytes than any scraper's request head.
const MAX_REQUEST: u64 = 8 << 10;

/// What a metric is, as Prometheus wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Counter,
    Gauge,
}

/// Name, kind and help of every metric.
const METRICS: [(&str, Kind, &str); 12] = [
    (
        "maci_build_info",
        Kind::Gauge,
        "1, with the program's version.",
    ),
    ("maci_stage_running", Kind::Gauge, "1 while the stage runs."),
    (
        "maci_stage_units_done",
        Kind::Gauge,
        "Units of the stage that the journal holds.",
    ),
    (
        "maci_stage_units",
        Kind::Gauge,
        "Units of the stage in all.",
    ),
    (
        "maci_stage_seconds",
        Kind::Gauge,
        "Seconds since the stage began in this process.",
    ),
    (
        "maci_proofs_total",
        Kind::Counter,
        "Proofs verified and stored by this process.",
    ),
    (
        "maci_proof_seconds_total",
        Kind::Counter,
        "Seconds from witness to commit, over all proofs of this process.",
    ),
    (
        "maci_proof_step_seconds_total",
        Kind::Counter,
        "Seconds of each step, over all proofs of this process.",
    ),
    (
        "maci_key_seconds",
        Kind::Gauge,
        "Seconds that making or reading a circuit's proving key took.",
    ),
    (
        "maci_transactions_total",
        Kind::Counter,
        "Transactions of this process that ended.",
    ),
    (
        "maci_gas_total",
        Kind::Counter,
        "Gas that they were charged for.",
    ),
    ("maci_warnings_total", Kind::Counter, "Warnings of the job."),
];

/// One time series: the metric's place in [`METRICS`], and its label as Prometheus writes it.
type Series = (usize, String);

/// The numbers of this process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics(Arc<Mutex<BTreeMap<Series, f64>>>);

impl Metrics {
    /// Starts serving. Refuses any address that other machines could reach.
    pub(crate) fn serve(address: SocketAddr) -> Result<(Self, SocketAddr), Failure> {
        if !address.ip().is_loopback() {
            return Err(Failure::usage(
                "metrics_not_loopback",
                format!("--metrics takes a loopback address, found {address}"),
            )
            .hint("use 127.0.0.1:PORT, with a proxy in front of it where others are to see it"));
        }
        let failed = |error| {
            Failure::outside(
                "metrics",
                format!("metrics could not be served at {address}: {error}"),
            )
            .hint("choose another port; 0 takes any that is free")
        };
        let listener = TcpListener::bind(address).map_err(failed)?;
        let bound = listener.local_addr().map_err(failed)?;
        let metrics = Self::default();
        let served = metrics.clone();
        std::thread::Builder::new()
            .name("metrics".to_owned())
            .spawn(move || {
                for stream in listener.incoming().flatten() {
                    if let Err(error) = served.answer(stream) {
                        tracing::debug!(%error, "a metrics client went away");
                    }
                }
            })
            .map_err(failed)?;
        Ok((metrics, bound))
    }

    /// Counts one event of the job.
    pub(crate) fn take(&self, event: &Event) {
        let stage = |stage: &dyn std::fmt::Display| format!("stage=\"{stage}\"");
        // Counts are far below 2^52.
        #[allow(clippy::cast_precision_loss)]
        let number = |count: u64| count as f64;
        match event {
            Event::StageStarted {
                stage: id,
                done,
                total,
            } => {
                self.set("maci_stage_running", stage(id), 1.0);
                self.set("maci_stage_units_done", stage(id), number(*done));
                self.set("maci_stage_units", stage(id), number(*total));
                self.set("maci_stage_seconds", stage(id), 0.0);
            }
            Event::Advanced {
                stage: id,
                done,
                total,
                seconds,
            } => {
                self.set("maci_stage_units_done", stage(id), number(*done));
                self.set("maci_stage_units", stage(id), number(*total));
                self.set("maci_stage_seconds", stage(id), *seconds);
            }
            Event::StageFinished { stage: id, seconds } => {
                self.set("maci_stage_running", stage(id), 0.0);
                self.set("maci_stage_seconds", stage(id), *seconds);
            }
            Event::ProofFinished {
                unit,
                seconds,
                timings,
            } => {
                let kind = match unit.kind {
                    ProofKind::Process => "kind=\"process\"",
                    ProofKind::Tally => "kind=\"tally\"",
                };
                self.add("maci_proofs_total", kind.to_owned(), 1.0);
                self.add("maci_proof_seconds_total", kind.to_owned(), *seconds);
                for (step, time) in timings.iter() {
                    let step = format!("step=\"{}\"", step.name());
                    self.add("maci_proof_step_seconds_total", step, time.as_secs_f64());
                }
            }
            Event::KeyReady { circuit, seconds } => {
                self.set(
                    "maci_key_seconds",
                    format!("circuit=\"{circuit}\""),
                    *seconds,
                );
            }
            Event::Transaction(row) => {
                let outcome = match &row.included {
                    Some(included) if included.success => "included",
                    Some(_) => "failed",
                    None => "displaced",
                };
                let label = format!("call=\"{}\",outcome=\"{outcome}\"", row.what);
                self.add("maci_transactions_total", label, 1.0);
                if let Some(included) = &row.included {
                    let label = format!("call=\"{}\"", row.what);
                    self.add("maci_gas_total", label, number(included.gas));
                }
            }
            Event::Warning(warning) => {
                self.add(
                    "maci_warnings_total",
                    format!("code=\"{}\"", warning.code()),
                    1.0,
                );
            }
            _ => {}
        }
    }

    fn set(&self, name: &str, label: String, value: f64) {
        self.change(name, label, |at| *at = value);
    }

    fn add(&self, name: &str, label: String, value: f64) {
        self.change(name, label, |at| *at += value);
    }

    fn change(&self, name: &str, label: String, change: impl FnOnce(&mut f64)) {
        let Some(metric) = METRICS.iter().position(|(known, ..)| *known == name) else {
            debug_assert!(false, "{name} is not in the list of metrics");
            return;
        };
        // A poisoned lock means that another thread panicked; numbers are not worth a second panic.
        if let Ok(mut series) = self.0.lock() {
            change(series.entry((metric, label)).or_insert(0.0));
        }
    }

    /// Everything in Prometheus' text form, version 0.0.4.
    fn render(&self) -> String {
        let version = format!("version=\"{}\"", env!("CARGO_PKG_VERSION"));
        self.set("maci_build_info", version, 1.0);
        let mut text = String::new();
        if let Ok(series) = self.0.lock() {
            for (metric, (name, kind, help)) in METRICS.iter().enumerate() {
                let kind = match kind {
                    Kind::Counter => "counter",
                    Kind::Gauge => "gauge",
                };
                let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
                for ((_, label), value) in
                    series.range((metric, String::new())..(metric + 1, String::new()))
                {
                    let _ = writeln!(text, "{name}{{{label}}} {value}");
                }
            }
        }
        if let Some(peak) = rusage::peak_rss_mb() {
            let _ = writeln!(
                text,
                "# HELP maci_peak_resident_bytes Most memory that this process had resident.\n# TYPE maci_peak_resident_bytes gauge\nmaci_peak_resident_bytes {}",
                peak << 20
            );
        }
        text
    }

    fn answer(&self, stream: TcpStream) -> std::io::Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut reader = BufReader::new(stream.try_clone()?.take(MAX_REQUEST));
        let mut request = String::new();
        reader.read_line(&mut request)?;
        let mut header = String::new();
        while reader.read_line(&mut header)? > 2 {
            header.clear();
        }
        let mut words = request.split_whitespace();
        let (status, body) = match (words.next(), words.next()) {
            (Some("GET"), Some("/metrics")) => ("200 OK", self.render()),
            (Some("GET"), _) => ("404 Not Found", "metrics are at /metrics\n".to_owned()),
            _ => ("405 Method Not Allowed", "GET only\n".to_owned()),
        };
        let mut stream = stream;
        write!(
            stream,
            "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )?;
        stream.flush()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use maci_coordinator::{IncludedRow, ProofUnit, StageId, TransactionRow};
    use maci_prover::{Step, Timings};

    use super::*;

    fn get(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "{request} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn a_scraper_reads_what_the_job_did() {
        let (metrics, address) = Metrics::serve("127.0.0.1:0".parse().unwrap()).unwrap();
        let stage = StageId::Prove;
        metrics.take(&Event::StageStarted {
            stage,
            done: 1,
            total: 5,
        });
        metrics.take(&Event::KeyReady {
            circuit: "VoteTallyQv(2, 1, 1)".to_owned(),
            seconds: 0.5,
        });
        let mut timings = Timings::default();
        timings.add(Step::H, Duration::from_millis(250));
        for _ in 0..2 {
            metrics.take(&Event::ProofFinished {
                unit: ProofUnit::tally(0),
                seconds: 1.25,
                timings,
            });
        }
        metrics.take(&Event::Transaction(TransactionRow {
            what: "mergeState".to_owned(),
            nonce: 1,
            included: Some(IncludedRow {
                hash: [7; 32],
                block: 3,
                gas: 239_018,
                gas_price: 1,
                success: true,
            }),
            attempts: 1,
        }));
        metrics.take(&Event::Advanced {
            stage,
            done: 3,
            total: 5,
            seconds: 2.5,
        });
        let text = get(address, "GET /metrics");
        assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
        for line in [
            "maci_stage_running{stage=\"prove\"} 1",
            "maci_stage_units_done{stage=\"prove\"} 3",
            "maci_stage_units{stage=\"prove\"} 5",
            "maci_stage_seconds{stage=\"prove\"} 2.5",
            "# TYPE maci_proofs_total counter",
            "maci_transactions_total{call=\"mergeState\",outcome=\"included\"} 1",
            "maci_gas_total{call=\"mergeState\"} 239018",
            "maci_proofs_total{kind=\"tally\"} 2",
            "maci_proof_seconds_total{kind=\"tally\"} 2.5",
            "maci_proof_step_seconds_total{step=\"h\"} 0.5",
            "maci_key_seconds{circuit=\"VoteTallyQv(2, 1, 1)\"} 0.5",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in {text}");
        }
        metrics.take(&Event::StageFinished {
            stage,
            seconds: 9.0,
        });
        let text = get(address, "GET /metrics");
        assert!(
            text.contains("maci_stage_running{stage=\"prove\"} 0\n"),
            "{text}"
        );
        assert!(get(address, "GET /").starts_with("HTTP/1.1 404 "));
        assert!(get(address, "POST /metrics").starts_with("HTTP/1.1 405 "));
    }

    #[test]
    fn only_this_machine_is_answered() {
        for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:9000"] {
            let failure = Metrics::serve(address.parse().unwrap()).unwrap_err();
            assert_eq!(failure.code(), "metrics_not_loopback");
        }
    }
}
