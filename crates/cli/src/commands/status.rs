//! `maci status`.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use maci_coordinator::{Live, LiveStage, StageId, Status};
use serde_json::{Value, json};

use crate::context::Context;
use crate::failure::Failure;
use crate::job::{Opening, Session};
use crate::report::Report;

/// Time between two looks of `--watch`.
const INTERVAL: Duration = Duration::from_secs(1);
/// A running job writes every second while it commits; the longest single batch is shorter than this.
const QUIET: &str = "no coordinator is at work here";

/// Arguments of `status`.
#[derive(Args, Debug)]
pub(crate) struct StatusArgs {
    /// Show the running coordinator's progress line by line until it ends
    #[arg(long)]
    watch: bool,
}

/// Shows where a job stands. Needs no key, and works while another process is at it.
pub(crate) fn run(context: &Context<'_>, args: &StatusArgs) -> Result<Report, Failure> {
    let data_dir = &context.settings.datadir.value;
    if args.watch {
        watch(context, data_dir)?;
    }
    let live = Live::read(data_dir);
    match Session::resume(context, Opening::default()) {
        Ok(session) => Ok(of_journal(&session.status()?, live.as_ref())),
        // Its journal is the running process's; what that says about itself is the next best.
        Err(failure) if failure.code() == "locked" => {
            live.map(|live| of_live(&live)).ok_or(failure)
        }
        Err(failure) => Err(failure),
    }
}

/// Follows the running process until it ends or a signal comes.
fn watch(context: &Context<'_>, data_dir: &Path) -> Result<(), Failure> {
    let mut shown = String::new();
    while let Some(live) = Live::read(data_dir).filter(is_running) {
        context.interrupt.check()?;
        let line = match live
            .stages
            .iter()
            .find(|stage| Some(&stage.stage) == live.running.as_ref())
        {
            Some(stage) => format!("{}: {}", stage.stage, progress(stage)),
            None => "between stages".to_owned(),
        };
        if line != shown {
            let _ = writeln!(std::io::stderr(), "{line}");
            shown = line;
        }
        std::thread::sleep(INTERVAL);
    }
    Ok(())
}

/// Whether the process that wrote the file still is.
fn is_running(live: &Live) -> bool {
    Path::new("/proc").join(live.process.to_string()).exists()
}

fn progress(stage: &LiveStage) -> String {
    let left = stage.seconds_left().filter(|_| stage.done < stage.total);
    let left = left.map_or_else(String::new, |seconds| {
        format!(", about {} left", duration(seconds))
    });
    format!("{}/{}{left}", stage.done, stage.total)
}

fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

fn of_live(live: &Live) -> Report {
    let rows = live
        .stages
        .iter()
        .map(|stage| row(stage, live.running.as_deref()));
    let left: f64 = live.stages.iter().filter_map(LiveStage::seconds_left).sum();
    Report::new(json!({
        "source": "running process",
        "process": live.process,
        "written_at": live.written_at,
        "running": live.running,
        "stages": live.stages.iter().map(stage_data).collect::<Vec<_>>(),
        "seconds_left": left,
    }))
    .text(format!("process {} is at work", live.process))
    .table(&["stage", "done", "state"], &[], rows.collect())
}

fn row(stage: &LiveStage, running: Option<&str>) -> Vec<String> {
    let state = match (stage.total, running == Some(&stage.stage)) {
        (_, true) => "running",
        (0, _) => "not begun",
        (total, _) if stage.done == total => "complete",
        _ => "begun",
    };
    vec![stage.stage.clone(), progress(stage), state.to_owned()]
}

fn stage_data(stage: &LiveStage) -> Value {
    json!({
        "stage": stage.stage,
        "done": stage.done,
        "total": stage.total,
        "complete": stage.total > 0 && stage.done == stage.total,
        "seconds_left": stage.seconds_left(),
    })
}

/// The journal's stages, with the speeds of the last run.
fn of_journal(status: &Status, live: Option<&Live>) -> Report {
    let stages: Vec<LiveStage> = status
        .stages
        .iter()
        .map(|(stage, at)| LiveStage {
            stage: stage.to_string(),
            done: at.done,
            total: at.total,
            seconds_per_unit: live
                .and_then(|live| live.stage(*stage))
                .and_then(|live| live.seconds_per_unit),
        })
        .collect();
    let poll = status.poll.as_ref().map(|poll| poll.identity);
    let next = status
        .stages
        .iter()
        .find(|(_, at)| !at.is_complete())
        .map(|(stage, _)| *stage);
    let finished = status
        .proofs
        .iter()
        .filter(|proof| proof.finished > 0)
        .count();
    let report = Report::new(json!({
        "source": "journal",
        "running": Value::Null,
        "poll": poll.map(|poll| json!({
            "chain_id": poll.chain_id,
            "poll": poll.poll_address.to_string(),
            "poll_id": poll.poll_id.to_string(),
        })),
        "stages": stages.iter().map(stage_data).collect::<Vec<_>>(),
        "proofs": finished,
        "next": next.map(|stage| stage.to_string()),
        "tallied": status.results.is_some(),
    }));
    let report = match poll {
        Some(poll) => report.text(poll.to_string()),
        None => report.text("no poll has been read in yet"),
    };
    let rows = stages.iter().map(|stage| row(stage, None)).collect();
    report
        .table(&["stage", "done", "state"], &[], rows)
        .text(match next {
            Some(stage) => format!("{QUIET}; next: maci {}", command_of(stage)),
            None => format!("{QUIET}; every stage is complete"),
        })
}

/// The command that runs a stage.
pub(crate) fn command_of(stage: StageId) -> &'static str {
    match stage {
        StageId::Ingest => "ingest",
        StageId::Process => "process",
        StageId::Tally => "tally",
        StageId::Prove | StageId::Transcript => "prove",
        StageId::Bundle => "bundle make",
        _ => "submit",
    }
}
