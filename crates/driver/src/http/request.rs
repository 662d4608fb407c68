//! Requests, compiled once per step and server into as few pieces as can be.

use super::{
    address::{authority, basic, target_of},
    cookies::{self, Cookies},
    holes::Holes,
    multipart::Multipart,
    response::Looks,
};
use crate::Progress;
use http::{HeaderName, Method, header};
use loadgen_data::{Template, Value, template::Part};
use loadgen_plan::{
    HttpStep,
    http::{Sampling, Settings},
};
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

/// What fills the holes of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fill<'a> {
    pub values: &'a [Value],
    /// None: the scenario's own are sent alone.
    pub cookies: Option<Cookies<'a>>,
    /// Knows the trace that the request is the root of.
    pub progress: &'a Progress,
    /// The URL that was filled in, where there is one.
    pub url: Option<&'a Url>,
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
    /// The head up to what is no value of the scenario's, and what follows that.
    Filled(Template, Hole, Box<Form>),
}

/// What stands in a head and is no value of the scenario's.
#[derive(Debug)]
enum Hole {
    /// Path and query of the URL that is filled in.
    Target,
    /// The value of `host` for that URL.
    Host,
    /// The value of `traceparent`.
    Trace,
    /// The field `cookie`, which may have pairs of the scenario's own.
    Cookies(Option<Template>),
}

impl Request {
    /// Compiles a step for each server of its target; one that may go elsewhere for hosts of the
    /// target and for others, as [`Request::variant`] has them.
    pub(super) fn all(step: &HttpStep, urls: &[Url], settings: &Settings) -> Vec<Self> {
        let Some(elsewhere) = &step.elsewhere else {
            let urls = urls.iter();
            let compile = |url| Self::compile(step, Some(url), &[], settings);
            return urls.map(compile).collect();
        };
        let server = elsewhere.server.as_ref();
        let compile = |confidential| Self::compile(step, server, confidential, settings);
        vec![compile(&elsewhere.confidential), compile(&[])]
    }

    /// The index in [`Request::all`] of what is sent to hosts of the target, or to others.
    pub(super) fn variant(is_own: bool) -> usize {
        usize::from(!is_own)
    }

    /// Compiles a step for the server at `url`, or for the one in the URL that is filled in, with
    /// more headers than its own.
    pub(super) fn compile(
        step: &HttpStep,
        url: Option<&Url>,
        more: &[(HeaderName, Template)],
        settings: &Settings,
    ) -> Self {
        let headers = || step.headers.iter().chain(more);
        let own = |name: HeaderName| headers().any(|(own, _)| *own == name);
        let mut holes = Vec::new();
        let mut head = Text::default();
        head.add(step.method.as_str());
        head.add(" ");
        match url {
            Some(url) => {
                // What is left of a path before the step's own, which begins with a slash.
                head.add(url.path().trim_end_matches('/'));
                head.append(&step.path);
            }
            None => holes.push((std::mem::take(&mut head).template(), Hole::Target)),
        }
        head.add(" HTTP/1.1\r\n");
        if !own(header::HOST) {
            head.add("host: ");
            match url {
                Some(url) => head.add(&authority(url)),
                None => holes.push((std::mem::take(&mut head).template(), Hole::Host)),
            }
            head.add("\r\n");
        }
        if !own(header::USER_AGENT) {
            head.field("user-agent", &settings.user_agent);
        }
        let once = !settings.connections.reuse;
        if once && !own(header::CONNECTION) {
            head.field("connection", "close");
        }
        if let Some(credentials) = url.and_then(basic)
            && !own(header::AUTHORIZATION)
        {
            head.field("authorization", &credentials);
        }
        if !settings.compression.is_empty() && !own(header::ACCEPT_ENCODING) {
            let names = settings.compression.iter().map(|encoding| encoding.name());
            head.field("accept-encoding", &names.collect::<Vec<_>>().join(", "));
        }
        let merged = |name: &HeaderName| settings.cookies && *name == header::COOKIE;
        for (name, value) in headers().filter(|(name, _)| !merged(name)) {
            head.add(name.as_str());
            head.add(": ");
            head.append(value);
            head.add("\r\n");
        }

        let parts = (!step.multipart.is_empty()).then(|| Multipart::of(&step.multipart));
        if let Some(parts) = &parts
            && !own(header::CONTENT_TYPE)
        {
            head.field("content-type", &parts.content_type);
        }
        let body = step
            .body
            .as_ref()
            .or(parts.as_ref().map(|parts| &parts.body));

        if step.trace.is_some() {
            head.add("traceparent: ");
            holes.push((std::mem::take(&mut head).template(), Hole::Trace));
            head.add("\r\n");
        }
        if settings.cookies {
            let own = headers().filter(|(name, _)| merged(name));
            let own = own.map(|(_, value)| value).cloned().reduce(|all, value| {
                let between = Part::Literal(b"; ".as_slice().into());
                let parts = all.parts().iter().chain([&between]).chain(value.parts());
                Template::new(parts.cloned())
            });
            holes.push((std::mem::take(&mut head).template(), Hole::Cookies(own)));
        }

        // Whoever frames the body by hand is not interfered with.
        let framed = own(header::CONTENT_LENGTH) || own(header::TRANSFER_ENCODING);
        let form = match body {
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
            form: holes.into_iter().rev().fold(form, |rest, (before, hole)| {
                Form::Filled(before, hole, Box::new(rest))
            }),
            head: step.method == Method::HEAD,
            idempotent: step.method.is_idempotent(),
            close: once || headers().any(asks_to_close),
            trace: step.trace,
            holes: Holes::of(step),
            looks: Looks::of(step),
        }
    }

