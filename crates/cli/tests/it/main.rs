//! The binary as its users meet it: arguments in, text or envelope out, exit code.

mod bad_inputs;
mod demo;
mod help;
mod keys;
mod run;
mod shell;
mod stages;
mod support;
mod voter;
mod warnings;
mod watch;
