use super::error::Problem;

/// The number of bytes needed to tell the encodings of Unicode apart.
const ENOUGH: usize = 4;

/// The first bytes of a document that is not UTF-8. JSON begins with ASCII, so even without a byte order mark the
/// zero bytes among them show the encoding (RFC 4627, section 3).
#[derive(Clone, Copy)]
pub(super) struct Beginning {
    bytes: [u8; ENOUGH],
    count: usize,
    place: u64,
}

impl Beginning {
    /// Whether this byte at this place cannot occur in UTF-8 JSON, but does in another encoding.
    pub(super) const fn is_foreign(at: u64, byte: u8) -> bool {
        matches!((at, byte), (0 | 1, 0) | (0, 0xfe | 0xff))
    }

    /// Starts with the foreign byte. A byte before it is a brace or white space.
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

    /// The place of the foreign byte, from 0.
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
