//! Circuit inputs as files, for polls whose registered keys are MACI's own.
//!
//! A coordinator whose poll was deployed with MACI's keys cannot use proofs under ours. Here the native machine does
//! its part in MACI's layout and writes what MACI's witness generator reads: one JSON object per batch, named as the
//! proofs are, in submission order. Salts are this run's (D16), so the files fit one another and every later run.
//!
//! Each process file holds the coordinator's private key and every file holds decrypted votes: only their owner may
//! read them.

use std::path::{Path, PathBuf};

use maci_protocol::PollLog;
use maci_protocol::keys::CoordinatorKey;
use maci_protocol::layout::maci::{MaciLayout, Tallying};
use maci_protocol::layout::{Processing, TallyOutcome};
use maci_protocol::secrets::SaltSource;

use crate::artefact;
use crate::error::Error;
use crate::unit::ProofUnit;

/// What was written.
#[derive(Debug)]
pub struct Exported {
    /// The files in submission order.
    pub files: Vec<PathBuf>,
    /// The results that the last batch ends with, and the commitment to them.
    pub outcome: TallyOutcome,
}

/// Writes the inputs of every batch into `folder`.
///
/// Memory is one batch's. `between` is called with each batch before it is written, to report and to stop. A file that
/// is there already must hold the same bytes, unless `remake` asks to replace it.
pub fn write_inputs(
    log: &PollLog,
    key: &CoordinatorKey,
    salts: &mut dyn SaltSource,
    folder: &Path,
    remake: bool,
    between: &mut dyn FnMut(ProofUnit) -> Result<(), Error>,
) -> Result<Exported, Error> {
    artefact::private_folder(folder)?;
    let mut files = Vec::new();
    let mut put = |unit: ProofUnit, text: String| {
        between(unit)?;
        let path = folder.join(format!("{unit}.json"));
        // Zeroised once it is written: it is the one text of this program with the coordinator's scalar in it.
        let text = zeroize::Zeroizing::new(text);
        artefact::settle_private(&path, text.as_bytes(), remake)?;
        files.push(path);
        Ok::<_, Error>(())
    };
    let mut processing = Processing::<MaciLayout>::new(log, key)?;
    while let Some((summary, inputs)) = processing.next_inputs(salts) {
        put(ProofUnit::process(summary.batch), inputs.to_json())?;
    }
    let mut tallying = Tallying::new(log, processing.finish());
    for index in 0.. {
        let Some(inputs) = tallying.next_inputs(salts) else {
            break;
        };
        put(ProofUnit::tally(index), inputs.to_json())?;
    }
    let outcome = tallying.finish(salts);
    Ok(Exported { files, outcome })
}
