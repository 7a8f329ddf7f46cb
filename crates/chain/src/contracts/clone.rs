//! Clones: every poll, message processor, tally, policy and proxy is a small contract that forwards to an implementation.

use alloy::primitives::Address;

/// solady's `LibClone.clone` with arguments: forward every call to the 20-byte address behind this.
const BEFORE: [u8; 10] = [0x36, 0x3d, 0x3d, 0x37, 0x3d, 0x3d, 0x3d, 0x36, 0x3d, 0x73];
/// And hand back what it returns. The clone's arguments follow.
const AFTER: [u8; 15] = [
    0x5a, 0xf4, 0x3d, 0x82, 0x80, 0x3e, 0x90, 0x3d, 0x91, 0x60, 0x2b, 0x57, 0xfd, 0x5b, 0xf3,
];

/// The implementation that a clone forwards to; `None` if `code` is no clone.
pub fn implementation_of(code: &[u8]) -> Option<Address> {
    let rest = code.strip_prefix(&BEFORE)?;
    let (address, rest) = rest.split_first_chunk::<20>()?;
    rest.starts_with(&AFTER).then(|| Address::from(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_tells_its_implementation_and_other_code_does_not() {
        let address = Address::repeat_byte(7);
        let mut code = BEFORE.to_vec();
        code.extend(address.as_slice());
        code.extend(AFTER);
        code.extend([1, 2, 3]);
        assert_eq!(implementation_of(&code), Some(address));
        code[31] ^= 1;
        assert_eq!(implementation_of(&code), None);
        assert_eq!(implementation_of(&[]), None);
        assert_eq!(implementation_of(&BEFORE), None);
    }
}
