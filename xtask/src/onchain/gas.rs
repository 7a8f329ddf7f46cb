//! What each kind of transaction costs, held within one per cent of a pinned file.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// The greatest gas that was seen of each kind.
#[derive(Debug, Default)]
pub(crate) struct Gas {
    rows: BTreeMap<String, u64>,
}

impl Gas {
    /// Notes a transaction's gas.
    pub(crate) fn note(&mut self, kind: &str, gas: &Value) -> Result<()> {
        let gas = gas
            .as_u64()
            .with_context(|| format!("no gas of {kind} is told"))?;
        let row = self.rows.entry(kind.to_owned()).or_default();
        *row = gas.max(*row);
        Ok(())
    }

    /// All of it.
    pub(crate) fn rows(&self) -> &BTreeMap<String, u64> {
        &self.rows
    }

    /// Prints a table, and compares it with the pinned file or writes that.
    pub(crate) fn hold(&self, file: &Path, bless: bool) -> Result<()> {
        for (kind, gas) in &self.rows {
            eprintln!("{gas:>12} gas  {kind}");
        }
        if bless {
            let text = serde_json::to_string_pretty(&self.rows)? + "\n";
            return Ok(std::fs::write(file, text)?);
        }
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("{} is absent; --bless writes it", file.display()))?;
        let pinned: BTreeMap<String, u64> = serde_json::from_str(&text)?;
        ensure!(
            pinned.keys().eq(self.rows.keys()),
            "the pinned gas has other kinds of transactions: {:?}; --bless writes it anew",
            pinned.keys()
        );
        for (kind, gas) in &self.rows {
            let expected = pinned.get(kind).copied().unwrap_or_default();
            ensure!(
                gas.abs_diff(expected) * 100 <= expected,
                "{kind} took {gas} gas, pinned are {expected}; --bless writes it anew"
            );
        }
        Ok(())
    }
}
