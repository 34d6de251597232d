//! The HTTP client of all of a function's SDK clients.

use std::error::Error;

use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::retries::ErrorKind;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::connect::Connect;

/// One pool of connections, whatever a client wants: all have the same timeouts.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    client: Client<Connect, SdkBody>,
}

impl Pool {
    pub(super) fn new(connect: Connect) -> Self {
        let mut client = Client::builder(TokioExecutor::new());
        Self {
            client: client.pool_timer(TokioTimer::new()).build(connect),
        }
    }
}

impl HttpClient for Pool {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Pool {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => {
                return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into())));
            }
        };
        let connection = capture_connection(&mut request);
        if let Some(wanted) = request.extensions().get::<CaptureSmithyConnection>() {
            wanted.set_connection_retriever(move || metadata(&connection));
        }
        let response = self.client.request(request);
        HttpConnectorFuture::new(async move {
            let response = response.await.map_err(connector_error)?;
            HttpResponse::try_from(response.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// By which the SDK keeps a connection from being used again, after an error that may be its fault.
fn metadata(connection: &CaptureConnection) -> Option<ConnectionMetadata> {
    connection.connection_metadata().as_ref()?;
    let connection = connection.clone();
    let poison = move || {
        if let Some(connection) = connection.connection_metadata().as_ref() {
            connection.poison();
        }
    };
    let metadata = ConnectionMetadata::builder()
        .proxied(false)
        .poison_fn(poison);
    Some(metadata.build())
}

/// Tells the errors after which the SDK tries again, as its own client does.
fn connector_error(error: legacy::Error) -> ConnectorError {
    let io = source::<std::io::Error>(&error).map(std::io::Error::kind);
    if io == Some(std::io::ErrorKind::TimedOut) {
        return ConnectorError::timeout(error.into());
    }
    let is_io = error.is_connect() || io.is_some();
    let Some(http) = source::<hyper::Error>(&error) else {
        return if is_io {
            ConnectorError::io(error.into())
        } else {
            ConnectorError::other(error.into(), None)
        };
    };
    if http.is_timeout() {
        ConnectorError::timeout(error.into())
    } else if http.is_user() {
        ConnectorError::user(error.into())
    } else if is_io || http.is_closed() || http.is_canceled() {
        ConnectorError::io(error.into())
    } else if http.is_incomplete_message() {
        ConnectorError::other(error.into(), Some(ErrorKind::TransientError))
    } else {
        ConnectorError::other(error.into(), None)
    }
}

fn source<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    std::iter::successors(Some(error), |&error| error.source())
        .find_map(|error| error.downcast_ref())
}
