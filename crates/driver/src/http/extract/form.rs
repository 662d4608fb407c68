//! Values of the fields of HTML forms, as a browser sends them.

use html5gum::{DefaultEmitter, EndTag, HtmlString, StartTag, Token, Tokenizer};
use std::mem;

/// The value of the first field of this name that a browser would send: of all buttons it presses those
/// that submit the form.
pub(super) fn field(page: &[u8], name: &str) -> Option<String> {
    let mut emitter = DefaultEmitter::default();
    // Scripts, styles and text areas hold no tags.
    emitter.naively_switch_states(true);
    let mut form = Form {
        name,
        open: Open::Nothing,
    };
    for Ok(token) in Tokenizer::new_with_emitter(page, emitter) {
        let value = match token {
            Token::StartTag(tag) => form.start(&tag),
            Token::EndTag(tag) => form.end(&tag),
            Token::String(text) => form.text(&text),
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => None,
        };
        if value.is_some() {
            return value;
        }
    }
    form.close()
}

struct Form<'n> {
    name: &'n str,
    open: Open,
}

/// Field of the name that is looked for, whose end is still to come.
enum Open {
    Nothing,
    TextArea(String),
    Select(Select),
}

#[derive(Default)]
struct Select {
    /// Several options, or none, may be chosen.
    is_list: bool,
    /// The option that is being read.
    option: Option<Choice>,
    /// Value of the option that the page chooses.
    chosen: Option<String>,
    /// Value of the first option that can be chosen.
    first: Option<String>,
}

/// An option of a select.
struct Choice {
    value: Option<String>,
    text: String,
    is_selected: bool,
    is_disabled: bool,
}

impl Form<'_> {
    fn start(&mut self, tag: &StartTag<()>) -> Option<String> {
        if let (Open::Select(select), b"option") = (&mut self.open, &**tag.name) {
            select.begin(tag);
            return None;
        }
        let is_sent = attribute(tag, "name").as_deref() == Some(self.name) && !has(tag, "disabled");
        if !is_sent {
            return None;
        }
        match &**tag.name {
            b"input" => input(tag),
            b"button" => match kind(tag).as_str() {
                "button" | "reset" => None,
                _ => Some(lines(&attribute(tag, "value").unwrap_or_default())),
            },
            b"textarea" => {
                self.open = Open::TextArea(String::new());
                None
            }
            b"select" => {
                let rows = attribute(tag, "size").and_then(|size| size.trim().parse::<u32>().ok());
                self.open = Open::Select(Select {
                    is_list: has(tag, "multiple") || rows.is_some_and(|rows| rows > 1),
                    ..Select::default()
                });
                None
            }
            _ => None,
        }
    }

    fn text(&mut self, text: &HtmlString) -> Option<String> {
        let into = match &mut self.open {
            Open::Nothing => return None,
            Open::TextArea(value) => value,
            Open::Select(select) => &mut select.option.as_mut()?.text,
        };
        into.push_str(&String::from_utf8_lossy(text));
        None
    }

    fn end(&mut self, tag: &EndTag<()>) -> Option<String> {
        match (&mut self.open, &**tag.name) {
            (Open::TextArea(_), b"textarea") | (Open::Select(_), b"select") => self.close(),
            (Open::Select(select), b"option") => {
                select.finish();
                None
            }
            _ => None,
        }
    }

    /// The value of the open field.
    fn close(&mut self) -> Option<String> {
        match mem::replace(&mut self.open, Open::Nothing) {
            Open::Nothing => None,
            // A line break right behind the tag is not part of the text.
            Open::TextArea(text) => Some(lines(text.strip_prefix('\n').unwrap_or(&text))),
            Open::Select(mut select) => {
                select.finish();
                let first = select.first.filter(|_| !select.is_list);
                select.chosen.or(first).map(|value| lines(&value))
            }
        }
    }
}

impl Select {
    fn begin(&mut self, tag: &StartTag<()>) {
        self.finish();
        self.option = Some(Choice {
            value: attribute(tag, "value"),
            text: String::new(),
            is_selected: has(tag, "selected"),
            is_disabled: has(tag, "disabled"),
        });
    }

