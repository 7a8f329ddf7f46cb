//! The binary as its users meet it: arguments in, text or envelope out, exit code.

mod shell;
mod support;
