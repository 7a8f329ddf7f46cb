//! The offline audit of a bundle: every check by name, with pass or fail and why.
//!
//! Nothing but bytes, the auditor's own list of trusted keys and, for higher grades, facts that the auditor has read from
//! a chain or a log. A [`VerifiedPoll`] comes out only if every check passed; a report comes out always.

mod facts;
mod poll;
mod report;

use alloy_primitives::U256;
use maci_crypto::field;
use maci_verifier::transcript::{
    TranscriptError, VerifiedTally, VoiceCredits, check, empty_ballot_root,
};
use maci_verifier::vk::{KeyPoints, VerifyingKey};
use maci_verifier::{CircuitId, Error as VerifierError};

use crate::bundle::AuditBundle;
use crate::keys::{Provenance, TrustedKeys};
use crate::rule::TallyView;
use crate::verdict::Grade;

pub use facts::{ChainFacts, ReplayedLog};
pub use poll::{Anchor, VerifiedPoll, Warning};
pub use report::{AuditReport, Check, CheckName, Outcome};

use poll::Facts;
use report::Progress;

/// What the auditor allows and brings along.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuditOptions<'a> {
    /// Accept development keys, whose secrets are public. The result is flagged.
    pub allow_insecure_dev: bool,
    /// Below this many joined users a warning is given; 0 gives none.
    pub small_electorate: u64,
    /// What the auditor read from a chain that it trusts: grade V2.
    pub chain: Option<&'a ChainFacts>,
    /// What the auditor recomputed from the poll's events: grade V3.
    pub replay: Option<&'a ReplayedLog>,
}

/// The outcome of an audit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Audit {
    report: AuditReport,
    poll: Option<VerifiedPoll>,
    bundle: Option<AuditBundle>,
}

impl Audit {
    /// Every check, in order.
    pub const fn report(&self) -> &AuditReport {
        &self.report
    }

    /// The audited poll, or the first check that failed.
    pub fn poll(&self) -> Result<&VerifiedPoll, &Check> {
        self.poll.as_ref().ok_or_else(|| self.report.failure())
    }

    /// The bundle as far as it could be read, for showing what it claims.
    pub const fn bundle(&self) -> Option<&AuditBundle> {
        self.bundle.as_ref()
    }
}

/// Audits the bytes of a bundle file.
pub fn audit(bytes: &[u8], trusted: &TrustedKeys, options: &AuditOptions<'_>) -> Audit {
    let mut progress = Progress::default();
    let bundle = match AuditBundle::parse(bytes) {
        Ok(bundle) => bundle,
        Err(error) => {
            progress.fail(CheckName::File, error.to_string());
            return Audit {
                report: progress.finish(None),
                poll: None,
                bundle: None,
            };
        }
    };
    progress.pass(
        CheckName::File,
        format!("{} bytes, canonical, digests match", bytes.len()),
    );
    let facts = run(&bundle, bytes, trusted, options, &mut progress);
    let grade = facts.as_ref().map(|facts| facts.grade);
    Audit {
        report: progress.finish(grade),
        poll: facts.map(|facts| VerifiedPoll { facts }),
        bundle: Some(bundle),
    }
}

/// Runs the checks in order; `None` at the first that fails, which `progress` then holds.
fn run(
    bundle: &AuditBundle,
    bytes: &[u8],
    trusted: &TrustedKeys,
    options: &AuditOptions<'_>,
    progress: &mut Progress,
) -> Option<Facts> {
    let insecure_dev = check_keys(bundle, trusted, options, progress)?;
    check_pins(bundle, progress)?;
    let verified = check_transcript(bundle, insecure_dev, progress)?;
    let tally = check_sums(bundle, &verified, progress)?;
    let mut grade = Grade::V1;
    if let Some(chain) = options.chain {
        progress.demand(
            CheckName::Chain,
            chain.compare(bundle, &verified),
            "equals the read of the chain",
        )?;
        grade = Grade::V2;
    }
    if let Some(replay) = options.replay {
        progress.demand(
            CheckName::Replay,
            replay.compare(bundle),
            "recomputed from the log",
        )?;
        grade = Grade::V3;
    }
    let snapshot = verified.snapshot();
    let mut warnings = warnings(&tally, snapshot.total_signups, options.small_electorate);
    if insecure_dev {
        warnings.insert(0, Warning::InsecureDevKeys);
    }
    if let Some(replay) = options.replay {
        let unknown = replay.joined_without_signup().iter();
        warnings.extend(unknown.map(|index| Warning::JoinedWithoutSignup {
            state_index: index.0,
        }));
    }
    Some(Facts {
        pins: bundle.pins.clone(),
        merged_state_root: snapshot.state_root,
        chain_hash: snapshot.chain_hash,
        total_signups: snapshot.total_signups,
        num_messages: snapshot.num_messages,
        sb_commitment: verified.sb_commitment(),
        tally_commitment: verified.tally_commitment(),
        tally,
        grade,
        insecure_dev,
        anchor: bundle.anchor,
        bundle_digest: AuditBundle::digest(bytes),
        warnings,
    })
}

