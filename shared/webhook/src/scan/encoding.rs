use super::error::Problem;

/// As many bytes as tell the encodings of Unicode apart.
const ENOUGH: usize = 4;

/// The first bytes of a document that is not UTF-8. JSON begins with ASCII, so the zeros among them show
/// its encoding where no byte order mark does (RFC 4627, section 3).
#[derive(Clone, Copy)]
pub(super) struct Beginning {
    bytes: [u8; ENOUGH],
    count: usize,
    place: u64,
}

impl Beginning {
    /// Whether no JSON in UTF-8 has this byte at this place, and another encoding does.
    pub(super) const fn is_foreign(at: u64, byte: u8) -> bool {
        matches!((at, byte), (0 | 1, 0) | (0, 0xfe | 0xff))
    }

    /// Begins with the foreign byte. One that stands before it is a brace or white space.
    pub(super) fn new(at: u64, byte: u8) -> Self {
        let none = Self {
            bytes: [0; ENOUGH],
            count: 0,
            place: at,
        };
        match at {
            0 => none.with(byte),
            _ => none.with(b'{').with(byte),
        }
    }

    pub(super) fn with(mut self, byte: u8) -> Self {
        if let Some(next) = self.bytes.get_mut(self.count) {
            *next = byte;
            self.count += 1;
        }
        self
    }

    pub(super) const fn is_enough(self) -> bool {
        self.count == ENOUGH
    }

    /// Where the foreign byte is, from 0.
    pub(super) const fn place(self) -> u64 {
        self.place
    }

    pub(super) fn problem(self) -> Problem {
        match &self.bytes[..self.count] {
            [0xff, 0xfe, 0, 0] | [0, 0, 0xfe, 0xff] | [0, 0, 0, 1..=0xff] | [1..=0xff, 0, 0, 0] => {
                Problem::Utf32
            }
            [0xff, 0xfe, ..]
            | [0xfe, 0xff, ..]
            | [0, 1..=0xff, 0, 1..=0xff]
            | [1..=0xff, 0, 1..=0xff, 0] => Problem::Utf16,
            [0xfe | 0xff, ..] => Problem::Encoding,
            _ => Problem::Syntax,
        }
    }
}
