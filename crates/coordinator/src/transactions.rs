//! Transactions in the journal: the one that is on its way, and those that ended (N-07).
//!
//! The row of a transaction is on disk before the node hears of it. Whatever kills the process after that, the next one finds the
//! nonce, the call and every signed version, and takes them up.

use maci_chain::client::Call;
use maci_chain::primitives::{Address, B256, Bytes};
use maci_chain::submit::{Attempt, Pending, Settled, Store, Withdrawn};

use crate::codec::{In, Out};
use crate::error::Error;
use crate::journal::{Journal, Row, Table};

/// A transaction of ours that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionRow {
    /// The contract's function.
    pub what: String,
    /// Its nonce.
    pub nonce: u64,
    /// The version that was included; `None` if another program used the nonce.
    pub included: Option<IncludedRow>,
    /// How many versions were signed.
    pub attempts: u64,
}

/// Where a transaction is, and what it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IncludedRow {
    /// Its hash.
    pub hash: [u8; 32],
    /// Its block.
    pub block: u64,
    /// Gas that was paid for.
    pub gas: u64,
    /// Wei paid per gas.
    pub gas_price: u128,
    /// Whether the call did what it was to do.
    pub success: bool,
}

impl From<&Settled> for TransactionRow {
    fn from(settled: &Settled) -> Self {
        Self {
            what: settled.what.clone(),
            nonce: settled.nonce,
            included: settled.included.map(|(hash, receipt)| IncludedRow {
                hash: hash.0,
                block: receipt.block,
                gas: receipt.gas_used,
                gas_price: receipt.gas_price,
                success: receipt.success,
            }),
            attempts: settled.attempts,
        }
    }
}

impl Row for TransactionRow {
    const TABLE: Table = Table::Transactions;
    const VERSION: u8 = 1;

    fn encode(&self) -> Vec<u8> {
        Out::default()
            .blob(self.what.as_bytes())
            .u64(self.nonce)
            .option(self.included.as_ref(), |out, row| {
                out.bytes(&row.hash)
                    .u64(row.block)
                    .u64(row.gas)
                    .u128(row.gas_price)
                    .u8(u8::from(row.success))
            })
            .u64(self.attempts)
            .0
    }

    fn decode(content: &[u8]) -> Option<Self> {
        In::all(content, |i| {
            Some(Self {
                what: i.text()?,
                nonce: i.u64()?,
                included: i.option(|i| {
                    Some(IncludedRow {
                        hash: i.array()?,
                        block: i.u64()?,
                        gas: i.u64()?,
                        gas_price: i.u128()?,
                        success: match i.u8()? {
                            0 => false,
                            1 => true,
                            _ => return None,
                        },
                    })
                })?,
                attempts: i.u64()?,
            })
        })
    }
}

/// The transaction that is on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PendingRow(pub(crate) Pending);

impl Row for PendingRow {
    const TABLE: Table = Table::Pending;
    const VERSION: u8 = 2;

    fn encode(&self) -> Vec<u8> {
        let Pending {
            account,
            chain_id,
            call,
            withdrawn,
            nonce,
            gas_limit,
            attempts,
        } = &self.0;
        Out::default()
            .bytes(account.as_slice())
            .u64(*chain_id)
            .blob(call.what.as_bytes())
            .option(call.to.as_ref(), |out, to| out.bytes(to.as_slice()))
            .blob(&call.data)
            .option(withdrawn.as_ref(), |out, withdrawn| {
                out.blob(withdrawn.what.as_bytes()).u64(withdrawn.attempts)
            })
            .u64(*nonce)
            .u64(*gas_limit)
            .list(attempts, |out, attempt| {
                out.bytes(attempt.hash.as_slice())
                    .blob(&attempt.raw)
                    .u128(attempt.max_fee_per_gas)
                    .u128(attempt.max_priority_fee_per_gas)
            })
            .0
    }

    fn decode(content: &[u8]) -> Option<Self> {
        In::all(content, |i| {
            Some(Self(Pending {
                account: Address::new(i.array()?),
                chain_id: i.u64()?,
                call: Call {
                    what: i.text()?,
                    to: i.option(|i| i.array().map(Address::new))?,
                    data: Bytes::from(i.blob()?),
                },
                withdrawn: i.option(|i| {
                    Some(Withdrawn {
                        what: i.text()?,
                        attempts: i.u64()?,
                    })
                })?,
                nonce: i.u64()?,
                gas_limit: i.u64()?,
                attempts: i.list(|i| {
                    Some(Attempt {
                        hash: B256::new(i.array()?),
                        raw: Bytes::from(i.blob()?),
                        max_fee_per_gas: i.u128()?,
                        max_priority_fee_per_gas: i.u128()?,
                    })
                })?,
            }))
        })
    }
}

