//! The records of many files.

use std::collections::HashMap;

use delivery::ports::PortError;
use delivery::{FileKey, FileState};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::Table;
use super::batch::{BATCH, get_batch};
use super::item::{file, new};
use super::states::state;

impl Table {
    /// The records of these files, as they are or were a moment ago: at most `batches` reads of a hundred at the same time.
    pub(crate) async fn records_of(
        &self,
        files: Vec<FileKey>,
        batches: usize,
    ) -> Result<HashMap<FileKey, FileState>, PortError> {
        let what = "read listed files";
        let batches_of = stream::iter(files.chunks(BATCH).map(<[FileKey]>::to_vec));
        let reads = batches_of.map(|files| async move {
            let keys = files
                .iter()
                .map(|key| new(file(key), "STATE".to_owned()))
                .collect();
            get_batch(&self.client, what, &self.name, keys, false).await
        });
        let found: Vec<_> = reads.buffer_unordered(batches).try_collect().await?;
        let states = found.iter().flatten().map(state);
        states
            .map(|state| state.map(|state| (state.key.clone(), state)))
            .collect()
    }
}
