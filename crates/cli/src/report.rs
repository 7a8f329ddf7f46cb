//! What a command has to say, before it is known whether a person or a program listens.
//!
//! A command returns one [`Report`]: `data` for `--json`, `blocks` for people. Only the printer decides which of the
//! two is shown, so no command ever writes to standard output itself.

use serde_json::Value;

use crate::failure::Failure;

/// The result of a command that ran to its end.
#[derive(Debug)]
pub(crate) struct Report {
    data: Value,
    blocks: Vec<Block>,
    refusals: Vec<Failure>,
}

/// One piece of human output.
#[derive(Debug)]
pub(crate) enum Block {
    /// One line or paragraph.
    Text(String),
    /// Bytes to pass on as they are (a completion script, a manual page).
    Verbatim(String),
    /// A table with a header row.
    Table {
        /// Column names.
        header: Vec<String>,
        /// Rows, each as long as the header.
        rows: Vec<Vec<String>>,
        /// Columns that hold numbers, shown flush right.
        numeric: Vec<usize>,
    },
}

impl Report {
    /// Starts a report around its machine-readable half.
    pub(crate) fn new(data: Value) -> Self {
        Self {
            data,
            blocks: Vec::new(),
            refusals: Vec::new(),
        }
    }

    /// Adds one line.
    pub(crate) fn text(mut self, line: impl Into<String>) -> Self {
        self.blocks.push(Block::Text(line.into()));
        self
    }

    /// Adds output that is not to be touched.
    pub(crate) fn verbatim(mut self, text: impl Into<String>) -> Self {
        self.blocks.push(Block::Verbatim(text.into()));
        self
    }

    /// Adds a table; `numeric` lists the columns to show flush right.
    pub(crate) fn table(
        mut self,
        header: &[&str],
        numeric: &[usize],
        rows: Vec<Vec<String>>,
    ) -> Self {
        self.blocks.push(Block::Table {
            header: header.iter().map(ToString::to_string).collect(),
            rows,
            numeric: numeric.to_vec(),
        });
        self
    }

    /// Adds a two-column table of facts.
    pub(crate) fn facts(self, rows: &[(&str, String)]) -> Self {
        let rows = rows
            .iter()
            .map(|(name, value)| vec![(*name).to_owned(), value.clone()])
            .collect();
        self.table(&["", ""], &[], rows)
    }

    /// Sets one member of the machine-readable half.
    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        if let Some(object) = self.data.as_object_mut() {
            object.insert(name.to_owned(), value);
        }
        self
    }

    /// Turns the answer into no, for this reason; the data stays.
    pub(crate) fn refuse(mut self, reason: Failure) -> Self {
        self.refusals.push(reason);
        self
    }

    /// The machine-readable half.
    pub(crate) fn data(&self) -> &Value {
        &self.data
    }

    /// The human half.
    pub(crate) fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// Why the answer is no; empty when it is yes.
    pub(crate) fn refusals(&self) -> &[Failure] {
        &self.refusals
    }
}
