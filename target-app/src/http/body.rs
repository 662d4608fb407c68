//! Bodies in and out.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::error::Category;

use super::{ApiError, Object};

/// Types of a body, by its Content-Type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Form,
}

impl Format {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
        let essence = value.split(';').next()?.trim();
        if essence.eq_ignore_ascii_case("application/json") {
            Some(Format::Json)
        } else if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            Some(Format::Form)
        } else {
            None
        }
    }
}

/// A whole request body within the size limit, and what it is.
pub(crate) struct TypedBody {
    pub(crate) format: Format,
    pub(crate) bytes: Bytes,
}

impl TypedBody {
    /// The bytes, when they are JSON.
    pub(crate) fn json(&self) -> Result<&[u8], ApiError> {
        match self.format {
            Format::Json => Ok(&self.bytes),
            Format::Form => Err(unsupported("application/json")),
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for TypedBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let format = Format::of(request.headers())
            .ok_or_else(|| unsupported("application/json or application/x-www-form-urlencoded"))?;
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| {
                let code = match rejection.status() {
                    StatusCode::PAYLOAD_TOO_LARGE => "too_large",
                    _ => "bad_body",
                };
                ApiError::new(rejection.status(), code, rejection.body_text())
            })?;
        Ok(Self { format, bytes })
    }
}

fn unsupported(expected: &str) -> ApiError {
    ApiError::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        format!("Content-Type must be {expected}"),
    )
}

/// Reads a JSON object: 400 when it is malformed, 422 when it is not what is expected.
pub(crate) fn parse_json<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, ApiError> {
    let object = serde_json::from_slice(bytes);
    object
        .map(|Object(value)| value)
        .map_err(|error: serde_json::Error| match error.classify() {
            Category::Data => ApiError::invalid(error.to_string()),
            Category::Syntax | Category::Eof | Category::Io => ApiError::new(
                StatusCode::BAD_REQUEST,
                "malformed_json",
                format!("malformed JSON: {error}"),
            ),
        })
}

/// Reads a form: 400 when it is not what is expected.
pub(crate) fn parse_form<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    serde_urlencoded::from_bytes(bytes).map_err(|error| {
        ApiError::new(
            StatusCode::BAD_REQUEST,
            "malformed_form",
            format!("malformed form: {error}"),
        )
    })
}

/// An answer in JSON.
pub(crate) fn json_response(status: StatusCode, value: &impl Serialize) -> Response {
    // Room for an order of five items, so that most answers are one allocation.
    let mut bytes = Vec::with_capacity(512);
    // Fails only for maps with keys that are no strings, which no answer has.
    let written = serde_json::to_writer(&mut bytes, value);
    debug_assert!(written.is_ok());
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