    /// The request's bytes, when they are always the same.
    pub(super) fn fixed(&self) -> Option<&[u8]> {
        match &self.form {
            Form::Fixed(bytes) => Some(bytes),
            Form::Rendered(_) | Form::Counted(..) | Form::Filled(..) => None,
        }
    }

    /// The request, filled in and written into `buffer`, whose content is replaced.
    pub(super) fn render<'a>(&'a self, fill: &Fill<'_>, buffer: &'a mut Vec<u8>) -> &'a [u8] {
        buffer.clear();
        match &self.form {
            Form::Fixed(bytes) => bytes,
            form => {
                let start = form.write(fill, buffer);
                &buffer[start..]
            }
        }
    }
}

impl Form {
    /// Appends to `buffer` what follows there. Returns where the whole begins then.
    fn write(&self, fill: &Fill<'_>, buffer: &mut Vec<u8>) -> usize {
        let values = fill.values;
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
            Form::Filled(before, hole, rest) => {
                before.render(values, buffer);
                match hole {
                    Hole::Target => {
                        if let Some(url) = fill.url {
                            buffer.extend_from_slice(target_of(url).as_bytes());
                        }
                    }
                    Hole::Host => {
                        if let Some(url) = fill.url {
                            buffer.extend_from_slice(authority(url).as_bytes());
                        }
                    }
                    Hole::Trace => {
                        if let Some(trace) = fill.progress.trace() {
                            trace.write(buffer);
                        }
                    }
                    Hole::Cookies(own) => cookies::write(
                        fill.cookies,
                        |out| {
                            if let Some(own) = own {
                                own.render(values, out);
                            }
                        },
                        buffer,
                    ),
                }
                rest.write(fill, buffer)
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

/// Methods whose requests say that their body is empty (RFC 9110, 8.6).
fn anticipates_body(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH)
}

/// Whether a field is `Connection` with the option `close`.
fn asks_to_close((name, value): &(HeaderName, Template)) -> bool {
    *name == header::CONNECTION
        && value.parts().iter().any(|part| match part {
            Part::Literal(bytes) => bytes
                .split(|byte| *byte == b',')
                .any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close")),
            Part::Variable(..) | Part::Base64(_) => false,
        })
}
