//! The recorded polls.

use std::{
    fs,
    path::{Path, PathBuf},
};

use maci_crypto::Fr;
use maci_protocol::{
    PollLog, ProcessInputs, TallyInputs,
    keys::CoordinatorKey,
    recorded,
    secrets::{SaltRole, SaltSource},
    tally::TallySalts,
};
use maci_verifier::{CircuitId, Salt};

pub(crate) const POLLS: [&str; 3] = ["maci-v3", "maci-v3-nonqv", "maci-v3-full"];

/// A recorded poll's folder.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        Self(
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../../fixtures")
                .join(name),
        )
    }

    pub(crate) fn text(&self, file: &str) -> String {
        fs::read_to_string(self.0.join(file)).unwrap()
    }

    pub(crate) fn has(&self, file: &str) -> bool {
        self.0.join(file).exists()
    }

    pub(crate) fn log(&self) -> PollLog {
        recorded::parse(&self.text("deployment.json"), &self.text("logs.json")).unwrap()
    }

    pub(crate) fn key(&self) -> CoordinatorKey {
        recorded::coordinator_key(&self.text("keys.json")).unwrap()
    }

    /// Texts of `inputs/{kind}_0.input.json` and so on.
    pub(crate) fn inputs(&self, kind: &str) -> Vec<String> {
        (0..100)
            .map(|batch| format!("inputs/{kind}_{batch}.input.json"))
            .take_while(|file| self.has(file))
            .map(|file| self.text(&file))
            .collect()
    }

    pub(crate) fn public(&self, kind: &str, batch: usize) -> Vec<String> {
        serde_json::from_str(&self.text(&format!("proofs/{kind}_{batch}.public.json"))).unwrap()
    }

    /// The salts that MACI drew in this run.
    pub(crate) fn salts(&self) -> RecordedSalts {
        let mode = self.log().params.mode;
        RecordedSalts {
            process: self
                .inputs("process")
                .iter()
                .map(|text| ProcessInputs::from_json(mode, text).unwrap().new_sb_salt)
                .collect(),
            tally: self
                .inputs("tally")
                .iter()
                .map(|text| TallyInputs::from_json(text).unwrap().new_salts)
                .collect(),
        }
    }
}

#[derive(Clone)]
pub(crate) struct RecordedSalts {
    process: Vec<Fr>,
    tally: Vec<TallySalts>,
}

impl SaltSource for RecordedSalts {
    fn salt(&mut self, _: &CircuitId, role: SaltRole, batch: u64, _: Fr) -> Salt {
        let batch = batch as usize;
        match role {
            SaltRole::StateAndBallots => Salt(self.process[batch]),
            SaltRole::Results => self.tally[batch].results,
            SaltRole::Spent => self.tally[batch].spent,
            SaltRole::PerOptionSpent => self.tally[batch].per_option_spent.unwrap(),
        }
    }
}
