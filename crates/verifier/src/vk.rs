//! Verifying keys: their points, the checks that make a key trustworthy, and its identity.
//!
//! Reading a key gives [`KeyPoints`]: well-formed points and nothing more. Only [`VerifyingKey::new`] makes a key that
//! verifies, and it refuses keys for which proofs can be forged (security.md V-08).

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use ark_bn254::{Bn254, Fr, G1Affine, G2Affine};
use ark_ec::pairing::{Pairing, PairingOutput};
use ark_ec::{AffineRepr, VariableBaseMSM};
use sha2::{Digest, Sha256};

use crate::circuit_id::CircuitId;
use crate::codec::evm::{Word, Words, push_g1, push_g2};
use crate::codec::points::{
    G1_BYTES, G2_BYTES, check_g1, check_g2, g1_from_bytes, g1_to_bytes, g2_from_bytes, g2_to_bytes,
};
use crate::error::{Error, KeyError, Malformed};

/// The identity of a key: SHA-256 over circuit id (with every parameter, the batch size too) and key bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VkId(pub [u8; 32]);

impl fmt::Display for VkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for VkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VkId({self})")
    }
}

impl FromStr for VkId {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let malformed = Malformed::NotCanonical {
            what: "verifying key id",
        };
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != 32 || !rest.is_empty() {
            return Err(malformed);
        }
        let mut id = [0u8; 32];
        for (byte, [high, low]) in id.iter_mut().zip(pairs) {
            let (Some(high), Some(low)) = (nibble(*high), nibble(*low)) else {
                return Err(malformed);
            };
            *byte = high << 4 | low;
        }
        Ok(Self(id))
    }
}

/// A lower-case hexadecimal digit.
fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => digit.checked_sub(b'0'),
        b'a'..=b'f' => digit.checked_sub(b'a' - 10),
        _ => None,
    }
}

#[cfg(feature = "std")]
impl serde::Serialize for VkId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "std")]
impl<'de> serde::Deserialize<'de> for VkId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::json::from_str(deserializer)
    }
}

/// The points of a verifying key, each on its curve, in its group and not the identity. Whether they can be trusted is
/// another question: see [`VerifyingKey::new`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPoints {
    pub(crate) alpha_g1: G1Affine,
    pub(crate) beta_g2: G2Affine,
    pub(crate) gamma_g2: G2Affine,
    pub(crate) delta_g2: G2Affine,
    pub(crate) ic: Vec<G1Affine>,
}

/// More IC points than any statement here has.
const MAX_IC: usize = 64;

