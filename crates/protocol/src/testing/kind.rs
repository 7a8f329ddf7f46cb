//! The kinds of messages a simulated poll holds.

/// What a simulated message is meant to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A vote that counts, possibly with a weight of 0 or all credits.
    Vote,
    /// A vote that hands the leaf to a new key.
    KeyChange,
    /// A vote that sets an unusable key: off the curve or of low order (C-08).
    UnusableKey,
    /// Random elements under a proper encryption key.
    Garbage,
    /// A proper message whose encryption key is off the curve.
    OffCurveEncryption,
    /// Random elements under an encryption key of low order.
    LowOrderGarbage,
    /// A valid vote under the encryption key (0, 1), which everyone can read; it counts (D5).
    IdentityEncryption,
    /// A valid vote whose encryption key has a torsion component; it counts (D5).
    TorsionEncryption,
    /// A valid vote with another tag and padding; it counts (D3, C-04).
    WrongTag,
    /// A valid vote with signed bits past the 250th; it counts (D4).
    HighBits,
    /// S + l instead of S (C-05).
    SignatureAlias,
    /// R8 moved by a point of order 8 (D6).
    TorsionSignature,
    /// R8 off the curve.
    OffCurveSignature,
    /// Signed by a stranger.
    Stranger,
    /// Addresses index 0 (C-23).
    IndexZero,
    /// Addresses an index past the last leaf (C-16).
    IndexOutOfRange,
    /// Addresses an option past the last one (C-16).
    OptionOutOfRange,
    /// Another nonce than the next.
    WrongNonce,
    /// Costs more than there is, or in FULL mode leaves something.
    WrongWeight,
    /// The bytes of a message published later.
    Replay,
    /// A valid vote that names another poll; it counts (D12, C-02).
    ForeignPoll,
    /// A valid vote encrypted to another coordinator.
    WrongCoordinator,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 22] = [
        Self::Vote,
        Self::KeyChange,
        Self::UnusableKey,
        Self::Garbage,
        Self::OffCurveEncryption,
        Self::LowOrderGarbage,
        Self::IdentityEncryption,
        Self::TorsionEncryption,
        Self::WrongTag,
        Self::HighBits,
        Self::SignatureAlias,
        Self::TorsionSignature,
        Self::OffCurveSignature,
        Self::Stranger,
        Self::IndexZero,
        Self::IndexOutOfRange,
        Self::OptionOutOfRange,
        Self::WrongNonce,
        Self::WrongWeight,
        Self::Replay,
        Self::ForeignPoll,
        Self::WrongCoordinator,
    ];
}
