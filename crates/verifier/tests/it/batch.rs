//! Many proofs at once.

use ark_ec::CurveGroup;
use maci_verifier::batch::{Claim, verify_many};
use maci_verifier::{CircuitId, Error, ProcessBatch, Proof};

use crate::support::{FOLDERS, recorded, toy_key, toy_proof, toy_statement};

#[test]
fn a_batch_of_all_recorded_proofs_under_six_keys_holds() {
    let polls: Vec<_> = FOLDERS.iter().map(|(f, m)| recorded(f, *m)).collect();
    let mut claims = Vec::new();
    for poll in &polls {
        for record in &poll.transcript.process {
            claims.push(Claim {
                key: &poll.process_key,
                statement: &record.statement,
                proof: &record.proof,
            });
        }
        for record in &poll.transcript.tally {
            claims.push(Claim {
                key: &poll.tally_key,
                statement: &record.statement,
                proof: &record.proof,
            });
        }
    }
    assert_eq!(claims.len(), 5 + 6 + 6);
    assert_eq!(verify_many(&claims).unwrap().len(), claims.len());

    // Any one proof exchanged for another one fails and is named.
    for index in [0, 7, claims.len() - 1] {
        let mut changed = claims.clone();
        changed[index].proof = claims[(index + 1) % claims.len()].proof;
        assert_eq!(
            verify_many(&changed).unwrap_err(),
            Error::FalseBatch {
                count: claims.len(),
                index
            }
        );
    }
}

#[test]
fn v_13_a_false_proof_is_named_wherever_it_stands() {
    let poll = recorded("maci-v3", maci_verifier::Mode::Qv);
    let claims: Vec<Claim<'_>> = poll
        .transcript
        .tally
        .iter()
        .map(|record| Claim {
            key: &poll.tally_key,
            statement: &record.statement,
            proof: &record.proof,
        })
        .collect();
    for count in [1, 2, 5, 33] {
        let list: Vec<Claim<'_>> = claims.iter().copied().cycle().take(count).collect();
        assert_eq!(verify_many(&list).unwrap().len(), count);
        let right = list[count - 1].proof;
        let (a, b, c) = (*right.a(), *right.b(), *right.c());
        // Minus each point in turn, and the two signs that cancel: that proof is another one of the same statement.
        for (proof, holds) in [
            (Proof::new(-a, b, c), false),
            (Proof::new(a, -b, c), false),
            (Proof::new(a, b, -c), false),
            (Proof::new(-a, -b, c), true),
        ] {
            let proof = proof.unwrap();
            let mut changed = list.clone();
            changed[count - 1].proof = &proof;
            let found = verify_many(&changed).map(|verified| verified.len());
            let index = count - 1;
            let expected = if holds {
                Ok(count)
            } else {
                Err(Error::FalseBatch { count, index })
            };
            assert_eq!(found, expected);
        }
    }
}

#[test]
fn an_empty_batch_is_refused() {
    assert_eq!(verify_many(&[]).unwrap_err(), Error::EmptyBatch);
}

/// Two false proofs whose errors cancel in an unweighted product.
#[test]
fn v_13_a_pair_that_cancels_fails() {
    let circuit: CircuitId = "message-processor-qv-10-20-2".parse().unwrap();
    let (pk, key) = toy_key(circuit, 1);
    let statements: Vec<ProcessBatch> = (0..4).map(toy_statement).collect();
    let proofs: Vec<Proof> = (0u8..)
        .zip(&statements)
        .map(|(seed, statement)| toy_proof(&pk, statement, seed))
        .collect();
    let claims = |proofs: &[Proof]| -> Result<usize, Error> {
        let list: Vec<Claim<'_>> = statements
            .iter()
            .zip(proofs)
            .map(|(statement, proof)| Claim {
                key: &key,
                statement,
                proof,
            })
            .collect();
        verify_many(&list).map(|verified| verified.len())
    };
    assert_eq!(claims(&proofs).unwrap(), 4);
    let shift = *proofs[3].c();
    let moved = |proof: &Proof, plus: bool| {
        let c = if plus {
            *proof.c() + shift
        } else {
            *proof.c() - shift
        };
        Proof::new(*proof.a(), *proof.b(), c.into_affine()).unwrap()
    };
    for (first, second) in [(0, 1), (1, 2), (0, 2)] {
        let mut pair = proofs.clone();
        pair[first] = moved(&proofs[first], true);
        pair[second] = moved(&proofs[second], false);
        assert_eq!(
            claims(&pair).unwrap_err(),
            Error::FalseBatch {
                count: 4,
                index: first
            }
        );
    }
}

#[test]
fn v_13_swapped_proofs_and_statements_fail() {
    let poll = recorded("maci-v3", maci_verifier::Mode::Qv);
    let [first, second] = [&poll.transcript.process[0], &poll.transcript.process[1]];
    let claims = [
        Claim {
            key: &poll.process_key,
            statement: &first.statement,
            proof: &second.proof,
        },
        Claim {
            key: &poll.process_key,
            statement: &second.statement,
            proof: &first.proof,
        },
    ];
    assert!(matches!(
        verify_many(&claims).unwrap_err(),
        Error::FalseBatch { count: 2, index: 0 }
    ));
}
