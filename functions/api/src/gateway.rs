//! The router behind API Gateway.

use std::convert::Infallible;

use axum::Router;
use axum::response::Response;
use lambda_http::request::RequestContext;
use lambda_http::tower::ServiceExt;
use lambda_http::{Request, RequestExt};

use crate::authenticate::Source;

/// Answers a request of API Gateway's. Where it comes from is what API Gateway says, and no header.
///
/// # Errors
/// None: every answer is one.
pub async fn answer(routes: Router, mut request: Request) -> Result<Response, Infallible> {
    let source = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.as_deref(),
        _ => None,
    };
    let source = source.and_then(|source| source.parse().ok()).map(Source);
    if let Some(source) = source {
        request.extensions_mut().insert(source);
    }
    routes.oneshot(request).await
}

#[cfg(test)]
mod tests {
    use axum::extract::Extension;
    use axum::routing::any;

    use super::*;

    /// A request as API Gateway sends it, in its format 2.0.
    fn request(body: &str, is_base64: bool) -> Request {
        let event = format!(
            r#"{{"version": "2.0", "routeKey": "ANY /api/{{proxy+}}", "rawPath": "/api/a", "rawQueryString": "page[size]=1",
                "headers": {{"x-forwarded-for": "192.0.2.1", "host": "api.example"}}, "body": "{body}", "isBase64Encoded": {is_base64},
                "requestContext": {{"accountId": "1", "apiId": "a", "stage": "$default", "time": "", "timeEpoch": 0,
                    "http": {{"method": "POST", "path": "/api/a", "protocol": "HTTP/1.1", "sourceIp": "198.51.100.7"}}}}}}"#
        );
        lambda_http::request::from_str(&event).unwrap()
    }

    async fn answered(request: Request) -> String {
        let show = async |source: Option<Extension<Source>>, uri: http::Uri, body: String| {
            let source = source.map(|Extension(Source(source))| source);
            format!("{source:?} {} {body}", uri.path_and_query().unwrap())
        };
        let routes = Router::new().route("/api/a", any(show));
        let response = answer(routes, request).await.unwrap();
        let body = axum::body::to_bytes(response.into_body(), 1024).await;
        String::from_utf8(body.unwrap().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn where_a_request_comes_from_is_no_header() {
        let expected = "Some(198.51.100.7) /api/a?page[size]=1 {}";
        assert_eq!(answered(request("{}", false)).await, expected);
    }

    #[tokio::test]
    async fn a_body_in_base64_is_decoded() {
        assert!(
            answered(request("eyJhIjogMX0=", true))
                .await
                .ends_with(r#"{"a": 1}"#)
        );
    }
}
