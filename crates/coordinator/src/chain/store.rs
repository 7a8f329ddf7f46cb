//! The journal as the place where ingest keeps blocks.

use maci_chain::ingest::{Begun, Header, Store, Window};
use maci_protocol::recorded::ChainLog;

use super::rows::{BegunRow, HeaderRow, LogRow, RelayedRow, log_key, relayed_key};
use crate::error::Error;
use crate::job::Job;
use crate::journal::Table;
use crate::stage::StageId;

/// A job's journal while its ingest runs.
pub(super) struct JournalStore<'a> {
    job: &'a mut Job,
}

impl<'a> JournalStore<'a> {
    pub(super) fn new(job: &'a mut Job) -> Self {
        Self { job }
    }
}

impl Store for JournalStore<'_> {
    type Error = Error;

    fn begun(&self) -> Result<Option<Begun>, Error> {
        let row: Option<BegunRow> = self.job.journal.read(|r| r.get(0))?;
        if row.is_none() && self.job.poll_row()?.is_some() {
            return Err(Error::OtherSource);
        }
        Ok(row.map(|row| row.0))
    }

    fn begin(&mut self, begun: &Begun) -> Result<(), Error> {
        self.job
            .journal
            .write(|w| w.put(0, &BegunRow(begun.clone())))
    }

    fn header(&self, at_or_below: u64) -> Result<Option<Header>, Error> {
        let row: Option<HeaderRow> = self.job.journal.read(|r| r.last(at_or_below))?;
        Ok(row.map(|row| row.0))
    }

    fn logs(&self, f: &mut dyn FnMut(ChainLog) -> Result<(), Error>) -> Result<(), Error> {
        self.job.journal.read(|r| r.each(|_, LogRow(log)| f(log)))
    }

    fn relayed(&self, digest: &[u8; 32]) -> Result<Option<Vec<u8>>, Error> {
        let row: Option<RelayedRow> = self.job.journal.read(|r| r.get(relayed_key(digest)))?;
        Ok(row.filter(|row| row.digest() == *digest).map(|row| row.0))
    }

    fn append(&mut self, window: &Window) -> Result<(), Error> {
        self.job.journal.write(|w| {
            for header in &window.headers {
                w.put(header.number, &HeaderRow(*header))?;
            }
            for log in &window.logs {
                w.put(
                    log_key(log.at.block, log.at.log_index),
                    &LogRow(log.clone()),
                )?;
            }
            for (digest, content) in &window.relayed {
                w.put(relayed_key(digest), &RelayedRow(content.clone()))?;
            }
            Ok(())
        })
    }

    /// Later stages first: whenever the process dies, no row stands on a block that is gone.
    fn unwind(&mut self, last: u64) -> Result<(), Error> {
        self.job.unwind(StageId::Ingest, 0)?;
        let next = last.saturating_add(1);
        self.job.journal.write(|w| {
            w.remove_from(Table::Logs, log_key(next, 0))?;
            w.remove_from(Table::Headers, next)?;
            Ok(())
        })
    }
}
