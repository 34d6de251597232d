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
