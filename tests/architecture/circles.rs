//! Circles of imports between the files of a crate. What a file and its children have of each other
//! is none: a module and its parts are one thing.

use super::source::Source;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// A module's path from the crate's root.
type Module = Vec<String>;

/// Each circle among the files below `root`, with the imports that make it.
pub fn of(root: &Path, sources: &[Source]) -> Vec<String> {
    let modules: BTreeMap<Module, String> = sources
        .iter()
        .map(|source| (module(root, &source.path), source.shipped_code()))
        .collect();
    let imports: BTreeMap<&Module, BTreeSet<&Module>> = modules
        .iter()
        .map(|(own, code)| (own, imports(own, code, &modules)))
        .collect();
    let mut found = Vec::new();
    for (own, used) in &imports {
        for other in used {
            if reaches(&imports, other, own) {
                let names = [own, other].map(|module| module.join("::"));
                let root = root.display();
                found.push(format!(
                    "{root}: {} imports {}, and that imports it",
                    names[0], names[1]
                ));
            }
        }
    }
    found
}

fn module(root: &Path, path: &Path) -> Module {
    let below = path
        .strip_prefix(root)
        .expect("a file below the root")
        .with_extension("");
    let mut names: Module = below
        .components()
        .map(|name| name.as_os_str().to_string_lossy().into_owned())
        .collect();
    names.pop_if(|last| ["mod", "lib", "main"].contains(&last.as_str()));
    names
}

/// The modules that code names, but for those around it and within it.
fn imports<'m>(
    own: &Module,
    code: &str,
    modules: &'m BTreeMap<Module, String>,
) -> BTreeSet<&'m Module> {
    let named = paths(code).into_iter().filter_map(|path| {
        let mut names = path.iter().map(String::as_str).peekable();
        let mut at = own.clone();
        match *names.peek()? {
            "crate" => {
                names.next();
                at.clear();
            }
            "self" => drop(names.next()),
            "super" => {
                while names.next_if_eq(&"super").is_some() {
                    at.pop();
                }
            }
            name => {
                let child: Module = own.iter().cloned().chain([name.to_owned()]).collect();
                modules.contains_key(&child).then_some(())?;
            }
        }
        for name in names {
            at.push(name.to_owned());
            if !modules.contains_key(&at) {
                at.pop();
                break;
            }
        }
        let (module, _) = modules.get_key_value(&at)?;
        (!own.starts_with(module) && !module.starts_with(own)).then_some(module)
    });
    named.collect()
}

/// Returns true if imports lead from one module to another.
fn reaches(imports: &BTreeMap<&Module, BTreeSet<&Module>>, from: &Module, to: &Module) -> bool {
    let mut seen = BTreeSet::from([from]);
    let mut open = vec![from];
    while let Some(module) = open.pop() {
        if module == to {
            return true;
        }
        let next = imports.get(module).into_iter().flatten();
        open.extend(next.filter(|next| seen.insert(next)));
    }
    false
}

/// Every path of the code: those of `use`, spread out, and those that stand elsewhere.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(start) = rest.find(|c: char| c.is_alphabetic() || c == '_') {
        let word = &rest[start..];
        let end = word
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(word.len());
        let after = &word[end..];
        match &word[..end] {
            "use" => {
                let end = after.find(';').unwrap_or(after.len());
                spread(&after[..end], &[], &mut found);
                rest = &after[end..];
            }
            "crate" | "super" | "self" if after.starts_with("::") => {
                let end = word
                    .find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':')
                    .unwrap_or(word.len());
                spread(&word[..end], &[], &mut found);
                rest = &word[end..];
            }
            _ => rest = after,
        }
    }
    found
}

/// The paths of a tree of `use`, each after `prefix`.
fn spread(tree: &str, prefix: &[String], found: &mut Vec<Vec<String>>) {
    let (head, group) = match tree.split_once('{') {
        Some((head, group)) => (head, group.rsplit_once('}').map(|(group, _)| group)),
        None => (tree.split(" as ").next().unwrap_or(tree), None),
    };
    let names = head
        .split("::")
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let path: Vec<String> = prefix
        .iter()
        .cloned()
        .chain(names.map(str::to_owned))
        .collect();
    let Some(group) = group else {
        found.push(path);
        return;
    };
    let (mut depth, mut start) = (0, 0);
    for (index, c) in group.char_indices().chain([(group.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                if !group[start..index].trim().is_empty() {
                    spread(&group[start..index], &path, found);
                }
                start = index + 1;
            }
            _ => {}
        }
    }
}

#[test]
fn a_circle_is_found_and_a_parent_is_none() {
    let source = |path: &str, text: &str| Source {
        path: path.into(),
        text: text.to_owned(),
    };
    let with = |last: &str| {
        let sources = [
            source("src/lib.rs", "mod a; mod b;"),
            source("src/a/mod.rs", "mod own; use super::b::{C, d::{E}};"),
            source("src/a/own.rs", "use super::Thing;"),
            source("src/b.rs", last),
        ];
        of(Path::new("src"), &sources).len()
    };
    assert_eq!(with("use std::fmt;"), 0);
    assert_eq!(
        with("fn f(x: crate::a::own::X) {}"),
        0,
        "a child is not its parent"
    );
    assert_eq!(with("use crate::{a::Thing};"), 2, "told from both ends");
}
