//! How large a template may be, and how much it may do. What a template of a stage really needs is a
//! hundredth of each.

/// Longest condition, in bytes.
pub const MAX_CONDITION: usize = 4 * 1024;

/// Longest body template, in bytes.
pub const MAX_BODY: usize = 16 * 1024;

/// Longest body that a template makes, in bytes.
pub const MAX_OUTPUT: usize = 1024 * 1024;

/// Most steps of one run: a step is a part of an expression, an item that is looked at, or 64 bytes that
/// are read or written.
pub const MAX_STEPS: u64 = 1_000_000;

/// Most bytes of texts and lists that one run makes. What it drops again counts too, so this bounds what it
/// holds at any time.
pub const MAX_MEMORY: u64 = 8 * 1024 * 1024;

/// Most words and signs within one `{{ … }}` or `{% … %}`.
pub(crate) const MAX_TOKENS: usize = 1_000;

/// Most `elif` of a template.
pub(crate) const MAX_ELIFS: usize = 64;

/// Most names that a template sets, its loops' included.
pub(crate) const MAX_VARIABLES: usize = 64;

/// Deepest nesting of expressions and blocks. A sum of as many terms counts as nested.
pub(crate) const MAX_NESTING: usize = 64;

/// Deepest nesting of the lists and objects that a template makes itself.
pub(crate) const MAX_MADE_DEPTH: u16 = 32;

/// Deepest nesting of what is compared or written as JSON; the product accepts documents of 512.
pub(crate) const MAX_DEPTH: usize = 600;

/// Longest piece of a template's own words in an error message, in characters.
pub(crate) const MAX_SHOWN: usize = 40;
