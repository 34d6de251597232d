mod encoding;
mod error;
mod number;
#[cfg(test)]
mod tests;

use encoding::Beginning;
use number::Number;

pub use error::{PayloadError, Problem};

/// The deepest nesting that is accepted. Darwin JSON needs about ten levels.
const MAX_DEPTH: usize = 512;

/// A place in the outermost object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Open,
    KeyEnd,
    Comma,
    Close,
}

#[derive(Clone, Copy)]
enum State {
    Start,
    /// The rest of a byte order mark.
    ByteOrderMark(&'static [u8]),
    /// Its first bytes are not JSON in UTF-8; the encoding can be told once enough of them are read.
    Foreign(Beginning),
    FirstKey,
    Key,
    Colon,
    Value,
    FirstItem,
    After,
    End,
    Text {
        key: bool,
    },
    Escape {
        key: bool,
    },
    Hex {
        key: bool,
        left: u8,
    },
    Utf8 {
        key: bool,
        left: u8,
        low: u8,
        high: u8,
    },
    Word(&'static [u8]),
    Number(Number),
}

/// Reads JSON in chunks, checks that it is one valid object, and finds where its outermost members begin and end.
/// It needs memory only for the nesting, so that documents of any size can be streamed. A byte order mark before
/// the object is ignored, as RFC 8259 (section 8.1) allows.
pub(crate) struct Scanner {
    state: State,
    /// Open brackets from the outside: true for an object.
    open: Vec<bool>,
    offset: u64,
    line: u64,
    line_start: u64,
}

impl Scanner {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Start,
            open: Vec::with_capacity(16),
            offset: 0,
            line: 1,
            line_start: 0,
        }
    }

    /// Checks a whole document.
    pub(crate) fn check(document: &[u8]) -> Result<(), PayloadError> {
        let mut scanner = Self::new();
        let mut rest = document;
        while !rest.is_empty() {
            let (taken, _) = scanner.next(rest)?;
            rest = &rest[taken..];
        }
        scanner.finish()
    }

