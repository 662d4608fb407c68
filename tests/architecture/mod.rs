//! Holds the structure that docs/architecture.md describes.

mod circles;
mod source;

use source::{Source, shipped, sources};
use std::path::Path;

/// The crates of the layers, from low to high: each may depend on those before it.
const LAYERS: [&str; 13] = [
    "core",
    "data",
    "scenario",
    "plan",
    "driver",
    "record",
    "engine",
    "gate",
    "background",
    "observe",
    "report",
    "dashboard",
    "export",
];

/// The modules of the program above them, from low to high: each may use those before it.
const MODULES: [&str; 4] = ["tables", "bundled", "run", "cli"];

/// Folders with the code of loadgen itself.
fn product() -> Vec<String> {
    let layers = LAYERS.map(|layer| format!("crates/{layer}/src"));
    layers.into_iter().chain(["src".to_owned()]).collect()
}

fn shipped_product() -> Vec<Source> {
    let folders = product();
    shipped(&folders.iter().map(String::as_str).collect::<Vec<_>>())
}

/// A file that is longer has more than one purpose.
const MOST_LINES: usize = 600;

/// Cargo refuses circles alone; the order is the direction in which data flows.
#[test]
fn lower_layers_do_not_depend_on_higher_ones() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (rank, layer) in LAYERS.iter().enumerate() {
        let path = root.join("crates").join(layer).join("Cargo.toml");
        let manifest = std::fs::read_to_string(path).expect("a manifest");
        let (_, dependencies) = manifest.split_once("[dependencies]").expect("dependencies");
        let (own, _) = dependencies
            .split_once("\n[")
            .expect("another table follows");
        let used = own.lines().filter_map(|line| {
            let name = line.strip_prefix("loadgen-")?;
            name.split(['.', ' ']).next()
        });
        for used in used {
            let index = LAYERS.iter().position(|&name| name == used);
            let index = index.unwrap_or_else(|| panic!("{used} is no layer"));
            assert!(
                index < rank,
                "{layer} depends on {used}, which stands above it"
            );
        }
    }
}

