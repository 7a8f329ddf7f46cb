//! How a command fails: an exit code that scripts can rely on, a stable error code, a message, and a hint that
//! names the next step.
//!
//! Exit codes are the contract of `style.md` §12. They are the same with and without `--json`.

use std::fmt;

/// What the process tells its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: done, and where a question was asked the answer is yes.
    Yes,
    /// 1: the question was answered, and the answer is no (a proof does not verify, a verdict is refused).
    No,
    /// 2: the command line, the configuration or an input file is not usable as given.
    Usage,
    /// 3: the world outside failed (disk, permissions, devices); the same command may work later.
    Outside,
    /// 4: two things that must agree do not (journal and log, key and poll, another coordinator at work).
    Conflict,
    /// 130: stopped by Ctrl-C or a termination signal; work that was finished is kept.
    Interrupted,
}

impl Exit {
    /// The number that the operating system sees.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Yes => 0,
            Self::No => 1,
            Self::Usage => 2,
            Self::Outside => 3,
            Self::Conflict => 4,
            Self::Interrupted => 130,
        }
    }
}

/// Why a command did not do what was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    code: &'static str,
    message: String,
    hint: Option<String>,
}

impl Failure {
    fn new(exit: Exit, code: &'static str, message: impl fmt::Display) -> Self {
        Self {
            exit,
            code,
            message: message.to_string(),
            hint: None,
        }
    }

    /// The answer is no.
    pub(crate) fn no(code: &'static str, message: impl fmt::Display) -> Self {
        Self::new(Exit::No, code, message)
    }

    /// The caller has to change what was asked or given.
    pub(crate) fn usage(code: &'static str, message: impl fmt::Display) -> Self {
        Self::new(Exit::Usage, code, message)
    }

    /// Something outside this process failed.
    pub(crate) fn outside(code: &'static str, message: impl fmt::Display) -> Self {
        Self::new(Exit::Outside, code, message)
    }

    /// Two states that must agree do not.
    pub(crate) fn conflict(code: &'static str, message: impl fmt::Display) -> Self {
        Self::new(Exit::Conflict, code, message)
    }

    /// A signal asked for the end; what was finished before stays finished.
    pub(crate) fn interrupted() -> Self {
        Self::new(
            Exit::Interrupted,
            "interrupted",
            "stopped by a signal; everything finished so far is kept",
        )
        .hint("run the same command again to continue")
    }

    /// Says what to do next.
    pub(crate) fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// The exit code of the process.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// The stable name of this kind of failure, in snake case.
    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    /// What was expected and what was found.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The next step, where there is one.
    pub(crate) fn next_step(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
