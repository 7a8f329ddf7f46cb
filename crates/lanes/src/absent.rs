//! The vectors' types on processors that cannot have them: no value of them exists.

use ark_bn254::{G1Affine, G2Affine};

use crate::{Ifma, PackedG1, PackedG2, Pair, PointSums};

macro_rules! absent {
    ($name:ident, $affine:ty, $Stored:ty) => {
        /// Points in vectors: there is no value.
        #[derive(Clone, Copy, Debug)]
        pub struct $name(Ifma);

        impl $name {
            /// Always `None`.
            pub fn detect() -> Option<Self> {
                Ifma::detect().map(Self)
            }
        }

        impl PointSums for $name {
            type Affine = $affine;
            type Stored = $Stored;
            type Packed = ();
            type Scratch = ();

            fn as_kept(self, _: &[$Stored]) -> Option<&[()]> {
                self.0.never()
            }

            fn keep(self, _: &[$Stored], _: &mut [()]) {
                self.0.never()
            }

            fn unpack(self, (): &()) -> $affine {
                self.0.never()
            }

            fn negate(self, (): &()) {
                self.0.never()
            }

            fn is_infinite(self, (): &()) -> bool {
                self.0.never()
            }

            fn add_signed(self, _: &[()], _: &mut [()], _: &[Pair], (): &mut ()) {
                self.0.never()
            }

            fn add_within(self, _: &mut [()], _: &[Pair], (): &mut ()) {
                self.0.never()
            }
        }
    };
}

absent!(VectorG1, G1Affine, PackedG1);
absent!(VectorG2, G2Affine, PackedG2);