/// The journal as the sender's store.
#[derive(Debug)]
pub(crate) struct JournalStore<'a>(pub(crate) &'a Journal);

impl Store for JournalStore<'_> {
    type Error = Error;

    fn pending(&mut self) -> Result<Option<Pending>, Error> {
        let row: Option<PendingRow> = self.0.read(|r| r.get(0))?;
        Ok(row.map(|row| row.0))
    }

    fn keep(&mut self, pending: &Pending) -> Result<(), Error> {
        self.0.write(|w| w.put(0, &PendingRow(pending.clone())))
    }

    fn settle(&mut self, settled: &Settled) -> Result<(), Error> {
        self.0.write(|w| {
            w.remove(Table::Pending, 0)?;
            w.put(w.count(Table::Transactions), &TransactionRow::from(settled))
        })
    }

    fn last_block(&mut self) -> Result<u64, Error> {
        let mut last = 0;
        self.0.read(|r| {
            r.each(|_, row: TransactionRow| {
                last = last.max(row.included.map_or(0, |at| at.block));
                Ok(())
            })
        })?;
        Ok(last)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use maci_chain::submit::Receipt;

    use super::*;

    fn pending() -> Pending {
        let attempt = |byte: u8| Attempt {
            hash: B256::repeat_byte(byte),
            raw: Bytes::from(vec![byte; 70]),
            max_fee_per_gas: u128::MAX - u128::from(byte),
            max_priority_fee_per_gas: u128::from(byte),
        };
        Pending {
            account: Address::repeat_byte(9),
            chain_id: 31_337,
            call: Call {
                what: "processMessages".to_owned(),
                to: Some(Address::repeat_byte(7)),
                data: Bytes::from(vec![1, 2, 3]),
            },
            withdrawn: Some(Withdrawn {
                what: "tallyVotes".to_owned(),
                attempts: 1,
            }),
            nonce: 9,
            gas_limit: 500_000,
            attempts: vec![attempt(1), attempt(2)],
        }
    }

    #[test]
    fn n_07_a_pending_transaction_survives_in_the_journal_until_it_ends() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.redb");
        let journal = Journal::create(&path).unwrap();
        assert_eq!(JournalStore(&journal).pending().unwrap(), None);
        JournalStore(&journal).keep(&pending()).unwrap();
        drop(journal);

        let journal = Journal::open(&path).unwrap();
        assert_eq!(journal.verify().unwrap(), []);
        let mut store = JournalStore(&journal);
        assert_eq!(store.pending().unwrap(), Some(pending()));
        let receipt = Receipt {
            block: 12,
            gas_used: 469_264,
            gas_price: 3,
            success: true,
        };
        let mut settled = Settled {
            what: "processMessages".to_owned(),
            nonce: 9,
            included: Some((B256::repeat_byte(2), receipt)),
            attempts: 2,
        };
        store.settle(&settled).unwrap();
        assert_eq!(store.pending().unwrap(), None);
        settled.included = None;
        store.settle(&settled).unwrap();
        // As a path, the method would bind the reader's lifetime too early.
        #[allow(clippy::redundant_closure_for_method_calls)]
        let rows = journal.read(|r| r.all::<TransactionRow>()).unwrap();
        assert_eq!(rows.iter().map(|(key, _)| *key).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(rows[0].1.included.unwrap().gas, 469_264);
        assert_eq!(rows[1].1.included, None);
        // What confirmations are counted from, in this process or a later one.
        assert_eq!(store.last_block().unwrap(), 12);
    }

    #[test]
    fn rows_of_other_bytes_are_refused() {
        let bytes = PendingRow(pending()).encode();
        assert!(PendingRow::decode(&bytes).is_some());
        for length in 0..bytes.len() {
            assert!(
                PendingRow::decode(&bytes[..length]).is_none(),
                "cut to {length}"
            );
        }
        let mut longer = bytes;
        longer.push(0);
        assert!(PendingRow::decode(&longer).is_none());
    }
}
