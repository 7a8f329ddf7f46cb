//! The one place that writes to the terminal.
//!
//! People read standard output; logs, warnings and progress go to standard error; `--json` puts one envelope on
//! standard output, on success and on failure alike. A reader that closes the pipe early is not an error.

mod envelope;
mod progress;
mod table;

use std::io::{self, IsTerminal as _, Write};

use crate::failure::{Exit, Failure};
use crate::report::{Block, Report};

pub(crate) use envelope::Warning;
pub(crate) use progress::{Progress, Stage};

/// Writes reports and failures in the form that the caller asked for.
#[derive(Debug)]
pub(crate) struct Printer {
    json: bool,
    quiet: bool,
    colour: bool,
}

impl Printer {
    /// `quiet` silences warnings and hints for people; errors are always shown.
    pub(crate) fn new(json: bool, quiet: bool) -> Self {
        // https://no-color.org: any non-empty value switches colour off.
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            json,
            quiet,
            colour: !no_colour && io::stderr().is_terminal(),
        }
    }

    /// Prints how a command ended and returns the exit code for it.
    pub(crate) fn finish(&self, outcome: &Result<Report, Failure>, warnings: &[Warning]) -> Exit {
        let (exit, written) = match outcome {
            Ok(report) => {
                let exit = report.refusals().first().map_or(Exit::Yes, Failure::exit);
                (
                    exit,
                    if self.json {
                        write_json(&envelope::of_report(report, warnings))
                    } else {
                        self.write_report(report)
                    },
                )
            }
            Err(failure) => {
                let written = if self.json {
                    write_json(&envelope::of_failure(failure, warnings))
                } else {
                    self.write_failure(failure)
                };
                (failure.exit(), written)
            }
        };
        match written {
            Ok(()) => exit,
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => exit,
            Err(error) => {
                // Nothing is left to tell it to but standard error; if that fails too, the exit code still speaks.
                let _ = writeln!(
                    io::stderr(),
                    "error[output]: standard output could not be written: {error}"
                );
                Exit::Outside
            }
        }
    }

    /// Shows a warning at once; the envelope repeats it at the end.
    pub(crate) fn warn(&self, warning: &Warning) {
        if !self.json && !self.quiet {
            let _ = writeln!(
                io::stderr(),
                "{} {}",
                self.paint("33", "warning:"),
                warning.message
            );
        }
    }

    fn write_report(&self, report: &Report) -> io::Result<()> {
        let mut out = io::stdout().lock();
        for block in report.blocks() {
            match block {
                Block::Text(line) => writeln!(out, "{line}")?,
                Block::Verbatim(text) => out.write_all(text.as_bytes())?,
                Block::Table {
                    header,
                    rows,
                    numeric,
                } => writeln!(out, "{}", table::render(header, rows, numeric))?,
            }
        }
        out.flush()?;
        for refusal in report.refusals() {
            self.write_failure(refusal)?;
        }
        Ok(())
    }

    fn write_failure(&self, failure: &Failure) -> io::Result<()> {
        let mut err = io::stderr().lock();
        let label = format!("error[{}]:", failure.code());
        writeln!(err, "{} {}", self.paint("31", &label), failure.message())?;
        match failure.next_step() {
            Some(hint) if !self.quiet => writeln!(err, "{} {hint}", self.paint("36", "hint:")),
            _ => Ok(()),
        }
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.colour {
            format!("\u{1b}[1;{colour}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Writes text that clap made (help, version, usage errors) to where it belongs.
pub(crate) fn write_help(text: &str, to_stdout: bool) {
    // Help that nobody reads any more is no failure, whatever the reason.
    let _ = if to_stdout {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush())
    } else {
        io::stderr().lock().write_all(text.as_bytes())
    };
}

fn write_json(value: &serde_json::Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    out.write_all(b"\n")?;
    out.flush()
}
