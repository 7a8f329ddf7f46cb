//! The committed contracts: code to deploy, the places of its libraries, and the fingerprint of what then lies on the chain.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use alloy::primitives::{Address, B256, Bytes, keccak256};
use serde::Deserialize;

use crate::error::Error;

/// The addresses of the deployed Poseidon libraries, by name.
pub type Libraries = BTreeMap<String, Address>;

/// A committed contract.
#[derive(Debug, Deserialize)]
pub struct Artifact {
    contract: String,
    abi: Vec<Entry>,
    creation: Option<Creation>,
    runtime: Runtime,
}

#[derive(Debug, Deserialize)]
struct Creation {
    code: Bytes,
    /// library -> where its address belongs
    links: BTreeMap<String, Vec<usize>>,
}

/// The fingerprint of a contract's code on the chain.
#[derive(Clone, Debug, Deserialize)]
pub struct Runtime {
    length: usize,
    /// (start, length) of library addresses and immutables
    masked: Vec<(usize, usize)>,
    keccak256: B256,
}

#[derive(Debug, Deserialize)]
struct Entry {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    inputs: Vec<Input>,
}

#[derive(Debug, Deserialize)]
struct Input {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    components: Vec<Input>,
}

impl Input {
    fn signature(&self) -> String {
        match self.kind.strip_prefix("tuple") {
            Some(array) => format!("({}){array}", signatures(&self.components)),
            None => self.kind.clone(),
        }
    }
}

fn signatures(inputs: &[Input]) -> String {
    let list: Vec<String> = inputs.iter().map(Input::signature).collect();
    list.join(",")
}

impl Artifact {
    /// The contract's name.
    pub fn name(&self) -> &str {
        &self.contract
    }

    /// The fingerprint of its code on the chain.
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// The libraries that its code calls.
    pub fn libraries(&self) -> impl Iterator<Item = &str> {
        let links = self
            .creation
            .iter()
            .flat_map(|creation| creation.links.keys());
        links.map(String::as_str)
    }

    /// The code to deploy, calling `libraries`, with the encoded `arguments` of its constructor.
    pub fn creation_code(&self, libraries: &Libraries, arguments: &[u8]) -> Result<Bytes, Error> {
        let Some(creation) = &self.creation else {
            return Err(Error::Parameter(format!(
                "{} is only ever cloned by its factory",
                self.contract
            )));
        };
        let mut code = creation.code.to_vec();
        for (library, places) in &creation.links {
            let address = libraries.get(library).ok_or_else(|| {
                Error::Parameter(format!(
                    "{} needs the library {library}, which is not deployed yet",
                    self.contract
                ))
            })?;
            for place in places {
                let Some(target) = code.get_mut(*place..place + 20) else {
                    return Err(Error::Parameter(format!(
                        "a link to {library} lies outside the code of {}",
                        self.contract
                    )));
                };
                target.copy_from_slice(address.as_slice());
            }
        }
        code.extend_from_slice(arguments);
        Ok(code.into())
    }

    /// The signatures of its errors.
    pub(super) fn errors(&self) -> impl Iterator<Item = String> {
        self.entries("error")
    }

    fn entries(&self, kind: &'static str) -> impl Iterator<Item = String> {
        let entries = self.abi.iter().filter(move |entry| entry.kind == kind);
        entries.map(|entry| format!("{}({})", entry.name, signatures(&entry.inputs)))
    }
}

impl Runtime {
    /// Whether `code`, read from a chain, is this contract's, whatever its library addresses and immutables.
    pub fn matches(&self, code: &[u8]) -> bool {
        if code.len() != self.length {
            return false;
        }
        let mut code = code.to_vec();
        for (start, length) in &self.masked {
            if let Some(place) = code.get_mut(*start..start + length) {
                place.fill(0);
            }
        }
        keccak256(&code) == self.keccak256
    }
}

macro_rules! committed {
    ($($name:literal),* $(,)?) => {
        /// The committed files, by contract name.
        const FILES: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../../abi/", $name, ".json")))),*
        ];
    };
}

committed!(
    "ConstantInitialVoiceCreditProxy",
    "ConstantInitialVoiceCreditProxyFactory",
    "EASChecker",
    "EASCheckerFactory",
    "EASPolicy",
    "EASPolicyFactory",
    "ERC20Checker",
    "ERC20CheckerFactory",
    "ERC20Policy",
    "ERC20PolicyFactory",
    "ERC20VotesInitialVoiceCreditProxy",
    "ERC20VotesInitialVoiceCreditProxyFactory",
    "FreeForAllChecker",
    "FreeForAllCheckerFactory",
    "FreeForAllPolicy",
    "FreeForAllPolicyFactory",
    "MACI",
    "MerkleProofChecker",
    "MerkleProofCheckerFactory",
    "MerkleProofPolicy",
    "MerkleProofPolicyFactory",
    "MessageProcessor",
    "MessageProcessorFactory",
    "MockEAS",
    "MockERC20",
    "MockERC20Votes",
    "Poll",
    "PollFactory",
    "PoseidonT3",
    "PoseidonT4",
    "PoseidonT5",
    "PoseidonT6",
    "Tally",
    "TallyFactory",
    "Verifier",
    "VerifyingKeysRegistry",
);

/// Read once; a file that cannot be read is absent, and a test holds that none is.
static ARTIFACTS: LazyLock<BTreeMap<&'static str, Artifact>> = LazyLock::new(|| {
    FILES
        .iter()
        .filter_map(|(name, text)| Some((*name, serde_json::from_str(text).ok()?)))
        .collect()
});

/// The committed contract of a name.
pub fn artifact(name: &'static str) -> Result<&'static Artifact, Error> {
    ARTIFACTS.get(name).ok_or_else(|| Error::Artifact {
        name,
        reason: "it is absent or cannot be read".to_owned(),
    })
}

/// Every committed contract.
pub(super) fn all() -> impl Iterator<Item = &'static Artifact> {
    ARTIFACTS.values()
}

#[cfg(test)]
mod tests;
