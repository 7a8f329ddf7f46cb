//! EdDSA over Baby Jubjub with Poseidon as challenge hash: the authenticity of every vote.
//!
//! Signing is circomlib's and zk-kit's (`docs/protocol.md` §5). Verifying follows decision D6: it is a total function
//! of any coordinates and any S, because voter data must give a verdict and never stop a batch.

use ark_ff::PrimeField;

use crate::{
    Fr,
    babyjubjub::{self, RawPoint, Scalar},
    blake512::blake512,
    field,
    keypair::PrivateKey,
    poseidon,
};

#[cfg(feature = "constraints")]
pub mod constraints;

/// A signature as it travels: R8 may be off the curve and S at or above ℓ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Signature {
    /// The nonce point.
    pub r8: RawPoint,
    /// The response, as a field element.
    pub s: Fr,
}

/// Signs a field element, deterministically.
pub fn sign(key: &PrivateKey, message: Fr) -> Signature {
    let expanded = key.expand();
    let public: RawPoint = key.public_key().coordinates();
    let mut message_bytes = field::to_be_bytes(&message);
    message_bytes.reverse();
    let digest = blake512(&[&*expanded.prefix, &message_bytes]);
    let nonce = Scalar::from_le_bytes_mod_order(&*digest);
    let r8: RawPoint = babyjubjub::mul_base8(&nonce).into();
    let challenge = reduce(challenge(&public, &r8, message));
    // The pruned secret, not the formatted one: s = 8·formatted modulo ℓ.
    let secret = Scalar::from_le_bytes_mod_order(&*expanded.pruned);
    Signature {
        r8,
        s: babyjubjub::scalar_to_field(&(nonce + challenge * secret)),
    }
}

/// Whether the signature is good: A and R8 on the curve, 8·A not the identity, S below ℓ, and
/// S·Base8 == R8 + 8h·A over the integers h in [0, p) (D6). Never fails.
pub fn verify(public_key: RawPoint, signature: &Signature, message: Fr) -> bool {
    let (Some(a), Some(r8), Some(s)) = (
        public_key.to_point(),
        signature.r8.to_point(),
        babyjubjub::scalar_from_field(&signature.s),
    ) else {
        return false;
    };
    let h = reduce(challenge(&public_key, &signature.r8, message));
    babyjubjub::signature_equation(&s, &r8, &h, &a)
}

/// H5(R8, A, message).
fn challenge(public_key: &RawPoint, r8: &RawPoint, message: Fr) -> Fr {
    poseidon::hash5(&[r8.x, r8.y, public_key.x, public_key.y, message])
}

fn reduce(challenge: Fr) -> Scalar {
    Scalar::from_le_bytes_mod_order(&{
        let mut bytes = field::to_be_bytes(&challenge);
        bytes.reverse();
        bytes
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{arb_fr, arb_raw_point, order_8};
    use ark_ec::{AffineRepr, CurveGroup};
    use ark_ff::{AdditiveGroup, BigInt, Field};
    use proptest::prelude::*;

    fn key(bytes: [u8; 32]) -> PrivateKey {
        PrivateKey::from_be_bytes(&bytes)
    }

    fn order() -> Fr {
        Fr::from(BigInt(Scalar::MODULUS.0))
    }

    #[test]
    fn c_05_native_s_at_or_above_l_is_refused() {
        let key = key([7; 32]);
        let good = sign(&key, Fr::from(5u64));
        let public = key.public_key().coordinates();
        assert!(verify(public, &good, Fr::from(5u64)));
        let mut alias = good;
        for _ in 0..7 {
            alias.s += order();
            assert!(!verify(public, &alias, Fr::from(5u64)));
        }
    }

    #[test]
    fn low_order_keys_authenticate_nobody() {
        // With A of low order, h·8A vanishes and R8 = S·Base8 satisfies the equation for every message.
        let s = Scalar::from(11u64);
        let forged = Signature {
            r8: babyjubjub::mul_base8(&s).into(),
            s: babyjubjub::scalar_to_field(&s),
        };
        for multiple in 0..8u64 {
            let low = order_8().mul_bigint([multiple]).into_affine();
            assert!(
                !verify(low.into(), &forged, Fr::from(3u64)),
                "order of {multiple}·T"
            );
        }
    }

    #[test]
    fn torsion_of_the_key_is_killed_and_of_r8_is_not() {
        let key = key([9; 32]);
        let message = Fr::from(77u64);
        let good = sign(&key, message);
        let public = key.public_key().point();
        let torsion = order_8();
        let mut moved = good;
        moved.r8 = (good.r8.to_point().expect("on curve") + torsion)
            .into_affine()
            .into();
        assert!(!verify(public.into(), &moved, message));
        // A + T with a challenge for A + T: the equation sees 8(A + T) = 8A.
        let twisted: RawPoint = (public + torsion).into_affine().into();
        let expanded = key.expand();
        let nonce = Scalar::from(1234u64);
        let r8: RawPoint = babyjubjub::mul_base8(&nonce).into();
        let secret = Scalar::from_le_bytes_mod_order(&*expanded.pruned);
        let s = nonce + reduce(challenge(&twisted, &r8, message)) * secret;
        let signature = Signature {
            r8,
            s: babyjubjub::scalar_to_field(&s),
        };
        assert!(verify(twisted, &signature, message));
    }

    #[test]
    fn off_curve_points_are_refused() {
        let key = key([1; 32]);
        let good = sign(&key, Fr::ONE);
        let public = key.public_key().coordinates();
        let mut bad = good;
        bad.r8.x += Fr::ONE;
        assert!(!verify(public, &bad, Fr::ONE));
        assert!(!verify(
            RawPoint {
                x: public.x,
                y: Fr::ZERO
            },
            &good,
            Fr::ONE
        ));
        assert!(!verify(
            RawPoint::default(),
            &Signature::default(),
            Fr::ZERO
        ));
    }

    proptest! {
        #[test]
        fn honest_signatures_verify_and_changed_ones_do_not(bytes in any::<[u8; 32]>(), message in arb_fr(), delta in arb_fr()) {
            let key = key(bytes);
            let public = key.public_key().coordinates();
            let good = sign(&key, message);
            prop_assert!(verify(public, &good, message));
            if delta != Fr::ZERO {
                prop_assert!(!verify(public, &good, message + delta));
                let changed = Signature { s: good.s + delta, ..good };
                prop_assert!(!verify(public, &changed, message));
            }
        }

        #[test]
        fn verifying_is_total(public in arb_raw_point(), r8 in arb_raw_point(), s in arb_fr(), message in arb_fr()) {
            let signature = Signature { r8, s };
            prop_assert!(!verify(public, &signature, message));
        }

        #[test]
        fn the_equation_equals_arkworks(public in crate::testing::arb_curve_point(), s in crate::testing::arb_scalar(), h in arb_fr()) {
            // R8 chosen so that the equation holds.
            let eight_h_a = public.mul_bigint([8u64]).into_affine().mul_bigint(h.into_bigint());
            let r8 = (babyjubjub::base8().mul_bigint(s.into_bigint()) - eight_h_a).into_affine();
            let usable = !babyjubjub::has_low_order(&public);
            prop_assert_eq!(babyjubjub::signature_equation(&s, &r8, &reduce(h), &public), usable);
            let other = (r8 + order_8()).into_affine();
            prop_assert!(!babyjubjub::signature_equation(&s, &other, &reduce(h), &public));
        }
    }
}
