//! Keys from raw integers and their serialised forms.

use maci_crypto::{
    babyjubjub::scalar_to_field,
    keypair::{PrivateKey, PublicKey},
};

use crate::vectors::{fr, list, load, point, text};

#[test]
fn v_15_keys_and_their_texts_equal_macis() {
    let mut short = 0;
    for case in list(&load("keys"), "cases") {
        let raw = text(&case["raw"]);
        let key = PrivateKey::from_decimal(raw).unwrap();
        let public = key.public_key();
        assert_eq!(
            scalar_to_field(&key.formatted()),
            fr(&case["formatted"]),
            "{raw}"
        );
        assert_eq!(public.coordinates(), point(&case["public_key"]), "{raw}");
        assert_eq!(public.hash(), fr(&case["hash"]), "{raw}");
        // MACI pads an odd number of digits, which only integers above 2^256 can show.
        let private_text = text(&case["private_text"]);
        if private_text.len() == "macisk.".len() + 64 {
            assert_eq!(key.serialise().as_str(), private_text);
        }
        let again = PrivateKey::deserialise(private_text).unwrap();
        assert_eq!(again.formatted(), key.formatted(), "{raw}");
        let public_text = text(&case["public_text"]);
        assert_eq!(public.serialise(), public_text);
        assert_eq!(PublicKey::deserialise(public_text), Ok(public));
        short += usize::from(public_text.len() < "macipk.".len() + 64);
    }
    assert!(short >= 4, "some packed keys have leading zeros");
}
