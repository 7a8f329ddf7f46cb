//! The envelope of `--json`: `{schema_version, ok, data, errors, warnings}`, one object for every outcome.

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::report::Report;

/// Raised whenever a field of the envelope or of any command's `data` changes its meaning or goes away.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// Something a caller should know about a command that went on all the same.
#[derive(Clone, Debug)]
pub(crate) struct Warning {
    /// Stable name, in snake case.
    pub(crate) code: &'static str,
    /// What was found.
    pub(crate) message: String,
}

/// The envelope of a command that ran to its end; `ok` is false when its answer is no.
pub(crate) fn of_report(report: &Report, warnings: &[Warning]) -> Value {
    let errors: Vec<Value> = report.refusals().iter().map(error).collect();
    envelope(report.data(), &errors, warnings)
}

/// The envelope of a command that failed.
pub(crate) fn of_failure(failure: &Failure, warnings: &[Warning]) -> Value {
    envelope(&Value::Null, &[error(failure)], warnings)
}

fn envelope(data: &Value, errors: &[Value], warnings: &[Warning]) -> Value {
    let warnings: Vec<Value> = warnings
        .iter()
        .map(|warning| json!({ "code": warning.code, "message": warning.message }))
        .collect();
    json!({
        "schema_version": SCHEMA_VERSION,
        "ok": errors.is_empty(),
        "data": data,
        "errors": errors,
        "warnings": warnings,
    })
}

fn error(failure: &Failure) -> Value {
    json!({ "code": failure.code(), "message": failure.message(), "hint": failure.next_step() })
}
