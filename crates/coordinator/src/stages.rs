//! The stages of a tally job, one file each.

pub(crate) mod bundle;
pub(crate) mod ingest;
pub(crate) mod process;
pub(crate) mod prove;
pub(crate) mod submit;
pub(crate) mod tally;
pub(crate) mod transcript;

use std::time::Instant;

use crate::progress::{Event, Progress};
use crate::stage::{Control, StageId};

/// Tells a stage's progress with the seconds since it began.
pub(crate) struct Clock<'a> {
    stage: StageId,
    start: Instant,
    progress: &'a dyn Progress,
}

impl<'a> Clock<'a> {
    pub(crate) fn start(stage: StageId, done: u64, total: u64, control: Control<'a>) -> Self {
        tracing::info!(done, total, "begun");
        control
            .progress
            .event(&Event::StageStarted { stage, done, total });
        Self {
            stage,
            start: Instant::now(),
            progress: control.progress,
        }
    }

    pub(crate) fn advanced(&self, done: u64, total: u64) {
        let seconds = self.start.elapsed().as_secs_f64();
        tracing::debug!(done, total, seconds, "committed");
        self.progress.event(&Event::Advanced {
            stage: self.stage,
            done,
            total,
            seconds,
        });
    }

    pub(crate) fn finished(&self) {
        let seconds = self.start.elapsed().as_secs_f64();
        tracing::info!(seconds, "complete");
        self.progress.event(&Event::StageFinished {
            stage: self.stage,
            seconds,
        });
    }
}
