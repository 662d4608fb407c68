use super::*;
use std::fs;

#[test]
fn bad_scenarios_are_told_with_every_problem_in_its_place() {
    let shown = Path::new("tests/scenarios/bad");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(shown);
    let mut paths: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    paths.sort();
    assert!(paths.len() >= 30);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for path in paths {
            let text = fs::read_to_string(&path).unwrap();
            let path = shown.join(path.file_name().unwrap());
            let report = problems(&path, &text, &inputs());
            let report = report.unwrap_or_else(|| panic!("{} is not bad", path.display()));
            let told = report.to_string();
            assert!(!told.contains("hunter2"), "a secret is shown:\n{told}");
            let stem = path.file_stem().unwrap().to_string_lossy();
            insta::assert_snapshot!(stem.as_ref(), told);
        }
    });
}

#[test]
fn colours_are_for_terminals_alone() {
    let report = problems(Path::new("x.toml"), "users = 1", &inputs()).unwrap();
    assert!(report.render(true).contains('\u{1b}'));
    assert!(!report.render(false).contains('\u{1b}'));
}

#[test]
fn flags_with_mistakes_are_pointed_at_themselves() {
    let set = [
        ("load.users", "many"),
        ("load.duraton", "5m"),
        ("task.reads order.weight", "1"),
        ("task.7.weight", "1"),
        ("load.users.more", "1"),
        ("load..users", "1"),
        ("target.url", "${NOT_SET}"),
        ("http.timeout", "[1"),
    ]
    .map(|(path, value)| (path.to_owned(), value.to_owned()));
    let text = with_task("[load]\nusers = 5").replace("'t'", "'read order'");
    let inputs = Inputs {
        set: &set,
        ..inputs()
    };
    let report = problems(Path::new("x.toml"), &text, &inputs).unwrap();
    insta::assert_snapshot!(report.to_string());
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_move_nothing() {
    let text = "\u{feff}name = 'x'\r\n[load]\r\nuser = 1\r\n";
    let report = problems(Path::new("x.toml"), text, &inputs()).unwrap();
    let span = report
        .problems()
        .iter()
        .find(|p| p.message.contains("`user`"))
        .unwrap()
        .span;
    assert_eq!(&text[span.start..span.end], "user");
    assert!(report.to_string().contains("x.toml:3:1"), "{report}");
}
