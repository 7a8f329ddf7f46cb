//! Progress on standard error: a bar where a person watches a terminal, one plain line a step elsewhere.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How, if at all, progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Nothing is shown.
    Off,
    /// A redrawn bar.
    Bar,
    /// A line at the start, at the end, and every few seconds between.
    Lines,
}

/// Time between two plain lines of one stage, so that a log file stays readable.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

impl Progress {
    /// Bars only on a terminal; nothing when switched off or quiet.
    pub(crate) fn detect(off: bool) -> Self {
        if off {
            Self::Off
        } else if io::stderr().is_terminal() {
            Self::Bar
        } else {
            Self::Lines
        }
    }

    /// Starts a stage of `total` steps (0: unknown) of which `done` are done already.
    pub(crate) fn stage(self, name: &str, done: u64, total: u64) -> Stage {
        let bar = (self == Self::Bar).then(|| {
            let bar = if total == 0 {
                ProgressBar::new_spinner()
            } else {
                ProgressBar::new(total)
            };
            let template = if total == 0 {
                "{spinner} {prefix} {pos}"
            } else {
                "{prefix:<22} [{bar:30}] {pos}/{len} {eta}"
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_prefix(name.to_owned());
            bar.set_position(done);
            bar
        });
        let stage = Stage {
            progress: self,
            name: name.to_owned(),
            total,
            bar,
            at: Mutex::new((done, Instant::now())),
        };
        stage.line(done);
        stage
    }

    /// Says one thing outside any stage.
    pub(crate) fn note(self, text: &str) {
        if self != Self::Off {
            let _ = writeln!(io::stderr(), "{text}");
        }
    }
}

/// A running stage; dropping it ends its bar.
#[derive(Debug)]
pub(crate) struct Stage {
    progress: Progress,
    name: String,
    total: u64,
    bar: Option<ProgressBar>,
    at: Mutex<(u64, Instant)>,
}

impl Stage {
    /// `done` steps of the total are finished. May be called from any thread.
    pub(crate) fn set(&self, done: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        }
        // A poisoned lock means that another thread panicked while it counted: progress is not worth a second panic.
        let Ok(mut at) = self.at.lock() else { return };
        let due = at.1.elapsed() >= LINE_INTERVAL || (self.total > 0 && done == self.total);
        if done > at.0 && due {
            *at = (done, Instant::now());
            drop(at);
            self.line(done);
        }
    }

    /// Says one thing without breaking the bar.
    pub(crate) fn note(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => self.progress.note(text),
        }
    }

    fn line(&self, done: u64) {
        if self.progress == Progress::Lines {
            let _ = match self.total {
                0 => writeln!(io::stderr(), "{}: {done}", self.name),
                total => writeln!(io::stderr(), "{}: {done}/{total}", self.name),
            };
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
