use aws_sdk_dynamodb::types::AttributeValue;
use delivery::ports::{Page, PortError, ScanSegment, Unfinished, UnfinishedFile};

use super::Table;
use super::item::{Item, new, text};
use super::states::state;
use crate::error::{corrupt, port_error};

/// Reads every item of the segment, at half a read unit per 4 KB. An index of unfinished files would cost more:
/// two write units for each delivered file. Queues cannot be searched, so only a file's due time tells whether
/// it is stuck.
impl Unfinished for Table {
    async fn unfinished(
        &self,
        segment: ScanSegment,
        after: Option<&str>,
    ) -> Result<Page<Result<UnfinishedFile, PortError>>, PortError> {
        let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        let page = self
            .client
            .scan()
            .table_name(&self.name)
            .segment(number(segment.number))
            .total_segments(number(segment.of.max(1)))
            .filter_expression("sk = :state AND #s IN (:assigned, :queued, :sending)")
            .expression_attribute_names("#s", "status")
            .expression_attribute_values(":state", text("STATE"))
            .expression_attribute_values(":assigned", text("assigned"))
            .expression_attribute_values(":queued", text("queued"))
            .expression_attribute_values(":sending", text("sending"))
            .set_exclusive_start_key(after.map(start).transpose()?)
            .send()
            .await
            .map_err(|error| port_error("look for unfinished files", &error))?;
        let rows = page.items.unwrap_or_default();
        let rows = rows.iter().map(|item| {
            Ok(UnfinishedFile {
                state: state(item).inspect_err(|error| unreadable(item, error))?,
                has_message: None,
            })
        });
        Ok(Page {
            rows: rows.collect(),
            next: page.last_evaluated_key.as_ref().map(cursor).transpose()?,
        })
    }
}

/// Logs which record cannot be read, because the audit only counts such records and lists leave them out.
pub(super) fn unreadable(item: &Item, error: &PortError) {
    let pk = item.get("pk").and_then(|pk| pk.as_s().ok());
    tracing::warn!(pk, code = error.kind.code(), "record cannot be read");
}

/// The place where a page ended: the key of the last item that was read.
fn cursor(key: &Item) -> Result<String, PortError> {
    let part = |name: &str| match key.get(name) {
        Some(AttributeValue::S(value)) => Ok(value.as_str()),
        _ => Err(corrupt("read where a page ended", "the key is incomplete")),
    };
    Ok(format!("{}\n{}", part("sk")?, part("pk")?))
}

fn start(cursor: &str) -> Result<Item, PortError> {
    let (sk, pk) = cursor
        .split_once('\n')
        .ok_or_else(|| corrupt("read a page's cursor", "it is not one of this listing's"))?;
    Ok(new(pk.to_owned(), sk.to_owned()))
}
