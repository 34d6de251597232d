//! Conditions and body templates of a Webhook stage, written in [Jinja].
//!
//! ```
//! use template::{About, Body, BodyFormat, Condition, Context, Document};
//!
//! let document = serde_json::json!({
//!     "item": {"name": "photo.jpg"},
//!     "annotations": [{"name": "Urgent", "tag": {}}, {"name": "car", "bounding_box": {}}],
//! });
//! let about = About { attempt: 1, now: 1_790_000_000, ..About::default() };
//! let context = Context::new(Document::whole(document), about);
//!
//! let condition = Condition::parse("has_tag('Urgent') and count('car') > 0")?;
//! assert!(condition.holds(&context)?);
//!
//! let body = Body::parse(r#"{"text": "{{ item.name }} of {{ now|date('%d %b %Y') }}"}"#, BodyFormat::Json)?;
//! assert_eq!(body.render(&context)?, r#"{"text": "photo.jpg of 21 Sep 2026"}"#);
//! # Ok::<(), template::TemplateError>(())
//! ```
//!
//! # Names
//!
//! | Name | What it is |
//! |---|---|
//! | `document` | the whole Darwin JSON document |
//! | `item` | its item: `item.name`, `item.source_info.item_id`, `item.slots[0].width` |
//! | `annotations` | its annotations, an empty list if it has none |
//! | `team` | the team's slug |
//! | `workflow`, `stage` | `workflow.id`, `workflow.name`, and the same of the stage |
//! | `attempt` | the number of the attempt, from 1 |
//! | `delivery_id` | the delivery's id |
//! | `now` | the time of the attempt in UTC, such as `2026-09-21T14:13:20Z` |
//!
//! Nothing else can be reached.
//!
//! # Functions of the annotations
//!
//! | Function | Example | What it gives |
//! |---|---|---|
//! | `has_tag(name)` | `has_tag("Urgent")` | whether there is a tag of that name |
//! | `has_class(name)` | `has_class("car")` | whether there is any annotation of that class |
//! | `annotations_of(name)` | `annotations_of("car")[0].bounding_box.w` | the annotations of a class, a list |
//! | `count(name)` | `count("car") > 3` | how many annotations of a class there are |
//! | `count_by_class()` | `{% for name, number in count_by_class()\|items %}…` | the number for each class, an object |
//! | `range(stop)`, `range(start, stop, step)` | `range(3)` | whole numbers, a list |
//!
//! # Filters
//!
//! | Filter | Example | What it gives |
//! |---|---|---|
//! | `default(value)`, `d` | `item.path\|default("/")` | the value if what is before it is missing |
//! | `tojson` | `{"item": {{ item\|tojson }}}` | a complete JSON value; a text has its quotes |
//! | `date(format)` | `now\|date("%d %b %Y, %H:%M")` | a date in UTC, of RFC 3339 or seconds since 1970 |
//! | `urlencode` | `?file={{ item.name\|urlencode }}` | a text for use in a link |
//! | `length`, `count` | `annotations\|length` | the number of items, members or characters |
//! | `upper`, `lower`, `title`, `capitalize`, `trim` | `item.name\|upper` | the text changed |
//! | `replace(old, new)` | `item.name\|replace(".jpg", "")` | the text with parts replaced |
//! | `truncate(length, end)` | `item.name\|truncate(20)` | at most so many characters, `…` included |
//! | `split(separator)` | `item.path\|split("/")` | a list of texts |
//! | `join(separator, attribute)` | `annotations\|join(", ", attribute="name")` | one text |
//! | `string`, `int`, `float` | `"12"\|int` | the value as a text or number |
//! | `abs`, `round(precision)` | `(w * h)\|round(1)` | the number changed |
//! | `first`, `last`, `list`, `reverse` | `annotations\|first` | an item, or a list |
//! | `map(attribute=…)`, `map(filter)` | `annotations\|map(attribute="name")` | a list with each item changed |
//! | `select(test)`, `reject(test)` | `[1, 2]\|select("odd")` | the items for which the test holds, or does not |
//! | `selectattr(attribute, test, value)`, `rejectattr` | `annotations\|selectattr("name", "==", "car")` | the same by an attribute |
//! | `sort(reverse, attribute)`, `unique(attribute)` | `names\|unique\|sort` | the list sorted, or each item once |
//! | `groupby(attribute, default, case_sensitive)` | `{% for name, cars in annotations\|groupby("name") %}` | pairs of value and items |
//! | `items`, `dictsort` | `{% for name, value in item\|items %}` | pairs of name and value |
//! | `sum(attribute)`, `min`, `max` | `item.slots\|sum(attribute="width")` | a number or an item |
//!
//! `date` knows `%Y %y %m %B %b %d %e %A %a %H %I %p %M %S %F %T %s %Z %z %%`.
//!
//! Tests, after `is` or `is not`: `defined`, `undefined`, `none`, `true`, `false`, `boolean`, `number`,
//! `integer`, `float`, `string`, `sequence`, `mapping`, `iterable`, `odd`, `even`, `divisibleby`, `in`, `eq`,
//! `ne`, `lt`, `le`, `gt`, `ge`, `startingwith`, `endingwith`.
//!
//! # The language
//!
//! - There are `{{ … }}`, `{% if %}`, `{% for %}` with `loop.index` and the like, `{% set x = … %}`,
//!   `{% with %}`, `{% raw %}` and `{# comments #}`. Macros, blocks, includes, recursive loops and methods are
//!   not there.
//! - **What is missing is an error where it is used**: where it is written, compared, computed with or gone through.
//!   So a typing error does not send blanks. `is defined`, `default(…)`, `and`, `or`, `not` and `if` take
//!   what is missing, and so does `.name` of it: `item.a.b is defined` works if `item` has no `a`. In
//!   `selectattr` what is missing equals nothing.
//! - A name, filter, test or function that does not exist is an error when the template is read.
//! - **In a JSON body a text is escaped and has no quotes**: `{"text": "File {{ item.name }}"}` is always JSON. Numbers,
//!   `true`, `false`, `null`, lists and objects are JSON. What `tojson` gives is written as it is.
//! - In any other body a text is written as it is, and everything else as JSON. Nothing is escaped.
//! - Only numbers can be multiplied. `true` is no number, and is equal to none.
//! - A list is sorted by numbers or by texts, not by both.
//!
//! # Limits
//!
//! Templates are foreign input, and run beside other customers' deliveries. So all that a run does is counted before
//! it is done: [`MAX_STEPS`], [`MAX_MEMORY`], [`MAX_OUTPUT`]; and a template is small ([`MAX_CONDITION`],
//! [`MAX_BODY`]) and nested at most 64 deep.
//!
//! [Jinja]: https://jinja.palletsprojects.com/en/stable/templates/

mod body;
mod calendar;
mod condition;
mod context;
mod error;
mod fault;
mod filters;
mod format;
#[doc(hidden)]
pub mod fuzzing;
mod limits;
mod read;
mod run;
mod value;
mod words;

pub use body::Body;
pub use condition::Condition;
pub use context::{About, Context, Document, Named};
pub use error::{Position, TemplateError};
pub use format::BodyFormat;
pub use limits::{MAX_BODY, MAX_CONDITION, MAX_MEMORY, MAX_OUTPUT, MAX_STEPS};
