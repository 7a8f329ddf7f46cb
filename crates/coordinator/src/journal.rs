//! The journal: what a job has finished, on disk, so that the next start goes on from there.
//!
//! One redb file. Every table maps a `u64` to a [sealed](row) value that carries a version and a SHA-256 over table, key and
//! content, so a torn, flipped or misplaced row is detected and named. A seal per table (count and sum of the digests) is
//! updated in the same transaction, so a row that vanished or was put back is detected too (O-03). [`Journal::open`] checks
//! everything once, hence nothing damaged is ever used.
//!
//! A write is one redb transaction, synced to disk before it returns: after kill -9 the file holds all of it or nothing. The
//! journal holds no secret: no key, no salt, no decrypted vote (salts derive from the key again, D16).

mod access;
mod head;
mod row;
mod seal;
mod table;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use redb::{
    Builder, Database, ReadTransaction, ReadableDatabase, ReadableTable, TableError,
    WriteTransaction,
};

pub use access::{Reader, Writer};
use head::{Head, Sequence};
pub use row::{Row, Unreadable};
use seal::Seal;
pub use table::Table;

use crate::error::{Error, JournalFault, panic_text};
use crate::faults::{self, Moment};

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    database: Database,
    head: Head,
}

impl Journal {
    /// Makes an empty journal: built under another name, synced, then renamed, so that a crash leaves none or a whole one.
    pub fn create(path: &Path) -> Result<Self, Error> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".new");
        let new = path.with_file_name(name);
        let io = |what, source| Error::Io {
            what,
            path: path.to_path_buf(),
            source,
        };
        match fs::remove_file(&new) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(io("replace", error));
            }
            _ => {}
        }
        guarded(path, || {
            let database = builder().create(&new)?;
            let tx = database.begin_write()?;
            for table in Table::ALL {
                write_seal(&tx, table, &Seal::default())?;
            }
            commit(tx)
        })?;
        Head::remove(path)?;
        let created = || "journal".to_owned();
        faults::point(Moment::Before, created);
        fs::rename(&new, path).map_err(|e| io("create", e))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::File::open(folder)
            .and_then(|f| f.sync_all())
            .map_err(|e| io("create", e))?;
        faults::point(Moment::After, created);
        Self::open(path)
    }

    /// Opens a journal without checking its rows; follow with [`Journal::verify`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let head = Head::open(path)?;
        let database = guarded(path, || Ok(builder().open(path)?))?;
        Ok(Self {
            path: path.to_path_buf(),
            database,
            head,
        })
    }

    /// Reads every row and seal, and lists what is damaged, in table and key order. An empty list means that every row is
    /// the one that was written last.
    pub fn verify(&self) -> Result<Vec<JournalFault>, Error> {
        let mut faults = self.verify_rows()?;
        if faults.is_empty() {
            let found = self.read(|r| r.get::<Sequence>(0))?.unwrap_or_default().0;
            if let Some(expected) = self.head.found.filter(|head| *head > found) {
                faults.push(JournalFault::RolledBack { expected, found });
            }
        }
        Ok(faults)
    }

    fn verify_rows(&self) -> Result<Vec<JournalFault>, Error> {
        guarded(&self.path, || {
            let tx = self.database.begin_read()?;
            let mut faults = Vec::new();
            for table in Table::ALL {
                let mut found = Seal::default();
                let mut damaged = false;
                if let Some(rows) = open_read(&tx, table)? {
                    for item in rows.iter()? {
                        let (key, value) = item?;
                        let key = key.value();
                        match row::unseal(table, key, value.value()) {
                            Ok(opened) => found.add(&opened.digest),
                            Err(why) => {
                                damaged = true;
                                faults.push(JournalFault::Row { table, key, why });
                            }
                        }
                    }
                }
                if damaged {
                    continue;
                }
                match read_seal(&tx, table)? {
                    Ok(expected) if expected == found => {}
                    Ok(expected) => {
                        faults.push(JournalFault::Seal {
                            table,
                            expected: expected.rows,
                            found: found.rows,
                        });
                    }
                    Err(why) => faults.push(JournalFault::Row {
                        table: Table::Seals,
                        key: table.id(),
                        why,
                    }),
                }
            }
            Ok(faults)
        })
    }

    /// Drops the damaged rows of a table and seals the rest as it is. Only for rows that can be made again, and only when a
    /// person asked for it.
    pub fn discard_damage(&self, table: Table) -> Result<Vec<u64>, Error> {
        guarded(&self.path, || {
            let tx = self.database.begin_write()?;
            let mut dropped = Vec::new();
            let mut seal = Seal::default();
            {
                let mut rows = tx.open_table(table.definition())?;
                for item in rows.iter()? {
                    let (key, value) = item?;
                    match row::unseal(table, key.value(), value.value()) {
                        Ok(opened) => seal.add(&opened.digest),
                        Err(_) => dropped.push(key.value()),
                    }
                }
                for key in &dropped {
                    rows.remove(*key)?;
                }
            }
            write_seal(&tx, table, &seal)?;
            commit(tx)?;
            Ok(dropped)
        })
    }

    /// Runs `f` over one consistent view.
    pub fn read<T>(&self, f: impl FnOnce(&Reader<'_>) -> Result<T, Error>) -> Result<T, Error> {
        guarded(&self.path, || {
            let tx = self.database.begin_read()?;
            Ok(f(&Reader {
                path: &self.path,
                tx,
            }))
        })?
    }

    /// Runs `f` in one transaction. Everything that it wrote is on disk when this returns `Ok`; nothing of it is when this
    /// returns an error or the process dies.
    pub fn write<T>(
        &self,
        f: impl FnOnce(&mut Writer<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (value, sequence) = guarded(&self.path, || {
            let tx = self.database.begin_write()?;
            let mut seals = Vec::new();
            for table in Table::ALL {
                match writer_seal(&tx, table)? {
                    Ok(seal) => seals.push((table, seal, false)),
                    Err(why) => {
                        return Ok(Err(self.fault(JournalFault::Row {
                            table: Table::Seals,
                            key: table.id(),
                            why,
                        })));
                    }
                }
            }
            let mut writer = Writer {
                path: &self.path,
                tx,
                seals,
            };
            let numbered = f(&mut writer).and_then(|value| {
                let next = Sequence(
                    writer
                        .get::<Sequence>(0)?
                        .unwrap_or_default()
                        .0
                        .saturating_add(1),
                );
                writer.put(0, &next)?;
                Ok((value, next.0))
            });
            match numbered {
                Ok(value) => {
                    for (table, seal, changed) in &writer.seals {
                        if *changed {
                            write_seal(&writer.tx, *table, seal)?;
                        }
                    }
                    let seals = writer.seals;
                    faults::point(Moment::Before, || written(&seals));
                    commit(writer.tx)?;
                    faults::point(Moment::After, || written(&seals));
                    Ok(Ok(value))
                }
                Err(error) => {
                    writer.tx.abort()?;
                    Ok(Err(error))
                }
            }
        })??;
        self.head.note(sequence)?;
        Ok(value)
    }

    /// An error about this file.
    pub fn fault(&self, fault: JournalFault) -> Error {
        Error::Journal {
            path: self.path.clone(),
            fault,
        }
    }
}

/// The tables that a transaction changed, as its name.
fn written(seals: &[(Table, Seal, bool)]) -> String {
    let tables = seals
        .iter()
        .filter(|(table, _, changed)| *changed && *table != Table::Sequence)
        .map(|(table, ..)| table.name());
    format!("commit {}", tables.collect::<Vec<_>>().join("+"))
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    // The journal is written once and read once: a large cache would only cost memory.
    builder.set_cache_size(16 << 20);
    // Checks every page before any is used; without it redb trusts the file and may panic on a damaged one.
    builder.set_check_integrity_on_open(true);
    builder
}

fn commit(mut tx: WriteTransaction) -> Result<(), redb::Error> {
    // Two phases: the state that the header names is always whole, so a check that fails means damage, and is reported
    // instead of falling back to the state before.
    tx.set_two_phase_commit(true);
    Ok(tx.commit()?)
}

type Rows = redb::ReadOnlyTable<u64, &'static [u8]>;

fn open_read(tx: &ReadTransaction, table: Table) -> Result<Option<Rows>, redb::Error> {
    match tx.open_table(table.definition()) {
        Ok(rows) => Ok(Some(rows)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn read_seal(tx: &ReadTransaction, table: Table) -> Result<Result<Seal, Unreadable>, redb::Error> {
    let Some(rows) = open_read(tx, Table::Seals)? else {
        return Ok(Err(Unreadable::Missing));
    };
    let Some(value) = rows.get(table.id())? else {
        return Ok(Err(Unreadable::Missing));
    };
    Ok(Seal::open(table, value.value()))
}

fn writer_seal(
    tx: &WriteTransaction,
    table: Table,
) -> Result<Result<Seal, Unreadable>, redb::Error> {
    let rows = tx.open_table(Table::Seals.definition())?;
    let Some(value) = rows.get(table.id())? else {
        return Ok(Err(Unreadable::Missing));
    };
    Ok(Seal::open(table, value.value()))
}

fn write_seal(tx: &WriteTransaction, table: Table, seal: &Seal) -> Result<(), redb::Error> {
    let mut rows = tx.open_table(Table::Seals.definition())?;
    rows.insert(table.id(), seal.sealed(table).as_slice())?;
    Ok(())
}

fn wrap<T>(path: &Path, result: Result<T, redb::Error>) -> Result<T, Error> {
    result.map_err(|error| Error::database(path, error))
}

/// Runs a database operation. Should redb panic on a file that was damaged while open, that is reported as damage too.
fn guarded<T>(path: &Path, f: impl FnOnce() -> Result<T, redb::Error>) -> Result<T, Error> {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(result) => wrap(path, result),
        Err(panic) => Err(Error::Journal {
            path: path.to_path_buf(),
            fault: JournalFault::Database(panic_text(panic.as_ref())),
        }),
    }
}

#[cfg(test)]
mod tests;
