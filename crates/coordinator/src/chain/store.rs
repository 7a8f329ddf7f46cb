//! The journal as the place where ingest keeps blocks.

use maci_chain::ingest::{Begun, Header, Store, Window};
use maci_protocol::recorded::ChainLog;

use super::rows::{BegunRow, HeaderRow, LogRow, RelayedRow, log_key, relayed_key};
use crate::error::Error;
use crate::job::Job;
use crate::journal::Table;
use crate::stage::{Checkpoint, StageId, set_checkpoint};

/// A job's journal while its ingest runs.
pub(super) struct JournalStore<'a> {
    job: &'a mut Job,
}

impl<'a> JournalStore<'a> {
    pub(super) fn new(job: &'a mut Job) -> Self {
        Self { job }
    }
}

impl JournalStore<'_> {
    fn relayed_at(&self, key: u64) -> Result<Option<RelayedRow>, Error> {
        self.job.journal.read(|r| r.get(key))
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
        let mut key = relayed_key(digest);
        while let Some(row) = self.relayed_at(key)? {
            if row.digest() == *digest {
                return Ok(Some(row.0));
            }
            key = key.wrapping_add(1);
        }
        Ok(None)
    }

    fn append(&mut self, window: &Window) -> Result<(), Error> {
        let mut batches: Vec<(u64, &Vec<u8>)> = Vec::new();
        for (digest, content) in &window.relayed {
            let mut key = relayed_key(digest);
            // Digests that begin alike take the next free keys, also within one window.
            while batches.iter().any(|(taken, _)| *taken == key)
                || self
                    .relayed_at(key)?
                    .is_some_and(|row| row.digest() != *digest)
            {
                key = key.wrapping_add(1);
            }
            batches.push((key, content));
        }
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
            for (key, content) in batches {
                w.put(key, &RelayedRow(content.clone()))?;
            }
            Ok(())
        })
    }

    /// The poll counts as not read in from here on, in the same transaction: no stage builds on rows of a block that is gone. What
    /// was derived stays until the blocks that take its place are read, because most reorganisations bring the same logs again; if
    /// they do not, every stage is unwound then.
    fn unwind(&mut self, last: u64) -> Result<(), Error> {
        let next = last.saturating_add(1);
        let total = self.job.poll_row()?.map(|row| row.leaves + row.messages);
        self.job.journal.write(|w| {
            w.remove_from(Table::Logs, log_key(next, 0))?;
            w.remove_from(Table::Headers, next)?;
            if let Some(total) = total {
                set_checkpoint(w, StageId::Ingest, Checkpoint { done: 0, total })?;
            }
            Ok(())
        })?;
        self.job.log = None;
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Job, Options, ProvingKeys};

    #[derive(Debug)]
    struct NoKeys;

    impl ProvingKeys for NoKeys {
        fn proving_key(
            &self,
            circuit: &maci_verifier::CircuitId,
        ) -> Result<Arc<maci_keys::ProvingKey>, Error> {
            panic!("{circuit}: nothing is proved here")
        }
    }

    /// A relayer can find two batches whose digests begin alike with some 2^32 tries. Here the rows are put under one key by hand.
    #[test]
    fn n_01_relayed_batches_whose_digests_begin_alike_are_both_kept() {
        let dir = tempfile::tempdir().unwrap();
        let mut job =
            Job::open(dir.path(), None, None, Arc::new(NoKeys), Options::default()).unwrap();
        let batches: Vec<RelayedRow> = (0..3u8).map(|byte| RelayedRow(vec![byte; 9])).collect();
        let digests: Vec<[u8; 32]> = batches.iter().map(RelayedRow::digest).collect();
        let key = relayed_key(&digests[2]);
        job.journal
            .write(|w| {
                w.put(key, &batches[0])?;
                w.put(key.wrapping_add(1), &batches[1])
            })
            .unwrap();
        let mut store = JournalStore::new(&mut job);
        assert_eq!(store.relayed(&digests[2]).unwrap(), None);
        let window = Window {
            relayed: vec![(digests[2], batches[2].0.clone())],
            ..Window::default()
        };
        for _ in 0..2 {
            store.append(&window).unwrap();
            assert_eq!(store.relayed(&digests[2]).unwrap().unwrap(), batches[2].0);
        }
        let mut kept = 0;
        job.journal
            .read(|r| {
                r.each(|_, _: RelayedRow| {
                    kept += 1;
                    Ok(())
                })
            })
            .unwrap();
        assert_eq!(kept, 3);
    }
}
