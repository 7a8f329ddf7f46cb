//! The binary files of iden3's tools, circom and snarkjs: `.zkey` proving keys and `.wtns` witnesses over BN254.
//!
//! A coordinator whose poll was registered with MACI's own keys proves with these. They come from elsewhere, so every length,
//! index, coordinate and curve equation is checked when a file is read; whether G2 points lie in the subgroup is not, as no
//! proof leaves the prover before it has been verified. [`dev_zkey`] writes our own circuits in the same form.
//!
//! Both formats are a magic, a version and a list of sections (iden3 binary file format; snarkjs `binfileutils`, `zkey_utils`
//! and `wtns_utils`). Numbers are little-endian.

mod binfile;
mod error;
mod export;
mod prepared;
mod wtns;
mod zkey;

pub use error::SnarkjsFileError;
pub use export::{dev_zkey, write_wtns};
pub use wtns::Wtns;
pub use zkey::Zkey;
