//! C-07: a join whose key never signed up is reported, and nothing else is.

use maci_protocol::{
    StateIndex,
    recorded::{self, RecordedError},
    testing::{Spec, fixture, simulate},
};
use maci_verifier::{Mode, PollParams};
use serde_json::Value;

use crate::common::{Folder, POLLS};

fn spec() -> Spec {
    let params = PollParams {
        state_tree_depth: 3,
        tally_processing_state_tree_depth: 1,
        vote_option_tree_depth: 1,
        message_batch_size: 4,
        vote_options: 5,
        mode: Mode::Qv,
    };
    Spec::honest(params, 4, 3, 1)
}

#[test]
fn c_07_every_voter_of_the_recorded_polls_signed_up() {
    for name in POLLS {
        let log = Folder::new(name).log();
        let signups = log.signups.as_ref().unwrap();
        assert_eq!(signups.len() as u64, log.total_signups() - 1, "{name}");
        assert_eq!(log.joined_without_signup(), [], "{name}");
    }
}

#[test]
fn c_07_joins_without_a_sign_up_are_listed() {
    let mut poll = simulate(&spec());
    let keys = poll.log.signups.as_mut().unwrap();
    let strangers = [keys.remove(3), keys.remove(1)];
    let (deployment, logs, _) = fixture::write(&poll);
    let log = recorded::parse(&deployment, &logs).unwrap();
    assert_eq!(log, poll.log);
    assert_eq!(log.joined_without_signup(), [StateIndex(2), StateIndex(4)]);
    for (index, key) in [(4, strangers[0]), (2, strangers[1])] {
        assert_eq!(log.leaves[index].public_key, key);
    }
}

#[test]
fn c_07_a_recording_without_sign_ups_says_nothing() {
    let mut poll = simulate(&spec());
    poll.log.signups = None;
    let (deployment, logs, _) = fixture::write(&poll);
    let log = recorded::parse(&deployment, &logs).unwrap();
    assert_eq!(log.signups, None);
    assert_eq!(log.joined_without_signup(), []);
}

#[test]
fn c_07_a_malformed_sign_up_is_refused_by_name() {
    let (deployment, logs, _) = fixture::write(&simulate(&spec()));
    let mut logs: Value = serde_json::from_str(&logs).unwrap();
    logs["maci"][1]["topics"].as_array_mut().unwrap().pop();
    let error = recorded::parse(&deployment, &logs.to_string()).unwrap_err();
    assert!(
        matches!(
            error,
            RecordedError::Malformed {
                event: "SignUp",
                ..
            }
        ),
        "{error}"
    );
}
