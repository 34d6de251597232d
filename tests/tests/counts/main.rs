//! What the functions ask of AWS and log for a file, counted on their own programs, is what `infra/sam/counts.json` says,
//! which `infra/sam/price` multiplies. Run with `UPDATE_COUNTS=1` to write what is counted there.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

#[path = "../aws/emulator.rs"]
mod emulator;
mod endpoint;
mod failing;
mod function;
mod kept;
mod profiles;
mod run;
mod stage;
mod table;
mod template;
mod waiting;

use serde_json::json;

#[test]
fn index_keys_can_be_told_from_other_attributes() {
    let keys = template::TEMPLATE.lines().filter_map(|line| {
        let key = line.trim().strip_prefix("- { AttributeName: ")?;
        key.strip_suffix(", KeyType: HASH }")
    });
    let keys: Vec<_> = keys.collect();
    assert!(keys.len() > 1 && keys.contains(&"pk"), "{keys:?}");
    assert!(
        keys.iter().all(|key| *key == "pk" || key.ends_with("_pk")),
        "{keys:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_costs_what_the_counts_say() {
    let programs = emulator::programs();
    let counted = json!({
        "profiles": profiles::counted(&programs).await,
        "failing_file": failing::counted(&programs).await,
        "waiting_message": waiting::counted(&programs).await,
        "stage": stage::counted(&programs).await,
    });
    kept::compare(&counted);
}
