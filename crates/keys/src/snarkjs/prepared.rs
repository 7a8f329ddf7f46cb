//! A zkey made ready once, for proving many times: mapped, checked by its digest, points as vectors read them and without those
//! that are never multiplied, coefficients numbered. What a zkey is checked for is checked when it is prepared.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _};
use std::path::Path;

use ark_bn254::{G1Affine, G2Affine};
use maci_lanes::{PackedG1, PackedG2};
use sha2::{Digest as _, Sha256};

use super::{SnarkjsFileError, Zkey};
use crate::container::{Head, KeyFile, Kind};
use crate::error::KeyFileError;
use crate::query::Query;
use crate::rows::{Rows, read_coefficients, write_coefficients};
use crate::sections::Output;

/// Whether a file says that it is a prepared key.
pub(super) fn is_one(path: &Path) -> io::Result<bool> {
    let mut magic = Vec::new();
    File::open(path)?.take(8).read_to_end(&mut magic)?;
    Ok(magic == Kind::PreparedZkey.magic().as_bytes())
}

impl Zkey {
    /// Reads and checks a zkey, and writes it in the form that loads fastest: complete or not at all.
    pub fn prepare(zkey: &Path, prepared: &Path) -> Result<(), SnarkjsFileError> {
        let mut file = File::open(zkey)?;
        let key = Self::parse(file.try_clone()?)?;
        file.rewind()?;
        let head = Head {
            kind: Kind::PreparedZkey,
            tag: 0,
            name: String::new(),
            digest: sha256(file)?,
        };
        Ok(head.write(prepared, |out| key.write(out))?)
    }

    fn write(&self, out: &mut Output<'_>) -> io::Result<()> {
        let g1 = [self.alpha_g1].map(PackedG1::from);
        let g2 = [self.beta_g2, self.gamma_g2, self.delta_g2].map(PackedG2::from);
        let ic: Vec<PackedG1> = self.ic.iter().map(|point| (*point).into()).collect();
        out.number(self.variables)?;
        out.list(&g1)?;
        out.list(&g2)?;
        out.list(&ic)?;
        self.query.write(out)?;
        write_coefficients(out, &self.coefficients)?;
        self.a.write(out)?;
        self.b.write(out)
    }
}

fn sha256(file: File) -> io::Result<[u8; 32]> {
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let mut hasher = Sha256::new();
    loop {
        let piece = reader.fill_buf()?;
        if piece.is_empty() {
            return Ok(hasher.finalize().into());
        }
        hasher.update(piece);
        let length = piece.len();
        reader.consume(length);
    }
}

pub(super) fn load(path: &Path) -> Result<Zkey, KeyFileError> {
    let file = KeyFile::open(path, Kind::PreparedZkey)?;
    if file.head.tag != 0 || !file.head.name.is_empty() {
        return Err(KeyFileError::Field {
            field: "name",
            detail: "a prepared key has none".into(),
        });
    }
    let prepared_from = Some(file.head.digest);
    let mut body = file.body()?;
    let variables = body.number()?;
    let g1 = body.list::<PackedG1>()?;
    let g2 = body.list::<PackedG2>()?;
    let ic = body.list::<PackedG1>()?;
    let query = Query::read(&mut body)?;
    let coefficients = read_coefficients(&mut body)?;
    let (a, b) = (Rows::read(&mut body)?, Rows::read(&mut body)?);
    body.finish()?;
    // The digest says that the file is as it was written, not who wrote it.
    let section = |section, expected, found| KeyFileError::Section {
        section,
        expected,
        found,
    };
    let domain = query.h.len();
    if !domain.is_power_of_two() || domain < 2 {
        return Err(section("H", domain.next_power_of_two().max(2), domain));
    }
    if ic.is_empty() || ic.len() > variables {
        return Err(section("IC", variables, ic.len()));
    }
    query.check(variables, domain)?;
    a.check("matrix A", (domain, variables), &coefficients)?;
    b.check("matrix B", (domain, variables), &coefficients)?;
    let [alpha_g1] = <[PackedG1; 1]>::try_from(&*g1)
        .map_err(|_| section("alpha", 1, g1.len()))?
        .map(G1Affine::from);
    let [beta_g2, gamma_g2, delta_g2] = <[PackedG2; 3]>::try_from(&*g2)
        .map_err(|_| section("beta, gamma, delta", 3, g2.len()))?
        .map(G2Affine::from);
    let key = Zkey {
        prepared_from,
        instance_variables: ic.len(),
        variables,
        domain_size: domain,
        alpha_g1,
        beta_g2,
        gamma_g2,
        delta_g2,
        ic: ic.iter().map(|point| (*point).into()).collect(),
        query,
        a,
        b,
        coefficients,
    };
    key.check_constants().map_err(maci_verifier::Error::from)?;
    Ok(key)
}
