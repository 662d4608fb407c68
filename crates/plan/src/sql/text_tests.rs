use super::*;
use proptest::prelude::*;
use std::convert::Infallible;

const ALL: [Backend; 3] = [Backend::Postgres, Backend::MySql, Backend::Sqlite];

fn text(sql: &str, backend: Backend) -> Text {
    Text::parse(sql, backend).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

fn order(sql: &str, backend: Backend) -> Vec<u16> {
    text(sql, backend).order().collect()
}

const NONE: [u16; 0] = [];

/// Texts without a placeholder, whatever they contain.
fn opaque(backend: Backend) -> Vec<&'static str> {
    let mut pieces = vec![
        "'$1'",
        "'it''s $1'",
        "\"a $1\"",
        "\"\"\"$2\"",
        "-- $1 '\n",
        "--\n",
        "/* $1 ' */",
        "/**/",
        "a$1",
        "größe$1",
        "x9_$12",
        "'größer $1 ☃'",
        "<=",
        "- -",
        "a-b",
        "9 / 3",
        "count(*)",
        "''",
    ];
    pieces.extend(match backend {
        Backend::Postgres => &[
            "/* a /* $1 */ $2 */",
            "$$ $1 ' $$",
            "$body$ $1 $$ $2 $body$",
            "E'\\' $1'",
            "e'\\\\'",
            "note'\\'",
            "'\\'",
            "U&'\\0441 $1'",
            "a ? b",
            "x[2]",
            "$",
        ][..],
        Backend::MySql => &[
            "'\\' $1'",
            "\"\\\" $1\"",
            "`$1`",
            "`a``$1`",
            "# $1 '\n",
            "1--1",
            "@a",
            "'\\\\'",
        ][..],
        Backend::Sqlite => &["'\\'", "[$1]", "`$1`", "--$1\n", "\"\\\""][..],
    });
    pieces
}

fn pieces() -> impl Strategy<Value = (Backend, Vec<Result<&'static str, u16>>)> {
    (0..3usize).prop_flat_map(|backend| {
        let backend = ALL[backend];
        let piece = prop_oneof![
            prop::sample::select(opaque(backend)).prop_map(Ok),
            (1..12u16).prop_map(Err)
        ];
        (Just(backend), prop::collection::vec(piece, 1..20))
    })
}

proptest! {
    #[test]
    fn only_placeholders_in_code_are_found((backend, pieces) in pieces()) {
        // Numbered anew, so that none is left out.
        let mut used: Vec<u16> = pieces.iter().filter_map(|piece| piece.err()).collect();
        used.sort_unstable();
        used.dedup();
        let number = |raw: u16| used.iter().position(|n| *n == raw).unwrap() as u16 + 1;
        let (mut sql, mut marks, mut numbers) = (String::from("SELECT"), String::from("SELECT"), vec![]);
        for piece in &pieces {
            sql.push(' ');
            marks.push(' ');
            match piece {
                Ok(text) => { sql.push_str(text); marks.push_str(text); }
                Err(raw) => {
                    numbers.push(number(*raw));
                    sql.push_str(&format!("${}", number(*raw)));
                    marks.push('?');
                }
            }
        }
        let text = text(&sql, backend);
        prop_assert_eq!(text.order().collect::<Vec<_>>(), numbers);
        prop_assert_eq!(text.parameters(), used.len());
        prop_assert_eq!(text.question_marks(), marks.trim_end());
        let same = text.replace(|n, out| {
            out.push_str(&format!("${n}"));
            Ok::<_, Infallible>(())
        });
        prop_assert_eq!(same.unwrap(), sql.trim_end());
    }

    #[test]
    fn nothing_makes_it_panic(sql in r#"[$'"`\[\]\\/*#a1 E?é;\n-]{0,40}"#, backend in 0..3usize) {
        let _ = Text::parse(&sql, ALL[backend]);
    }

    #[test]
    fn what_is_kept_is_what_was_written(sql in r#"[a-z$'1-3 ]{1,40}"#, backend in 0..3usize) {
        if let Ok(text) = Text::parse(&sql, ALL[backend]) {
            prop_assert_eq!(&**text.source(), sql.trim_end());
        }
    }
}

