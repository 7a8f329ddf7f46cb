//! How a running job is seen from another terminal.
//!
//! The journal belongs to one process at a time, so the running one leaves a small `status.json` beside it: which stage
//! it is in, how far, how fast. It is written at most once a second and at every stage's start and end, without a sync: it
//! is for people, the journal alone counts, and nothing ever resumes from it. It holds counts and times and no secret.

use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::artefact;
use crate::progress::{Event, Progress};
use crate::stage::{Checkpoint, StageId};

/// The version of the file's form.
const VERSION: u32 = 1;
/// The shortest time between two writes within one stage.
const INTERVAL: Duration = Duration::from_secs(1);
/// No status file is larger.
const MAX_FILE: usize = 1 << 20;

/// What a running job says about itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Live {
    /// The version of this form.
    pub schema_version: u32,
    /// The process that wrote it.
    pub process: u32,
    /// When it was written, in seconds since 1970 by this machine's clock. For people only.
    pub written_at: u64,
    /// The stage that is running; `None` between stages.
    pub running: Option<String>,
    /// Every stage in order.
    pub stages: Vec<LiveStage>,
}

/// One stage of [`Live`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiveStage {
    /// Its name.
    pub stage: String,
    /// Units done.
    pub done: u64,
    /// Units in all; 0 while unknown.
    pub total: u64,
    /// Seconds that one unit took, as measured when the stage last ran.
    pub seconds_per_unit: Option<f64>,
}

impl LiveStage {
    /// Seconds that the rest of the stage takes at the measured speed.
    pub fn seconds_left(&self) -> Option<f64> {
        // Counts of batches are far below 2^52.
        #[allow(clippy::cast_precision_loss)]
        let left = self.total.saturating_sub(self.done) as f64;
        self.seconds_per_unit.map(|seconds| seconds * left)
    }
}

impl Live {
    /// Reads the file of a data directory; `None` where there is none or it is of another form.
    pub fn read(data_dir: &Path) -> Option<Self> {
        let bytes = std::fs::read(data_dir.join(FILE)).ok()?;
        let live: Self = serde_json::from_slice(bytes.get(..bytes.len().min(MAX_FILE))?).ok()?;
        (live.schema_version == VERSION).then_some(live)
    }

    /// One stage.
    pub fn stage(&self, stage: StageId) -> Option<&LiveStage> {
        let name = stage.to_string();
        self.stages.iter().find(|live| live.stage == name)
    }
}

/// The file's name in a data directory.
pub(crate) const FILE: &str = "status.json";

/// Passes events on and keeps the file.
pub(crate) struct Reporter<'a> {
    path: std::path::PathBuf,
    inner: &'a dyn Progress,
    state: Mutex<State>,
}

struct State {
    live: Live,
    /// Units that the running stage had at its start.
    from: u64,
    written: Option<Instant>,
}

impl<'a> Reporter<'a> {
    /// Starts from what the journal says; speeds come from the file of an earlier run.
    pub(crate) fn new(
        data_dir: &Path,
        stages: &[(StageId, Checkpoint)],
        inner: &'a dyn Progress,
    ) -> Self {
        let earlier = Live::read(data_dir);
        let stages = stages
            .iter()
            .map(|(stage, at)| LiveStage {
                stage: stage.to_string(),
                done: at.done,
                total: at.total,
                seconds_per_unit: earlier
                    .as_ref()
                    .and_then(|live| live.stage(*stage))
                    .and_then(|live| live.seconds_per_unit),
            })
            .collect();
        Self {
            path: data_dir.join(FILE),
            inner,
            state: Mutex::new(State {
                live: Live {
                    schema_version: VERSION,
                    process: std::process::id(),
                    written_at: 0,
                    running: None,
                    stages,
                },
                from: 0,
                written: None,
            }),
        }
    }
}

impl State {
    /// Takes an event; whether it is worth a write at once, or at all.
    fn take(&mut self, event: &Event) -> Option<bool> {
        match event {
            Event::StageStarted { stage, done, total } => {
                self.live.running = Some(stage.to_string());
                self.from = *done;
                self.set(*stage, *done, *total, None);
                Some(true)
            }
            Event::Advanced {
                stage,
                done,
                total,
                seconds,
            } => {
                let made = done.saturating_sub(self.from);
                #[allow(clippy::cast_precision_loss)]
                let speed = (made > 0).then(|| seconds / made as f64);
                self.set(*stage, *done, *total, speed);
                Some(false)
            }
            Event::StageFinished { .. } => {
                self.live.running = None;
                Some(true)
            }
            _ => None,
        }
    }

    fn set(&mut self, stage: StageId, done: u64, total: u64, speed: Option<f64>) {
        let name = stage.to_string();
        if let Some(live) = self.live.stages.iter_mut().find(|live| live.stage == name) {
            live.done = done;
            live.total = total;
            live.seconds_per_unit = speed.or(live.seconds_per_unit);
        }
    }
}

impl Progress for Reporter<'_> {
    fn event(&self, event: &Event) {
        self.inner.event(event);
        let Ok(mut state) = self.state.lock() else {
            return;
        };
        let Some(at_once) = state.take(event) else {
            return;
        };
        if !at_once && state.written.is_some_and(|at| at.elapsed() < INTERVAL) {
            return;
        }
        state.written = Some(Instant::now());
        state.live.written_at = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        if let Ok(bytes) = serde_json::to_vec_pretty(&state.live)
            && let Err(error) = artefact::write_unsynced(&self.path, &bytes)
        {
            // The job itself goes on: whoever watches sees an old file.
            tracing::debug!(%error, "the status file could not be written");
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::progress::Silent;

    #[test]
    fn a_watcher_sees_stage_count_and_speed() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Live::read(dir.path()), None);
        let stages = StageId::ALL.map(|stage| (stage, Checkpoint::default()));
        let reporter = Reporter::new(dir.path(), &stages, &Silent);
        let stage = StageId::Prove;
        reporter.event(&Event::StageStarted {
            stage,
            done: 2,
            total: 12,
        });
        // Within the first second only the beginning is on disk.
        reporter.event(&Event::Advanced {
            stage,
            done: 4,
            total: 12,
            seconds: 3.0,
        });
        let live = Live::read(dir.path()).unwrap();
        assert_eq!(live.process, std::process::id());
        assert_eq!(live.running.as_deref(), Some("prove"));
        assert_eq!(live.stage(stage).unwrap().done, 2);
        reporter.event(&Event::StageFinished {
            stage,
            seconds: 3.0,
        });
        let live = Live::read(dir.path()).unwrap();
        let seen = live.stage(stage).unwrap();
        assert_eq!((&live.running, seen.done, seen.total), (&None, 4, 12));
        assert_eq!(seen.seconds_per_unit, Some(1.5));
        assert_eq!(seen.seconds_left(), Some(12.0));

        // The next process knows the speed before it has made a unit.
        let again = Reporter::new(dir.path(), &stages, &Silent);
        again.event(&Event::StageStarted {
            stage,
            done: 4,
            total: 12,
        });
        let live = Live::read(dir.path()).unwrap();
        assert_eq!(live.stage(stage).unwrap().seconds_left(), Some(12.0));

        std::fs::write(dir.path().join(FILE), "{\"schema_version\": 2}").unwrap();
        assert_eq!(Live::read(dir.path()), None);
    }
}
