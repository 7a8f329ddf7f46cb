//! Audits for commands: which keys are trusted, and the bundle's file.
//!
//! A bundle brings its keys along; they count only if somebody trusts them. For the circuits that ship, the manifest that
//! this program carries says which keys those are (K-14). Development keys of other circuits are recognised by making them
//! again from their seed. A development key's secrets are public, so it counts only where the user says so.

use std::path::{Path, PathBuf};

use alloy_primitives::B256;
use clap::Args;
use maci_keys::{AllowInsecureDevKeys, Labelled, dev_verifying_key, manifest, shipped};
use maci_protocol::PollLog;
use maci_verdict::audit::{Audit, AuditOptions, ReplayedLog, audit};
use maci_verdict::{AuditBundle, Provenance, TrustedKeys, VerifiedPoll};
use maci_verifier::{CircuitId, VerifyingKey};

use crate::context::Context;
use crate::failure::Failure;
use crate::files;
use crate::job::with_causes;

/// The bundle of a poll with a million messages is smaller than this.
const MAX_BUNDLE: u64 = 4 << 30;
/// Below this many voters an audit warns that a tally may show who voted how.
const SMALL_ELECTORATE: u64 = 5;

/// The option of every command that makes or accepts proofs.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct DevKeysArgs {
    /// Use keys whose secrets are public: anyone can forge proofs for them
    #[arg(long, env = "MACI_INSECURE_DEV_KEYS", hide_env_values = true)]
    #[arg(value_parser = clap::builder::FalseyValueParser::new())]
    insecure_dev_keys: bool,
}

impl DevKeysArgs {
    /// The user's own words as the token that the key store asks for.
    pub(crate) fn token(self) -> Option<AllowInsecureDevKeys> {
        self.insecure_dev_keys
            .then(AllowInsecureDevKeys::because_the_user_said_so)
    }

    /// What audits may trust.
    pub(crate) fn trust(self) -> Trust {
        Trust {
            dev: self.insecure_dev_keys,
            ..Trust::default()
        }
    }
}

/// Keys that count.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trust {
    /// Accept development keys.
    pub(crate) dev: bool,
    /// Key files that the user trusts.
    pub(crate) keys: Vec<PathBuf>,
    /// Development keys that this process has made already.
    pub(crate) made: Vec<VerifyingKey>,
}

/// Reads a bundle file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    files::read_text(path, "audit bundle", MAX_BUNDLE)
        .map(String::into_bytes)
        .map_err(|failure| failure.hint("maci bundle make writes one into the data directory"))
}

/// Audits a bundle; the answer no comes as a failure that names the check.
pub(crate) fn poll(
    context: &Context<'_>,
    path: &Path,
    bytes: &[u8],
    trust: &Trust,
    log: Option<&PollLog>,
) -> Result<VerifiedPoll, Failure> {
    let audit = run(context, bytes, trust, log)?;
    let poll = audit
        .poll()
        .cloned()
        .map_err(|check| refused(path, &check.to_string()))?;
    for warning in poll.warnings() {
        context.warn("audit", warning.to_string());
    }
    Ok(poll)
}

/// Audits a bundle and says everything that was checked.
pub(crate) fn run(
    context: &Context<'_>,
    bytes: &[u8],
    trust: &Trust,
    log: Option<&PollLog>,
) -> Result<Audit, Failure> {
    let trusted = trusted_keys(context, bytes, trust)?;
    let replay = log.and_then(ReplayedLog::new);
    let options = AuditOptions {
        allow_insecure_dev: trust.dev,
        small_electorate: SMALL_ELECTORATE,
        chain: None,
        replay: replay.as_ref(),
    };
    Ok(audit(bytes, &trusted, &options))
}

