//! Verifying keys: how a bundle carries them, how chains identify them, and which of them an auditor trusts.

use std::collections::BTreeMap;
use std::fmt;

use alloy_primitives::{B256, keccak256};
use maci_verifier::vk::{KeyPoints, VerifyingKey, VkId};

/// Words of a `VerifyingKey` struct before its list of IC points: alpha1, beta2, gamma2, delta2.
const FIXED_WORDS: usize = 14;

/// keccak256 of the ABI-encoded key as MACI's registry returns it.
pub fn registry_hash(points: &KeyPoints) -> B256 {
    let words = points.to_evm();
    let word = |value: usize| alloy_primitives::U256::from(value).to_be_bytes::<32>();
    let (fixed, ic) = words.split_at(FIXED_WORDS.min(words.len()));
    // One dynamic struct: its offset, its fixed fields, the offset of `ic` within it, then the list.
    let mut bytes = word(32).to_vec();
    bytes.extend(fixed.iter().flatten());
    bytes.extend(word((FIXED_WORDS + 1) * 32));
    bytes.extend(word(ic.len() / 2));
    bytes.extend(ic.iter().flatten());
    keccak256(bytes)
}

/// `verifyingKeys` of pins and verdict: keccak256 over the registry hashes of the process and the tally key and, if it is
/// stated, of the joining key (else zero).
pub fn verifying_keys_hash(process: B256, tally: B256, joining: Option<B256>) -> B256 {
    keccak256([process, tally, joining.unwrap_or_default()].concat())
}

/// Where a key comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Provenance {
    /// Made from a public seed or by a test generator: its secrets are known, so anyone can forge proofs for it.
    InsecureDev,
    /// Made by a ceremony of which at least one participant is trusted.
    Ceremony,
}

impl Provenance {
    /// `insecure-dev` or `ceremony`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InsecureDev => "insecure-dev",
            Self::Ceremony => "ceremony",
        }
    }

    pub(crate) const ALL: [Self; 2] = [Self::InsecureDev, Self::Ceremony];
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The keys that an auditor trusts, by identity. A bundle brings its keys along; they count only if they are listed here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedKeys(BTreeMap<VkId, Provenance>);

impl TrustedKeys {
    /// Trusts nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key. A key that was added as a development key stays one.
    #[must_use]
    pub fn with(mut self, id: VkId, provenance: Provenance) -> Self {
        let entry = self.0.entry(id).or_insert(provenance);
        *entry = provenance.min(*entry);
        self
    }

    /// Adds a key.
    #[must_use]
    pub fn with_key(self, key: &VerifyingKey, provenance: Provenance) -> Self {
        self.with(key.id(), provenance)
    }

    /// Where a trusted key comes from; `None` if it is not trusted.
    pub fn provenance(&self, id: VkId) -> Option<Provenance> {
        self.0.get(&id).copied()
    }
}
