//! Diffie-Hellman on Baby Jubjub: the key that hides a vote from all but voter and coordinator.

use crate::babyjubjub::{self, RawPoint, Scalar};

#[cfg(feature = "constraints")]
pub mod constraints;

/// The scalars whose shared keys cannot be proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the coordinator's private key is 0, 1 or −1 modulo the order of the curve, which anyone could guess; generate another key"
)]
pub struct DegenerateScalar;

/// Refuses k = 0, 1 and −1: k·P is then the identity or ±P, which the chain of the constraint twin cannot add to P.
pub fn check_scalar(k: &Scalar) -> Result<(), DegenerateScalar> {
    let one = Scalar::from(1u64);
    if *k == Scalar::from(0u64) || *k == one || *k == -one {
        return Err(DegenerateScalar);
    }
    Ok(())
}

/// K = k·E by the complete group law, E of any order; `None` if E is off the curve (D5).
///
/// E of order 1 gives (0, 1); a torsion component of E is honoured.
pub fn shared_key(k: &Scalar, e: &RawPoint) -> Option<RawPoint> {
    e.to_point().map(|point| babyjubjub::mul(&point, k).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{arb_curve_point, arb_scalar};
    use proptest::prelude::*;

    #[test]
    fn the_identity_gives_the_identity_and_off_curve_gives_none() {
        let k = Scalar::from(9u64);
        assert_eq!(
            shared_key(&k, &RawPoint::IDENTITY),
            Some(RawPoint::IDENTITY)
        );
        assert_eq!(shared_key(&k, &RawPoint::default()), None);
    }

    proptest! {
        #[test]
        fn both_sides_share_one_key(a in arb_scalar(), b in arb_scalar()) {
            let (pa, pb) = (babyjubjub::mul_base8(&a), babyjubjub::mul_base8(&b));
            prop_assert_eq!(shared_key(&a, &pb.into()), shared_key(&b, &pa.into()));
        }

        #[test]
        fn any_curve_point_has_a_key_on_the_curve(k in arb_scalar(), e in arb_curve_point()) {
            let key = shared_key(&k, &e.into());
            prop_assert!(key.is_some_and(|key| key.to_point().is_some()));
        }
    }
}