    fn finish(&mut self) {
        let Some(option) = self.option.take().filter(|option| !option.is_disabled) else {
            return;
        };
        let value = option.value.unwrap_or_else(|| {
            let words: Vec<&str> = option.text.split_ascii_whitespace().collect();
            words.join(" ")
        });
        if self.first.is_none() {
            self.first = Some(value.clone());
        }
        // Where only one can be chosen the last one is, else all are, of which the first is sent first.
        if option.is_selected && !(self.is_list && self.chosen.is_some()) {
            self.chosen = Some(value);
        }
    }
}

fn input(tag: &StartTag<()>) -> Option<String> {
    let value = attribute(tag, "value");
    match kind(tag).as_str() {
        "checkbox" | "radio" => {
            has(tag, "checked").then(|| lines(value.as_deref().unwrap_or("on")))
        }
        "file" | "image" | "button" | "reset" => None,
        "hidden" | "submit" => Some(lines(&value.unwrap_or_default())),
        // Those of one line.
        _ => Some(value.unwrap_or_default().replace(['\r', '\n'], "")),
    }
}

/// The text with the line breaks that forms send.
fn lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.replace('\n', "\r\n")
}

fn has(tag: &StartTag<()>, attribute: &str) -> bool {
    tag.attributes.contains_key(attribute.as_bytes())
}

fn attribute(tag: &StartTag<()>, name: &str) -> Option<String> {
    let value = tag.attributes.get(name.as_bytes())?;
    Some(String::from_utf8_lossy(value).into_owned())
}

fn kind(tag: &StartTag<()>) -> String {
    attribute(tag, "type")
        .unwrap_or_default()
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_value_is_what_a_browser_sends() {
        for page in [
            r#"<form><input type="hidden" name="t" value="a&amp;b"></form>"#,
            "<INPUT VALUE='a&amp;b' required NAME=t />",
            "<p>1 < 2<input name=other value=x><input\n name = t\n value = a&amp;b>",
            r#"<!-- <input name="t" value="old"> --><input name="t" value="a&b">"#,
            r#"<script>'<input name="t" value="old">'</script><input name="t" value="a&b">"#,
            r#"<textarea><input name="t" value="old"></textarea><input name="t" value="a&b">"#,
            r#"<input disabled name="t" value="old"><input name="t" value="a&b">"#,
            r#"<input data-x="a>b" name="t" value="a&b">"#,
            "<textarea name=t>\na&amp;b</textarea>",
            "<textarea name=t>a&amp;b",
            "<button type=button name=t value=old>x</button><button name=t value='a&b'>x</button>",
            "<input type=submit name=t value='a&b'>",
            "<input type=radio name=t value=old><input type=RADIO name=t value='a&b' checked>",
            "<select name=t><option value=old><option value='a&b' selected></select>",
            "<select name=t><option disabled>old<option> a&amp;b </option><option>c</select>",
            "<select name=o><option selected>x</select><select name=t multiple><option>old\
             <option selected>a&b</select>",
        ] {
            assert_eq!(
                field(page.as_bytes(), "t").as_deref(),
                Some("a&b"),
                "{page}"
            );
        }
        for (page, expected) in [
            ("<input name=t>", Some("")),
            ("<input type=checkbox name=t checked>", Some("on")),
            ("<input type=checkbox name=t>", None),
            ("<input type=file name=t value=x>", None),
            ("<select name=t multiple><option>x</select>", None),
            ("<select name=t size=3><option>x</select>", None),
            ("<select name=t></select>", None),
            ("<inputs name=t value=1><input", None),
            ("<input name=\"t", None),
            ("<input name=T value=1>", None),
            ("<textarea name=t>a\nb\r\nc</textarea>", Some("a\r\nb\r\nc")),
            // References as HTML has them.
            (
                "<input name=t value='&#x2F;&#039;&apos;&eacute;&#128;'>",
                Some("/''é€"),
            ),
            (
                "<input name=t value='&amp;lt; a&b;c &notit; &copy=1'>",
                Some("&lt; a&b;c &notit; &copy=1"),
            ),
        ] {
            assert_eq!(field(page.as_bytes(), "t").as_deref(), expected, "{page}");
        }
    }

    proptest! {
        #[test]
        fn no_page_makes_it_panic(page in "[<input textarea select option name='\"=/>!-&;]{0,80}") {
            let _ = field(page.as_bytes(), "a");
        }
    }
}