/// Keys: bound to the poll's circuits, trusted by the auditor, of the stated origin, and not forgeable unless allowed.
fn check_keys(
    bundle: &AuditBundle,
    trusted: &TrustedKeys,
    options: &AuditOptions<'_>,
    progress: &mut Progress,
) -> Option<bool> {
    let params = &bundle.pins.params;
    let keys = [
        (params.process_circuit(), &bundle.keys.process),
        (params.tally_circuit(), &bundle.keys.tally),
    ];
    let mut weakest = Provenance::Ceremony;
    for (circuit, points) in keys {
        let provenance = progress.demand_value(
            CheckName::Keys,
            judge_key(circuit, points, trusted, options),
        )?;
        weakest = weakest.min(provenance);
    }
    if bundle.keys.provenance != weakest {
        let found = bundle.keys.provenance;
        progress.fail(
            CheckName::Keys,
            format!("keys.provenance: expected {weakest}, as trusted, found {found}"),
        );
        return None;
    }
    progress.pass(
        CheckName::Keys,
        format!("both keys are trusted, origin {weakest}"),
    );
    Some(weakest == Provenance::InsecureDev)
}

fn judge_key(
    circuit: CircuitId,
    points: &KeyPoints,
    trusted: &TrustedKeys,
    options: &AuditOptions<'_>,
) -> Result<Provenance, String> {
    let key = VerifyingKey::insecure(circuit, points.clone()).map_err(|error| error.to_string())?;
    let provenance = trusted.provenance(key.id()).ok_or_else(|| {
        format!(
            "key {} of {circuit} is not among the trusted keys",
            key.id()
        )
    })?;
    match provenance {
        // A production key must also pass the checks that make forgery impossible (V-08).
        Provenance::Ceremony => {
            VerifyingKey::new(circuit, points.clone()).map_err(|error| error.to_string())?
        }
        Provenance::InsecureDev if options.allow_insecure_dev => key,
        Provenance::InsecureDev => {
            return Err(format!(
                "key {} of {circuit} is an insecure development key: allow such keys explicitly for tests and demonstrations",
                key.id()
            ));
        }
    };
    Ok(provenance)
}

/// Pins that follow from other parts of the bundle.
fn check_pins(bundle: &AuditBundle, progress: &mut Progress) -> Option<()> {
    let pins = &bundle.pins;
    let root = empty_ballot_root(&pins.params);
    let faults = [
        (
            pins.verifying_keys == bundle.keys.hash(),
            "poll.verifying_keys: not the hash of the bundle's keys",
        ),
        // With other constants no proof of the poll can exist; pinning the right one fixes the first commitment.
        (
            pins.empty_ballot_root == root,
            "poll.empty_ballot_root: not the constant for these depths",
        ),
        (
            pins.start_date < pins.end_date,
            "poll.end_date: not after the start",
        ),
    ];
    let fault = faults
        .into_iter()
        .find(|(holds, _)| !holds)
        .map_or(Ok(()), |(_, fault)| Err(fault.to_owned()));
    progress.demand(
        CheckName::Pins,
        fault,
        "key hash, empty ballot root and dates are consistent",
    )
}

/// Counts, links, proofs and opening, by `maci_verifier`; its error says which of the checks failed.
fn check_transcript(
    bundle: &AuditBundle,
    insecure_dev: bool,
    progress: &mut Progress,
) -> Option<VerifiedTally> {
    let params = &bundle.pins.params;
    let make = |circuit, points: &KeyPoints| {
        if insecure_dev {
            VerifyingKey::insecure(circuit, points.clone())
        } else {
            VerifyingKey::new(circuit, points.clone())
        }
    };
    let result = make(params.process_circuit(), &bundle.keys.process).and_then(|process| {
        let tally = make(params.tally_circuit(), &bundle.keys.tally)?;
        check(&bundle.snapshot(), &bundle.transcript(), &process, &tally)
    });
    let details = [
        (
            CheckName::Counts,
            format!(
                "{} state leaves, {} messages",
                bundle.total_signups, bundle.num_messages
            ),
        ),
        (
            CheckName::ProcessChain,
            format!(
                "{} batches, from the empty ballots to the last",
                bundle.process.len()
            ),
        ),
        (
            CheckName::TallyChain,
            format!("{} batches, every ballot once", bundle.tally.len()),
        ),
        (
            CheckName::Opening,
            "the results open the last tally commitment".to_owned(),
        ),
        (
            CheckName::Proofs,
            format!(
                "{} proofs verify",
                bundle.process.len() + bundle.tally.len()
            ),
        ),
    ];
    let failed = result
        .as_ref()
        .err()
        .map(|error| (stage(error), error.to_string()));
    for (name, detail) in details {
        match &failed {
            Some((stage, error)) if *stage == name => {
                progress.fail(name, error.clone());
                return None;
            }
            _ => progress.pass(name, detail),
        }
    }
    result.ok()
}

