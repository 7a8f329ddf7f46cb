//! What the command line answers to an error: its exit class (style.md §12), its name and what to do next.

use maci_chain::Kind;
use maci_chain::ingest::Standing;
use maci_protocol::recorded::RecordedError;

use super::Error;

/// The exit codes of the command line, by meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitClass {
    /// The check ran and the answer is no.
    AnswerNo = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// Disk, files or another part of the outside world; the same command may work later.
    Outside = 3,
    /// Journal, recording, key or parameters contradict one another.
    Conflict = 4,
    /// Stopped on request.
    Interrupted = 130,
}

impl ExitClass {
    /// The process exit code.
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl Error {
    /// The exit class.
    pub fn class(&self) -> ExitClass {
        match self {
            Self::Io { .. } | Self::PollNotOver { .. } => ExitClass::Outside,
            Self::NotText { .. }
            | Self::InsecureKey { .. }
            | Self::Source(_)
            | Self::SourceNeeded
            | Self::KeyNeeded
            | Self::NoChain
            | Self::StageNeeded { .. } => ExitClass::Usage,
            Self::Recorded { source, .. } => recorded_class(source),
            Self::OtherPoll { .. }
            | Self::OtherSource
            | Self::ChangedSource { .. }
            | Self::WrongKey(_)
            | Self::Process(_)
            | Self::Locked { .. }
            | Self::Layout { .. }
            | Self::Journal { .. }
            | Self::CorruptProof { .. }
            | Self::CorruptArtefact { .. }
            | Self::OtherStatement { .. }
            | Self::OtherKey { .. }
            | Self::ResultRange
            | Self::Keys { .. } => ExitClass::Conflict,
            Self::Chain(error) => of_kind(error.kind()),
            Self::Ingest(error) => of_kind(error.kind()),
            Self::Prove(_) | Self::Transcript(_) => ExitClass::AnswerNo,
            Self::Interrupted => ExitClass::Interrupted,
        }
    }

    /// A stable name of the kind of failure, in snake case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "io",
            Self::NotText { .. } => "not_text",
            Self::Recorded { .. } => "recorded_poll",
            Self::Ingest(error) => error.code(),
            Self::PollNotOver { standing, .. } => match standing {
                Standing::Open => "poll_open",
                _ => "poll_not_merged",
            },
            Self::OtherSource => "other_source",
            Self::OtherPoll { .. } => "other_poll",
            Self::ChangedSource { .. } => "changed_source",
            Self::SourceNeeded => "source_needed",
            Self::KeyNeeded => "key_needed",
            Self::WrongKey(_) => "wrong_coordinator_key",
            Self::Process(_) => "process",
            Self::StageNeeded { .. } => "stage_needed",
            Self::Locked { .. } => "locked",
            Self::Layout { .. } => "layout",
            Self::Journal { .. } => "journal_damaged",
            Self::CorruptProof { .. } => "proof_damaged",
            Self::CorruptArtefact { .. } => "artefact_damaged",
            Self::OtherStatement { .. } => "other_statement",
            Self::OtherKey { .. } => "other_key",
            Self::ResultRange => "result_range",
            Self::Keys { .. } => "keys",
            Self::InsecureKey { .. } => "insecure_key",
            Self::Prove(_) => "prove",
            Self::Transcript(_) => "transcript",
            Self::Source(_) => "contracts",
            Self::Chain(_) => "chain",
            Self::NoChain => "no_chain",
            Self::Interrupted => "interrupted",
        }
    }

    /// What to do next, where there is something to do.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Io { .. } => {
                "nothing finished is lost; run the same command again once the cause is gone"
            }
            Self::NotText { .. } => "record the poll again",
            Self::Recorded { .. } => {
                "nothing was changed; record the poll again, or look at the named log"
            }
            Self::Ingest(error) => match error.kind() {
                Kind::Usage => return None,
                Kind::Outside => {
                    "what was read is kept; run the same command again once the cause is gone"
                }
                Kind::State if error.code() == "padded_early" => {
                    "no coordinator can prove this poll: hold it again, with an end that no block can hit"
                }
                Kind::State => {
                    "what was read is kept; ask another node, name an earlier first block, or look at the named blocks: \
                     evidence.json says what was wrong"
                }
            },
            Self::PollNotOver { .. } => {
                "what was read is kept; run the same command again after the poll's end and its merge"
            }
            Self::OtherSource => "use another data directory for the other source",
            Self::OtherPoll { .. } => {
                "give the directory of the journal's poll, or use another data directory"
            }
            Self::ChangedSource { .. } => {
                "restore the file, or use another data directory for the changed one"
            }
            Self::SourceNeeded => "name the recorded directory",
            Self::KeyNeeded => "name the file that holds the coordinator key",
            Self::WrongKey(_) => "give the key that the poll was deployed with",
            Self::StageNeeded { .. } => "run that stage first",
            Self::Locked { .. } => "wait for the other coordinator, or use another data directory",
            Self::Layout { .. } => {
                "use another data directory, or the program version that made this one"
            }
            Self::Journal { .. } => {
                "move the journal away and run again: everything in it can be made again from the log and the key"
            }
            Self::CorruptProof { .. } | Self::CorruptArtefact { .. } => {
                "ask for damaged proofs and files to be remade"
            }
            Self::OtherStatement { .. } => {
                "use another data directory: this journal is from another program version"
            }
            Self::InsecureKey { .. } => "allow insecure development keys if this is a test",
            Self::OtherKey { .. } => {
                "use the keys that the other proofs were made with, or unwind the proofs"
            }
            Self::Transcript(_) => {
                "unwind the proofs and make them again; if it stays, report it with the journal"
            }
            Self::Interrupted => "run the same command again to go on",
            Self::NoChain => "name a node",
            Self::Process(_)
            | Self::Source(_)
            | Self::Chain(_)
            | Self::ResultRange
            | Self::Keys { .. }
            | Self::Prove(_) => return None,
        })
    }
}

/// A file that does not parse is unusable as given; one that parses and contradicts itself or the chain is a conflict.
fn recorded_class(error: &RecordedError) -> ExitClass {
    match error {
        RecordedError::Json { .. }
        | RecordedError::Field { .. }
        | RecordedError::Address { .. }
        | RecordedError::Params(_)
        | RecordedError::Depths { .. }
        | RecordedError::Quantity { .. }
        | RecordedError::Malformed { .. } => ExitClass::Usage,
        _ => ExitClass::Conflict,
    }
}

/// What a chain's trouble means for whoever ran the command.
fn of_kind(kind: Kind) -> ExitClass {
    match kind {
        Kind::Usage => ExitClass::Usage,
        Kind::Outside => ExitClass::Outside,
        Kind::State => ExitClass::Conflict,
    }
}
