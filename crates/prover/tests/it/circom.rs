//! The same circuit through snarkjs' files: the same proof, and no damaged file gives another.

use std::path::{Path, PathBuf};

use ark_bn254::Fr;
use maci_circuits::{Circuit, Inputs};
use maci_keys::AllowInsecureDevKeys;
use maci_keys::snarkjs::{SnarkjsFileError, Wtns, Zkey, dev_zkey, write_wtns};
use maci_prover::groth16::{self, Work};
use maci_prover::witness::Assignment;
use maci_prover::{Cancel, CircomError, CircomProof, ProveError, prove_circom};
use maci_verifier::verify;
use rand::{Rng as _, SeedableRng as _};

use crate::support::{joined, key};

const R_S: (u64, u64) = (11, 13);

pub(crate) fn randomness() -> (Fr, Fr) {
    (Fr::from(R_S.0), Fr::from(R_S.1))
}

pub(crate) struct Files {
    _directory: tempfile::TempDir,
    pub(crate) zkey: PathBuf,
    pub(crate) wtns: PathBuf,
    assignment: Assignment,
}

pub(crate) fn files(inputs: Inputs) -> Files {
    let directory = tempfile::tempdir().unwrap();
    let [zkey, wtns] = ["circuit.zkey", "witness.wtns"].map(|name| directory.path().join(name));
    let key = key();
    dev_zkey(
        &key,
        &zkey,
        AllowInsecureDevKeys::because_the_user_said_so(),
    )
    .unwrap();
    let assignment = Assignment::of(Circuit::new(key.circuit(), inputs).unwrap()).unwrap();
    write_wtns(&wtns, assignment.values()).unwrap();
    Files {
        _directory: directory,
        zkey,
        wtns,
        assignment,
    }
}

pub(crate) fn prove_files(zkey: &Path, wtns: &Path) -> Result<CircomProof, CircomError> {
    let key = Zkey::open(zkey)?;
    let witness = Wtns::open(wtns)?;
    prove_circom(&key, &witness, randomness(), &Cancel::new())
}

#[test]
fn a_zkey_gives_the_proof_that_our_own_key_gives() {
    let files = files(joined(5, 100));
    let key = key();
    let proved = prove_files(&files.zkey, &files.wtns).unwrap();
    let ours = groth16::create(
        &key,
        &files.assignment,
        randomness(),
        &mut Work::new(&Cancel::new()),
    )
    .unwrap();
    assert_eq!(
        (*proved.proof.a(), *proved.proof.b(), *proved.proof.c()),
        (ours.a, ours.b, ours.c)
    );
    assert_eq!(proved.public_inputs, files.assignment.public_inputs());
}

#[test]
fn a_witness_that_does_not_satisfy_is_refused() {
    let files = files(joined(5, 100));
    let mut values = files.assignment.values().to_vec();
    for index in [1, 2, values.len() - 1] {
        let honest = values[index];
        values[index] += Fr::from(1u64);
        write_wtns(&files.wtns, &values).unwrap();
        let error = prove_files(&files.zkey, &files.wtns).unwrap_err();
        assert!(matches!(error, CircomError::Rejected), "{index}: {error}");
        values[index] = honest;
    }
}

#[test]
fn witness_and_key_of_two_circuits_are_refused() {
    let files = files(joined(5, 100));
    let mut values = files.assignment.values().to_vec();
    values.pop();
    write_wtns(&files.wtns, &values).unwrap();
    let error = prove_files(&files.zkey, &files.wtns).unwrap_err();
    assert!(
        matches!(
            error,
            CircomError::Witness(SnarkjsFileError::WitnessLength { .. })
        ),
        "{error}"
    );
    let error = prove_files(&files.wtns, &files.zkey).unwrap_err();
    assert!(
        matches!(error, CircomError::Witness(SnarkjsFileError::Magic { .. })),
        "{error}"
    );
}

#[test]
fn a_cancelled_proof_of_a_zkey_is_not_made() {
    let files = files(joined(5, 100));
    let cancel = Cancel::new();
    cancel.cancel();
    let error = prove_circom(
        &Zkey::open(&files.zkey).unwrap(),
        &Wtns::open(&files.wtns).unwrap(),
        randomness(),
        &cancel,
    )
    .unwrap_err();
    assert!(
        matches!(error, CircomError::Prove(ProveError::Cancelled)),
        "{error}"
    );
}

/// A damaged file is refused, or it was damaged where nothing is read (the ceremony's record) and the proof still holds.
#[test]
fn o_03_damaged_files_of_snarkjs_give_no_wrong_proof() {
    let files = files(joined(5, 100));
    let statement = match joined(5, 100) {
        Inputs::Joined(inputs) => inputs.statement,
        _ => unreachable!(),
    };
    let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(7);
    let mut refused = 0;
    for path in [&files.zkey, &files.wtns] {
        let good = std::fs::read(path).unwrap();
        for case in 0..150usize {
            let mut bad = good.clone();
            // Half of the damage goes to the headers, where lengths and counts are.
            let position = if case.is_multiple_of(2) {
                rng.gen_range(0..bad.len().min(700))
            } else {
                rng.gen_range(0..bad.len())
            };
            match case % 5 {
                0 => bad.truncate(position),
                1 => bad.insert(position, rng.r#gen()),
                _ => bad[position] ^= 1 << rng.gen_range(0..8),
            }
            std::fs::write(path, &bad).unwrap();
            match prove_files(&files.zkey, &files.wtns) {
                Ok(proved) => {
                    let _verified =
                        verify(key().verifying_key(), &statement, &proved.proof).unwrap();
                }
                Err(_) => refused += 1,
            }
        }
        std::fs::write(path, &good).unwrap();
    }
    assert!(refused > 250, "only {refused} of 300 were refused");
    prove_files(&files.zkey, &files.wtns).unwrap();
}

#[test]
fn k_12_errors_name_what_is_wrong_with_a_file() {
    let files = files(joined(5, 100));
    let good = std::fs::read(&files.zkey).unwrap();
    let error_of = |edit: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        edit(&mut bytes);
        std::fs::write(&files.zkey, bytes).unwrap();
        Zkey::open(&files.zkey).unwrap_err().to_string()
    };
    for (edit, expected) in [
        (
            (&|b: &mut Vec<u8>| b[0] = b'x') as &dyn Fn(&mut Vec<u8>),
            "magic",
        ),
        (&|b| b[4] = 9, "version"),
        (&|b| b.truncate(b.len() - 1), "ends early"),
        (&|b| b.push(0), "1 bytes follow"),
        // Section 1 begins at 12: number, length, then the proof system.
        (&|b| b[24] = 2, "proof system"),
        // Section 2 begins at 28, its body at 40: the base field's prime from 44 on.
        (&|b| b[44] ^= 1, "base field"),
        (&|b| b[80] ^= 1, "scalar field"),
        // variables, public inputs, domain
        (&|b| b[118] ^= 0xff, "public inputs among"),
        (&|b| b[120] ^= 1, "power of two"),
        (&|b| b[112] ^= 1, "bytes, found"),
        (&|b| b[124] ^= 1, "not on the curve"),
        (&|b| b[124 + 31] = 0xff, "not below its prime"),
    ] {
        let error = error_of(edit);
        assert!(error.contains(expected), "{expected}: {error}");
    }
}
