//! V-08: keys for which proofs can be forged are refused as keys.

use ark_bn254::{Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use maci_verifier::{
    CircuitId, Error, KeyError, KeyPoints, Malformed, Proof, Statement, TallyBatch, VerifyingKey,
    verify,
};

use crate::support::{FOLDERS, key_points, recorded, toy_key};

fn circuit() -> CircuitId {
    "vote-tally-qv-10-1-2".parse().unwrap()
}

/// The points of a sound key with some exchanged.
fn changed(
    change: impl FnOnce(&mut G1Affine, &mut [G2Affine; 3], &mut Vec<G1Affine>),
) -> Result<KeyPoints, Malformed> {
    let (_, key) = toy_key(circuit(), 9);
    let points = key.points();
    let mut alpha = *points.alpha_g1();
    let mut g2 = [*points.beta_g2(), *points.gamma_g2(), *points.delta_g2()];
    let mut ic = points.ic().to_vec();
    change(&mut alpha, &mut g2, &mut ic);
    KeyPoints::new(alpha, g2[0], g2[1], g2[2], ic)
}

fn refusal(points: KeyPoints) -> KeyError {
    match VerifyingKey::new(circuit(), points).unwrap_err() {
        Error::Key(error) => error,
        other => panic!("{other}"),
    }
}

#[test]
fn v_08_macis_test_keys_are_refused_in_production() {
    for (folder, mode) in FOLDERS {
        let poll = recorded(folder, mode);
        for key in [&poll.process_key, &poll.tally_key] {
            let error = VerifyingKey::new(*key.circuit(), key.points().clone()).unwrap_err();
            assert!(matches!(error, Error::Key(_)), "{error}");
        }
    }
    // Their joining keys have another delta and still gamma = generator.
    let points = key_points("maci-v3", "PollJoining_10");
    let error = VerifyingKey::new("poll-joining-10".parse().unwrap(), points).unwrap_err();
    assert!(matches!(error, Error::Key(_)), "{error}");
}

#[test]
fn v_08_degenerate_points_are_refused() {
    let ok = changed(|_, _, _| {}).unwrap();
    assert!(VerifyingKey::new(circuit(), ok).is_ok());

    let equal = changed(|_, g2, _| g2[2] = g2[1]).unwrap();
    assert!(matches!(refusal(equal), KeyError::GammaEqualsDelta { .. }));
    for (position, name) in [(1, "gamma"), (2, "delta")] {
        let generator = changed(|_, g2, _| g2[position] = G2Affine::generator()).unwrap();
        match refusal(generator) {
            KeyError::Generator { point, .. } => assert_eq!(point, name),
            other => panic!("{other}"),
        }
        let identity = changed(|_, g2, _| g2[position] = G2Affine::zero());
        assert_eq!(identity, Err(Malformed::Identity { what: name }));
    }
    assert_eq!(
        changed(|alpha, _, _| *alpha = G1Affine::zero()),
        Err(Malformed::Identity { what: "alpha" })
    );
    assert_eq!(
        changed(|_, g2, _| g2[0] = G2Affine::zero()),
        Err(Malformed::Identity { what: "beta" })
    );
}

#[test]
fn v_08_repeated_and_missing_ic_points_are_refused() {
    let repeated = changed(|_, _, ic| ic[4] = ic[1]).unwrap();
    assert!(matches!(
        refusal(repeated),
        KeyError::RepeatedIc {
            first: 1,
            second: 4,
            ..
        }
    ));
    let opposite = changed(|_, _, ic| ic[3] = -ic[2]).unwrap();
    assert!(matches!(refusal(opposite), KeyError::RepeatedIc { .. }));
    let identity = changed(|_, _, ic| ic[2] = G1Affine::zero());
    assert_eq!(identity, Err(Malformed::Identity { what: "IC point" }));
    let short = changed(|_, _, ic| {
        ic.pop();
    });
    assert!(matches!(
        refusal(short.unwrap()),
        KeyError::IcCount {
            expected: 6,
            found: 5,
            ..
        }
    ));
}

/// With gamma = delta, C absorbs any change of the public inputs. The forgery verifies under the recorded test key, which is
/// why that key is refused.
#[test]
fn v_08_forgery_for_gamma_equal_delta() {
    let poll = recorded("maci-v3", maci_verifier::Mode::Qv);
    let record = &poll.transcript.tally[0];
    let forged = TallyBatch {
        new_tally_commitment: maci_verifier::TallyCommitment(Fr::from(12345u64)),
        ..record.statement
    };
    let ic = poll.tally_key.points().ic();
    let difference: Fr = forged.public_inputs()[2] - record.statement.public_inputs()[2];
    let c = (*record.proof.c() - ic[3] * difference).into_affine();
    let proof = Proof::new(*record.proof.a(), *record.proof.b(), c).unwrap();

    let _forgery_passes = verify(&poll.tally_key, &forged, &proof).unwrap();
    let error = VerifyingKey::new(circuit(), poll.tally_key.points().clone()).unwrap_err();
    assert!(error.to_string().contains("gamma equals delta"), "{error}");
}

#[test]
fn v_07_key_ids_tell_parameters_apart() {
    let poll = recorded("maci-v3", maci_verifier::Mode::Qv);
    let points = poll.process_key.points();
    let ids: Vec<_> = ["5", "20", "125"]
        .iter()
        .map(|batch| {
            let circuit = format!("message-processor-qv-10-{batch}-2")
                .parse()
                .unwrap();
            VerifyingKey::insecure(circuit, points.clone())
                .unwrap()
                .id()
        })
        .collect();
    assert_ne!(ids[0], ids[1]);
    assert_ne!(ids[1], ids[2]);
    let text = ids[0].to_string();
    assert_eq!(text.parse::<maci_verifier::VkId>().unwrap(), ids[0]);
    assert!(text.to_uppercase().parse::<maci_verifier::VkId>().is_err());
}
