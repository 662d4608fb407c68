//! Requests for reqwest, prepared once per step and server.

use super::super::{
    holes::Holes,
    request::{anticipates_body, asks_to_close, basic},
    response::Looks,
};
use crate::Trace;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use loadgen_data::{Template, Value};
use loadgen_plan::{
    HttpStep,
    http::{Encoding, FormPart, PartContent, Sampling, Settings},
};
use reqwest::{
    Body, Client, Request,
    multipart::{Form, Part},
};
use url::Url;

/// What a step sends to one server, and what must be known to read the answer.
#[derive(Debug)]
pub(in crate::http) struct Message {
    method: Method,
    /// Scheme, host and port, and what is left of a path before the step's own.
    base: String,
    path: Template,
    /// The whole, where it is always the same.
    url: Option<Url>,
    /// Those that are always the same.
    headers: HeaderMap,
    rendered: Vec<(HeaderName, Template)>,
    content: Content,
    /// Asked by https.
    pub tls: bool,
    /// Doing it twice is the same as doing it once (RFC 9110, 9.2.2).
    pub idempotent: bool,
    /// The request itself asks for the connection to be closed.
    pub close: bool,
    /// It says which trace it is the root of.
    pub trace: Option<Sampling>,
    pub holes: Holes,
    pub looks: Looks,
}

#[derive(Debug)]
enum Content {
    None,
    Fixed(Bytes),
    Rendered(Template),
    Parts(Vec<FormPart>),
}

impl Message {
    /// Prepares `step` for the server at `url`.
    ///
    /// # Errors
    /// In words, when it cannot be sent.
    pub(in crate::http) fn compile(
        step: &HttpStep,
        url: &Url,
        settings: &Settings,
    ) -> Result<Self, String> {
        let base = url.as_str().trim_end_matches('/').to_owned();
        let base = match base.split_once('@') {
            Some((_, host)) => format!("{}://{host}", url.scheme()),
            None => base,
        };
        let own = |name: HeaderName| step.headers.iter().any(|(own, _)| *own == name);
        let mut headers = HeaderMap::new();
        let mut add = |name: HeaderName, value: &[u8]| {
            let value = HeaderValue::from_bytes(value)
                .map_err(|_| format!("the header {name} has a character that HTTP has not"))?;
            headers.append(name, value);
            Ok::<_, String>(())
        };
        if !own(header::USER_AGENT) {
            add(header::USER_AGENT, settings.user_agent.as_bytes())?;
        }
        if let Some(credentials) = basic(url)
            && !own(header::AUTHORIZATION)
        {
            add(header::AUTHORIZATION, credentials.as_bytes())?;
        }
        if !settings.compression.is_empty() && !own(header::ACCEPT_ENCODING) {
            let names: Vec<&str> = settings
                .compression
                .iter()
                .copied()
                .map(Encoding::name)
                .collect();
            add(header::ACCEPT_ENCODING, names.join(", ").as_bytes())?;
        }
        let mut rendered = Vec::new();
        for (name, value) in &step.headers {
            match value.as_literal() {
                Some(bytes) => add(name.clone(), bytes)?,
                None => rendered.push((name.clone(), value.clone())),
            }
        }
        let content = match (&step.body, step.multipart.as_slice()) {
            (Some(body), _) => match body.as_literal() {
                Some(bytes) => Content::Fixed(Bytes::copy_from_slice(bytes)),
                None => Content::Rendered(body.clone()),
            },
            (None, []) => Content::None,
            (None, parts) => Content::Parts(parts.to_vec()),
        };
        let fixed = step.path.as_literal().map(|path| whole(&base, path));
        Ok(Self {
            method: step.method.clone(),
            path: step.path.clone(),
            url: fixed.transpose()?,
            base,
            headers,
            rendered,
            content,
            tls: url.scheme() == "https",
            idempotent: step.method.is_idempotent(),
            close: step.headers.iter().any(asks_to_close),
            trace: step.trace,
            holes: Holes::of(step),
            looks: Looks::of(step),
        })
    }

