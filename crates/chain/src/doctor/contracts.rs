//! The code of a poll's contracts, and that they are one poll's.

use alloy::primitives::Address;

use super::report::{Checkup, Outcome};
use crate::client::Client;
use crate::contracts::{MessageProcessor, Poll, RELEASE, Tally, artifact, implementation_of};
use crate::error::Error;
use crate::submit::Addresses;

/// Looks at the code of all contracts that take part in processing.
pub(super) fn check_code(client: &Client, at: &Addresses, checkup: &mut Checkup) {
    one(client, checkup, "code_maci", "MACI", at.maci);
    one(client, checkup, "code_poll", "Poll", at.poll);
    one(
        client,
        checkup,
        "code_message_processor",
        "MessageProcessor",
        at.message_processor,
    );
    one(client, checkup, "code_tally", "Tally", at.tally);
    let verifier = client.call(at.message_processor, &MessageProcessor::verifierCall {});
    if let Some(verifier) = checkup.take("code_verifier", verifier) {
        one(client, checkup, "code_verifier", "Verifier", verifier);
    }
    let registry = client.call(
        at.message_processor,
        &MessageProcessor::verifyingKeysRegistryCall {},
    );
    if let Some(registry) = checkup.take("code_registry", registry) {
        one(
            client,
            checkup,
            "code_registry",
            "VerifyingKeysRegistry",
            registry,
        );
    }
}

/// One contract: MACI's own code, a clone of it, or something else, which works as long as it answers as MACI's does.
fn one(
    client: &Client,
    checkup: &mut Checkup,
    name: &'static str,
    contract: &'static str,
    address: Address,
) {
    let known = known(client, contract, address);
    match checkup.take(name, known) {
        Some(true) => checkup.add(
            name,
            Outcome::Pass,
            format!("{contract} of MACI {RELEASE} at {address}"),
        ),
        Some(false) => checkup.add(
            name,
            Outcome::Warning,
            format!("the code at {address} is not {contract} of MACI {RELEASE}"),
        ),
        None => {}
    }
}

fn known(client: &Client, contract: &'static str, address: Address) -> Result<bool, Error> {
    let committed = artifact(contract)?.runtime();
    let code = client.code(address)?;
    if code.is_empty() {
        return Err(Error::NoCode {
            address,
            what: contract.to_owned(),
        });
    }
    match implementation_of(&code) {
        Some(behind) => Ok(committed.matches(&client.code(behind)?)),
        None => Ok(committed.matches(&code)),
    }
}

/// The contracts must know one another, and agree about what they share.
pub(super) fn check_wiring(client: &Client, at: &Addresses, checkup: &mut Checkup) {
    let mut same = |name: &'static str, expected: Address, found: Result<Address, Error>| {
        if let Some(found) = checkup.take(name, found) {
            checkup.equal(name, &expected, &found);
        }
    };
    same(
        "processor_poll",
        at.poll,
        client.call(at.message_processor, &MessageProcessor::pollCall {}),
    );
    same(
        "tally_poll",
        at.poll,
        client.call(at.tally, &Tally::pollCall {}),
    );
    same(
        "tally_processor",
        at.message_processor,
        client.call(at.tally, &Tally::messageProcessorCall {}),
    );
    same(
        "poll_maci",
        at.maci,
        client
            .call(at.poll, &Poll::extContractsCall {})
            .map(|contracts| contracts.maci),
    );
    // One registry and one verifier for all three: what is looked at of one holds for the others.
    let ours = client
        .call(
            at.message_processor,
            &MessageProcessor::verifyingKeysRegistryCall {},
        )
        .and_then(|registry| {
            let verifier = client.call(at.message_processor, &MessageProcessor::verifierCall {})?;
            Ok((registry, verifier))
        });
    let Some((registry, verifier)) = checkup.take("processor_verifier", ours) else {
        return;
    };
    let poll = client.call(at.poll, &Poll::extContractsCall {});
    let poll = checkup.take("poll_verifier", poll);
    let mut same = |name: &'static str, expected: Address, found: Result<Address, Error>| {
        if let Some(found) = checkup.take(name, found) {
            checkup.equal(name, &expected, &found);
        }
    };
    same(
        "tally_registry",
        registry,
        client.call(at.tally, &Tally::verifyingKeysRegistryCall {}),
    );
    same(
        "tally_verifier",
        verifier,
        client.call(at.tally, &Tally::verifierCall {}),
    );
    if let Some(poll) = poll {
        same("poll_registry", registry, Ok(poll.verifyingKeysRegistry));
        same("poll_verifier", verifier, Ok(poll.verifier));
    }
}
