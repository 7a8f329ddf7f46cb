//! The help of every command, so that a changed option shows up in review.

use crate::support::Place;

macro_rules! help {
    ($($name:ident: $($word:literal)+;)+) => {
        $(
            #[test]
            fn $name() {
                let ran = Place::new().run(&[$($word,)+ "-h"]);
                assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
                let own = ran.stdout.split("\nGlobal options:").next().unwrap_or_default().to_owned();
                insta::assert_snapshot!(own);
            }
        )+
    };
}

help! {
    demo: "demo";
    poll: "poll";
    poll_show: "poll" "show";
    poll_create: "poll" "create";
    poll_close: "poll" "close";
    deploy: "deploy";
    voter: "voter";
    voter_keygen: "voter" "keygen";
    voter_signup: "voter" "signup";
    voter_join: "voter" "join";
    voter_vote: "voter" "vote";
    voter_change_key: "voter" "change-key";
    ingest: "ingest";
    process: "process";
    prove: "prove";
    tally: "tally";
    bundle: "bundle";
    bundle_make: "bundle" "make";
    bundle_verify: "bundle" "verify";
    verdict: "verdict";
    verdict_make: "verdict" "make";
    verdict_verify: "verdict" "verify";
    market: "market";
    market_new: "market" "new";
    market_trade: "market" "trade";
    market_settle: "market" "settle";
    settle: "settle";
    keys: "keys";
    keys_setup: "keys" "setup";
    keys_export: "keys" "export";
    keys_prepare: "keys" "prepare";
    circuits: "circuits";
    circuits_stats: "circuits" "stats";
    circuits_plan: "circuits" "plan";
    circuits_export: "circuits" "export";
    config: "config";
    run: "run";
    submit: "submit";
    doctor: "doctor";
    status: "status";
    export: "export";
    export_inputs: "export" "inputs";
}
