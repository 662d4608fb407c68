//! Content in parts, as a form with files sends it (RFC 7578), as one template.

use loadgen_data::{Template, template::Part};
use loadgen_plan::http::{FormPart, PartContent};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// Content and its type.
#[derive(Debug)]
pub(super) struct Multipart {
    pub content_type: String,
    pub body: Template,
}

impl Multipart {
    pub(super) fn of(parts: &[FormPart]) -> Self {
        let boundary = boundary(parts);
        let mut body = Vec::new();
        for part in parts {
            let name = escaped(&part.name);
            let mut head =
                format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"");
            if let Some(name) = &part.filename {
                let _ = write!(head, "; filename=\"{}\"", escaped(name));
            }
            if let Some(kind) = &part.kind {
                let _ = write!(head, "\r\nContent-Type: {kind}");
            }
            head.push_str("\r\n\r\n");
            body.push(Part::Literal(head.into_bytes().into()));
            match &part.content {
                PartContent::Text(text) => body.extend_from_slice(text.parts()),
                PartContent::File(bytes) => body.push(Part::Literal(bytes.as_ref().into())),
            }
            body.push(Part::Literal(b"\r\n".as_slice().into()));
        }
        body.push(Part::Literal(
            format!("--{boundary}--\r\n").into_bytes().into(),
        ));
        Self {
            content_type: format!("multipart/form-data; boundary={boundary}"),
            body: Template::new(body),
        }
    }
}

/// The boundary between the parts: the same for the same parts, so that a seed makes the same
/// requests, and nothing that a part holds by chance.
fn boundary(parts: &[FormPart]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(&part.name);
        match &part.content {
            PartContent::File(bytes) => hash.update(bytes),
            PartContent::Text(text) => {
                for part in text.parts() {
                    if let Part::Literal(bytes) = part {
                        hash.update(bytes);
                    }
                }
            }
        }
    }
    let digest = hash.finalize();
    let mut boundary = "loadgen-".to_owned();
    for byte in &digest[..16] {
        let _ = write!(boundary, "{byte:02x}");
    }
    boundary
}

/// A name between quotes, as browsers write it.
fn escaped(name: &str) -> String {
    name.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_they_are_but_for_what_would_end_them() {
        let part = FormPart {
            name: "größe[] \"a\"\r\nb".to_owned(),
            content: PartContent::Text(Template::new([])),
            filename: Some("Übersicht.txt".to_owned()),
            kind: None,
        };
        let body = Multipart::of(&[part]).body;
        let text = String::from_utf8_lossy(body.as_literal().unwrap());
        let expected = "form-data; name=\"größe[] %22a%22%0D%0Ab\"; filename=\"Übersicht.txt\"\r\n";
        assert!(text.contains(expected), "{text}");
    }
}
