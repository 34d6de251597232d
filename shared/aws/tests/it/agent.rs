use aws::{Bucket, Queue, Table};
use delivery::Delivery;

use crate::fake::{Answer, Fake};

#[tokio::test]
async fn requests_name_this_program_and_nothing_else() {
    let fake = Fake::new(|_| Answer::ok("{}"));
    let config = fake.config();
    Table::new(&config, "table", None).warm().await;
    Queue::<Delivery>::new(&config, "https://sqs.eu-central-1.amazonaws.com/1/queue")
        .warm()
        .await;
    Bucket::new(&config, "documents").warm().await;
    let named = concat!("webhook-stage/", env!("CARGO_PKG_VERSION"));
    let asked = fake.asked();
    assert_eq!(asked.len(), 3);
    for request in asked {
        let agents = request.headers.iter();
        let agents: Vec<_> = agents
            .filter(|(name, _)| name.ends_with("user-agent"))
            .collect();
        assert_eq!(agents, [(&"user-agent".to_owned(), &named.to_owned())]);
    }
}
