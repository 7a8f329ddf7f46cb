//! What every command is handed: settings, progress, the interrupt flag, and a place for warnings.

use std::cell::RefCell;

use crate::interrupt::Interrupt;
use crate::metrics::Metrics;
use crate::output::{Printer, Progress, Warning};
use crate::settings::Settings;

/// The surroundings of one command.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    /// Settings after precedence: flag, `MACI_*`, `maci.toml`, default.
    pub(crate) settings: Settings,
    /// Where progress goes.
    pub(crate) progress: Progress,
    /// Set by Ctrl-C.
    pub(crate) interrupt: Interrupt,
    /// Fed with a job's events where metrics are served.
    pub(crate) metrics: Option<Metrics>,
    printer: &'a Printer,
    warnings: RefCell<Vec<Warning>>,
}

impl<'a> Context<'a> {
    /// Puts the surroundings together.
    pub(crate) fn new(
        settings: Settings,
        progress: Progress,
        interrupt: Interrupt,
        metrics: Option<Metrics>,
        printer: &'a Printer,
    ) -> Self {
        Self {
            settings,
            progress,
            interrupt,
            metrics,
            printer,
            warnings: RefCell::new(Vec::new()),
        }
    }

    /// Shows a warning and keeps it for the envelope.
    pub(crate) fn warn(&self, code: &'static str, message: impl Into<String>) {
        let warning = Warning {
            code,
            message: message.into(),
        };
        self.printer.warn(&warning);
        self.warnings.borrow_mut().push(warning);
    }

    /// All warnings so far.
    pub(crate) fn into_warnings(self) -> Vec<Warning> {
        self.warnings.into_inner()
    }
}
