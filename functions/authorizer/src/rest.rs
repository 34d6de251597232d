//! REST APIs, `REQUEST` authorizer, policy response.

use serde_json::{Value, json};

use crate::check::{Decision, DenyReason, Tokens};
use crate::headers;

pub(crate) fn decide(tokens: &Tokens, event: &Value) -> Decision {
    if scope(event).is_none() {
        return Decision::Deny(DenyReason::UnknownEvent);
    }
    headers::check(tokens, event)
}

/// The policy covers the API's whole stage, not only the method that was called: API Gateway caches it for all
/// methods of the authorizer, and with the exact ARN a call to another path would be denied.
pub(crate) fn response(decision: Decision, event: &Value) -> Value {
    let (effect, resource) = match (decision, scope(event)) {
        (Decision::Allow, Some(scope)) => ("Allow", scope),
        (_, Some(scope)) => ("Deny", scope),
        (_, None) => ("Deny", "*".to_owned()),
    };
    json!({
        "principalId": "webhook-stage",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{
                "Action": "execute-api:Invoke",
                "Effect": effect,
                "Resource": resource,
            }],
        },
    })
}

/// `arn:aws:execute-api:region:account:api/stage/METHOD/path` → `…:api/stage/*`.
fn scope(event: &Value) -> Option<String> {
    let arn = event.get("methodArn")?.as_str()?;
    let mut parts = arn.splitn(6, ':');
    let prefix: Vec<&str> = parts.by_ref().take(5).collect();
    let mut path = parts.next()?.split('/');
    let (api, stage) = (path.next()?, path.next()?);
    let is_arn = prefix.len() == 5
        && prefix[0] == "arn"
        && prefix[2] == "execute-api"
        && prefix.iter().all(|part| !part.contains('/'));
    let is_whole = !api.is_empty() && !stage.is_empty() && path.next().is_some();
    let scope = format!("{}:{api}/{stage}", prefix.join(":"));
    // These are wildcards in a policy, and would extend it to other APIs.
    let is_plain = !scope.contains(['*', '?']);
    (is_arn && is_whole && is_plain).then(|| format!("{scope}/*"))
}