impl KeyPoints {
    /// Checks points that a setup made.
    pub fn new(
        alpha_g1: G1Affine,
        beta_g2: G2Affine,
        gamma_g2: G2Affine,
        delta_g2: G2Affine,
        ic: Vec<G1Affine>,
    ) -> Result<Self, Malformed> {
        let ic = ic
            .into_iter()
            .map(|point| check_g1(point, "IC point"))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            alpha_g1: check_g1(alpha_g1, "alpha")?,
            beta_g2: check_g2(beta_g2, "beta")?,
            gamma_g2: check_g2(gamma_g2, "gamma")?,
            delta_g2: check_g2(delta_g2, "delta")?,
            ic,
        })
    }

    /// alpha in G1.
    pub fn alpha_g1(&self) -> &G1Affine {
        &self.alpha_g1
    }

    /// beta in G2.
    pub fn beta_g2(&self) -> &G2Affine {
        &self.beta_g2
    }

    /// gamma in G2.
    pub fn gamma_g2(&self) -> &G2Affine {
        &self.gamma_g2
    }

    /// delta in G2.
    pub fn delta_g2(&self) -> &G2Affine {
        &self.delta_g2
    }

    /// One point for the constant and one for each public input.
    pub fn ic(&self) -> &[G1Affine] {
        &self.ic
    }

    /// arkworks' compressed form: alpha, beta, gamma, delta, number of IC points as 8 little-endian bytes, IC points.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(g1_to_bytes(&self.alpha_g1));
        for point in [&self.beta_g2, &self.gamma_g2, &self.delta_g2] {
            bytes.extend(g2_to_bytes(point));
        }
        bytes.extend((self.ic.len() as u64).to_le_bytes());
        for point in &self.ic {
            bytes.extend(g1_to_bytes(point));
        }
        bytes
    }

    /// Reads arkworks' compressed form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let what = "verifying key";
        let short = || Malformed::Length {
            what,
            expected: G1_BYTES + 3 * G2_BYTES + 8,
            found: bytes.len(),
        };
        let (alpha, rest) = bytes.split_first_chunk::<G1_BYTES>().ok_or_else(short)?;
        let (beta, rest) = rest.split_first_chunk::<G2_BYTES>().ok_or_else(short)?;
        let (gamma, rest) = rest.split_first_chunk::<G2_BYTES>().ok_or_else(short)?;
        let (delta, rest) = rest.split_first_chunk::<G2_BYTES>().ok_or_else(short)?;
        let (count, rest) = rest.split_first_chunk::<8>().ok_or_else(short)?;
        let count = usize::try_from(u64::from_le_bytes(*count)).unwrap_or(usize::MAX);
        let (points, trailing) = rest.as_chunks::<G1_BYTES>();
        if count != points.len() || count > MAX_IC {
            return Err(Malformed::Length {
                what: "IC points",
                expected: count,
                found: points.len(),
            });
        }
        if !trailing.is_empty() {
            return Err(Malformed::TrailingBytes {
                what,
                found: trailing.len(),
            });
        }
        Ok(Self {
            alpha_g1: g1_from_bytes(alpha, "alpha")?,
            beta_g2: g2_from_bytes(beta, "beta")?,
            gamma_g2: g2_from_bytes(gamma, "gamma")?,
            delta_g2: g2_from_bytes(delta, "delta")?,
            ic: points
                .iter()
                .map(|point| g1_from_bytes(point, "IC point"))
                .collect::<Result<_, _>>()?,
        })
    }

    /// The fields of MACI's `VerifyingKey` struct in order: alpha1, beta2, gamma2, delta2, ic.
    pub fn to_evm(&self) -> Vec<Word> {
        let mut words = Vec::new();
        push_g1(&mut words, &self.alpha_g1);
        for point in [&self.beta_g2, &self.gamma_g2, &self.delta_g2] {
            push_g2(&mut words, point);
        }
        for point in &self.ic {
            push_g1(&mut words, point);
        }
        words
    }

    /// Reads the fields of MACI's `VerifyingKey` struct.
    pub fn from_evm(words: &[Word]) -> Result<Self, Malformed> {
        let mut words = Words::new(words, "verifying key words");
        let alpha_g1 = words.g1("alpha")?;
        let beta_g2 = words.g2("beta")?;
        let gamma_g2 = words.g2("gamma")?;
        let delta_g2 = words.g2("delta")?;
        let mut ic = Vec::new();
        while !words.is_empty() {
            ic.push(words.g1("IC point")?);
        }
        Ok(Self {
            alpha_g1,
            beta_g2,
            gamma_g2,
            delta_g2,
            ic,
        })
    }
}

/// A key that verifies the proofs of one circuit.
#[derive(Clone)]
pub struct VerifyingKey {
    circuit: CircuitId,
    id: VkId,
    points: KeyPoints,
    alpha_beta: PairingOutput<Bn254>,
    gamma_neg: <Bn254 as Pairing>::G2Prepared,
    delta_neg: <Bn254 as Pairing>::G2Prepared,
}

impl VerifyingKey {
    /// Checks a key and binds it to its circuit.
    ///
    /// Refused are a wrong number of IC points (V-02), a repeated one (V-03), gamma equal to delta, and gamma or delta equal
    /// to the generator (V-08).
    pub fn new(circuit: CircuitId, points: KeyPoints) -> Result<Self, Error> {
        validate(circuit, &points)?;
        Self::insecure(circuit, points)
    }

