// A method of a type with a lifetime is no closure over every lifetime.
#![allow(clippy::unwrap_used, clippy::redundant_closure_for_method_calls)]

use super::*;
use crate::error::ExitClass;
use crate::stage::{Checkpoint, StageId};

fn sample(dir: &Path) -> Journal {
    let journal = Journal::create(&dir.join("journal.redb")).unwrap();
    journal
        .write(|w| {
            for stage in StageId::OFFLINE {
                w.put(
                    stage.key(),
                    &Checkpoint {
                        done: stage.key(),
                        total: 10,
                    },
                )?;
            }
            Ok(())
        })
        .unwrap();
    journal
}

fn raw(journal: &Journal, table: Table, f: impl FnOnce(&mut redb::Table<'_, u64, &'static [u8]>)) {
    let tx = journal.database.begin_write().unwrap();
    f(&mut tx.open_table(table.definition()).unwrap());
    tx.commit().unwrap();
}

/// The bytes of a row of checkpoints.
fn stored(journal: &Journal, key: u64) -> Vec<u8> {
    let tx = journal.database.begin_read().unwrap();
    let rows = open_read(&tx, Table::Checkpoints).unwrap().unwrap();
    rows.get(key).unwrap().unwrap().value().to_vec()
}

fn store(journal: &Journal, key: u64, bytes: &[u8]) {
    raw(journal, Table::Checkpoints, |rows| {
        rows.insert(key, bytes).unwrap();
    });
}

#[test]
fn rows_survive_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let path = sample(dir.path()).path;
    let journal = Journal::open(&path).unwrap();
    assert_eq!(journal.verify().unwrap(), []);
    let rows = journal.read(|r| r.all::<Checkpoint>()).unwrap();
    assert_eq!(rows.len(), StageId::OFFLINE.len());
    assert_eq!(rows[3], (3, Checkpoint { done: 3, total: 10 }));
    assert_eq!(journal.read(|r| r.count(Table::Checkpoints)).unwrap(), 6);
}

#[test]
fn a_failed_write_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let journal = sample(dir.path());
    let result = journal.write(|w| {
        w.put(0, &Checkpoint { done: 9, total: 10 })?;
        w.remove_from(Table::Checkpoints, 1)?;
        Err::<(), _>(Error::Interrupted)
    });
    assert!(matches!(result, Err(Error::Interrupted)));
    assert_eq!(
        journal.read(|r| r.get::<Checkpoint>(0)).unwrap(),
        Some(Checkpoint { done: 0, total: 10 })
    );
    assert_eq!(journal.read(|r| r.count(Table::Checkpoints)).unwrap(), 6);
    assert_eq!(journal.verify().unwrap(), []);
}

#[test]
fn replacing_and_removing_rows_keeps_the_seal() {
    let dir = tempfile::tempdir().unwrap();
    let journal = sample(dir.path());
    journal
        .write(|w| {
            w.put(0, &Checkpoint { done: 9, total: 10 })?;
            w.remove(Table::Checkpoints, 77)?;
            assert_eq!(
                w.get::<Checkpoint>(0)?,
                Some(Checkpoint { done: 9, total: 10 })
            );
            assert_eq!(w.remove_from(Table::Checkpoints, 4)?, 2);
            Ok(())
        })
        .unwrap();
    assert_eq!(journal.verify().unwrap(), []);
    assert_eq!(journal.read(|r| r.count(Table::Checkpoints)).unwrap(), 4);
}

#[test]
fn o_03_every_flipped_byte_of_a_row_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let journal = sample(dir.path());
    let good = stored(&journal, 2);
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        store(&journal, 2, &bad);
        let expected = JournalFault::Row {
            table: Table::Checkpoints,
            key: 2,
            why: Unreadable::Digest,
        };
        assert_eq!(journal.verify().unwrap(), std::slice::from_ref(&expected));
        let error = journal.read(|r| r.get::<Checkpoint>(2)).unwrap_err();
        assert_eq!(error.class(), ExitClass::Conflict);
        let text = error.to_string();
        assert!(
            text.contains("journal.redb") && text.contains("table checkpoints, row 2"),
            "{text}"
        );
    }
    for length in [0, 20, 32, good.len() - 1] {
        store(&journal, 2, &good[..length]);
        assert_eq!(journal.verify().unwrap().len(), 1, "truncated to {length}");
    }
}

