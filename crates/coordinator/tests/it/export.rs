//! Circuit inputs as files: what MACI's own coordinator would have written, and for nobody else's eyes.

use std::fs;
use std::path::Path;

use maci_coordinator::{Error, ExitClass, StageId, export};
use maci_crypto::Fr;
use maci_protocol::secrets::{SaltRole, SaltSource};
use maci_protocol::{PollLog, ProcessInputs, TallyInputs, recorded};
use maci_verifier::{CircuitId, Salt};
use serde_json::Value;

use crate::support::{Quiet, fixture, folder, key_of, native_job};

/// The salts that MACI drew in the recorded run.
struct RecordedSalts {
    process: Vec<Fr>,
    tally: Vec<TallyInputs>,
}

impl SaltSource for RecordedSalts {
    fn salt(&mut self, _: &CircuitId, role: SaltRole, batch: u64, _: Fr) -> Salt {
        let batch = usize::try_from(batch).unwrap();
        match role {
            SaltRole::StateAndBallots => Salt(self.process[batch]),
            SaltRole::Results => self.tally[batch].new_salts.results,
            SaltRole::Spent => self.tally[batch].new_salts.spent,
            SaltRole::PerOptionSpent => self.tally[batch].new_salts.per_option_spent.unwrap(),
        }
    }
}

/// Name and text of every recorded input, in submission order.
fn recorded_inputs(dir: &Path) -> Vec<(String, String)> {
    let mut inputs = Vec::new();
    for kind in ["process", "tally"] {
        for batch in 0.. {
            let file = dir.join(format!("inputs/{kind}_{batch}.input.json"));
            let Ok(text) = fs::read_to_string(file) else {
                break;
            };
            inputs.push((format!("{kind}_{batch}.json"), text));
        }
    }
    inputs
}

fn recorded_salts(log: &PollLog, inputs: &[(String, String)]) -> RecordedSalts {
    let of = |kind: &'static str| {
        inputs
            .iter()
            .filter(move |(name, _)| name.starts_with(kind))
    };
    RecordedSalts {
        process: of("process")
            .map(|(_, text)| ProcessInputs::from_json(log.params.mode, text).unwrap())
            .map(|inputs| inputs.new_sb_salt)
            .collect(),
        tally: of("tally")
            .map(|(_, text)| TallyInputs::from_json(text).unwrap())
            .collect(),
    }
}

/// MACI encrypts what fills the last batch with a random key: those slots alone may differ, and are cut off.
fn real_slots(text: &str) -> Value {
    let mut value: Value = serde_json::from_str(text).unwrap();
    let number =
        |value: &Value, name: &str| value[name].as_str().unwrap().parse::<usize>().unwrap();
    if value.get("messages").is_some() {
        let real = number(&value, "batchEndIndex") - number(&value, "index");
        for name in ["messages", "encryptionPublicKeys"] {
            value[name].as_array_mut().unwrap().truncate(real);
        }
    }
    value
}

#[test]
fn under_the_recorded_salts_the_files_are_the_recorded_inputs() {
    for name in ["maci-v3", "maci-v3-nonqv", "maci-v3-full"] {
        let dir = fixture(name);
        let read = |file: &str| fs::read_to_string(dir.join(file)).unwrap();
        let log = recorded::parse(&read("deployment.json"), &read("logs.json")).unwrap();
        let inputs = recorded_inputs(&dir);
        let mut salts = recorded_salts(&log, &inputs);
        let out = folder();
        let target = out.path().join("inputs");
        let mut seen = Vec::new();
        let written = export::write_inputs(
            &log,
            &key_of(&dir),
            &mut salts,
            &target,
            false,
            &mut |unit| {
                seen.push(format!("{unit}.json"));
                Ok(())
            },
        )
        .unwrap();
        let names: Vec<_> = inputs.iter().map(|(name, _)| name.clone()).collect();
        assert_eq!(seen, names, "{name}");
        assert_eq!(
            written.files,
            names.iter().map(|n| target.join(n)).collect::<Vec<_>>()
        );
        let tally: Value = serde_json::from_str(&read("tally.json")).unwrap();
        let commitment = maci_crypto::field::to_be_bytes(&written.outcome.commitments.tally.0);
        let hex = hex::encode(commitment);
        assert_eq!(
            tally["newTallyCommitment"].as_str().unwrap(),
            format!("0x{}", hex.trim_start_matches('0')),
            "{name}"
        );
        for ((file, theirs), path) in inputs.iter().zip(&written.files) {
            let ours = fs::read_to_string(path).unwrap();
            assert_eq!(real_slots(&ours), real_slots(theirs), "{name} {file}");
            // Byte for byte where MACI drew nothing else at random.
            let random = file.starts_with("process")
                && real_slots(theirs)["messages"]
                    .as_array()
                    .is_some_and(|real| real.len() < usize::from(log.params.message_batch_size));
            if !random {
                assert_eq!(ours, *theirs, "{name} {file}");
            }
        }
    }
}

#[test]
fn a_jobs_files_fit_its_tally_and_are_its_owners_alone() {
    let dir = fixture("maci-v3");
    let data = folder();
    let quiet = Quiet::new();
    let mut job = native_job(data.path(), &dir, Some(key_of(&dir))).unwrap();
    let out = folder();
    let target = out.path().join("deep/inputs");
    let early = job.export_inputs(&target, quiet.control()).unwrap_err();
    assert!(
        matches!(
            early,
            Error::StageNeeded {
                stage: StageId::Tally
            }
        ),
        "{early}"
    );
    for stage in [StageId::Ingest, StageId::Process, StageId::Tally] {
        job.run(stage, quiet.control()).unwrap();
    }
    let files = job.export_inputs(&target, quiet.control()).unwrap();
    assert_eq!(files.len(), 2 + 3 + 1);
    let tally: Value = serde_json::from_slice(&fs::read(&files[5]).unwrap()).unwrap();
    let own: Value = serde_json::from_slice(&fs::read(job.dir().tally_json()).unwrap()).unwrap();
    assert_eq!(tally["results"]["tally"], own["results"]["tally"]);
    let last = TallyInputs::from_json(&fs::read_to_string(&files[4]).unwrap()).unwrap();
    let commitment = hex::encode(maci_crypto::field::to_be_bytes(
        &last.statement.new_tally_commitment.0,
    ));
    assert_eq!(
        tally["newTallyCommitment"].as_str().unwrap(),
        format!("0x{}", commitment.trim_start_matches('0'))
    );

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&target), 0o700);
        assert!(files.iter().all(|file| mode(file) == 0o600));
        // Files that somebody opened up are closed again.
        fs::set_permissions(&files[0], fs::Permissions::from_mode(0o644)).unwrap();
        job.export_inputs(&target, quiet.control()).unwrap();
        assert_eq!(mode(&files[0]), 0o600);
    }

    // Other bytes are somebody else's files.
    fs::write(&files[1], "{}").unwrap();
    let error = job.export_inputs(&target, quiet.control()).unwrap_err();
    assert_eq!(error.class(), ExitClass::Conflict);
    assert!(error.to_string().contains("process_1.json"), "{error}");
    assert_eq!(fs::read_to_string(&files[1]).unwrap(), "{}");
}
