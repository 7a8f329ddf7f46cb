//! The seal of a table: how many rows it has, and the sum of their digests modulo 2^256.
//!
//! The sum can be kept up to date row by row, in any order. It guards against accidents (a lost page, a restored old row),
//! not against somebody who rewrites the file on purpose: proofs are verified again at the end, whatever the journal says.

use super::Table;
use super::row::{self, Unreadable};

const VERSION: u8 = 1;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Seal {
    pub(super) rows: u64,
    // Little-endian limbs.
    sum: [u64; 4],
}

impl Seal {
    pub(super) fn add(&mut self, digest: &[u8; 32]) {
        self.rows = self.rows.wrapping_add(1);
        let mut carry = false;
        for (limb, add) in self.sum.iter_mut().zip(limbs(digest)) {
            let (sum, first) = limb.overflowing_add(add);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            *limb = sum;
            carry = first || second;
        }
    }

    pub(super) fn subtract(&mut self, digest: &[u8; 32]) {
        self.rows = self.rows.wrapping_sub(1);
        let mut borrow = false;
        for (limb, sub) in self.sum.iter_mut().zip(limbs(digest)) {
            let (difference, first) = limb.overflowing_sub(sub);
            let (difference, second) = difference.overflowing_sub(u64::from(borrow));
            *limb = difference;
            borrow = first || second;
        }
    }

    pub(super) fn sealed(&self, table: Table) -> Vec<u8> {
        let mut content = self.rows.to_be_bytes().to_vec();
        for limb in self.sum {
            content.extend_from_slice(&limb.to_be_bytes());
        }
        row::seal(Table::Seals, table.id(), VERSION, &content)
    }

    pub(super) fn open(table: Table, value: &[u8]) -> Result<Self, Unreadable> {
        let opened = row::unseal(Table::Seals, table.id(), value)?;
        if opened.version != VERSION {
            return Err(Unreadable::Version {
                expected: VERSION,
                found: opened.version,
            });
        }
        let content: &[u8; 40] = opened.content.try_into().map_err(|_| Unreadable::Content)?;
        let mut words = [0; 5];
        for (word, bytes) in words.iter_mut().zip(content.as_chunks::<8>().0) {
            *word = u64::from_be_bytes(*bytes);
        }
        let [rows, sum @ ..] = words;
        Ok(Self { rows, sum })
    }
}

fn limbs(digest: &[u8; 32]) -> impl Iterator<Item = u64> + '_ {
    digest
        .as_chunks::<8>()
        .0
        .iter()
        .map(|bytes| u64::from_le_bytes(*bytes))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn adding_and_subtracting_in_any_order_cancels() {
        let digests = [[0xff; 32], [0x80; 32], [1; 32]];
        let mut seal = Seal::default();
        for digest in &digests {
            seal.add(digest);
        }
        let all = seal;
        for digest in [&digests[1], &digests[0]] {
            seal.subtract(digest);
        }
        assert_eq!(seal.rows, 1);
        seal.add(&digests[0]);
        seal.add(&digests[1]);
        assert_eq!(seal, all);
        assert_eq!(
            Seal::open(Table::Proofs, &all.sealed(Table::Proofs)).unwrap(),
            all
        );
        assert_eq!(
            Seal::open(Table::Leaves, &all.sealed(Table::Proofs)),
            Err(Unreadable::Digest)
        );
    }
}