#[test]
fn o_03_lost_moved_and_restored_rows_are_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let journal = sample(dir.path());
    let old = stored(&journal, 2);
    store(&journal, 40, &old);
    assert_eq!(
        journal.verify().unwrap(),
        [JournalFault::Row {
            table: Table::Checkpoints,
            key: 40,
            why: Unreadable::Digest
        }]
    );
    raw(&journal, Table::Checkpoints, |rows| {
        rows.remove(40).unwrap();
        rows.remove(2).unwrap();
    });
    assert_eq!(
        journal.verify().unwrap(),
        [JournalFault::Seal {
            table: Table::Checkpoints,
            expected: 6,
            found: 5
        }]
    );
    store(&journal, 2, &old);
    journal
        .write(|w| w.put(2, &Checkpoint { done: 8, total: 10 }))
        .unwrap();
    assert_eq!(journal.verify().unwrap(), []);
    store(&journal, 2, &old);
    assert_eq!(
        journal.verify().unwrap(),
        [JournalFault::Seal {
            table: Table::Checkpoints,
            expected: 6,
            found: 6
        }]
    );
    raw(&journal, Table::Seals, |rows| {
        rows.remove(Table::Checkpoints.id()).unwrap();
    });
    let missing = JournalFault::Row {
        table: Table::Seals,
        key: Table::Checkpoints.id(),
        why: Unreadable::Missing,
    };
    assert_eq!(journal.verify().unwrap(), [missing]);
}

#[test]
fn o_03_damage_is_dropped_only_on_request() {
    let dir = tempfile::tempdir().unwrap();
    let journal = sample(dir.path());
    raw(&journal, Table::Checkpoints, |rows| {
        rows.insert(1, [7; 50].as_slice()).unwrap();
    });
    assert_eq!(journal.verify().unwrap().len(), 1);
    assert_eq!(journal.discard_damage(Table::Checkpoints).unwrap(), [1]);
    assert_eq!(journal.verify().unwrap(), []);
    assert_eq!(journal.read(|r| r.count(Table::Checkpoints)).unwrap(), 5);
}

/// Flips bits and cuts the file itself, below the database. Every case either is refused by name, or hit dead space and
/// reads back exactly what was written.
#[test]
fn o_03_file_damage_is_refused_or_without_effect() {
    let dir = tempfile::tempdir().unwrap();
    let open = sample(dir.path());
    // Read while the journal is open: the state that kill -9 leaves, with the commit before last still in the other slot.
    let whole = fs::read(&open.path).unwrap();
    let path = dir.path().join("killed.redb");
    fs::write(&path, &whole).unwrap();
    let head = fs::read(open.path.with_extension("head")).unwrap();
    let read_back = |path: &Path| -> Result<Vec<(u64, Checkpoint)>, Error> {
        let journal = Journal::open(path)?;
        if let Some(fault) = journal.verify()?.into_iter().next() {
            return Err(journal.fault(fault));
        }
        journal.read(|r| r.all())
    };
    let expected = read_back(&path).unwrap();
    let used: Vec<usize> = (320..whole.len()).filter(|at| whole[*at] != 0).collect();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    // Every bit of the file header, one bit of each byte of the two commit slots, and a sample of the pages.
    let mut cases: Vec<(usize, u8)> = (0..64)
        .flat_map(|at| (0..8).map(move |bit| (at, bit)))
        .chain((64..320).map(|at| (at, (at % 8) as u8)))
        .collect();
    for _ in 0..60 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        cases.push((
            used[(state >> 33) as usize % used.len()],
            (state >> 60 & 7) as u8,
        ));
    }
    let mut refused = 0;
    let mut check = |what: String, damaged: &[u8]| {
        let copy = dir.path().join("damaged.redb");
        fs::write(&copy, damaged).unwrap();
        fs::write(copy.with_extension("head"), &head).unwrap();
        match read_back(&copy) {
            Ok(rows) => assert_eq!(rows, expected, "{what}"),
            Err(error) => {
                refused += 1;
                assert!(
                    error.to_string().contains("damaged.redb"),
                    "{what}: {error}"
                );
            }
        }
    };
    for (at, bit) in cases {
        let mut damaged = whole.clone();
        damaged[at] ^= 1 << bit;
        check(format!("bit {bit} of byte {at}"), &damaged);
    }
    for length in [
        0,
        1,
        9,
        64,
        319,
        4096,
        whole.len() / 2,
        whole.len() - 4096,
        whole.len() - 1,
    ] {
        check(format!("cut to {length} bytes"), &whole[..length]);
    }
    assert!(refused > 15, "only {refused} cases were refused");
}

#[test]
fn o_03_every_flipped_or_cut_head_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = sample(dir.path()).path;
    let head = path.with_extension("head");
    let good = fs::read(&head).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        for bad in [&bad[..], &good[..at.max(1)]] {
            fs::write(&head, bad).unwrap();
            let error = Journal::open(&path).unwrap_err();
            assert!(error.to_string().contains("journal.head"), "{error}");
        }
    }
    fs::remove_file(&head).unwrap();
    assert_eq!(Journal::open(&path).unwrap().verify().unwrap(), []);
}
