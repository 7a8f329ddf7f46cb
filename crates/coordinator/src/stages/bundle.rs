//! Bundle: the audit bundle.
use super::transcript;
use crate::error::Error;
use crate::job::Job;
use crate::stage::{Checkpoint, Control, Stage, StageId};

/// The stage.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bundle;

impl Stage<Job> for Bundle {
    fn id(&self) -> StageId {
        StageId::Bundle
    }

    fn execute(&self, job: &mut Job, _to: u64, control: Control<'_>) -> Result<Checkpoint, Error> {
        let _ = transcript::check(job, control)?;
        Ok(Checkpoint::default())
    }

    fn unwind(&self, _job: &mut Job, _: u64) -> Result<Checkpoint, Error> {
        Ok(Checkpoint::default())
    }
}