/// Audits a bundle that a market keeps behind a verdict it has accepted.
///
/// The keys are those that the market's own id pins, so they need no second opinion; a bundle under other keys is not
/// trusted and its audit fails. Whether the market accepts development keys is in its id too, and its replay compares.
pub(crate) fn kept_poll(path: &Path, pinned: &[B256]) -> Result<VerifiedPoll, Failure> {
    let bytes = read(path)?;
    let mut trusted = TrustedKeys::new();
    let bundle = AuditBundle::parse(&bytes).ok();
    // One that does not parse fails its audit at the file check, whatever is trusted.
    if let Some(bundle) = bundle.filter(|bundle| pinned.contains(&bundle.keys.hash())) {
        let params = &bundle.pins.params;
        let keys = [
            (params.process_circuit(), &bundle.keys.process),
            (params.tally_circuit(), &bundle.keys.tally),
        ];
        for (circuit, points) in keys {
            if let Ok(key) = VerifyingKey::insecure(circuit, points.clone()) {
                trusted = trusted.with_key(&key, bundle.keys.provenance);
            }
        }
    }
    let options = AuditOptions {
        allow_insecure_dev: true,
        small_electorate: SMALL_ELECTORATE,
        ..AuditOptions::default()
    };
    let audit = audit(&bytes, &trusted, &options);
    audit
        .poll()
        .cloned()
        .map_err(|check| refused(path, &check.to_string()))
}

/// The answer no, by the check that gave it.
pub(crate) fn refused(path: &Path, check: &str) -> Failure {
    let failure = Failure::no("bundle_refused", format!("{}: {check}", path.display()));
    if check.contains("insecure development key") {
        failure.hint("--insecure-dev-keys accepts such keys, for tests and demonstrations only")
    } else if check.contains("not among the trusted keys") {
        failure.hint("name the verifying key files that you trust with --trusted-key")
    } else {
        failure.hint("get the bundle again, or make it again from the log with maci bundle make")
    }
}

fn trusted_keys(
    context: &Context<'_>,
    bytes: &[u8],
    trust: &Trust,
) -> Result<TrustedKeys, Failure> {
    let mut trusted = TrustedKeys::new();
    for path in &trust.keys {
        let (_, key) = manifest::read_vk(path).map_err(|error| {
            Failure::usage(
                "bad_key_file",
                format!("verifying key {}: {}", path.display(), with_causes(&error)),
            )
        })?;
        // Every label that there is so far says insecure-dev; the token only opens it for its identity.
        let provenance = Provenance::InsecureDev;
        let token = Some(AllowInsecureDevKeys::because_the_user_said_so());
        let key = key
            .accept(token)
            .map_err(|error| Failure::usage("insecure_dev_keys", error))?;
        trusted = trusted.with_key(&key, provenance);
    }
    // A bundle that does not parse fails its audit at the file check, whatever is trusted.
    let Ok(bundle) = AuditBundle::parse(bytes) else {
        return Ok(trusted);
    };
    let params = &bundle.pins.params;
    for circuit in [params.process_circuit(), params.tally_circuit()] {
        context.interrupt.check()?;
        // Every label that there is so far says insecure-dev, so a bundle that claims another origin has no such key.
        if bundle.keys.provenance != Provenance::InsecureDev {
            continue;
        }
        let made = trust.made.iter().find(|key| *key.circuit() == circuit);
        let key = match made {
            Some(key) => key.clone(),
            None => dev_key(context, circuit)?,
        };
        trusted = trusted.with_key(&key, Provenance::InsecureDev);
    }
    Ok(trusted)
}

/// A circuit's development key: the shipped one, or made from its public seed where none ships. Only its identity is used:
/// nothing is trusted by knowing it.
pub(crate) fn dev_key(context: &Context<'_>, circuit: CircuitId) -> Result<VerifyingKey, Failure> {
    let shipped = shipped::verifying_key(circuit)
        .map_err(|error| Failure::conflict("keys_invalid", with_causes(&error)))?;
    let key = match shipped {
        Some(key) => key,
        None => made_key(context, circuit)?,
    };
    key.accept(Some(AllowInsecureDevKeys::because_the_user_said_so()))
        .map_err(|error| Failure::usage("insecure_dev_keys", error))
}

fn made_key(context: &Context<'_>, circuit: CircuitId) -> Result<Labelled<VerifyingKey>, Failure> {
    context.progress.note(&format!(
        "no key of {circuit} ships: making its development key from the public seed ..."
    ));
    let (key, _) = dev_verifying_key(circuit).map_err(|error| {
        Failure::outside(
            "keys",
            format!("the key of {circuit}: {}", with_causes(&error)),
        )
    })?;
    Ok(key)
}
