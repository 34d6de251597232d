//! The API: V7's routes for workflows and items, over any engine. [`router`] is the same behind API Gateway and behind the
//! server of one machine.

mod api;
mod authenticate;
mod error;
#[cfg(feature = "bootstrap")]
pub mod gateway;
mod items;
mod key;
mod number;
mod openapi;
mod path;
mod principal;
mod refused;
mod request;
mod respond;
mod router;
mod stages;
mod team;
mod time;
mod workflows;

pub use api::{Api, Engine};
pub use authenticate::Source;
pub use axum::body::Body;
pub use error::ApiError;
pub use key::{NewKey, create_key};
pub use openapi::openapi;
pub use principal::Principal;
pub use router::{LARGEST_DOCUMENT, router};
