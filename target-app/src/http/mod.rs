//! Common parts of every service's HTTP side: routes with metrics, JSON errors, request bodies.

mod api;
mod body;
mod error;
mod metrics;
mod object;

pub(crate) use api::Api;
pub(crate) use body::{Format, TypedBody, json_response, parse_form, parse_json};
pub(crate) use error::ApiError;
pub(crate) use object::Object;
