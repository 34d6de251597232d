use std::ops::Deref;
use std::rc::Rc;

use serde_json::Value as Json;

/// What an expression is while a template runs. The document's parts are borrowed, never copied.
#[derive(Clone, Debug)]
pub(crate) enum Value<'d> {
    Undefined,
    Null,
    Bool(bool),
    /// Wide enough for every integer of the document.
    Int(i128),
    /// Always finite.
    Float(f64),
    Text(Text<'d>),
    /// A complete JSON value, from `tojson`: written as it is.
    Raw(Rc<str>),
    /// An array or object of the document.
    Json(&'d Json),
    /// A list that the template made.
    List(Rc<List<'d>>),
    /// An object that the template made.
    Map(Rc<Map<'d>>),
    /// The `loop` of a `for`.
    Loop(Round),
}

/// A text, of the document or made.
#[derive(Clone, Debug)]
pub(crate) enum Text<'d> {
    Borrowed(&'d str),
    Made(Rc<str>),
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Made(text) => text,
        }
    }
}

/// Made by `Run::list`, which bounds its depth.
#[derive(Debug)]
pub(crate) struct List<'d> {
    pub(crate) items: Vec<Value<'d>>,
    pub(crate) depth: u16,
}

/// Made by `Run::map`, which bounds its depth. In the order in which it was written.
#[derive(Debug)]
pub(crate) struct Map<'d> {
    pub(crate) members: Vec<(Text<'d>, Value<'d>)>,
    pub(crate) depth: u16,
}

/// Which round of how many a loop is in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    /// From 0.
    pub(crate) index: usize,
    pub(crate) length: usize,
}

impl<'d> Value<'d> {
    /// A value of the document.
    pub(crate) fn of(json: &'d Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(bool) => Self::Bool(*bool),
            Json::Number(number) => match number.as_i128() {
                Some(int) => Self::Int(int),
                // Finite, as JSON is.
                None => Self::Float(number.as_f64().unwrap_or_default()),
            },
            Json::String(text) => Self::Text(Text::Borrowed(text)),
            Json::Array(_) | Json::Object(_) => Self::Json(json),
        }
    }

    /// A text of the template or the document.
    pub(crate) const fn text(text: &'d str) -> Self {
        Self::Text(Text::Borrowed(text))
    }

    /// A count.
    pub(crate) fn count(count: usize) -> Self {
        Self::Int(count as i128)
    }

    /// The text, if it is one.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Raw(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub(crate) fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(int) => Some(*int as f64),
            Self::Float(float) => Some(*float),
            _ => None,
        }
    }

    /// Truth as in Jinja: what is undefined, null, zero or empty is false.
    pub(crate) fn is_true(&self) -> bool {
        match self {
            Self::Undefined | Self::Null => false,
            Self::Bool(bool) => *bool,
            Self::Int(int) => *int != 0,
            Self::Float(float) => *float != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::Raw(_) | Self::Loop(_) => true,
            _ => self.length() != Some(0),
        }
    }

    /// Of a list its items, of an object its members. A text has characters, which cost steps to count.
    pub(crate) fn length(&self) -> Option<usize> {
        match self {
            Self::Json(Json::Array(items)) => Some(items.len()),
            Self::Json(Json::Object(members)) => Some(members.len()),
            Self::List(list) => Some(list.items.len()),
            Self::Map(map) => Some(map.members.len()),
            _ => None,
        }
    }

    /// How deeply the template has nested it.
    pub(crate) fn depth(&self) -> u16 {
        match self {
            Self::List(list) => list.depth,
            Self::Map(map) => map.depth,
            _ => 0,
        }
    }

    /// Its kind, for messages.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Undefined => "something undefined",
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Text(_) => "a text",
            Self::Raw(_) => "JSON text",
            Self::Json(Json::Object(_)) | Self::Map(_) => "an object",
            Self::Json(_) | Self::List(_) => "a list",
            Self::Loop(_) => "a loop",
        }
    }
}
