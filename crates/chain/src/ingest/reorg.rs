//! Reorganisations: headers that were kept are compared with the chain, newest first, until one still stands (N-03).

use super::error::{Failure, IngestError};
use super::panel::Panel;
use super::rpc::Header;
use super::store::Store;

/// Blocks behind the newest in which every header is kept, so that the common ancestor is found exactly. Deeper
/// reorganisations go back to the end of the last window before it.
pub const DENSE: u64 = 128;

/// What became of the kept headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ancestor {
    /// The newest kept header still stands.
    Tip,
    /// The nodes do not have that block (any more), and what they have is what was kept.
    Behind,
    /// This is the newest kept header that still stands.
    Older(Header),
    /// None does.
    None,
}

/// Finds the newest kept header that is still on the chain.
pub(super) fn ancestor<S: Store>(
    panel: &Panel,
    store: &S,
    tip: Header,
) -> Result<Ancestor, Failure<S::Error>> {
    let find = |number| {
        panel
            .find_header(number)
            .map_err(|fault| Failure::Ingest(IngestError::from(fault)))
    };
    let mut kept = tip;
    let mut replaced = false;
    loop {
        match find(kept.number)? {
            Some(found) if found.hash == kept.hash => {
                return Ok(match (kept == tip, replaced) {
                    (true, _) => Ancestor::Tip,
                    (false, false) => Ancestor::Behind,
                    (false, true) => Ancestor::Older(kept),
                });
            }
            Some(_) => replaced = true,
            None => {}
        }
        let below = match kept.number.checked_sub(1) {
            Some(below) => store.header(below).map_err(Failure::Store)?,
            None => None,
        };
        match below {
            Some(header) => kept = header,
            None if replaced => return Ok(Ancestor::None),
            // Nodes that have none of the blocks contradict nothing.
            None => return Ok(Ancestor::Behind),
        }
    }
}
