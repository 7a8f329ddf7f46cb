//! Points, signatures and shared keys.

use maci_crypto::{
    babyjubjub::{self, RawPoint, scalar_from_field},
    ecdh,
    eddsa::{self, Signature},
    field,
    keypair::PrivateKey,
};

use crate::vectors::{bytes32, fr, list, load, point, text};

#[test]
fn v_15_multiples_of_points_of_every_order_equal_circomlibjs() {
    for case in list(&load("babyjubjub"), "multiples") {
        let base = point(&case["point"]).to_point().unwrap();
        let scalar = scalar_from_field(&fr(&case["scalar"])).unwrap();
        let expected = point(&case["product"]);
        assert_eq!(RawPoint::from(babyjubjub::mul(&base, &scalar)), expected);
        if base == babyjubjub::base8() {
            assert_eq!(RawPoint::from(babyjubjub::mul_base8(&scalar)), expected);
        }
    }
}

#[test]
fn v_15_packed_points_equal_zk_kits() {
    let file = load("babyjubjub");
    for case in list(&file, "packed") {
        let unpacked = point(&case["point"]).to_point().unwrap();
        let packed = bytes32(&case["packed"]);
        assert_eq!(babyjubjub::pack(&unpacked), packed);
        assert_eq!(babyjubjub::unpack(&packed), Some(unpacked));
    }
    let mut refused = 0;
    for case in list(&file, "unpacked") {
        let found = babyjubjub::unpack(&bytes32(&case["packed"])).map(RawPoint::from);
        let expected = (!case["point"].is_null()).then(|| point(&case["point"]));
        assert_eq!(found, expected, "{}", case["packed"]);
        refused += usize::from(found.is_none());
    }
    assert!(refused > 0, "some of the integers are no points");
}

#[test]
fn v_15_signatures_equal_circomlibjs_and_zk_kit() {
    for case in list(&load("eddsa"), "signed") {
        let key = PrivateKey::from_decimal(text(&case["raw"])).unwrap();
        let message = fr(&case["message"]);
        let expected = Signature {
            r8: point(&case["r8"]),
            s: fr(&case["s"]),
        };
        assert_eq!(key.public_key().coordinates(), point(&case["public_key"]));
        assert_eq!(eddsa::sign(&key, message), expected);
        assert!(eddsa::verify(
            point(&case["public_key"]),
            &expected,
            message
        ));
    }
}

/// The verdict is decision D6's; zk-kit's differs only for keys of low order.
#[test]
fn v_15_verdicts_on_changed_signatures() {
    for case in list(&load("eddsa"), "verdicts") {
        let name = text(&case["name"]);
        let expected = case["expected"].as_bool().unwrap();
        let signature = Signature {
            r8: point(&case["r8"]),
            s: fr(&case["s"]),
        };
        let found = eddsa::verify(point(&case["public_key"]), &signature, fr(&case["message"]));
        assert_eq!(found, expected, "{name}");
        if !name.starts_with("low-order key") {
            assert_eq!(case["upstream"], expected, "zk-kit on {name}");
        }
    }
}

#[test]
fn v_15_shared_keys_equal_macis_at_every_order() {
    for case in list(&load("ecdh"), "cases") {
        let key = PrivateKey::from_decimal(text(&case["raw"])).unwrap();
        let shared = ecdh::shared_key(&key.formatted(), &point(&case["point"]));
        assert_eq!(shared, Some(point(&case["shared"])));
    }
}

#[test]
fn decimal_bytes_of_the_helper_agree_with_the_library() {
    let value = field::from_dec_mod("123456789012345678901234567890").unwrap();
    assert_eq!(
        bytes32(&"123456789012345678901234567890".into()),
        field::to_be_bytes(&value)
    );
}
