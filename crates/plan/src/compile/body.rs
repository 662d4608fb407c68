//! The content of a request.

use super::{
    context::Context,
    multipart,
    path::pairs,
    template::{Style, VariableNames, check_plain_name, only_hole, parts},
};
use crate::{
    http::FormPart,
    written::{REDACTED, cut, is_secret},
};
use loadgen_data::{Escape, Template, template::Part};
use loadgen_scenario::{
    Problem,
    raw::{Body, Spanned},
    tree::{Node, NodeKind},
};
use serde_json::Value as Json;

/// Content, how it is labelled, and what may be shown of it.
pub(super) struct Content {
    pub sent: Sent,
    pub content_type: Option<&'static str>,
    pub written: String,
}

/// Content as it will be sent.
pub(super) enum Sent {
    Whole(Template),
    Parts(Vec<FormPart>),
}

pub(super) fn compile(
    context: &Context<'_>,
    names: &VariableNames<'_>,
    body: &Spanned<Body>,
) -> Option<Content> {
    match &body.value {
        Body::Json(node) => {
            let mut writer = Writer {
                context,
                names,
                parts: Vec::new(),
                right: true,
            };
            writer.value(node);
            let mut shown = String::new();
            show(node, &mut shown);
            writer.right.then(|| Content {
                sent: Sent::Whole(Template::new(writer.parts)),
                content_type: Some("application/json"),
                written: cut(&shown),
            })
        }
        Body::Form(form) => {
            let (parts, written) = pairs(context, names, form, Style::FORM)?;
            Some(Content {
                sent: Sent::Whole(Template::new(parts)),
                content_type: Some("application/x-www-form-urlencoded"),
                written: cut(&written),
            })
        }
        Body::Raw(text) => Some(Content {
            sent: Sent::Whole(Template::new(parts(context, names, text, Style::RAW)?)),
            content_type: None,
            written: cut(text.written()),
        }),
        Body::File(file) => Some(Content {
            sent: Sent::Whole(Template::literal(multipart::file(context, file)?)),
            content_type: None,
            written: format!("the file {}", file.written()),
        }),
        Body::Multipart(parts) => {
            let (parts, written) = multipart::compile(context, names, parts)?;
            Some(Content {
                sent: Sent::Parts(parts),
                // The driver names the boundary in it.
                content_type: None,
                written: cut(&written),
            })
        }
    }
}

/// Writes JSON as the parts of a template.
struct Writer<'a> {
    context: &'a Context<'a>,
    names: &'a VariableNames<'a>,
    parts: Vec<Part>,
    right: bool,
}

impl Writer<'_> {
    fn push(&mut self, text: impl Into<Vec<u8>>) {
        self.parts.push(Part::Literal(text.into().into()));
    }

    fn value(&mut self, node: &Node) {
        match &node.kind {
            NodeKind::Text(text) => match only_hole(self.names, text) {
                Some(index) => self.parts.push(Part::Variable(index, Escape::Json)),
                None => {
                    self.push("\"");
                    match parts(self.context, self.names, text, Style::JSON_STRING) {
                        Some(parts) => self.parts.extend(parts),
                        None => self.right = false,
                    }
                    self.push("\"");
                }
            },
            NodeKind::Int(number) => self.push(number.to_string()),
            NodeKind::Float(float) if float.is_finite() => self.push(&*float.digits),
            NodeKind::Float(_) => {
                let problem = Problem::new(node.span, "JSON has no such number");
                self.context.tell(problem);
                self.right = false;
            }
            NodeKind::Bool(value) => self.push(value.to_string()),
            NodeKind::Datetime(text) => self.string(text),
            NodeKind::Array(items) => {
                self.push("[");
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        self.push(",");
                    }
                    self.value(item);
                }
                self.push("]");
            }
            NodeKind::Table(table) => {
                self.push("{");
                for (index, entry) in table.entries.iter().enumerate() {
                    if index > 0 {
                        self.push(",");
                    }
                    check_plain_name(self.context, &entry.key, entry.span);
                    self.string(&entry.key);
                    self.push(":");
                    self.value(&entry.value);
                }
                self.push("}");
            }
            NodeKind::Unreadable => self.right = false,
        }
    }

    fn string(&mut self, text: &str) {
        let mut quoted = vec![b'"'];
        Escape::JsonString.write_str(text, &mut quoted);
        quoted.push(b'"');
        self.push(quoted);
    }
}

/// The value as it may be shown, its keys in the order of the file.
fn show(node: &Node, out: &mut String) {
    let quoted = |text: &str| Json::from(text).to_string();
    match &node.kind {
        NodeKind::Text(text) => out.push_str(&quoted(text.written())),
        NodeKind::Int(number) => out.push_str(&number.to_string()),
        NodeKind::Float(float) => out.push_str(&float.digits),
        NodeKind::Bool(value) => out.push_str(&value.to_string()),
        NodeKind::Datetime(text) => out.push_str(&quoted(text)),
        NodeKind::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                show(item, out);
            }
            out.push(']');
        }
        NodeKind::Table(table) => {
            out.push('{');
            for (index, entry) in table.entries.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                out.push_str(&quoted(&entry.key));
                out.push(':');
                if is_secret(&entry.key) {
                    out.push_str(&quoted(REDACTED));
                } else {
                    show(&entry.value, out);
                }
            }
            out.push('}');
        }
        NodeKind::Unreadable => {}
    }
}
