//! A poll from a chain as the files of a recorded one, so that an auditor needs no node.
//!
//! The files are a function of the poll alone: everybody who reads it from any node exports the same bytes. Logs end with
//! the last block that decides the poll.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use maci_protocol::Address;
use maci_protocol::recorded::LogsWriter;
use sha2::{Digest, Sha256};

use super::rows::{BegunRow, LogRow, RelayedRow};
use crate::artefact;
use crate::error::Error;
use crate::job::Job;
use crate::source::{RELAYED, relayed_name};
use crate::stage::StageId;

/// Hashes what is written.
struct Hashing<W> {
    out: W,
    hash: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or(bytes));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The digest that an exported `logs.json` has.
pub(crate) fn logs_digest(job: &Job, maci: Address, closing: u64) -> Result<[u8; 32], Error> {
    write_logs(job, maci, closing, io::sink(), Path::new("logs.json"))
}

fn write_logs(
    job: &Job,
    maci: Address,
    closing: u64,
    out: impl Write,
    path: &Path,
) -> Result<[u8; 32], Error> {
    let failed = |source| Error::Io {
        what: "write",
        path: path.to_path_buf(),
        source,
    };
    let out = Hashing {
        out: BufWriter::new(out),
        hash: Sha256::new(),
    };
    let mut writer = LogsWriter::new(out).map_err(failed)?;
    job.journal.read(|r| {
        for of_maci in [true, false] {
            if !of_maci {
                writer.poll().map_err(failed)?;
            }
            r.each(|_, LogRow(log)| {
                if log.at.block <= closing && (log.address == maci) == of_maci {
                    writer.log(&log).map_err(failed)?;
                }
                Ok(())
            })?;
        }
        Ok(())
    })?;
    let out = writer.finish().map_err(failed)?;
    Ok(out.hash.finalize().into())
}

impl Job {
    /// Writes the poll as a recorded one: `deployment.json`, `logs.json` and the folder `relayed`. Ingest from a chain has
    /// to be complete.
    pub fn export_recorded(&self, dir: &Path) -> Result<(), Error> {
        self.needs(StageId::Ingest)?;
        let begun: Option<BegunRow> = self.journal.read(|r| r.get(0))?;
        let (Some(BegunRow(begun)), Some(poll)) = (begun, self.poll_row()?) else {
            return Err(Error::OtherSource);
        };
        artefact::write_atomic(
            &dir.join("deployment.json"),
            self.deployment_text()?.as_bytes(),
        )?;
        let mut batches: Vec<RelayedRow> = Vec::new();
        self.journal.read(|r| {
            r.each(|_, batch| {
                batches.push(batch);
                Ok(())
            })
        })?;
        for batch in batches {
            let name = relayed_name(&batch.digest());
            artefact::write_atomic(&dir.join(RELAYED).join(name), &batch.0)?;
        }
        let path = dir.join("logs.json");
        let temporary = dir.join("logs.json.tmp");
        let failed = |source| Error::Io {
            what: "write",
            path: path.clone(),
            source,
        };
        let closing = self.closing_block(&begun)?;
        let file = File::create(&temporary).map_err(failed)?;
        let maci = begun.poll.deployment.maci_address;
        let digest = write_logs(self, maci, closing, &file, &path)?;
        if digest != poll.logs_digest {
            return Err(Error::ChangedSource {
                path,
                expected: hex::encode(poll.logs_digest),
                found: hex::encode(digest),
            });
        }
        file.sync_all().map_err(failed)?;
        fs::rename(&temporary, &path).map_err(failed)
    }

    /// The last block with an event of the poll that decides it, as the journal's logs say.
    fn closing_block(&self, begun: &maci_chain::ingest::Begun) -> Result<u64, Error> {
        let poll = begun.poll.deployment.poll_address;
        let mut closing = 0;
        self.journal.read(|r| {
            r.each(|_, LogRow(log)| {
                if log.address == poll && maci_protocol::recorded::decides(&log) {
                    closing = log.at.block;
                }
                Ok(())
            })
        })?;
        Ok(closing)
    }
}
