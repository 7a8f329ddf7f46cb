//! From where the chain is read: the block in which MACI was deployed, found by bisection over its code.

use maci_protocol::Address;

use super::error::IngestError;

/// The first block at which code lies at the address. About log2(limit) questions of a node that keeps old state.
pub(super) fn deployed(
    maci: Address,
    limit: u64,
    has_code: impl Fn(u64) -> Result<bool, IngestError>,
) -> Result<u64, IngestError> {
    let failed = |reason: String| IngestError::Start { maci, reason };
    let has_code = |block| has_code(block).map_err(|error| failed(error.to_string()));
    if !has_code(limit)? {
        return Err(failed(format!("there is no code there at block {limit}")));
    }
    let (mut without, mut with) = (None, limit);
    loop {
        let low = without.map_or(0, |block: u64| block + 1);
        if low >= with {
            return Ok(with);
        }
        let middle = low + (with - low) / 2;
        if has_code(middle)? {
            with = middle;
        } else {
            without = Some(middle);
        }
    }
}