    /// Reads up to and including the byte of the next mark, or to the end of the input.
    pub(crate) fn next(&mut self, input: &[u8]) -> Result<(usize, Option<Mark>), PayloadError> {
        let mut at = 0;
        while at < input.len() {
            if let State::Text { .. } = self.state {
                at += input[at..]
                    .iter()
                    .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f | 0x80..))
                    .unwrap_or(input.len() - at);
            }
            let Some(byte) = input.get(at).copied() else {
                break;
            };
            // A number has no closing character; the byte after it belongs to what contains the number.
            if let State::Number(number) = self.state
                && number.step(byte).is_none()
                && number.is_complete()
            {
                self.state = State::After;
            }
            let mark = self
                .step(byte, at)
                .map_err(|problem| self.error(problem, u64::try_from(at).unwrap_or(u64::MAX)))?;
            at += 1;
            if mark.is_some() {
                self.advance(at);
                return Ok((at, mark));
            }
        }
        self.advance(at);
        Ok((at, None))
    }

    /// Called at the end of the document.
    pub(crate) fn finish(&self) -> Result<(), PayloadError> {
        match self.state {
            State::End => Ok(()),
            State::Foreign(beginning) => Err(self.error(beginning.problem(), 0)),
            _ => Err(self.error(Problem::CutOff, 0)),
        }
    }

    fn advance(&mut self, taken: usize) {
        self.offset += u64::try_from(taken).unwrap_or(u64::MAX);
    }

    fn error(&self, problem: Problem, at: u64) -> PayloadError {
        let (line, place) = match self.state {
            State::Foreign(beginning) => (1, beginning.place()),
            _ => (
                self.line,
                (self.offset + at).saturating_sub(self.line_start),
            ),
        };
        PayloadError {
            problem,
            line,
            column: place + 1,
        }
    }

    fn step(&mut self, byte: u8, at: usize) -> Result<Option<Mark>, Problem> {
        match self.state {
            State::Text { key } => return self.text(byte, key),
            State::Escape { key } => {
                self.state = match byte {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => State::Text { key },
                    b'u' => State::Hex { key, left: 4 },
                    _ => return Err(Problem::Syntax),
                };
            }
            State::Hex { key, left } => {
                if !byte.is_ascii_hexdigit() {
                    return Err(Problem::Syntax);
                }
                self.state = match left {
                    1 => State::Text { key },
                    _ => State::Hex {
                        key,
                        left: left - 1,
                    },
                };
            }
            State::Utf8 {
                key,
                left,
                low,
                high,
            } => {
                if !(low..=high).contains(&byte) {
                    return Err(Problem::Encoding);
                }
                self.state = match left {
                    1 => State::Text { key },
                    _ => State::Utf8 {
                        key,
                        left: left - 1,
                        low: 0x80,
                        high: 0xbf,
                    },
                };
            }
            State::ByteOrderMark(rest) => {
                if rest.first() != Some(&byte) {
                    return Err(Problem::Syntax);
                }
                self.state = match rest {
                    [_] => State::Start,
                    _ => State::ByteOrderMark(&rest[1..]),
                };
            }
            State::Foreign(beginning) => {
                let beginning = beginning.with(byte);
                self.state = State::Foreign(beginning);
                if beginning.is_enough() {
                    return Err(beginning.problem());
                }
            }
            State::Word(rest) => {
                if rest.first() != Some(&byte) {
                    return Err(Problem::Syntax);
                }
                self.state = match rest {
                    [_] => State::After,
                    _ => State::Word(&rest[1..]),
                };
            }
            State::Number(number) => {
                self.state = State::Number(number.step(byte).ok_or(Problem::Syntax)?);
            }
            _ => return self.between(byte, at),
        }
        Ok(None)
    }

    fn text(&mut self, byte: u8, key: bool) -> Result<Option<Mark>, Problem> {
        let (left, low, high) = match byte {
            b'"' if key => {
                self.state = State::Colon;
                return Ok((self.open.len() == 1).then_some(Mark::KeyEnd));
            }
            b'"' => {
                self.state = State::After;
                return Ok(None);
            }
            b'\\' => {
                self.state = State::Escape { key };
                return Ok(None);
            }
            0..=0x1f => return Err(Problem::Syntax),
            0x20..=0x7f => return Ok(None),
            // Unicode 16.0, table 3-7: well-formed UTF-8.
            0xc2..=0xdf => (1, 0x80, 0xbf),
            0xe0 => (2, 0xa0, 0xbf),
            0xe1..=0xec | 0xee..=0xef => (2, 0x80, 0xbf),
            0xed => (2, 0x80, 0x9f),
            0xf0 => (3, 0x90, 0xbf),
            0xf1..=0xf3 => (3, 0x80, 0xbf),
            0xf4 => (3, 0x80, 0x8f),
            _ => return Err(Problem::Encoding),
        };
        self.state = State::Utf8 {
            key,
            left,
            low,
            high,
        };
        Ok(None)
    }

    fn between(&mut self, byte: u8, at: usize) -> Result<Option<Mark>, Problem> {
        let at = self.offset + u64::try_from(at).unwrap_or(u64::MAX);
        match byte {
            b' ' | b'\t' | b'\r' => return Ok(None),
            b'\n' => {
                self.line += 1;
                self.line_start = at + 1;
                return Ok(None);
            }
            _ => {}
        }
        match (self.state, byte) {
            (State::Start, 0xef) if at == 0 => self.state = State::ByteOrderMark(b"\xbb\xbf"),
            (State::Start | State::FirstKey, _) if Beginning::is_foreign(at, byte) => {
                self.state = State::Foreign(Beginning::new(at, byte));
            }
            (State::Start, b'{') => {
                self.open(true)?;
                return Ok(Some(Mark::Open));
            }
            (State::Start, b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => {
                return Err(Problem::NotAnObject);
            }
            (State::FirstKey | State::Key, b'"') => self.state = State::Text { key: true },
            (State::FirstKey, b'}') | (State::FirstItem, b']') => return Ok(self.close()),
            (State::Colon, b':') => self.state = State::Value,
            (State::Value | State::FirstItem, _) => self.value(byte)?,
            (State::After, b',') => {
                let object = self.open.last() == Some(&true);
                self.state = if object { State::Key } else { State::Value };
                return Ok((self.open.len() == 1).then_some(Mark::Comma));
            }
            (State::After, b'}') if self.open.last() == Some(&true) => return Ok(self.close()),
            (State::After, b']') if self.open.last() == Some(&false) => return Ok(self.close()),
            _ => return Err(Problem::Syntax),
        }
        Ok(None)
    }

    fn value(&mut self, byte: u8) -> Result<(), Problem> {
        self.state = match byte {
            b'{' => return self.open(true),
            b'[' => return self.open(false),
            b'"' => State::Text { key: false },
            b't' => State::Word(b"rue"),
            b'f' => State::Word(b"alse"),
            b'n' => State::Word(b"ull"),
            b'-' => State::Number(Number::Minus),
            b'0' => State::Number(Number::Zero),
            b'1'..=b'9' => State::Number(Number::Whole),
            _ => return Err(Problem::Syntax),
        };
        Ok(())
    }

    fn open(&mut self, object: bool) -> Result<(), Problem> {
        if self.open.len() == MAX_DEPTH {
            return Err(Problem::TooDeep);
        }
        self.open.push(object);
        self.state = if object {
            State::FirstKey
        } else {
            State::FirstItem
        };
        Ok(())
    }

    fn close(&mut self) -> Option<Mark> {
        self.open.pop();
        let outermost = self.open.is_empty();
        self.state = if outermost { State::End } else { State::After };
        outermost.then_some(Mark::Close)
    }
}
