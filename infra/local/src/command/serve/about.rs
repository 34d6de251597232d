//! What a supervisor and a monitoring system ask the server: `/health`, `/ready` and `/metrics`.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use api::Body;
use delivery::ports::{PortError, Receive};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use super::metrics::{Metrics, head};
use crate::backend::directory::Directory;
use crate::backend::stages::stages;

/// Answers without a key: nothing in it is a team's.
pub(super) struct About {
    pub(super) engine: Directory,
    pub(super) metrics: Arc<Metrics>,
}

impl About {
    /// The answer; none if the request is about something else.
    pub(super) async fn answer<B>(&self, request: &Request<B>) -> Option<Response<Body>> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return None;
        }
        match request.uri().path() {
            "/health" => Some(text(StatusCode::OK, "ok\n".to_owned())),
            "/ready" => Some(match self.engine.fault(Duration::ZERO) {
                None => text(StatusCode::OK, "ready\n".to_owned()),
                Some(fault) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{fault}\n")),
            }),
            "/metrics" => Some(match self.written().await {
                Ok(metrics) => text(StatusCode::OK, metrics),
                Err(fault) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{fault}\n")),
            }),
            _ => None,
        }
    }

    async fn written(&self) -> Result<String, PortError> {
        let mut out = String::new();
        self.metrics.write(&mut out);
        let gauges = self.engine.gauges().await?;
        let about = "Files that are not at rest, and files at rest whose last webhook failed.";
        head(&mut out, "files", "gauge", about);
        for (state, count) in [("under_way", gauges.under_way), ("failed", gauges.failed)] {
            let _ = writeln!(out, "webhook_stage_files{{state=\"{state}\"}} {count}");
        }
        let about = "Messages on each queue: waiting, and in flight.";
        head(&mut out, "messages", "gauge", about);
        for (queue, all, in_flight) in gauges.queues {
            let queue = queue.name();
            for (state, count) in [("waiting", all - in_flight), ("in_flight", in_flight)] {
                let labels = format!("queue=\"{queue}\",state=\"{state}\"");
                let _ = writeln!(out, "webhook_stage_messages{{{labels}}} {count}");
            }
        }
        let stages = stages(&self.engine).await?;
        let paused = stages.iter().filter(|stage| stage.control.pause.is_some());
        let open = stages.iter().filter(|stage| stage.control.outage.is_some());
        let about = "Webhook stages, by what holds their deliveries back.";
        head(&mut out, "held_stages", "gauge", about);
        for (by, count) in [("pause", paused.count()), ("breaker", open.count())] {
            let _ = writeln!(out, "webhook_stage_held_stages{{by=\"{by}\"}} {count}");
        }
        Ok(out)
    }
}

fn text(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
