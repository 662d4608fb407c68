//! Maps each byte of a TOML string's content to its offset in the file.

/// For each byte of `decoded`, and for its end, the offset in `quoted`, which is the string as it
/// stands in the file, quotes included.
pub(super) fn offsets(quoted: &str, decoded: &str) -> Vec<usize> {
    let (quotes, escapes) = match quoted.get(..3) {
        Some("\"\"\"") => (3, true),
        Some("'''") => (3, false),
        _ => (1, !quoted.starts_with('\'')),
    };
    let close = quoted.len().saturating_sub(quotes).max(quotes);
    let mut at = quotes.min(quoted.len());
    if quotes == 3 {
        // A newline right after the opening quotes is not content.
        at += newline(&quoted[at..]);
    }
    let mut offsets = Vec::with_capacity(decoded.len() + 1);
    for c in decoded.chars() {
        while escapes && let Some(length) = continuation(&quoted[at..]) {
            at += length;
        }
        let rest = &quoted[at..];
        let length = if escapes && rest.starts_with('\\') {
            escape(rest)
        } else if c == '\n' {
            newline(rest)
        } else {
            rest.chars().next().map_or(0, char::len_utf8)
        };
        offsets.extend(std::iter::repeat_n(at, c.len_utf8()));
        at = quoted.floor_char_boundary((at + length).min(close));
    }
    offsets.push(at);
    offsets
}

fn newline(text: &str) -> usize {
    match text.as_bytes() {
        [b'\n', ..] => 1,
        [b'\r', b'\n', ..] => 2,
        _ => 0,
    }
}

/// Length of a backslash at the end of a line, with the blank space it swallows.
fn continuation(text: &str) -> Option<usize> {
    let after = text.strip_prefix('\\')?;
    let blank = after.len() - after.trim_start_matches([' ', '\t', '\r', '\n']).len();
    after[..blank].contains('\n').then_some(1 + blank)
}

fn escape(text: &str) -> usize {
    let length = match text.as_bytes().get(1) {
        Some(b'x') => 4,
        Some(b'u') => 6,
        Some(b'U') => 10,
        _ => 2,
    };
    length.min(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use toml::de::DeValue;

    /// Returns the source text of the part of the content that reads `part`.
    fn stands(quoted: &str, part: &str) -> String {
        let value = DeValue::parse(quoted).unwrap();
        let decoded = value.get_ref().as_str().unwrap().to_owned();
        let offsets = offsets(quoted, &decoded);
        let start = decoded.find(part).unwrap();
        quoted[offsets[start]..offsets[start + part.len()]].to_owned()
    }

    #[test]
    fn content_is_found_behind_quotes_and_escapes() {
        assert_eq!(stands(r#""a{{b}}""#, "b"), "b");
        assert_eq!(stands("'a\\n{{b}}'", "{{b}}"), "{{b}}");
        assert_eq!(stands(r#""a\n\u00e9\\{{b}}\"""#, "b}}\""), "b}}\\\"");
        assert_eq!(stands(r#""\x41bc""#, "A"), r"\x41");
        assert_eq!(stands("\"\"\"\n  x\\\n    {{b}}\"\"\"", "{{b}}"), "{{b}}");
        assert_eq!(stands("'''\r\nx\r\n{{b}}'''", "{{b}}"), "{{b}}");
        assert_eq!(stands("\"é{{ü}}\"", "ü"), "ü");
    }

    proptest! {
        #[test]
        fn offsets_stay_inside(quoted in "(\"|'|\"\"\"|''')[a\\\\né\r\n\"' u0x]*(\"|'|\"\"\"|''')") {
            if let Ok(value) = DeValue::parse(&quoted) && let Some(decoded) = value.get_ref().as_str() {
                let offsets = offsets(&quoted, decoded);
                prop_assert_eq!(offsets.len(), decoded.len() + 1);
                prop_assert!(offsets.is_sorted());
                prop_assert!(offsets.iter().all(|at| quoted.is_char_boundary(*at)));
            }
        }
    }
}