/// The check that a verifier error belongs to. Structure comes before proofs there, in this order.
const fn stage(error: &VerifierError) -> CheckName {
    match error {
        VerifierError::Transcript(error) => match error {
            TranscriptError::ProcessCount { .. } | TranscriptError::ProcessInput { .. } => {
                CheckName::ProcessChain
            }
            TranscriptError::TallyCount { .. } | TranscriptError::TallyInput { .. } => {
                CheckName::TallyChain
            }
            TranscriptError::OpeningLength { .. }
            | TranscriptError::OpeningMode
            | TranscriptError::Opening
            | TranscriptError::UnselectableOption { .. } => CheckName::Opening,
            _ => CheckName::Counts,
        },
        _ => CheckName::Proofs,
    }
}

/// Totals that must add up (settlement.md §2.8, §4.2).
fn check_sums(
    bundle: &AuditBundle,
    verified: &VerifiedTally,
    progress: &mut Progress,
) -> Option<TallyView> {
    let sums = tally_view(bundle, verified);
    let view = progress.demand_value(CheckName::Sums, sums)?;
    progress.pass(
        CheckName::Sums,
        format!("{} credits spent in all", view.total_spent),
    );
    Some(view)
}

/// The integers that the opening's field elements stand for. Proven votes are below 2^50 a ballot and a ballot's credits
/// below 2^100 an option, so no proven sum wraps around the field (D9).
fn tally_view(bundle: &AuditBundle, verified: &VerifiedTally) -> Result<TallyView, String> {
    let options = usize::try_from(bundle.pins.params.vote_options).unwrap_or(usize::MAX);
    let votes = verified.selectable_results().to_vec();
    let credits = |value: &VoiceCredits| U256::from_be_bytes(field::to_be_bytes(&value.0));
    let opening = verified.opening();
    let total_spent = credits(&opening.total_spent);
    let spent_per_option = match &opening.per_option_spent {
        Some((spent, _)) => {
            let mut spent: Vec<U256> = spent.iter().map(credits).collect();
            if let Some(option) =
                (options..spent.len()).find(|option| spent.get(*option) != Some(&U256::ZERO))
            {
                return Err(format!(
                    "option {option} cannot be voted for and has spent credits"
                ));
            }
            spent.truncate(options);
            Some(spent)
        }
        None => None,
    };
    // Spent credits are squares under quadratic voting and the votes themselves otherwise; both sum to the total.
    let (what, sum) = match &spent_per_option {
        Some(spent) => ("credits", sum(spent.iter().copied())),
        None => ("votes", sum(votes.iter().copied().map(U256::from))),
    };
    if sum != Some(total_spent) {
        let expected = sum.map_or_else(|| "more than 2^256".to_owned(), |sum| sum.to_string());
        return Err(format!(
            "total spent credits: expected {expected}, the sum of the {what} per option, found {total_spent}"
        ));
    }
    Ok(TallyView {
        results: votes,
        spent_per_option,
        total_spent,
    })
}

fn sum(mut parts: impl Iterator<Item = U256>) -> Option<U256> {
    parts.try_fold(U256::ZERO, U256::checked_add)
}

/// What a reader should know: few voters or one answer reveal votes (O-12, R10).
fn warnings(tally: &TallyView, total_signups: u64, small_electorate: u64) -> Vec<Warning> {
    let joined = total_signups.saturating_sub(1);
    let mut warnings = Vec::new();
    match joined {
        0 => warnings.push(Warning::NobodyJoined),
        1 => warnings.push(Warning::OneVoter),
        _ if joined < small_electorate => {
            warnings.push(Warning::SmallElectorate {
                joined,
                fewer_than: small_electorate,
            });
        }
        _ => {}
    }
    let mut voted = (0u64..)
        .zip(&tally.results)
        .filter(|(_, votes)| **votes > 0);
    if let (Some((option, _)), None) = (voted.next(), voted.next()) {
        warnings.push(Warning::Unanimous { option });
    }
    warnings
}
