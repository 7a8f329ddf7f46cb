//! Verdict files on disk.

use std::path::Path;

use maci_verdict::{VerdictError, VerdictFile};

use crate::failure::Failure;
use crate::files;

/// A verdict over the largest poll is smaller than this.
const MAX_VERDICT: u64 = 16 << 20;

/// Reads a verdict file and checks that it is whole.
pub(crate) fn read(path: &Path) -> Result<VerdictFile, Failure> {
    let text = files::read_text(path, "verdict file", MAX_VERDICT)?;
    VerdictFile::parse(text.as_bytes()).map_err(|error| {
        Failure::no("verdict_invalid", format!("{}: {error}", path.display())).hint(
            "the file was changed or is no verdict; get it again or make it with maci verdict make",
        )
    })
}

/// A verdict that is whole and does not follow from the bundle.
pub(crate) fn refused(path: &Path, error: &VerdictError) -> Failure {
    Failure::no("verdict_refused", format!("{}: {error}", path.display()))
        .hint("compare the bundle and the market that the verdict was made for")
}
