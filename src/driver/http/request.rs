//! Requests, compiled once per step and server into as few pieces as can be.

use super::{holes::Holes, search::Needles};
use crate::{
    data::{Template, Value, template::Part},
    driver::Trace,
    plan::{
        HttpStep,
        http::{Sampling, Settings},
    },
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderName, Method, header};
use url::Url;

/// Room for the longest `Content-Length` and the end of the head.
const LENGTH_ROOM: usize = 20 + 4;

/// What a step sends to one server, and what must be known to read the answer.
#[derive(Debug)]
pub(super) struct Request {
    form: Form,
    /// The method is HEAD.
    pub head: bool,
    /// Doing it twice is the same as doing it once (RFC 9110, 9.2.2).
    pub idempotent: bool,
    /// The request itself asks for the connection to be closed.
    pub close: bool,
    /// It says which trace it is the root of.
    pub trace: Option<Sampling>,
    pub holes: Holes,
    pub looks: Looks,
}

/// What a step looks at of an answer.
#[derive(Debug)]
pub(super) struct Looks {
    /// What the answer's body must contain.
    pub needles: Option<Needles>,
    /// The body is looked at as it passes by, because of `needles` or for its size.
    pub watches_body: bool,
    /// The body is needed as a whole.
    pub keeps_body: bool,
    /// The head is.
    pub keeps_head: bool,
}

impl Looks {
    pub(super) fn of(step: &HttpStep) -> Self {
        let contains = &step.expect.body_contains;
        Self {
            needles: (!contains.is_empty())
                .then(|| Needles::new(contains.iter().map(|text| &*text.bytes))),
            watches_body: !contains.is_empty() || step.expect.size.is_some() || step.keeps_body(),
            keeps_body: step.keeps_body(),
            keeps_head: step.keeps_head(),
        }
    }
}

/// How the bytes come about.
#[derive(Debug)]
enum Form {
    /// They are the same each time.
    Fixed(Box<[u8]>),
    /// The body's length is known, or there is none.
    Rendered(Template),
    /// The head, up to the value of Content-Length, and the body that it counts.
    Counted(Template, Template),
    /// The head up to the value of `traceparent`, and what follows that.
    Traced(Template, Box<Form>),
}

impl Request {
    /// Compiles `step` for the server at `url`.
    pub(super) fn compile(step: &HttpStep, url: &Url, settings: &Settings) -> Self {
        let mut head = Text::default();
        head.add(step.method.as_str());
        head.add(" ");
        // What is left of a path before the step's own, which begins with a slash.
        head.add(url.path().trim_end_matches('/'));
        head.append(&step.path);
        head.add(" HTTP/1.1\r\n");

        let own = |name: HeaderName| step.headers.iter().any(|(own, _)| *own == name);
        if !own(header::HOST) {
            head.field("host", &host(url));
        }
        if !own(header::USER_AGENT) {
            head.field("user-agent", &settings.user_agent);
        }
        if let Some(credentials) = basic(url)
            && !own(header::AUTHORIZATION)
        {
            head.field("authorization", &credentials);
        }
        for (name, value) in &step.headers {
            head.add(name.as_str());
            head.add(": ");
            head.append(value);
            head.add("\r\n");
        }

        let before_trace = step.trace.map(|_| {
            head.add("traceparent: ");
            let before = std::mem::take(&mut head).template();
            head.add("\r\n");
            before
        });

        // Whoever frames the body by hand is not interfered with.
        let framed = own(header::CONTENT_LENGTH) || own(header::TRANSFER_ENCODING);
        let form = match &step.body {
            None if !framed && anticipates_body(&step.method) => {
                head.field("content-length", "0");
                head.end(None)
            }
            None => head.end(None),
            Some(body) if framed => head.end(Some(body)),
            Some(body) => match body.as_literal() {
                Some(bytes) => {
                    head.field("content-length", &bytes.len().to_string());
                    head.end(Some(body))
                }
                None => {
                    head.add("content-length: ");
                    Form::Counted(head.template(), body.clone())
                }
            },
        };
        Self {
            form: match before_trace {
                Some(before) => Form::Traced(before, Box::new(form)),
                None => form,
            },
            head: step.method == Method::HEAD,
            idempotent: step.method.is_idempotent(),
            close: step.headers.iter().any(asks_to_close),
            trace: step.trace,
            holes: Holes::of(step),
            looks: Looks::of(step),
        }
    }

