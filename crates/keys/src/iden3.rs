//! A circuit in iden3's binary `.r1cs` format, version 1, as circom writes and snarkjs reads it: so that outside tools can
//! look for missing constraints.
//!
//! <https://github.com/iden3/r1csfile/blob/master/doc/r1cs_bin_format.md>. Wires keep our order: the constant 1, the
//! public inputs (none of them an output), the private variables. A constraint says A·B − C = 0, as ours do.

use ark_bn254::Fr;
use ark_ff::{BigInteger, PrimeField};

use crate::R1cs;
use crate::Rows;

const FIELD_BYTES: u32 = 32;
const HEADER: u32 = 1;
const CONSTRAINTS: u32 = 2;
const WIRE_TO_LABEL: u32 = 3;

/// The bytes of the `.r1cs` file.
pub fn to_bytes(r1cs: &R1cs) -> Vec<u8> {
    let mut file = b"r1cs".to_vec();
    file.extend(1u32.to_le_bytes());
    file.extend(3u32.to_le_bytes());
    section(&mut file, HEADER, &header(r1cs));
    section(&mut file, CONSTRAINTS, &constraints(r1cs));
    let labels: Vec<u8> = (0..r1cs.variables() as u64)
        .flat_map(u64::to_le_bytes)
        .collect();
    section(&mut file, WIRE_TO_LABEL, &labels);
    file
}

fn section(file: &mut Vec<u8>, kind: u32, content: &[u8]) {
    file.extend(kind.to_le_bytes());
    file.extend((content.len() as u64).to_le_bytes());
    file.extend(content);
}

fn header(r1cs: &R1cs) -> Vec<u8> {
    let mut header = FIELD_BYTES.to_le_bytes().to_vec();
    header.extend(Fr::MODULUS.to_bytes_le());
    let outputs = 0;
    let private_inputs = 0;
    for number in [
        r1cs.variables() as u32,
        outputs,
        (r1cs.instance_variables - 1) as u32,
        private_inputs,
    ] {
        header.extend(number.to_le_bytes());
    }
    header.extend((r1cs.variables() as u64).to_le_bytes());
    header.extend((r1cs.constraints() as u32).to_le_bytes());
    header
}

fn constraints(r1cs: &R1cs) -> Vec<u8> {
    let entries: usize = [&r1cs.a, &r1cs.b, &r1cs.c].map(Rows::entries).iter().sum();
    let mut bytes = Vec::with_capacity(entries * 36 + r1cs.constraints() * 12);
    for row in 0..r1cs.constraints() {
        for matrix in [&r1cs.a, &r1cs.b, &r1cs.c] {
            let mut terms: Vec<(u32, Fr)> = r1cs.row(matrix, row).collect();
            terms.sort_unstable_by_key(|(wire, _)| *wire);
            bytes.extend((terms.len() as u32).to_le_bytes());
            for (wire, coefficient) in terms {
                bytes.extend(wire.to_le_bytes());
                bytes.extend(coefficient.into_bigint().to_bytes_le());
            }
        }
    }
    bytes
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ark_ff::AdditiveGroup;

    use super::*;

    /// Reads little-endian numbers off the front.
    struct Reader<'a>(&'a [u8]);

    impl Reader<'_> {
        fn bytes(&mut self, count: usize) -> Vec<u8> {
            let (now, rest) = self.0.split_at(count);
            self.0 = rest;
            now.to_vec()
        }

        fn u32(&mut self) -> u32 {
            u32::from_le_bytes(self.bytes(4).try_into().unwrap())
        }

        fn u64(&mut self) -> u64 {
            u64::from_le_bytes(self.bytes(8).try_into().unwrap())
        }
    }

    /// Read back by a reader of its own, the file has the circuit's sizes and rows.
    #[test]
    fn the_file_is_the_circuit() {
        let r1cs = R1cs::of("poll-joined-3".parse().unwrap()).unwrap();
        let bytes = to_bytes(&r1cs);
        let mut file = Reader(&bytes);
        assert_eq!(file.bytes(4), b"r1cs");
        assert_eq!([file.u32(), file.u32()], [1, 3]);

        assert_eq!((file.u32(), file.u64()), (HEADER, 4 + 32 + 16 + 8 + 4));
        assert_eq!(file.u32(), 32);
        assert_eq!(file.bytes(32), Fr::MODULUS.to_bytes_le());
        let wires = r1cs.variables() as u32;
        assert_eq!(
            [file.u32(), file.u32(), file.u32(), file.u32()],
            [wires, 0, 1, 0]
        );
        assert_eq!(file.u64(), u64::from(wires));
        assert_eq!(file.u32() as usize, r1cs.constraints());

        assert_eq!(file.u32(), CONSTRAINTS);
        let length = file.u64() as usize;
        let mut rows = Reader(&bytes[bytes.len() - file.0.len()..][..length]);
        file.bytes(length);
        let assignment: Vec<Fr> = (0..r1cs.variables() as u64)
            .map(|i| Fr::from(i * i + 7))
            .collect();
        for row in 0..r1cs.constraints() {
            for matrix in [&r1cs.a, &r1cs.b, &r1cs.c] {
                let mut sum = Fr::ZERO;
                for _ in 0..rows.u32() {
                    let wire = rows.u32() as usize;
                    sum += assignment[wire] * Fr::from_le_bytes_mod_order(&rows.bytes(32));
                }
                let expected: Fr = r1cs
                    .row(matrix, row)
                    .map(|(wire, k)| assignment[wire as usize] * k)
                    .sum();
                assert_eq!(sum, expected, "row {row}");
            }
        }
        assert!(rows.0.is_empty());

        assert_eq!(
            (file.u32(), file.u64()),
            (WIRE_TO_LABEL, u64::from(wires) * 8)
        );
        assert!((0..u64::from(wires)).all(|wire| file.u64() == wire));
        assert!(file.0.is_empty());
    }
}
