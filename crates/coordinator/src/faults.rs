//! The moments at which a crash could hurt: around every commit of the journal and every rename of a file.
//!
//! Each passes through [`point`] under a name made of the stage and what is written. Built without the feature `faults`, as every
//! shipped program is, that does nothing. Built with it, two variables tell the process what to do: [`CENSUS`] names a file to
//! which it appends the points that it passes, and [`KILL`] the point at which it dies as if by kill -9. A test takes the
//! census of an undisturbed run and then kills another one at each of its points (security.md O-01).

use std::fmt;

/// The variable that names the point to die at, the first time that the process comes there.
pub const KILL: &str = "MACI_FAULTS_KILL";

/// The variable that names the file to which passed points are appended, one a line.
pub const CENSUS: &str = "MACI_FAULTS_CENSUS";

/// On which side of a write the process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Everything is prepared, and nothing of it holds yet.
    Before,
    /// The write holds, and nothing that follows from it is done.
    After,
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Before => "before",
            Self::After => "after",
        })
    }
}

#[cfg(feature = "faults")]
pub(crate) use armed::{enter, point};
#[cfg(not(feature = "faults"))]
pub(crate) use disarmed::{enter, point};

#[cfg(not(feature = "faults"))]
mod disarmed {
    use super::Moment;

    /// Says which part of the job runs from here on.
    pub(crate) fn enter(_: &'static str) {}

    /// Comes to the point `what`, which is not even asked for its name.
    pub(crate) fn point(_: Moment, _: impl FnOnce() -> String) {}
}

#[cfg(feature = "faults")]
mod armed {
    use std::fs::OpenOptions;
    use std::io::Write as _;
    use std::sync::{Mutex, PoisonError};
    use std::time::Duration;

    use rustix::process::{Signal, getpid, kill_process};

    use super::{CENSUS, KILL, Moment};

    /// The part of the job that runs; proving threads write too.
    static PART: Mutex<&str> = Mutex::new("open");

    /// Says which part of the job runs from here on.
    pub(crate) fn enter(part: &'static str) {
        *PART.lock().unwrap_or_else(PoisonError::into_inner) = part;
    }

    /// Comes to the point `what`: takes it down if asked, and dies there if told to.
    pub(crate) fn point(moment: Moment, what: impl FnOnce() -> String) {
        let (kill, census) = (std::env::var_os(KILL), std::env::var_os(CENSUS));
        if kill.is_none() && census.is_none() {
            return;
        }
        let part = *PART.lock().unwrap_or_else(PoisonError::into_inner);
        let name = format!("{part}: {} ({moment})", what());
        if let Some(file) = census {
            let open = OpenOptions::new().append(true).create(true).open(file);
            // A census that cannot be taken is missed by the test that asked for it.
            let _ = open.and_then(|mut file| file.write_all(format!("{name}\n").as_bytes()));
        }
        if kill.is_some_and(|kill| kill.to_str() == Some(&name)) {
            let _ = kill_process(getpid(), Signal::KILL);
            // The signal ends every thread; this one must not write anything until it comes.
            loop {
                std::thread::sleep(Duration::from_secs(1));
            }
        }
    }
}