#[test]
fn lower_modules_do_not_use_higher_ones() {
    let mut problems = Vec::new();
    for source in shipped(&["src"]) {
        let Some(own) = module(&source).and_then(rank) else {
            continue;
        };
        for used in uses(&source.path, &source.shipped_code()) {
            // Layers stand below all of them.
            if rank(&used).is_some_and(|used| used > own) {
                let path = source.path.display();
                problems.push(format!("{path} uses {used}, which stands above it"));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let found: Vec<String> = product()
        .iter()
        .flat_map(|folder| circles::of(Path::new(folder), &shipped(&[folder])))
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn files_have_one_purpose() {
    let everything = [
        "crates",
        "src",
        "target-app",
        "tests",
        "benches",
        "examples",
        "fuzz",
    ];
    for source in sources(&everything) {
        let lines = source.text.lines().count();
        let path = source.path.display();
        assert!(lines <= MOST_LINES, "{path} has {lines} lines");
        for word in ["TODO", "FIXME", "XXX", "#[ignore"] {
            let word = word.to_owned();
            let own = source.path == Path::new(file!());
            assert!(own || !source.text.contains(&word), "{path} says {word}");
        }
    }
}

/// A panic is allowed where it cannot happen, with the reason in a comment right above.
#[test]
fn a_panic_has_its_reason() {
    let mut problems = Vec::new();
    let target_app = shipped(&["target-app/src"]);
    for source in shipped_product().into_iter().chain(target_app) {
        for line in panics_without_reason(&source.text, &source.shipped_code()) {
            problems.push(format!("{}:{line}", source.path.display()));
        }
    }
    let problems = problems.join("\n");
    assert!(
        problems.is_empty(),
        "these may panic and have no comment right above that says why they never do:\n{problems}"
    );
}

#[test]
fn only_main_ends_the_process() {
    let target_app = shipped(&["target-app/src"]);
    for source in shipped_product().into_iter().chain(target_app) {
        let ends = ["process::exit", "process::abort"];
        let code = source.shipped_code();
        let path = &source.path;
        // A third signal ends a process whose main thread may be waiting for a pipe.
        let allowed = path.ends_with("src/main.rs") || path.ends_with("src/cli/signals.rs");
        assert!(
            allowed || !ends.iter().any(|end| code.contains(end)),
            "{} ends the process",
            path.display()
        );
    }
}

/// Code that treats kinds of steps differently is in a module of its kind, in their list.
#[test]
fn kinds_of_steps_are_told_apart_by_their_own_modules() {
    let names_one = |code: &str| {
        let mut after = code.split("StepKind::").skip(1);
        after.any(|name| {
            let mut letters = name.chars().take(2);
            let capital = letters.next().is_some_and(char::is_uppercase);
            capital && letters.next().is_some_and(char::is_lowercase)
        })
    };
    assert!(names_one("raw::StepKind::Sql => 1") && !names_one("StepKind::ALL StepKind::$name"));
    for source in shipped_product() {
        let path = source.path.display();
        assert!(!names_one(&source.shipped_code()), "{path} names a kind");
    }
}

/// Workers' runtimes have no timers, unless the drivers say that they want them.
#[test]
fn what_runs_on_workers_takes_its_timers_from_elsewhere() {
    let elsewhere = [
        // They have those that they take, or hand them out.
        "crates/driver/src/timers.rs",
        "crates/driver/src/custom",
        "crates/engine/src/pace.rs",
        // They run beside the load.
        "crates/driver/src/sql/console.rs",
        "crates/driver/src/sql/inspect.rs",
        "crates/engine/src/lifecycle.rs",
    ];
    let mut problems = Vec::new();
    for source in shipped(&[
        "crates/driver/src",
        "crates/engine/src",
        "crates/record/src",
        "crates/data/src",
    ]) {
        if !elsewhere.iter().any(|own| source.path.starts_with(own)) {
            let names = own_timers(&source.shipped_code()).join(", ");
            if !names.is_empty() {
                problems.push(format!("{}: {names}", source.path.display()));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// The timers of the runtime that code calls by name, not as something's methods.
fn own_timers(code: &str) -> Vec<&'static str> {
    const TIMERS: [&str; 6] = [
        "timeout(",
        "timeout_at(",
        "sleep(",
        "sleep_until(",
        "interval(",
        "interval_at(",
    ];
    let calls = |name: &&str| {
        code.match_indices(*name).any(|(at, _)| {
            let before = &code[..at];
            let whole = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
            let path = before.ends_with("::") && !before.ends_with("time::");
            whole && !path && !before.ends_with('.') && !before.ends_with("fn ")
        })
    };
    TIMERS.into_iter().filter(calls).collect()
}

#[test]
fn calls_of_timers_are_told_from_methods() {
    let code = "tokio::time::timeout(limit, work); let at = timeout_at(deadline, work);";
    assert_eq!(own_timers(code), ["timeout(", "timeout_at("]);
    let code = "self.timers.timeout(limit, work); Failure::timeout(words); thread::sleep(zero); \
                pub fn sleep_until(&self) {} no_timeout(1);";
    assert!(own_timers(code).is_empty());
}

/// The first part of a path below src: `plan` of src/plan/load.rs and of src/plan.rs.
fn module(source: &Source) -> Option<&str> {
    let below = source.path.strip_prefix("src").ok()?;
    let first = Path::new(below.components().next()?.as_os_str());
    let name = first.file_stem()?.to_str()?;
    (!["lib", "main"].contains(&name)).then_some(name)
}

fn rank(module: &str) -> Option<usize> {
    MODULES.iter().position(|&name| name == module)
}

/// The modules that code uses by paths from the crate's root.
fn uses(path: &Path, code: &str) -> Vec<String> {
    // src/plan/mod.rs and src/plan.rs are one level below the root, src/plan/load.rs two.
    let below_root = path.components().count() - 1 - usize::from(path.ends_with("mod.rs"));
    let to_root = "super::".repeat(below_root);
    let mut used = Vec::new();
    for prefix in ["crate::", &to_root] {
        for (index, _) in code.match_indices(prefix) {
            let outside = !code[..index].ends_with([':', '_']);
            if outside {
                used.extend(names(&code[index + prefix.len()..]));
            }
        }
    }
    used
}

/// The first names of a path's rest: `a` of `a::b`, `a` and `c` of `{a::{b, d}, c}`.
fn names(rest: &str) -> Vec<String> {
    let first = |text: &str| {
        let text = text.trim_start();
        let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
        text[..end.unwrap_or(text.len())].to_owned()
    };
    let Some(group) = rest.strip_prefix('{') else {
        return vec![first(rest)];
    };
    let (mut depth, mut start) = (0, 0);
    let mut found = Vec::new();
    for (index, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            '}' | ',' if depth == 0 => {
                found.push(first(&group[start..index]));
                start = index + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    // After a comma at the end.
    found.retain(|name| !name.is_empty());
    found
}

/// Numbers of the lines that may panic, in a statement without a comment above or beside it.
fn panics_without_reason(text: &str, code: &str) -> Vec<usize> {
    const PANICS: [&str; 5] = [
        ".unwrap()",
        ".expect(",
        "panic!(",
        "unreachable!(",
        "todo!(",
    ];
    let lines: Vec<&str> = text.lines().collect();
    let has_reason = |number: usize| {
        let comment = |line: &str| line.trim_start().starts_with("//");
        // Up through the lines of the same statement.
        let above = lines[..number].iter().rev();
        lines[number].contains(" // ")
            || above
                .take_while(|line| {
                    let line = line.trim_end();
                    comment(line) || !(line.is_empty() || line.ends_with([';', '{', '}']))
                })
                .any(|line| comment(line))
    };
    code.lines()
        .enumerate()
        .filter(|(_, line)| PANICS.iter().any(|panic| line.contains(panic)))
        .filter(|&(number, _)| !has_reason(number))
        .map(|(number, _)| number + 1)
        .collect()
}

#[test]
fn every_form_of_use_is_seen() {
    let in_file = |code| uses(Path::new("src/plan/load.rs"), code);
    assert_eq!(in_file("use crate::data::Value;"), ["data"]);
    assert_eq!(
        in_file("use crate::{\n    data::{Value, x::{y}},\n    time,\n};"),
        ["data", "time"]
    );
    assert_eq!(in_file("fn f(x: crate::cli::Flag)"), ["cli"]);
    assert_eq!(
        in_file("pub(crate) use super::Curve; macro_crate::x"),
        [""; 0]
    );
    assert_eq!(in_file("use super::super::engine::run;"), ["engine"]);
    assert_eq!(
        uses(Path::new("src/plan/mod.rs"), "use super::cli;"),
        ["cli"]
    );
    assert_eq!(uses(Path::new("src/time.rs"), "use super::cli;"), ["cli"]);
}

#[test]
fn a_reason_stands_right_above_the_statement() {
    for (text, found) in [
        ("a.unwrap();", vec![1]),
        ("// Why.\na.unwrap();", vec![]),
        ("// Why.\na\n    .b()\n    .expect(\"c\");", vec![]),
        ("// Why.\nb;\na.unwrap();", vec![3]),
        ("// Why.\n\na.unwrap();", vec![3]),
        ("a.unwrap(); // Why.", vec![]),
        ("/// Doc.\nfn f() {\n    a.unwrap()\n}", vec![3]),
        ("x => unreachable!(),", vec![1]),
    ] {
        assert_eq!(panics_without_reason(text, text), found, "{text}");
    }
}
