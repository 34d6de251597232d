//! The second table, which only the API needs: registered items, a team's workflows, and keys. It is apart from the table of
//! records so that the audit's scan does not read it, and exists only in a deployment with the API.

mod count;
mod items;
mod keys;
mod list;
mod place;
mod stored;
#[cfg(feature = "service")]
mod workflows;

use aws_sdk_dynamodb::Client;

use crate::table::Table;

/// The table of the API.
///
/// | `pk` | `sk` | what |
/// |---|---|---|
/// | `ITEM#<team>#<last digit of its id>` | `<item>` | a registered item |
/// | `WORKFLOWS#<team>` | `<workflow>` | that the team has this workflow, which is in the table of records |
/// | `KEYS` | `<first part>` | an API key: whom it stands for, and its digest |
#[derive(Clone, Debug)]
pub struct Registry {
    client: Client,
    name: String,
    records: Table,
}

impl Registry {
    /// The table with this name, beside the table of records.
    #[must_use]
    pub fn beside(records: &Table, name: impl Into<String>) -> Self {
        Self {
            client: records.client().clone(),
            name: name.into(),
            records: records.clone(),
        }
    }
}
