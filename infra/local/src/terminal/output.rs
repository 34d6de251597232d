//! Output for people. Names, answers and paths come from outside, so escape sequences in them must not reach
//! the terminal.

use std::fmt;
use std::io::{self, ErrorKind, StdoutLock, Write};

/// Writes to standard output. A reader such as `| head` may close it early; that is not an error, and the
/// exit code still tells what became of the files.
pub(crate) fn output(write: impl FnOnce(&mut StdoutLock<'_>) -> io::Result<()>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Prints a line to standard error, and ignores it when nobody reads that any more.
pub(crate) fn tell(line: fmt::Arguments<'_>) {
    let line = line.to_string().lines().map(shown).collect::<Vec<_>>();
    let _ = writeln!(io::stderr(), "{}", line.join("\n"));
}

/// Prints a line to standard error, like `eprintln!`, but never panics.
macro_rules! say {
    ($($line:tt)*) => { $crate::terminal::output::tell(format_args!($($line)*)) };
}
pub(crate) use say;

/// Text in one line, without characters that a terminal would interpret.
pub(crate) fn shown(text: &str) -> String {
    let is_obeyed =
        |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.replace(is_obeyed, "\u{fffd}")
}

/// Text quoted, where needed, as one argument for a shell.
pub(crate) fn argument(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:@%+,=".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::{argument, shown};

    #[test]
    fn a_shell_reads_one_argument() {
        assert_eq!(argument("state/file:é"), "state/file:é");
        assert_eq!(argument("file:s?mode=memory"), "'file:s?mode=memory'");
        assert_eq!(argument("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(argument(""), "''");
    }

    #[test]
    fn a_terminal_has_nothing_to_obey() {
        let hostile = "a\u{1b}[2J\u{9b}31m\r\n\u{7f}\u{202e}b é";
        assert_eq!(
            shown(hostile),
            "a\u{fffd}[2J\u{fffd}31m\u{fffd}\u{fffd}\u{fffd}\u{fffd}b é"
        );
    }
}