    /// The request with `values` filled in, and its length as HTTP/1.1 writes it, but for cookies.
    ///
    /// # Errors
    /// In words, when it cannot be sent.
    pub(super) fn build(
        &self,
        client: &Client,
        values: &[Value],
        trace: Option<&Trace>,
    ) -> Result<(Request, u64), String> {
        let mut buffer = Vec::new();
        let url = match &self.url {
            Some(url) => url.clone(),
            None => {
                self.path.render(values, &mut buffer);
                whole(&self.base, &buffer)?
            }
        };
        let mut length = 0;
        let mut request = match &self.content {
            Content::Parts(parts) => {
                let form = form(parts, values)?;
                let built = client.request(self.method.clone(), url).multipart(form);
                built
                    .build()
                    .map_err(|error| error.without_url().to_string())?
            }
            content => {
                let mut request = Request::new(self.method.clone(), url);
                let body = match content {
                    Content::Fixed(bytes) => Some(bytes.clone()),
                    Content::Rendered(template) => {
                        let mut body = Vec::new();
                        template.render(values, &mut body);
                        Some(body.into())
                    }
                    Content::None | Content::Parts(_) => None,
                };
                if let Some(body) = body {
                    length = length_field(body.len() as u64) + body.len() as u64;
                    *request.body_mut() = Some(Body::from(body));
                } else if anticipates_body(&self.method) {
                    length = length_field(0);
                }
                request
            }
        };
        if let Some(framed) = request.headers().get(header::CONTENT_LENGTH) {
            let framed = framed.to_str().ok().and_then(|text| text.parse().ok());
            length = framed.unwrap_or(0);
        }
        let headers = request.headers_mut();
        for (name, value) in &self.headers {
            headers.append(name.clone(), value.clone());
        }
        for (name, template) in &self.rendered {
            buffer.clear();
            template.render(values, &mut buffer);
            let value = HeaderValue::from_bytes(&buffer).map_err(|_| {
                format!("a value for the header {name} has a character that HTTP has not")
            })?;
            headers.append(name.clone(), value);
        }
        if let Some(trace) = trace {
            buffer.clear();
            trace.write(&mut buffer);
            let value = HeaderValue::from_bytes(&buffer).map_err(|error| error.to_string())?;
            headers.append(HeaderName::from_static("traceparent"), value);
        }
        let bytes = head_length(&request) + length;
        Ok((request, bytes))
    }
}

fn whole(base: &str, path: &[u8]) -> Result<Url, String> {
    let path = std::str::from_utf8(path).map_err(|_| "a path that is not text".to_owned())?;
    Url::parse(&format!("{base}{path}"))
        .map_err(|error| format!("the path cannot be asked for: {error}"))
}

fn form(parts: &[FormPart], values: &[Value]) -> Result<Form, String> {
    let mut form = Form::new();
    for part in parts {
        let mut content = match &part.content {
            PartContent::Text(template) => {
                let mut text = Vec::new();
                template.render(values, &mut text);
                Part::bytes(text)
            }
            PartContent::File(bytes) => Part::stream_with_length(bytes.clone(), bytes.len() as u64),
        };
        if let Some(name) = &part.filename {
            content = content.file_name(name.clone());
        }
        if let Some(kind) = &part.kind {
            let typed = content.mime_str(kind);
            content = typed.map_err(|_| format!("`{kind}` is not a media type"))?;
        }
        form = form.part(part.name.clone(), content);
    }
    Ok(form)
}

/// Length of a field as it is written.
fn field(name: &str, value: usize) -> u64 {
    (name.len() + ": \r\n".len() + value) as u64
}

fn length_field(body: u64) -> u64 {
    let mut digits = itoa::Buffer::new();
    field("content-length", digits.format(body).len())
}

/// Length of the head as HTTP/1.1 writes it, with what reqwest adds to it.
fn head_length(request: &Request) -> u64 {
    let url = request.url();
    let query = url.query().map_or(0, |query| query.len() + 1);
    let line = request.method().as_str().len() + url.path().len() + query + "  HTTP/1.1\r\n".len();
    let headers = request.headers();
    let mut length = (line + "\r\n".len()) as u64;
    length += headers
        .iter()
        .map(|(name, value)| field(name.as_str(), value.len()))
        .sum::<u64>();
    if !headers.contains_key(header::HOST) {
        let host = url.host_str().map_or(0, str::len);
        let port = url.port().map_or(0, |port| port.to_string().len() + 1);
        length += field("host", host + port);
    }
    if !headers.contains_key(header::ACCEPT) {
        length += field("accept", "*/*".len());
    }
    length
}
