use std::time::Duration;

use crate::proxy::Fault;
use crate::scene::{Checked, Scene};

/// Every message comes twice: each assignment is sent twice, and each send of the functions is done
/// twice.
#[tokio::test(flavor = "multi_thread")]
async fn messages_that_come_twice_call_nobody_twice() {
    let scene = Scene::new("twice", |_| (200, Duration::from_millis(50))).await;
    scene.proxy.plan(|_, operation, _| {
        if operation == "SendMessageBatch" {
            Fault::Repeat
        } else {
            Fault::None
        }
    });
    let assignments = scene.assignments(200);
    scene.assign(&assignments).await;
    scene.assign(&assignments).await;
    let settled = scene.settled(&assignments, Duration::from_secs(120)).await;
    // The copies that were still under way come to an end.
    tokio::time::sleep(Duration::from_secs(15)).await;
    let checked = scene.checked(&assignments, settled, |_| false).await;
    assert_eq!(checked, Checked::default());
    let repeated = scene.proxy.done(Fault::Repeat);
    println!("repeated {repeated} sends: no call doubled");
    assert!(repeated >= 20, "{repeated}");
    assert_eq!(scene.receiver.seen.calls().len(), 200);
}
