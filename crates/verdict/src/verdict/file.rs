//! The verdict file: canonical JSON that states a verdict, how it came about and under which evidence.
//!
//! A file alone proves nothing. [`VerdictFile::parse`] checks that it is whole; [`VerdictFile::verify`] judges the audited
//! poll again and refuses the file unless every field is the same.

use alloy_primitives::B256;
use maci_verifier::{ChainHash, SbCommitment, StateRoot, TallyCommitment};

use super::{Grade, JudgeError, Question, Verdict, VerifiedVerdict, judge};
use crate::audit::VerifiedPoll;
use crate::canonical::{
    Fields, FormatError, Value, address, address_value, boolean, bytes32, bytes32_value,
    field_element, field_value, list, parse, text, uint, uint_value, word, word_value,
};
use crate::digest::{self, DigestError};
use crate::rule::Terms;

/// Format id of a verdict file.
const FORMAT: &str = "maci-rs verdict";
/// Version of the file's layout and of the hashed struct.
const VERSION: &str = "1";

/// A verdict file: whole and well formed, not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerdictFile {
    /// The fields that make the identity.
    pub verdict: Verdict,
    /// The rule and question map, whose hash is one of them.
    pub terms: Terms,
    /// `payout`, `too early` or `void: ` and the reason.
    pub resolution: String,
    /// How the resolution came about.
    pub reasons: Vec<String>,
    /// The grade that its maker established.
    pub grade: Grade,
    /// Whether it rests on development keys.
    pub insecure_dev: bool,
    /// Warnings that its maker gave.
    pub warnings: Vec<String>,
    /// Digest of the audit bundle.
    pub bundle_digest: B256,
}

/// Why a verdict file is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerdictError {
    /// It is not a verdict file.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A digest does not match.
    #[error(transparent)]
    Digest(#[from] DigestError),
    /// The stated id is not that of the stated fields.
    #[error("verdict_id: expected {expected}, the hash of the stated fields, found {found}")]
    Id {
        /// Hash of the fields.
        expected: B256,
        /// The id in the file.
        found: B256,
    },
    /// The stated rule is not the one whose hash is stated.
    #[error("verdict.rule_hash: expected {expected}, the hash of the stated terms, found {found}")]
    RuleHash {
        /// Hash of the terms.
        expected: B256,
        /// The hash in the file.
        found: B256,
    },
    /// It was made from another bundle.
    #[error("bundle_digest: expected {expected}, the audited bundle, found {found}")]
    Bundle {
        /// Digest of the audited bundle.
        expected: B256,
        /// The digest in the file.
        found: B256,
    },
    /// It claims more than the audit at hand has established.
    #[error(
        "grade: the file claims {claimed}, this audit reached {reached}; pass the poll's log or a read of the chain"
    )]
    Grade {
        /// The file's grade.
        claimed: Grade,
        /// The audit's grade.
        reached: Grade,
    },
    /// Judging the audited poll again gives something else.
    #[error("{field}: differs from what the audited bundle and the market give")]
    Differs {
        /// The first field that differs.
        field: &'static str,
    },
    /// The audited poll cannot answer the question.
    #[error(transparent)]
    Judge(#[from] JudgeError),
}

impl From<&VerifiedVerdict> for VerdictFile {
    fn from(verified: &VerifiedVerdict) -> Self {
        Self {
            verdict: verified.verdict().clone(),
            terms: verified.terms().clone(),
            resolution: verified.resolution().to_string(),
            reasons: verified.reasons().to_vec(),
            grade: verified.grade(),
            insecure_dev: verified.insecure_dev(),
            warnings: verified
                .warnings()
                .iter()
                .map(ToString::to_string)
                .collect(),
            bundle_digest: verified.poll().bundle_digest(),
        }
    }
}