    /// The request's bytes, when they are always the same.
    pub(super) fn fixed(&self) -> Option<&[u8]> {
        match &self.form {
            Form::Fixed(bytes) => Some(bytes),
            Form::Rendered(_) | Form::Counted(..) | Form::Traced(..) => None,
        }
    }

    /// The request with `values` filled in, written into `buffer`, whose content is replaced.
    pub(super) fn render<'a>(
        &'a self,
        values: &[Value],
        trace: Option<&Trace>,
        buffer: &'a mut Vec<u8>,
    ) -> &'a [u8] {
        buffer.clear();
        match &self.form {
            Form::Fixed(bytes) => bytes,
            form => {
                let start = form.write(values, trace, buffer);
                &buffer[start..]
            }
        }
    }
}

impl Form {
    /// Appends to `buffer` what follows there. Returns where the whole begins then.
    fn write(&self, values: &[Value], trace: Option<&Trace>, buffer: &mut Vec<u8>) -> usize {
        match self {
            Form::Fixed(bytes) => {
                buffer.extend_from_slice(bytes);
                0
            }
            Form::Rendered(whole) => {
                whole.render(values, buffer);
                0
            }
            Form::Counted(head, body) => {
                head.render(values, buffer);
                let head_end = buffer.len();
                buffer.resize(head_end + LENGTH_ROOM, 0);
                let body_start = buffer.len();
                body.render(values, buffer);

                // The length is known only now. The head, which is the smaller part, moves up to
                // close the gap that its digits leave.
                let mut digits = itoa::Buffer::new();
                let digits = digits.format(buffer.len() - body_start);
                let start = LENGTH_ROOM - digits.len() - 4;
                buffer.copy_within(..head_end, start);
                let length = &mut buffer[start + head_end..body_start];
                let (number, end) = length.split_at_mut(digits.len());
                number.copy_from_slice(digits.as_bytes());
                end.copy_from_slice(b"\r\n\r\n");
                start
            }
            Form::Traced(before, rest) => {
                before.render(values, buffer);
                if let Some(trace) = trace {
                    trace.write(buffer);
                }
                rest.write(values, trace, buffer)
            }
        }
    }
}

/// A request under construction.
#[derive(Default)]
struct Text(Vec<Part>);

impl Text {
    fn add(&mut self, text: &str) {
        self.0.push(Part::Literal(text.as_bytes().into()));
    }

    fn append(&mut self, template: &Template) {
        self.0.extend_from_slice(template.parts());
    }

    fn field(&mut self, name: &str, value: &str) {
        self.add(&format!("{name}: {value}\r\n"));
    }

    fn end(mut self, body: Option<&Template>) -> Form {
        self.add("\r\n");
        if let Some(body) = body {
            self.append(body);
        }
        let whole = self.template();
        match whole.as_literal() {
            Some(bytes) => Form::Fixed(bytes.into()),
            None => Form::Rendered(whole),
        }
    }

    fn template(self) -> Template {
        Template::new(self.0)
    }
}

/// The value of Host: with the port when it is not the scheme's own.
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Credentials that stand in the URL, as Basic authentication sends them.
pub(super) fn basic(url: &Url) -> Option<String> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let decode = |text: &str| percent_encoding::percent_decode_str(text).collect::<Vec<u8>>();
    let mut pair = decode(url.username());
    pair.push(b':');
    pair.extend(decode(url.password().unwrap_or_default()));
    Some(format!("Basic {}", STANDARD.encode(pair)))
}

/// Methods whose requests say that their body is empty (RFC 9110, 8.6).
pub(super) fn anticipates_body(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH)
}

/// Whether a field is `Connection` with the option `close`.
pub(super) fn asks_to_close((name, value): &(HeaderName, Template)) -> bool {
    *name == header::CONNECTION
        && value.parts().iter().any(|part| match part {
            Part::Literal(bytes) => bytes
                .split(|byte| *byte == b',')
                .any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close")),
            Part::Variable(..) => false,
        })
}
