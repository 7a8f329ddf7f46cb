//! `maci doctor`.

pub(super) mod machine;

use std::path::PathBuf;

use clap::Args;
use maci_chain::doctor::{Checkup, Expected, Outcome, examine};
use maci_chain::primitives::Address;
use maci_keys::{AllowInsecureDevKeys, Manifest, dev_verifying_key, shipped};
use maci_verifier::{CircuitId, PollParams, VkId};
use serde_json::{Value, json};

use super::submit::SendArgs;
use crate::audit::DevKeysArgs;
use crate::chain::{EthKeyArgs, NodeArgs};
use crate::context::Context;
use crate::coordinator_key::{self, KeyArgs};
use crate::failure::Failure;
use crate::report::Report;

/// Arguments of `doctor`.
#[derive(Args, Debug)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    node: NodeArgs,

    /// Address of the MACI instance
    #[arg(long, value_name = "ADDRESS")]
    maci: Address,

    /// Number of the poll there
    #[arg(long, value_name = "N")]
    poll: u64,

    /// Directory of manifest.toml and the verifying keys that the registry is compared with [default: those compiled in]
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,

    #[command(flatten)]
    key: KeyArgs,

    #[command(flatten)]
    eth_key: EthKeyArgs,

    #[command(flatten)]
    dev_keys: DevKeysArgs,

    #[command(flatten)]
    send: SendArgs,
}

/// Checks everything; the answer is no if one check fails.
pub(crate) fn run(context: &Context<'_>, args: &DoctorArgs) -> Result<Report, Failure> {
    let client = args.node.connect()?;
    // What is not named is not checked: a doctor may look at somebody else's poll.
    let key = coordinator_key::load_if_named(context, &args.key)?;
    let account = if args.eth_key.is_named() {
        Some(args.eth_key.load()?.address())
    } else {
        None
    };
    let expected = Expected {
        chain_id: args.node.chain_id,
        coordinator: key.map(|key| key.public()),
        account,
        fee_cap: Some(args.send.fee_cap()?),
    };
    let keys = Keys::open(args)?;
    let (mut checkup, params) = examine(&client, args.maci, args.poll, &expected, &|circuit| {
        keys.id(circuit)
    });
    if let Some(params) = params {
        keys.check(&params, &mut checkup);
        machine::check(context, &params, &mut checkup);
    }
    Ok(report(&checkup))
}

/// The verifying keys that the registry is compared with.
pub(super) struct Keys {
    /// A directory with a manifest; `None`: the keys that are compiled in.
    manifest: Option<Manifest>,
    dev: Option<AllowInsecureDevKeys>,
}

impl Keys {
    fn open(args: &DoctorArgs) -> Result<Self, Failure> {
        let manifest = args.keys.as_deref().map(Manifest::load).transpose();
        Ok(Self {
            manifest: manifest.map_err(|error| Failure::usage("bad_manifest", error))?,
            dev: args.dev_keys.token(),
        })
    }

    /// The keys that are compiled in.
    pub(super) fn shipped(dev: Option<AllowInsecureDevKeys>) -> Self {
        Self {
            manifest: None,
            dev,
        }
    }

    /// Whether proofs can be made with the keys that there are.
    pub(super) fn check(&self, params: &PollParams, checkup: &mut Checkup) {
        // Nothing better than a development key is made or shipped yet, and those are used only where they are asked for (K-13).
        let circuits = format!("{}, {}", params.process_circuit(), params.tally_circuit());
        if self.dev.is_some() {
            checkup.add(
                "proving_keys",
                Outcome::Pass,
                format!("insecure-dev keys of {circuits} are allowed"),
            );
        } else {
            checkup.add(
                "proving_keys",
                Outcome::Failure,
                format!(
                    "the keys of {circuits} are insecure-dev and are refused without --insecure-dev-keys, for tests and \
                     demonstrations only; no ceremony keys exist yet"
                ),
            );
        }
    }

    /// The manifest's key, else the development key where the user allows such keys.
    pub(super) fn id(&self, circuit: CircuitId) -> Option<VkId> {
        let found = match &self.manifest {
            Some(manifest) => manifest.entry(circuit).ok().map(|entry| entry.vk_id),
            None => shipped::manifest()
                .ok()
                .and_then(|manifest| manifest.entry(circuit).ok().map(|entry| entry.vk_id)),
        };
        found.or_else(|| {
            self.dev.as_ref()?;
            let (key, _) = dev_verifying_key(circuit).ok()?;
            key.accept(self.dev).ok().map(|key| key.id())
        })
    }
}

fn report(checkup: &Checkup) -> Report {
    let worst = checkup.worst();
    let checks: Vec<Value> = checkup
        .checks
        .iter()
        .map(|check| {
            json!({ "check": check.name, "outcome": word(check.outcome), "found": check.found })
        })
        .collect();
    let rows = checkup
        .checks
        .iter()
        .map(|check| {
            vec![
                check.name.to_owned(),
                check.outcome.to_string(),
                check.found.clone(),
            ]
        })
        .collect();
    let report = Report::new(json!({ "checks": checks, "outcome": word(worst) })).table(
        &["check", "", "found"],
        &[],
        rows,
    );
    match worst {
        Outcome::Pass => report.text("everything is as it has to be"),
        Outcome::Warning => report.text("nothing stands in the way; look at the warnings"),
        Outcome::Unknown => report.refuse(
            Failure::outside("doctor_unknown", "something could not be checked")
                .hint("run the same command again once the node answers"),
        ),
        Outcome::Failure => report.refuse(
            Failure::no(
                "doctor_failed",
                "this poll cannot be processed as things are",
            )
            .hint("see the checks that failed"),
        ),
    }
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "pass",
        Outcome::Warning => "warning",
        Outcome::Unknown => "unknown",
        Outcome::Failure => "failure",
    }
}

#[cfg(test)]
mod tests {
    use maci_verifier::Mode;

    use super::*;

    #[test]
    fn k_13_keys_that_will_be_refused_are_refused_before_any_work() {
        let params = PollParams {
            state_tree_depth: 10,
            tally_processing_state_tree_depth: 1,
            vote_option_tree_depth: 2,
            message_batch_size: 20,
            vote_options: 25,
            mode: Mode::Qv,
        };
        let allowed = Some(AllowInsecureDevKeys::because_the_user_said_so());
        for (dev, expected) in [(None, Outcome::Failure), (allowed, Outcome::Pass)] {
            let mut checkup = Checkup::default();
            Keys::shipped(dev).check(&params, &mut checkup);
            assert_eq!(checkup.worst(), expected);
        }
    }
}
