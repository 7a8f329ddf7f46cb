//! MACI's proof files, `process_i.json` and `tally_i.json` (protocol.md §13): proof as snarkjs writes it, circuit inputs,
//! public inputs.
//!
//! MACI puts the whole witness under `circuitInputs`, the coordinator's private key included. Here it holds the public inputs
//! by MACI's names and nothing else: that is all that submitting a proof needs, and no secret leaves the process (K-17).

use maci_crypto::field;
use maci_verifier::{CircuitId, Proof, Statement};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::tally_json::pretty;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProofFile {
    proof: serde_json::Value,
    circuit_inputs: Named,
    public_inputs: Vec<String>,
}

/// An object whose members keep their order.
struct Named(Vec<(String, String)>);

impl Serialize for Named {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// The bytes of the file.
pub(crate) fn bytes(circuit: CircuitId, statement: &impl Statement, proof: &Proof) -> Vec<u8> {
    let values: Vec<String> = statement
        .public_inputs()
        .iter()
        .map(field::to_dec)
        .collect();
    let names = circuit
        .public_input_names()
        .iter()
        .map(|name| camel_case(name));
    pretty(&ProofFile {
        proof: serde_json::from_str(&proof.to_snarkjs()).unwrap_or_default(),
        circuit_inputs: Named(names.zip(values.iter().cloned()).collect()),
        public_inputs: values,
    })
}

/// `total_signups` as MACI's circuits spell it: `totalSignups`.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut out = words.next().unwrap_or_default().to_owned();
    for word in words {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        out.push_str(&first.to_ascii_uppercase());
        out.push_str(rest);
    }
    out
}