impl VerdictFile {
    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        digest::seal(Value::object([
            ("bundle_digest", bytes32_value(self.bundle_digest)),
            ("format", Value::text(FORMAT)),
            ("grade", Value::text(self.grade.name())),
            ("insecure_dev", Value::Bool(self.insecure_dev)),
            ("reasons", Value::list(&self.reasons, Value::text)),
            ("resolution", Value::text(&self.resolution)),
            ("terms", self.terms.to_value()),
            ("verdict", self.verdict.to_value()),
            ("verdict_id", bytes32_value(self.verdict.id())),
            ("version", Value::text(VERSION)),
            ("warnings", Value::list(&self.warnings, Value::text)),
        ]))
    }

    /// Reads a verdict file and checks that it is whole: one spelling, known version, id and digests as stated.
    pub fn parse(bytes: &[u8]) -> Result<Self, VerdictError> {
        let value = parse(bytes)?;
        let (sealed, value) = digest::open(value)?;
        let (file, id) = Fields::read("", value, |fields| {
            fields.expect("format", FORMAT)?;
            fields.expect("version", VERSION)?;
            let file = Self {
                verdict: fields.take("verdict", Verdict::from_value)?,
                terms: fields.take("terms", Terms::from_value)?,
                resolution: fields.take("resolution", text)?,
                reasons: fields.take("reasons", |path, value| list(path, value, text))?,
                grade: fields.take("grade", grade)?,
                insecure_dev: fields.take("insecure_dev", boolean)?,
                warnings: fields.take("warnings", |path, value| list(path, value, text))?,
                bundle_digest: fields.take("bundle_digest", bytes32)?,
            };
            Ok((file, fields.take("verdict_id", bytes32)?))
        })?;
        sealed.check()?;
        let expected = file.verdict.id();
        if id != expected {
            return Err(VerdictError::Id {
                expected,
                found: id,
            });
        }
        let expected = file.terms.hash();
        if file.verdict.rule_hash != expected {
            return Err(VerdictError::RuleHash {
                expected,
                found: file.verdict.rule_hash,
            });
        }
        Ok(file)
    }

    /// Judges the audited poll again and accepts the file only if every field comes out the same.
    ///
    /// A higher grade than the file states is accepted: it is what the caller established itself.
    pub fn verify(
        &self,
        poll: &VerifiedPoll,
        question: &Question,
    ) -> Result<VerifiedVerdict, VerdictError> {
        let expected = poll.bundle_digest();
        if self.bundle_digest != expected {
            return Err(VerdictError::Bundle {
                expected,
                found: self.bundle_digest,
            });
        }
        let verified = judge(poll, question)?;
        if let Some(field) = self.verdict.difference(verified.verdict()) {
            return Err(VerdictError::Differs { field });
        }
        let again = Self::from(&verified);
        if self.grade > again.grade {
            return Err(VerdictError::Grade {
                claimed: self.grade,
                reached: again.grade,
            });
        }
        let rest = [
            ("terms", self.terms == again.terms),
            ("resolution", self.resolution == again.resolution),
            ("reasons", self.reasons == again.reasons),
            ("insecure_dev", self.insecure_dev == again.insecure_dev),
            ("warnings", self.warnings == again.warnings),
        ];
        match rest.into_iter().find(|(_, equal)| !equal) {
            Some((field, _)) => Err(VerdictError::Differs { field }),
            None => Ok(verified),
        }
    }
}

fn grade(path: &str, value: Value) -> Result<Grade, FormatError> {
    let found = text(path, value)?;
    let grade = Grade::ALL.into_iter().find(|grade| grade.name() == found);
    grade.ok_or_else(|| FormatError::bad_value(path, "V1, V2 or V3", found))
}

impl Verdict {
    fn to_value(&self) -> Value {
        Value::object([
            ("chain_hash", field_value(&self.chain_hash.0)),
            ("chain_id", uint_value(self.chain_id)),
            ("condition_id", bytes32_value(self.condition_id)),
            ("gate", address_value(self.gate)),
            ("ledger_head", bytes32_value(self.ledger_head)),
            ("maci", address_value(self.maci)),
            ("market_id", bytes32_value(self.market_id)),
            ("merged_state_root", field_value(&self.merged_state_root.0)),
            ("num_messages", uint_value(self.num_messages)),
            (
                "numerators",
                Value::list(&self.numerators, |share| uint_value(*share)),
            ),
            ("poll_id", word_value(self.poll_id)),
            ("poll_pins", bytes32_value(self.poll_pins)),
            ("question_id", bytes32_value(self.question_id)),
            (
                "results",
                Value::list(&self.results, |votes| uint_value(*votes)),
            ),
            ("rule_hash", bytes32_value(self.rule_hash)),
            ("sb_commitment", field_value(&self.sb_commitment.0)),
            (
                "spent_per_option",
                Value::list(&self.spent_per_option, |credits| word_value(*credits)),
            ),
            ("tally_commitment", field_value(&self.tally_commitment.0)),
            ("total_signups", uint_value(self.total_signups)),
            ("total_spent", word_value(self.total_spent)),
            ("verifying_keys", bytes32_value(self.verifying_keys)),
        ])
    }

    fn from_value(path: &str, value: Value) -> Result<Self, FormatError> {
        Fields::read(path, value, |fields| {
            Ok(Self {
                chain_hash: ChainHash(fields.take("chain_hash", field_element)?),
                chain_id: fields.take("chain_id", uint)?,
                condition_id: fields.take("condition_id", bytes32)?,
                gate: fields.take("gate", address)?,
                ledger_head: fields.take("ledger_head", bytes32)?,
                maci: fields.take("maci", address)?,
                market_id: fields.take("market_id", bytes32)?,
                merged_state_root: StateRoot(fields.take("merged_state_root", field_element)?),
                num_messages: fields.take("num_messages", uint)?,
                numerators: fields.take("numerators", |path, value| list(path, value, uint))?,
                poll_id: fields.take("poll_id", word)?,
                poll_pins: fields.take("poll_pins", bytes32)?,
                question_id: fields.take("question_id", bytes32)?,
                results: fields.take("results", |path, value| list(path, value, uint))?,
                rule_hash: fields.take("rule_hash", bytes32)?,
                sb_commitment: SbCommitment(fields.take("sb_commitment", field_element)?),
                spent_per_option: fields
                    .take("spent_per_option", |path, value| list(path, value, word))?,
                tally_commitment: TallyCommitment(fields.take("tally_commitment", field_element)?),
                total_signups: fields.take("total_signups", uint)?,
                total_spent: fields.take("total_spent", word)?,
                verifying_keys: fields.take("verifying_keys", bytes32)?,
            })
        })
    }
}
