//! Tables for people: plain, aligned, the same on every terminal and in every pipe.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

/// Renders rows under a header; a header of empty names is left out.
pub(crate) fn render(header: &[String], rows: &[Vec<String>], numeric: &[usize]) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    if header.iter().any(|name| !name.is_empty()) {
        table.set_header(header);
    }
    for row in rows {
        table.add_row(row);
    }
    for &column in numeric {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::render;

    #[test]
    fn numbers_stand_flush_right_and_lines_have_no_trailing_space() {
        let header = ["option".to_owned(), "votes".to_owned()];
        let rows = vec![
            vec!["0".to_owned(), "5".to_owned()],
            vec!["10".to_owned(), "1000".to_owned()],
        ];
        assert_eq!(
            render(&header, &rows, &[1]),
            "option  votes\n0           5\n10       1000"
        );
    }

    #[test]
    fn a_table_of_facts_has_no_header_line() {
        let header = [String::new(), String::new()];
        let rows = vec![vec!["mode".to_owned(), "qv".to_owned()]];
        assert_eq!(render(&header, &rows, &[]), "mode  qv");
    }
}