#[test]
fn placeholders_may_come_in_any_order_and_twice() {
    for backend in ALL {
        assert_eq!(order("SELECT $2 + $1 + $2", backend), [2, 1, 2]);
        assert_eq!(order("SELECT($1),'x'||$2", backend), [1, 2]);
    }
    let text = text("SELECT $2+$1", Backend::MySql);
    assert_eq!(text.question_marks(), "SELECT ?+?");
    assert_eq!(text.parameters(), 2);
}

#[test]
fn the_end_of_the_text_is_tidied() {
    let text = text(" SELECT 1 ; \n; ", Backend::Postgres);
    assert_eq!(&**text.source(), " SELECT 1");
    assert_eq!(text.parameters(), 0);
}

#[test]
fn the_servers_differ() {
    assert_eq!(order("SELECT a[$1]", Backend::Postgres), [1]);
    assert_eq!(order("SELECT '\\', $1, '", Backend::MySql), NONE);
    assert_eq!(order("SELECT '\\', $1", Backend::Postgres), [1]);
    assert_eq!(order("SELECT 1--$1", Backend::MySql), [1]);
    assert_eq!(order("SELECT 1--$1", Backend::Sqlite), NONE);
    assert_eq!(order("SELECT $a$ $1 $a$", Backend::Sqlite), [1]);
    assert_eq!(order("/* /* */ $1", Backend::MySql), [1]);
}

#[test]
fn what_has_no_end_is_pointed_at() {
    for (sql, backend, at, what) in [
        ("SELECT 'a", Backend::Sqlite, 7, "string"),
        ("SELECT 'a\\'", Backend::MySql, 7, "string"),
        ("SELECT \"a", Backend::Postgres, 7, "quoted name"),
        ("SELECT `a", Backend::MySql, 7, "quoted name"),
        ("SELECT [a", Backend::Sqlite, 7, "quoted name"),
        ("SELECT /* a", Backend::MySql, 7, "comment"),
        ("SELECT /* /* a */", Backend::Postgres, 7, "comment"),
        ("SELECT $a$ b", Backend::Postgres, 7, "dollar-quoted string"),
    ] {
        let error = Text::parse(sql, backend).unwrap_err();
        assert_eq!(error, unterminated(at, what), "{sql}");
    }
}

#[test]
fn numbers_are_checked() {
    let problem = |sql| Text::parse(sql, Backend::Postgres).map_err(|e| (e.at, e.problem));
    assert_eq!(problem(" ; "), Err((0, TextProblem::Empty)));
    assert_eq!(problem("SELECT $0"), Err((7, TextProblem::Number)));
    assert_eq!(problem("SELECT $65536"), Err((7, TextProblem::Number)));
    assert_eq!(problem("SELECT $1, $3"), Err((11, TextProblem::Unused(2))));
    assert_eq!(problem("SELECT $2"), Err((7, TextProblem::Unused(1))));
    assert_eq!(
        Text::parse("SELECT $3, $1", Backend::Sqlite)
            .unwrap_err()
            .to_string(),
        "$2 is not used, although a parameter with a higher number is"
    );
}

#[test]
fn words_are_neither_quoted_nor_comments() {
    for (sql, copies, star) in [
        ("COPY t (a) FROM STDIN WITH (FORMAT csv)", true, false),
        ("/* in */ copy t from stdin", true, false),
        ("COPY (SELECT * FROM t) TO STDOUT", false, true),
        ("COPY t FROM '/file'", false, false),
        ("SELECT 'COPY t FROM STDIN *' -- *", false, false),
        ("SELECT \"*\" FROM stdin", false, false),
    ] {
        let text = Text::parse(sql, Backend::Postgres).unwrap();
        assert_eq!((text.copies_in(), text.has_star()), (copies, star), "{sql}");
    }
    let text = Text::parse("-- one\nFetch 5 FROM c", Backend::Postgres).unwrap();
    assert!(text.begins_with("FETCH"));
}

#[test]
fn some_statements_set_something_for_their_session() {
    for (sql, sets) in [
        ("SET work_mem = '7MB'", true),
        ("SELECT set_config('search_path', $1, false)", true),
        ("CREATE TEMP TABLE t (a INT)", true),
        ("create temporary table t (a INT)", true),
        ("ATTACH 'two.db' AS two", true),
        ("CREATE TABLE t (a INT)", false),
        ("INSERT INTO sessions VALUES ($1)", false),
        ("SELECT 1", false),
    ] {
        let text = Text::parse(sql, Backend::Postgres).unwrap();
        assert_eq!(text.sets_session(), sets, "{sql}");
    }
}
