//! The filters, as in Jinja. Each charges for what it reads and makes.

mod choose;
mod date;
mod keys;
mod list;
mod number;
mod text;

use crate::run::{Apply, Filter};

const fn filter(name: &'static str, run: Apply) -> Filter {
    Filter {
        name,
        run,
        takes_undefined: false,
    }
}

const fn of_undefined(name: &'static str, run: Apply) -> Filter {
    Filter {
        name,
        run,
        takes_undefined: true,
    }
}

const FILTERS: [Filter; 38] = [
    filter("abs", number::abs),
    filter("capitalize", text::capitalize),
    filter("count", list::length),
    of_undefined("d", choose::default),
    filter("date", date::date),
    of_undefined("default", choose::default),
    filter("dictsort", list::dictsort),
    filter("first", list::first),
    filter("float", number::float),
    filter("groupby", list::groupby),
    filter("int", number::int),
    filter("items", list::items),
    filter("join", text::join),
    filter("last", list::last),
    filter("length", list::length),
    filter("list", list::list),
    filter("lower", text::lower),
    filter("map", choose::map),
    filter("max", list::max),
    filter("min", list::min),
    filter("reject", choose::reject),
    filter("rejectattr", choose::rejectattr),
    filter("replace", text::replace),
    filter("reverse", list::reverse),
    filter("round", number::round),
    filter("select", choose::select),
    filter("selectattr", choose::selectattr),
    filter("sort", list::sort),
    filter("split", text::split),
    filter("string", text::string),
    filter("sum", list::sum),
    filter("title", text::title),
    filter("tojson", text::tojson),
    filter("trim", text::trim),
    filter("truncate", text::truncate),
    filter("unique", list::unique),
    filter("upper", text::upper),
    filter("urlencode", text::urlencode),
];

pub(crate) fn find(name: &str) -> Option<Filter> {
    FILTERS.into_iter().find(|known| known.name == name)
}

pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    FILTERS.into_iter().map(|known| known.name)
}
