//! The tables that the scenarios print.

/// A table with a title. The first column is of words, the others of figures.
#[derive(Debug)]
pub(crate) struct Table {
    title: String,
    rows: Vec<Vec<String>>,
    notes: Vec<String>,
    misses: Vec<String>,
}

impl Table {
    pub(crate) fn new(title: impl Into<String>, head: &[&str]) -> Self {
        Self {
            title: title.into(),
            rows: vec![head.iter().map(|&name| name.to_owned()).collect()],
            notes: Vec::new(),
            misses: Vec::new(),
        }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// A line below the table.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// What the product promises, and whether the run kept it.
    pub(crate) fn target(&mut self, promise: impl Into<String>, is_met: bool) {
        let promise = promise.into();
        self.notes.push(format!(
            "{} {promise}",
            if is_met { "met:   " } else { "MISSED:" }
        ));
        if !is_met {
            self.misses.push(promise);
        }
    }

    /// The targets that were missed.
    pub(crate) fn misses(&self) -> &[String] {
        &self.misses
    }

    pub(crate) fn print(&self) {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let wide = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(wide).collect();
        println!("\n{}", self.title);
        for row in &self.rows {
            print!(" ");
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                if column == 0 {
                    print!(" {cell:width$}");
                } else {
                    print!("  {cell:>width$}");
                }
            }
            println!();
        }
        for note in &self.notes {
            println!("  {note}");
        }
    }
}

/// A figure with its thousands apart.
pub(crate) fn figure(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut apart = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            apart.push(',');
        }
        apart.push(digit);
    }
    apart
}
