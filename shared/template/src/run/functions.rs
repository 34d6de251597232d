use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde_json::Value as Json;

use crate::fault::Fault;
use crate::value::{Text, Value};

use super::program::Function;
use super::{Args, Run};

/// An annotation's name is seldom in the processor's cache.
const STEPS_OF_ANNOTATION: usize = 6;

const FUNCTIONS: [Function; 6] = [
    Function {
        name: "has_tag",
        run: has_tag,
    },
    Function {
        name: "has_class",
        run: has_class,
    },
    Function {
        name: "annotations_of",
        run: annotations_of,
    },
    Function {
        name: "count",
        run: count,
    },
    Function {
        name: "count_by_class",
        run: count_by_class,
    },
    Function {
        name: "range",
        run: range,
    },
];

pub(crate) fn function(name: &str) -> Option<Function> {
    FUNCTIONS.into_iter().find(|known| known.name == name)
}

pub(crate) fn function_names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.into_iter().map(|known| known.name)
}

impl<'d> Run<'d> {
    /// The annotations one by one, charged for.
    fn each_annotation(
        &mut self,
        used_by: &str,
        mut visit: impl FnMut(&mut Self, &'d Json, &'d str) -> Result<bool, Fault>,
    ) -> Result<(), Fault> {
        let Value::Json(Json::Array(annotations)) = self.annotations(used_by)? else {
            return Ok(());
        };
        for annotation in annotations {
            self.budget.steps(STEPS_OF_ANNOTATION)?;
            let name = annotation.get("name").and_then(Json::as_str);
            if let Some(name) = name
                && !visit(self, annotation, name)?
            {
                break;
            }
        }
        Ok(())
    }

    fn is(&mut self, name: &str, class: &str) -> Result<bool, Fault> {
        if name.len() != class.len() {
            return Ok(false);
        }
        self.read(name)?;
        Ok(name == class)
    }
}

fn has_tag<'d>(run: &mut Run<'d>, args: &mut Args<'d>) -> Result<Value<'d>, Fault> {
    let class = args.needed_text("name")?;
    let mut found = false;
    run.each_annotation("has_tag", |run, annotation, name| {
        if run.is(name, &class)? {
            found = annotation.get("tag").is_some() || in_frames(run, annotation)?;
        }
        Ok(!found)
    })?;
    Ok(Value::Bool(found))
}

/// In a video a tag stands in its frames.
fn in_frames(run: &mut Run<'_>, annotation: &Json) -> Result<bool, Fault> {
    let Some(Json::Object(frames)) = annotation.get("frames") else {
        return Ok(false);
    };
    for frame in frames.values() {
        run.budget.steps(1)?;
        if frame.get("tag").is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn has_class<'d>(run: &mut Run<'d>, args: &mut Args<'d>) -> Result<Value<'d>, Fault> {
    let class = args.needed_text("name")?;
    let mut found = false;
    run.each_annotation("has_class", |run, _, name| {
        found = run.is(name, &class)?;
        Ok(!found)
    })?;
    Ok(Value::Bool(found))
}

fn annotations_of<'d>(run: &mut Run<'d>, args: &mut Args<'d>) -> Result<Value<'d>, Fault> {
    let class = args.needed_text("name")?;
    let mut found = Vec::new();
    run.each_annotation("annotations_of", |run, annotation, name| {
        if run.is(name, &class)? {
            run.item()?;
            found.push(Value::of(annotation));
        }
        Ok(true)
    })?;
    run.list(found)
}

fn count<'d>(run: &mut Run<'d>, args: &mut Args<'d>) -> Result<Value<'d>, Fault> {
    let class = args.needed_text("name")?;
    let mut counted = 0;
    run.each_annotation("count", |run, _, name| {
        counted += usize::from(run.is(name, &class)?);
        Ok(true)
    })?;
    Ok(Value::count(counted))
}

fn count_by_class<'d>(run: &mut Run<'d>, _: &mut Args<'d>) -> Result<Value<'d>, Fault> {
    let mut counts: Vec<(Text<'d>, usize)> = Vec::new();
    let mut places: HashMap<&'d str, usize> = HashMap::new();
    run.each_annotation("count_by_class", |run, _, name| {
        run.read(name)?;
        // It is looked up in a table that is as large as there are classes.
        run.budget.steps(2)?;
        match places.entry(name) {
            Entry::Occupied(place) => counts[*place.get()].1 += 1,
            Entry::Vacant(place) => {
                for _ in 0..4 {
                    run.item()?;
                }
                place.insert(counts.len());
                counts.push((Text::Borrowed(name), 1));
            }
        }
        Ok(true)
    })?;
    let counts = counts
        .into_iter()
        .map(|(name, count)| (name, Value::count(count)))
        .collect();
    run.map(counts)
}

fn range<'d>(run: &mut Run<'d>, args: &mut Args<'d>) -> Result<Value<'d>, Fault> {
    let first = args
        .int("start")?
        .ok_or_else(|| Fault::failed("the argument stop is missing"))?;
    let (mut at, stop) = match args.int("stop")? {
        Some(stop) => (first, stop),
        None => (0, first),
    };
    let step = args.int("step")?.unwrap_or(1);
    if step == 0 {
        return Err(Fault::failed("a range cannot have steps of 0"));
    }
    let mut numbers = Vec::new();
    while if step > 0 { at < stop } else { at > stop } {
        run.item()?;
        numbers.push(Value::Int(at));
        at = at.saturating_add(step);
    }
    run.list(numbers)
}
