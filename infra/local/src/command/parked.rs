//! Parked dead letters whose file has no record, so that no other listing shows them.

use delivery::ports::{FileStates, PortError};
use delivery::{DeadLetter, FileKey};
use serde::Serialize;
use uuid::Uuid;

use crate::error::Error;
use crate::terminal::columns::write_columns;
use crate::terminal::output::{output, say};
use crate::terminal::report::{counted, print_json};

/// How many letters are looked at, at most.
pub(super) const LIMIT: usize = 1000;

/// A parked letter whose file has no record. Fields that cannot be read are left out.
#[derive(Debug, Serialize)]
pub(super) struct Parked {
    dead_letter: String,
    pub(super) team: Option<String>,
    item_id: Option<Uuid>,
    cause: String,
}

/// Of the parked letters, those whose file has no record, and those that do not name a file.
pub(super) async fn without_record(
    states: &impl FileStates,
    letters: Vec<Option<DeadLetter>>,
) -> Result<Vec<Parked>, PortError> {
    let mut found = Vec::new();
    for letter in letters {
        let file = letter.as_ref().and_then(DeadLetter::file);
        if let Some(key) = &file
            && states.get(key).await?.is_some()
        {
            continue;
        }
        found.push(Parked::new(letter, file));
    }
    Ok(found)
}

impl Parked {
    fn new(letter: Option<DeadLetter>, file: Option<FileKey>) -> Self {
        let (dead_letter, cause) = match letter {
            Some(letter) => (letter.queue, letter.cause),
            None => ("unknown".to_owned(), "it cannot be read".to_owned()),
        };
        let (team, item_id) = file.map(|file| (file.team, file.item_id)).unzip();
        Self {
            dead_letter,
            team,
            item_id,
            cause,
        }
    }
}

/// Prints the letters, if there are any, and says what to do about them.
pub(super) fn print(letters: &[Parked], json: bool) -> Result<(), Error> {
    if letters.is_empty() {
        return Ok(());
    }
    if json {
        print_json(letters)?;
    } else {
        let header = ["DEAD LETTER", "TEAM", "ITEM", "CAUSE"].map(str::to_owned);
        let lines = letters.iter().map(|letter| {
            let item = letter.item_id.map(|id| id.to_string());
            [
                letter.dead_letter.clone(),
                letter.team.clone().unwrap_or_else(|| "-".to_owned()),
                item.unwrap_or_else(|| "-".to_owned()),
                letter.cause.clone(),
            ]
        });
        let lines: Vec<_> = std::iter::once(header).chain(lines).collect();
        output(|out| write_columns(out, &lines))?;
    }
    say!(
        "{} parked whose file has no record: `webhook-stage redrive` assigns those that can be read; the others' files must be assigned anew",
        counted(letters.len(), "dead letter")
    );
    Ok(())
}
