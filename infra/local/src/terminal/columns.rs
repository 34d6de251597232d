//! Lays out a table's columns.

use std::io::{self, Write};

use crate::terminal::output::shown;

/// The most characters in a cell of a table, except in its last column.
const WIDEST: usize = 60;

/// A cell's text, without its middle if it is too long: the beginning of a name usually says which series
/// it belongs to, and the end which one of them it is.
pub(crate) fn shortened(text: &str) -> String {
    let count = text.chars().count();
    if count <= WIDEST {
        return text.to_owned();
    }
    let end = WIDEST / 2;
    let mut short: String = text.chars().take(WIDEST - end - 1).collect();
    short.push('…');
    short.extend(text.chars().skip(count - end));
    short
}

/// Writes all columns but the last as wide as their widest cell. Cells in them are shortened if they would
/// push what follows out of sight.
pub(crate) fn write_columns<const N: usize>(
    out: &mut impl Write,
    lines: &[[String; N]],
) -> io::Result<()> {
    let mut lines: Vec<[String; N]> = lines
        .iter()
        .map(|line| line.each_ref().map(|cell| shown(cell)))
        .collect();
    let mut widths = [0; N];
    for line in &mut lines {
        for cell in line.iter_mut().rev().skip(1) {
            *cell = shortened(cell);
        }
        for (width, cell) in widths.iter_mut().zip(line.iter()) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for line in &lines {
        let mut text = String::new();
        for (index, (cell, width)) in line.iter().zip(widths).enumerate() {
            text.push_str(cell);
            if index + 1 < N {
                text.extend(std::iter::repeat_n(' ', width - cell.chars().count() + 2));
            }
        }
        writeln!(out, "{}", text.trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{WIDEST, shortened, write_columns};

    #[test]
    fn a_long_name_does_not_push_the_rest_out_of_sight() {
        let long = format!("front_{}_0042.jpg", "é".repeat(2000));
        let why = "w".repeat(200);
        let lines = [["FILE", "STAGE", "WHY"], [&long, "Notify", &why]];
        let mut out = Vec::new();
        write_columns(&mut out, &lines.map(|line| line.map(str::to_owned))).unwrap();
        let out = String::from_utf8(out).unwrap();
        let row: Vec<&str> = out.lines().nth(1).unwrap().split("  ").collect();
        assert_eq!(row[1..], ["Notify", &why]);
        assert_eq!(row[0].chars().count(), WIDEST);
        assert!(row[0].starts_with("front_é") && row[0].ends_with("é_0042.jpg"));
    }

    #[test]
    fn a_name_with_room_stays_whole() {
        for count in [0, 1, WIDEST] {
            let name = "é".repeat(count);
            assert_eq!(shortened(&name), name);
        }
        assert_eq!(shortened(&"é".repeat(WIDEST + 1)).chars().count(), WIDEST);
    }
}
