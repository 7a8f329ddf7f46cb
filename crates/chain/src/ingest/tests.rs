//! Real HTTP against a hostile node: the log is the truth or there is none.

mod limits;
mod nodes;
mod relays;
mod reorgs;
mod support;
mod truth;