    /// Binds a key to its circuit without the checks on gamma and delta.
    ///
    /// Anyone can forge proofs for a key that fails those checks. MACI's recorded test keys do: gamma and delta are both the
    /// generator. Use it for such test keys and nothing else.
    pub fn insecure(circuit: CircuitId, points: KeyPoints) -> Result<Self, Error> {
        validate_structure(circuit, &points)?;
        let id = identify(circuit, &points);
        Ok(Self {
            circuit,
            id,
            alpha_beta: Bn254::pairing(points.alpha_g1, points.beta_g2),
            gamma_neg: (-points.gamma_g2).into(),
            delta_neg: (-points.delta_g2).into(),
            points,
        })
    }

    /// The circuit whose proofs this key verifies.
    pub fn circuit(&self) -> &CircuitId {
        &self.circuit
    }

    /// The key's identity.
    pub fn id(&self) -> VkId {
        self.id
    }

    /// The key's points.
    pub fn points(&self) -> &KeyPoints {
        &self.points
    }

    pub(crate) fn alpha_beta(&self) -> &PairingOutput<Bn254> {
        &self.alpha_beta
    }

    pub(crate) fn gamma_neg(&self) -> &<Bn254 as Pairing>::G2Prepared {
        &self.gamma_neg
    }

    pub(crate) fn delta_neg(&self) -> &<Bn254 as Pairing>::G2Prepared {
        &self.delta_neg
    }

    /// IC₀ + Σ inputᵢ·ICᵢ. The number of inputs must be that of the key: it is never cut or filled up (V-02).
    pub(crate) fn combine(&self, inputs: &[Fr]) -> Result<ark_bn254::G1Projective, Error> {
        let Some((constant, rest)) = self.points.ic.split_first() else {
            return Err(Error::InputCount {
                expected: 0,
                found: inputs.len(),
            });
        };
        if rest.len() != inputs.len() {
            return Err(Error::InputCount {
                expected: rest.len(),
                found: inputs.len(),
            });
        }
        Ok(ark_bn254::G1Projective::msm_unchecked(rest, inputs) + constant)
    }
}

impl PartialEq for VerifyingKey {
    fn eq(&self, other: &Self) -> bool {
        self.circuit == other.circuit && self.points == other.points
    }
}

impl Eq for VerifyingKey {}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("circuit", &self.circuit.to_string())
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

fn identify(circuit: CircuitId, points: &KeyPoints) -> VkId {
    let name: String = circuit.to_string();
    let mut hasher = Sha256::new();
    hasher.update(b"maci-rs verifying key v1");
    hasher.update((name.len() as u64).to_le_bytes());
    hasher.update(name.as_bytes());
    hasher.update(points.to_bytes());
    VkId(hasher.finalize().into())
}

/// Every check of a production key.
fn validate(circuit: CircuitId, points: &KeyPoints) -> Result<(), KeyError> {
    validate_structure(circuit, points)?;
    if points.gamma_g2 == points.delta_g2 {
        // With gamma = delta, C can absorb any change of the public inputs: (A, B, C − ΣΔinputᵢ·ICᵢ) still verifies.
        return Err(KeyError::GammaEqualsDelta { circuit });
    }
    let generator = G2Affine::generator();
    for (point, name) in [(&points.gamma_g2, "gamma"), (&points.delta_g2, "delta")] {
        if *point == generator {
            return Err(KeyError::Generator {
                circuit,
                point: name,
            });
        }
    }
    Ok(())
}

/// The checks that hold for every key, test keys included.
fn validate_structure(circuit: CircuitId, points: &KeyPoints) -> Result<(), KeyError> {
    let expected = circuit.public_inputs().saturating_add(1);
    if points.ic.len() != expected {
        return Err(KeyError::IcCount {
            circuit,
            expected,
            found: points.ic.len(),
        });
    }
    for (second, point) in points.ic.iter().enumerate() {
        // Equal points let two inputs change by opposite amounts, opposite points by the same amount.
        let repeated = points
            .ic
            .iter()
            .take(second)
            .position(|earlier| earlier.x == point.x);
        if let Some(first) = repeated {
            return Err(KeyError::RepeatedIc {
                circuit,
                first,
                second,
            });
        }
    }
    Ok(())
}
