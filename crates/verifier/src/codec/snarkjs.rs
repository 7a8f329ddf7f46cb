//! snarkjs' JSON: proof, verifying key and public signals, and MACI's own JSON of the `VerifyingKey` struct.
//!
//! snarkjs writes points in projective coordinates with z = 1 and extension field elements as `[c0, c1]`. Its readers
//! accept other spellings of the same value; these do not: z must be 1, numbers are canonical decimals, no field is
//! unknown or repeated, and the redundant `vk_alphabeta_12` must be the pairing of alpha and beta.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use ark_bn254::{Bn254, Fq, Fq2, Fq6, Fq12, G1Affine, G2Affine};
use ark_ec::pairing::Pairing;
use ark_ff::PrimeField;
use maci_crypto::Fr;
use maci_crypto::field;
use serde::{Deserialize, Serialize};

use crate::codec::points::{g1, g2};
use crate::error::Malformed;
use crate::proof::Proof;
use crate::vk::KeyPoints;

type JsonG1 = [String; 3];
type JsonG2 = [[String; 2]; 3];
type JsonFq12 = [[[String; 2]; 3]; 2];

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonProof {
    pi_a: JsonG1,
    pi_b: JsonG2,
    pi_c: JsonG1,
    protocol: String,
    /// rapidsnark leaves it out.
    curve: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonKey {
    protocol: String,
    curve: String,
    #[serde(rename = "nPublic")]
    n_public: usize,
    vk_alpha_1: JsonG1,
    vk_beta_2: JsonG2,
    vk_gamma_2: JsonG2,
    vk_delta_2: JsonG2,
    vk_alphabeta_12: JsonFq12,
    #[serde(rename = "IC")]
    ic: Vec<JsonG1>,
}

#[derive(Serialize)]
struct MaciG1 {
    x: String,
    y: String,
}

#[derive(Serialize)]
struct MaciG2 {
    x: [String; 2],
    y: [String; 2],
}

#[derive(Serialize)]
struct MaciKey {
    alpha1: MaciG1,
    beta2: MaciG2,
    gamma2: MaciG2,
    delta2: MaciG2,
    ic: Vec<MaciG1>,
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str, what: &'static str) -> Result<T, Malformed> {
    serde_json::from_str(text).map_err(|error| Malformed::Json {
        what,
        detail: error.to_string(),
    })
}

fn write<T: Serialize>(value: &T) -> String {
    // Strings and numbers only, so writing cannot fail.
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// A coordinate in its only decimal spelling, below q.
fn fq(text: &str, what: &'static str) -> Result<Fq, Malformed> {
    let malformed = || Malformed::NotCanonical { what };
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits || text.len() > 77 || (text.len() > 1 && text.starts_with('0')) {
        return Err(malformed());
    }
    // 77 digits stay below 2^256, so the limbs never overflow.
    let mut limbs = [0u64; 4];
    for digit in text.bytes() {
        let mut carry = u128::from(digit.wrapping_sub(b'0'));
        for limb in &mut limbs {
            carry = carry.wrapping_add(u128::from(*limb).wrapping_mul(10));
            *limb = (carry & u128::from(u64::MAX)) as u64;
            carry >>= 64;
        }
    }
    Fq::from_bigint(ark_ff::BigInt(limbs)).ok_or_else(malformed)
}

fn fq2(pair: &[String; 2], what: &'static str) -> Result<Fq2, Malformed> {
    let [c0, c1] = pair;
    Ok(Fq2::new(fq(c0, what)?, fq(c1, what)?))
}

fn read_g1([x, y, z]: &JsonG1, what: &'static str) -> Result<G1Affine, Malformed> {
    match z.as_str() {
        "1" => g1(fq(x, what)?, fq(y, what)?, what),
        "0" => Err(Malformed::Identity { what }),
        _ => Err(Malformed::NotCanonical { what }),
    }
}

fn read_g2([x, y, [z0, z1]]: &JsonG2, what: &'static str) -> Result<G2Affine, Malformed> {
    match (z0.as_str(), z1.as_str()) {
        ("1", "0") => g2(fq2(x, what)?, fq2(y, what)?, what),
        ("0", "0") => Err(Malformed::Identity { what }),
        _ => Err(Malformed::NotCanonical { what }),
    }
}

fn read_fq12(value: &JsonFq12, what: &'static str) -> Result<Fq12, Malformed> {
    let fq6 = |[a, b, c]: &[[String; 2]; 3]| -> Result<Fq6, Malformed> {
        Ok(Fq6::new(fq2(a, what)?, fq2(b, what)?, fq2(c, what)?))
    };
    let [c0, c1] = value;
    Ok(Fq12::new(fq6(c0)?, fq6(c1)?))
}

fn pair(value: &Fq2) -> [String; 2] {
    [value.c0.to_string(), value.c1.to_string()]
}

fn write_g1(point: &G1Affine) -> JsonG1 {
    [point.x.to_string(), point.y.to_string(), "1".into()]
}

fn write_g2(point: &G2Affine) -> JsonG2 {
    [pair(&point.x), pair(&point.y), ["1".into(), "0".into()]]
}

fn write_fq12(value: &Fq12) -> JsonFq12 {
    let fq6 = |value: &Fq6| [pair(&value.c0), pair(&value.c1), pair(&value.c2)];
    [fq6(&value.c0), fq6(&value.c1)]
}

fn expect(found: &str, expected: &str, what: &'static str) -> Result<(), Malformed> {
    if found == expected {
        Ok(())
    } else {
        Err(Malformed::Json {
            what,
            detail: format!("expected {expected}, found {found}"),
        })
    }
}

impl Proof {
    /// Reads the `proof.json` of snarkjs or rapidsnark.
    pub fn from_snarkjs(text: &str) -> Result<Self, Malformed> {
        let what = "snarkjs proof";
        let json: JsonProof = parse(text, what)?;
        expect(&json.protocol, "groth16", what)?;
        expect(json.curve.as_deref().unwrap_or("bn128"), "bn128", what)?;
        Self::new(
            read_g1(&json.pi_a, "proof point A")?,
            read_g2(&json.pi_b, "proof point B")?,
            read_g1(&json.pi_c, "proof point C")?,
        )
    }

    /// Writes snarkjs' `proof.json`.
    pub fn to_snarkjs(&self) -> String {
        write(&JsonProof {
            pi_a: write_g1(self.a()),
            pi_b: write_g2(self.b()),
            pi_c: write_g1(self.c()),
            protocol: "groth16".into(),
            curve: Some("bn128".into()),
        })
    }
}

impl KeyPoints {
    /// Reads snarkjs' `verification_key.json`.
    pub fn from_snarkjs(text: &str) -> Result<Self, Malformed> {
        let what = "snarkjs verifying key";
        let json: JsonKey = parse(text, what)?;
        expect(&json.protocol, "groth16", what)?;
        expect(&json.curve, "bn128", what)?;
        let inputs = json.ic.len().saturating_sub(1);
        if json.n_public != inputs {
            return Err(Malformed::Length {
                what: "IC points after the first",
                expected: json.n_public,
                found: inputs,
            });
        }
        let key = Self::new(
            read_g1(&json.vk_alpha_1, "alpha")?,
            read_g2(&json.vk_beta_2, "beta")?,
            read_g2(&json.vk_gamma_2, "gamma")?,
            read_g2(&json.vk_delta_2, "delta")?,
            json.ic
                .iter()
                .map(|point| read_g1(point, "IC point"))
                .collect::<Result<_, _>>()?,
        )?;
        let what = "vk_alphabeta_12";
        if read_fq12(&json.vk_alphabeta_12, what)? != key.alpha_beta() {
            return Err(Malformed::Json {
                what,
                detail: "expected the pairing of alpha and beta".into(),
            });
        }
        Ok(key)
    }

    /// Writes snarkjs' `verification_key.json`.
    pub fn to_snarkjs(&self) -> String {
        write(&JsonKey {
            protocol: "groth16".into(),
            curve: "bn128".into(),
            n_public: self.ic().len().saturating_sub(1),
            vk_alpha_1: write_g1(self.alpha_g1()),
            vk_beta_2: write_g2(self.beta_g2()),
            vk_gamma_2: write_g2(self.gamma_g2()),
            vk_delta_2: write_g2(self.delta_g2()),
            vk_alphabeta_12: write_fq12(&self.alpha_beta()),
            ic: self.ic().iter().map(write_g1).collect(),
        })
    }

    /// Writes the argument of MACI's `setVerifyingKeys`: decimal strings, imaginary parts first.
    pub fn to_maci_json(&self) -> String {
        let g1 = |point: &G1Affine| MaciG1 {
            x: point.x.to_string(),
            y: point.y.to_string(),
        };
        let g2 = |point: &G2Affine| MaciG2 {
            x: [point.x.c1.to_string(), point.x.c0.to_string()],
            y: [point.y.c1.to_string(), point.y.c0.to_string()],
        };
        write(&MaciKey {
            alpha1: g1(self.alpha_g1()),
            beta2: g2(self.beta_g2()),
            gamma2: g2(self.gamma_g2()),
            delta2: g2(self.delta_g2()),
            ic: self.ic().iter().map(g1).collect(),
        })
    }

    fn alpha_beta(&self) -> Fq12 {
        Bn254::pairing(self.alpha_g1(), self.beta_g2()).0
    }
}

/// Reads snarkjs' `public.json`: a list of decimal strings, each below p.
pub fn public_inputs(text: &str) -> Result<Vec<Fr>, Malformed> {
    let words: Vec<String> = parse(text, "snarkjs public signals")?;
    words
        .iter()
        .map(|word| {
            field::from_dec(word).ok_or(Malformed::NotCanonical {
                what: "public signal",
            })
        })
        .collect()
}

/// Writes snarkjs' `public.json`.
pub fn public_inputs_to_json(inputs: &[Fr]) -> String {
    write(&inputs.iter().map(field::to_dec).collect::<Vec<_>>())
}
