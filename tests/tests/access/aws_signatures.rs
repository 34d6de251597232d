//! Signatures for AWS, against botocore's.

use aws::{SdkConfig, SigV4Signer};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use delivery::Timestamp;
use delivery::ports::{SignRequest, Unsigned};
use secrecy::ExposeSecret;
use serde_json::json;
use sha2::{Digest, Sha256};
use url::Url;
use workflow::{Access, Method, SigV4};

use crate::server::{Server, botocore};
use crate::{answer, call, caller};

const SESSION: &str = "planted/session+token==";

fn signer(session: bool) -> SigV4Signer {
    let token = session.then(|| SESSION.to_owned());
    let (key, secret) = ("AKIDEXAMPLE", "planted+secret/of-nobody");
    let credentials = Credentials::new(key, secret, token, None, "test");
    let provider = SharedCredentialsProvider::new(credentials);
    SigV4Signer::new(&SdkConfig::builder().credentials_provider(provider).build())
}

const PATHS: [&str; 14] = [
    "",
    "/",
    "/hook",
    "/a//b/",
    "/a/./b/../c",
    "/with space/é/日本",
    "/already%20encoded/%C3%A9/%2F",
    "/per%cent%25",
    "/~tilde-under_score.dot",
    "/semi;colon,comma:colon@at!$&'()*+=",
    "/prod/items/{id}",
    "/[brackets]/|pipe|",
    "/stage/%E2%82%AC/",
    "/quote\"/<angle>",
];

/// Each character that needs no escape is without one: where it has one, botocore signs the query as it stands, and AWS
/// wants it without (`UriEncode` in its description of the canonical request).
const QUERIES: [&str; 8] = [
    "",
    "?a=1&b=2",
    "?b=2&a=1&a=0",
    "?empty=&flag",
    "?space=a%20b&slash=%2F",
    "?name=%C3%A9&other=ü",
    "?~=.-_~&x=1",
    "?Z=1&a=2&A=3",
];

#[tokio::test]
async fn every_signature_is_the_one_that_botocore_makes() {
    let mut requests = Vec::new();
    let mut found = Vec::new();
    for path in PATHS {
        for (number, query) in QUERIES.into_iter().enumerate() {
            let (session, body) = (number % 2 == 0, ["", "{\"a\":\"é\"}"][number / 4]);
            let (service, host) = match number % 3 {
                0 => ("lambda", "abc.lambda-url.eu-west-1.on.aws"),
                1 => ("execute-api", "abc.execute-api.eu-west-1.amazonaws.com"),
                _ => ("execute-api", "receiver.example:8443"),
            };
            let method = ["POST", "PUT", "PATCH"][number % 3];
            let at = 1_700_000_000 + 86_400 * i64::try_from(number).unwrap();
            let url = Url::parse(&format!("https://{host}{path}{query}")).unwrap();
            let unsigned = Unsigned {
                method,
                url: url.as_str(),
                body_sha256: Sha256::digest(body).into(),
                at: Timestamp::from_millis(at * 1000),
                service,
                region: "eu-west-1",
            };
            let headers = signer(session).sign(unsigned).await.unwrap();
            let header = headers.iter().find(|header| header.name == "authorization");
            found.push(header.unwrap().value.expose_secret().to_owned());
            requests.push(
                json!({"method": method, "url": url.as_str(), "body": body, "at": at,
                "service": service, "region": "eu-west-1", "token": session.then_some(SESSION)}),
            );
        }
    }
    let expected = botocore(&requests);
    assert_eq!(expected.len(), found.len());
    let pairs = requests.iter().zip(found.iter().zip(&expected));
    let wrong: Vec<String> = pairs
        .filter(|(_, (found, expected))| found != expected)
        .map(|(request, (found, expected))| format!("{request}\n{found}\n{expected}"))
        .collect();
    assert!(wrong.is_empty(), "{}: {}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn a_receiver_takes_a_signed_call() {
    let server = Server::start();
    let access = Access::SigV4(SigV4 {
        service: "lambda".to_owned(),
        region: "eu-west-1".to_owned(),
    });
    for session in [false, true] {
        let caller = caller().with_signer(signer(session));
        for (method, path) in [
            (Method::Post, ""),
            (Method::Put, "/with space/%C3%A9?b=2&a=1"),
            (Method::Patch, "/100%25?x=%2F"),
        ] {
            let url = format!("{}/signed-for-aws{path}", server.url);
            let mut signed = call(url, "{\"item\":{}}");
            signed.config.method = method;
            signed.config.access = Some(access.clone());
            let taken = answer(&caller, signed).await;
            assert_eq!(taken.result, Ok(200), "{taken:?}");
        }
    }
    let mut other = call(format!("{}/signed-for-aws", server.url), "{}");
    other.sent_at = Timestamp::from_millis(other.sent_at.as_millis() - 400_000);
    other.config.access = Some(access);
    let refused = answer(&caller().with_signer(signer(true)), other).await;
    assert_eq!(refused.result, Ok(403), "{refused:?}");
    assert!(refused.response_excerpt.contains("another time"));
}
