//! Which arithmetic a proof is made with. Both give the same proof.

/// Vectors of eight where the processor has AVX-512 IFMA, or arkworks' fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backend {
    /// Vectors where [`maci_lanes::available`] finds them, else as [`Backend::Scalar`].
    #[default]
    Vectors,
    /// Arkworks' fields, whatever the processor has.
    Scalar,
}

impl Backend {
    /// Whether vectors are asked for and there.
    pub fn vectors(self) -> bool {
        self == Self::Vectors && maci_lanes::available()
    }
}
