//! What one transaction of the journal sees and changes.

use std::path::Path;

use redb::{ReadTransaction, ReadableTable, WriteTransaction};

use super::row::{self, Row, Unreadable};
use super::seal::Seal;
use super::{Table, open_read, read_seal, wrap};
use crate::error::{Error, JournalFault};

/// One consistent view of the journal.
pub struct Reader<'a> {
    pub(super) path: &'a Path,
    pub(super) tx: ReadTransaction,
}

impl core::fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Reader")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Reader<'_> {
    /// The row under `key`.
    pub fn get<R: Row>(&self, key: u64) -> Result<Option<R>, Error> {
        let Some(rows) = wrap(self.path, open_read(&self.tx, R::TABLE))? else {
            return Ok(None);
        };
        let Some(value) = wrap(self.path, rows.get(key).map_err(Into::into))? else {
            return Ok(None);
        };
        decode(self.path, key, value.value()).map(Some)
    }

    /// The row with the greatest key up to `key`.
    pub fn last<R: Row>(&self, key: u64) -> Result<Option<R>, Error> {
        let Some(rows) = wrap(self.path, open_read(&self.tx, R::TABLE))? else {
            return Ok(None);
        };
        let mut range = wrap(self.path, rows.range(..=key).map_err(Into::into))?;
        let Some(item) = range.next_back() else {
            return Ok(None);
        };
        let (key, value) = wrap(self.path, item.map_err(Into::into))?;
        decode(self.path, key.value(), value.value()).map(Some)
    }

    /// Every row of a table in key order, given to `f` one by one.
    pub fn each<R: Row>(
        &self,
        mut f: impl FnMut(u64, R) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Some(rows) = wrap(self.path, open_read(&self.tx, R::TABLE))? else {
            return Ok(());
        };
        for item in wrap(self.path, rows.iter().map_err(Into::into))? {
            let (key, value) = wrap(self.path, item.map_err(Into::into))?;
            f(key.value(), decode(self.path, key.value(), value.value())?)?;
        }
        Ok(())
    }

    /// Every row of a table in key order.
    pub fn all<R: Row>(&self) -> Result<Vec<(u64, R)>, Error> {
        let mut rows = Vec::new();
        self.each(|key, row| {
            rows.push((key, row));
            Ok(())
        })?;
        Ok(rows)
    }

    /// How many rows a table has.
    pub fn count(&self, table: Table) -> Result<u64, Error> {
        match wrap(self.path, read_seal(&self.tx, table))? {
            Ok(seal) => Ok(seal.rows),
            Err(why) => Err(Error::Journal {
                path: self.path.to_path_buf(),
                fault: JournalFault::Row {
                    table: Table::Seals,
                    key: table.id(),
                    why,
                },
            }),
        }
    }
}

/// One open write transaction.
pub struct Writer<'a> {
    pub(super) path: &'a Path,
    pub(super) tx: WriteTransaction,
    pub(super) seals: Vec<(Table, Seal, bool)>,
}

impl core::fmt::Debug for Writer<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Writer")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Writer<'_> {
    /// The row under `key`, as this transaction sees it.
    pub fn get<R: Row>(&self, key: u64) -> Result<Option<R>, Error> {
        let rows = wrap(
            self.path,
            self.tx
                .open_table(R::TABLE.definition())
                .map_err(Into::into),
        )?;
        let Some(value) = wrap(self.path, rows.get(key).map_err(Into::into))? else {
            return Ok(None);
        };
        decode(self.path, key, value.value()).map(Some)
    }

    /// Puts a row under `key`, in place of the one that was there.
    pub fn put<R: Row>(&mut self, key: u64, row: &R) -> Result<(), Error> {
        let sealed = row::seal(R::TABLE, key, R::VERSION, &row.encode());
        self.replace(R::TABLE, key, Some(&sealed))
    }

    /// Removes the row under `key`, if there is one.
    pub fn remove(&mut self, table: Table, key: u64) -> Result<(), Error> {
        self.replace(table, key, None)
    }

    /// Removes every row with a key of `from` or more, and says how many there were.
    pub fn remove_from(&mut self, table: Table, from: u64) -> Result<u64, Error> {
        let keys = {
            let rows = wrap(
                self.path,
                self.tx.open_table(table.definition()).map_err(Into::into),
            )?;
            let range = wrap(self.path, rows.range(from..).map_err(Into::into))?;
            let keys: Result<Vec<u64>, redb::StorageError> =
                range.map(|item| item.map(|(key, _)| key.value())).collect();
            wrap(self.path, keys.map_err(Into::into))?
        };
        for key in &keys {
            self.remove(table, *key)?;
        }
        Ok(keys.len() as u64)
    }

    /// How many rows a table has, as this transaction sees it.
    pub fn count(&self, table: Table) -> u64 {
        self.seals
            .iter()
            .find(|(t, ..)| *t == table)
            .map_or(0, |(_, seal, _)| seal.rows)
    }

    fn replace(&mut self, table: Table, key: u64, value: Option<&[u8]>) -> Result<(), Error> {
        let old = {
            let mut rows = wrap(
                self.path,
                self.tx.open_table(table.definition()).map_err(Into::into),
            )?;
            let old = match value {
                Some(value) => rows.insert(key, value),
                None => rows.remove(key),
            };
            let old = wrap(self.path, old.map_err(Into::into))?;
            old.map(|value| row::digest_of(value.value()))
        };
        let Some((_, seal, changed)) = self.seals.iter_mut().find(|(t, ..)| *t == table) else {
            return Ok(());
        };
        *changed = true;
        if let Some(old) = old {
            seal.subtract(&old);
        }
        if let Some(value) = value {
            seal.add(&row::digest_of(value));
        }
        Ok(())
    }
}

fn decode<R: Row>(path: &Path, key: u64, value: &[u8]) -> Result<R, Error> {
    let opened = row::unseal(R::TABLE, key, value).and_then(|opened| {
        if opened.version == R::VERSION {
            R::decode(opened.content).ok_or(Unreadable::Content)
        } else {
            Err(Unreadable::Version {
                expected: R::VERSION,
                found: opened.version,
            })
        }
    });
    opened.map_err(|why| Error::Journal {
        path: path.to_path_buf(),
        fault: JournalFault::Row {
            table: R::TABLE,
            key,
            why,
        },
    })
}
