//! The pins of the poll in a data directory: what a market fixes about it before anyone votes.

use maci_protocol::recorded::Deployment;
use maci_verdict::{PollPins, PollSource, registry_hash, verifying_keys_hash};
use maci_verifier::transcript::empty_ballot_root;
use maci_verifier::{PublicKeyHash, VerifyingKey};

use crate::audit;
use crate::context::Context;
use crate::failure::Failure;
use crate::job::{Session, failure};
use crate::recording::refused;

/// The pins under the development keys of the poll's circuits.
pub(crate) fn of_job(context: &Context<'_>, session: &Session<'_>) -> Result<PollPins, Failure> {
    let text = session
        .job
        .deployment_text()
        .map_err(|error| failure(&error))?;
    let deployment = Deployment::from_json(&text).map_err(|error| refused(&error))?;
    let process = audit::dev_key(context, deployment.params.process_circuit())?;
    let tally = audit::dev_key(context, deployment.params.tally_circuit())?;
    of_deployment(&text, &process, &tally)
}

/// The pins of a deployment file under given keys.
pub(crate) fn of_deployment(
    text: &str,
    process: &VerifyingKey,
    tally: &VerifyingKey,
) -> Result<PollPins, Failure> {
    let deployment = Deployment::from_json(text).map_err(|error| refused(&error))?;
    let source = PollSource::from_deployment(text)
        .map_err(|error| Failure::usage("bad_deployment", error.to_string()))?;
    let key = deployment.coordinator_public_key;
    Ok(PollPins {
        chain_id: source.chain_id,
        contracts: source.contracts,
        poll_id: alloy_primitives::U256::from(source.poll_id),
        verifying_keys: verifying_keys_hash(
            registry_hash(process.points()),
            registry_hash(tally.points()),
            None,
        ),
        coordinator_public_key_hash: PublicKeyHash(maci_crypto::poseidon::hash2(key.x, key.y)),
        params: deployment.params,
        empty_ballot_root: empty_ballot_root(&deployment.params),
        start_date: source.start_date,
        end_date: source.end_date,
    })
}
