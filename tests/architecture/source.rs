//! Rust source as text: what is code, and what of it is not there for tests alone.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Starts of the attributes of what tests alone have: those of the same crate, and of others.
const TEST_ONLY: [&str; 2] = ["#[cfg(test)]", "#[cfg(any(test, feature = "];

/// A source file of this repository.
pub struct Source {
    /// Its path from the root of the repository.
    pub path: PathBuf,
    /// As it stands there.
    pub text: String,
}

impl Source {
    /// Its code: comments and the contents of strings are blank, and every line keeps its place.
    pub fn code(&self) -> String {
        without_comments_and_strings(&self.text)
    }

    /// Its code without what is compiled for tests only.
    pub fn shipped_code(&self) -> String {
        without_test_items(&self.code())
    }

    /// The files and folders of the modules that it declares for tests only.
    fn test_modules(&self) -> Vec<PathBuf> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let below = match self.path.file_stem().and_then(|stem| stem.to_str()) {
            Some("mod" | "lib" | "main") | None => folder.to_owned(),
            Some(name) => folder.join(name),
        };
        let mut found = Vec::new();
        let mut lines = self.text.lines().map(str::trim);
        while lines.any(|line| TEST_ONLY.iter().any(|start| line.starts_with(start))) {
            let (attributes, item) = split_item(&mut lines);
            let path = attributes
                .iter()
                .find_map(|line| line.strip_prefix("#[path = "));
            if let Some(file) = path {
                found.push(folder.join(file.trim_matches(['"', ']'])));
            } else if let Some((_, name)) = item.strip_suffix(';').unwrap_or("").split_once("mod ")
            {
                found.extend([below.join(name), below.join(name).with_extension("rs")]);
            }
        }
        found
    }
}

/// The attributes that come next, and the line after them.
fn split_item<'a>(lines: &mut impl Iterator<Item = &'a str>) -> (Vec<&'a str>, &'a str) {
    let mut attributes = Vec::new();
    for line in lines {
        if !line.starts_with("#[") {
            return (attributes, line);
        }
        attributes.push(line);
    }
    (attributes, "")
}

/// Returns those of [`sources`] that are not for tests alone.
pub fn shipped(folders: &[&str]) -> Vec<Source> {
    let mut sources = sources(folders);
    let tests: Vec<PathBuf> = sources.iter().flat_map(Source::test_modules).collect();
    sources.retain(|source| !tests.iter().any(|test| source.path.starts_with(test)));
    sources
}

/// Every Rust file below these folders, which need not all be there.
pub fn sources(folders: &[&str]) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = folders.iter().map(|name| root.join(name)).collect();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).expect("a folder of the repository");
            open.extend(entries.map(|entry| entry.expect("a readable folder").path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(Source {
                text: fs::read_to_string(&path).expect("a source file is UTF-8"),
                path: path.strip_prefix(root).expect("below it").to_owned(),
            });
        }
    }
    assert!(!found.is_empty());
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Blanks all that is not code; quotes stay.
fn without_comments_and_strings(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let (kept, blank) = match next {
            '/' if rest.starts_with("//") => (0, rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => (0, block_comment(rest)),
            '"' => (1, quoted(&rest[1..])),
            'r' if !code.ends_with(is_word) => match raw_string(rest) {
                Some(length) => (0, length),
                None => (1, 0),
            },
            // A character, unlike a lifetime, is closed.
            '\'' if rest[1..].starts_with('\\') => (1, 2 + after(&rest[3..], "'")),
            '\'' => match rest.char_indices().nth(2) {
                Some((index, '\'')) => (1, index),
                _ => (1, 0),
            },
            other => (other.len_utf8(), 0),
        };
        code.push_str(&rest[..kept]);
        let blanked = &rest[kept..kept + blank];
        code.extend(blanked.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = &rest[kept + blank..];
    }
    code
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length up to and with the first `end`.
fn after(text: &str, end: &str) -> usize {
    text.find(end).map_or(text.len(), |index| index + end.len())
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut index) = (0_usize, 0);
    while index < text.len() {
        if text[index..].starts_with("/*") {
            depth += 1;
            index += 2;
        } else if text[index..].starts_with("*/") {
            depth -= 1;
            index += 2;
            if depth == 0 {
                return index;
            }
        } else {
            index += text[index..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of a string's rest, its closing quote included.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (index, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return index + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of `r"..."` or `r#"..."#`.
fn raw_string(text: &str) -> Option<usize> {
    let hashes = text[1..].bytes().take_while(|&byte| byte == b'#').count();
    let inside = text[1 + hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(2 + hashes + after(inside, &end))
}

/// Blanks each item that is there for tests only.
fn without_test_items(code: &str) -> String {
    let mut shipped = String::new();
    let mut rest = code;
    let next = |rest: &str| TEST_ONLY.iter().filter_map(|start| rest.find(start)).min();
    while let Some(index) = next(rest) {
        let item = &rest[index..];
        let mut depth = 0;
        let end = item.char_indices().find_map(|(index, c)| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            ((c == '}' || c == ';') && depth == 0).then_some(index + 1)
        });
        let item = &item[..end.unwrap_or(item.len())];
        shipped.push_str(&rest[..index]);
        shipped.extend(item.chars().filter(|&c| c == '\n'));
        rest = &rest[index + item.len()..];
    }
    shipped + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_are_no_code() {
        for (text, code) in [
            ("a // b\nc", "a     \nc"),
            ("a /* b /* c */ d */ e", "a                   e"),
            (r#"f("a\"b"); g"#, r#"f("     ); g"#),
            (r##"f(r#"a"b"#); g"##, "f(        ); g"),
            ("for r in a", "for r in a"),
            ("'a' '\"' '\\'' &'a x", "'   '   '    &'a x"),
            ("\"a\nb\" c", "\" \n   c"),
        ] {
            assert_eq!(without_comments_and_strings(text), code, "{text}");
        }
    }

    #[test]
    fn modules_of_tests_are_found() {
        let modules = |path: &str, text: &str| {
            let (path, text) = (path.into(), text.into());
            Source { path, text }.test_modules()
        };
        let paths = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(
            modules(
                "src/a/mod.rs",
                "mod b;\n#[cfg(test)]\npub(super) mod c;\nmod d;"
            ),
            paths(&["src/a/c", "src/a/c.rs"])
        );
        assert_eq!(
            modules("src/a.rs", "#[cfg(test)]\nmod c;\n#[cfg(test)]\nmod d {"),
            paths(&["src/a/c", "src/a/c.rs"])
        );
        assert_eq!(
            modules(
                "src/a.rs",
                "#[cfg(test)]\n#[path = \"a_tests.rs\"]\nmod tests;"
            ),
            paths(&["src/a_tests.rs"])
        );
    }

    #[test]
    fn tests_are_not_shipped() {
        let code = "a;\n#[cfg(test)]\nmod tests {\n { b }\n}\nc;\n#[cfg(test)]\nmod tests;\nd";
        assert_eq!(without_test_items(code), "a;\n\n\n\n\nc;\n\n\nd");
    }
}
