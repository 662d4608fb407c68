//! Databases and the steps that are done against them.

use super::*;
use crate::{
    Target,
    sql::{
        Backend, Connections, Isolation, Param, Rows, SqlStep, Statement, Tls, WrittenStatement,
    },
    written,
};

const LOAD: &str = "[load]\nusers = 1\n[data]\nn.uniform = { from = 1, to = 2 }\n";

fn scenario(database: &str, steps: &str) -> String {
    format!("[database.main]\n{database}\n{LOAD}[[task]]\nname = 't'\n{steps}")
}

/// The only step of a plan, which is a statement.
fn only(text: &str) -> (SqlStep, written::Step, Plan) {
    let mut plan = plan(text);
    let step = plan.populations[0].tasks[0].steps.remove(0);
    let written = plan.written.steps[step.index].clone();
    match step.kind {
        StepKind::Sql(sql) => (sql, written, plan),
        other => panic!("{other:?}"),
    }
}

/// A statement, its texts and what is checked of its response.
fn statement(url: &str, step: &str) -> (Statement, WrittenStatement, Vec<String>) {
    let text = scenario(
        &format!("url = '{url}'"),
        &format!("[[task.step]]\n{step}\n"),
    );
    let (step, shared, _) = only(&text);
    match step.action {
        crate::sql::Action::Statement(statement) => (statement, step.written, shared.checks),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_database_is_as_the_scenario_says() {
    let text = scenario(
        "url = 'mysql://app:${PASSWORD}@db/shop?password=abc'\nprepared = false\n\
         isolation = 'Read Committed'\npool = 7\nstatement_timeout = '3s'\n\
         connect_timeout = '1s'\ntls = 'verify-ca'\nca = 'ca.pem'",
        "[[task.step]]\nsql = 'SELECT 1'\n",
    );
    let (step, _, plan) = only(&text);
    assert_eq!(step.timeout.as_secs(), 3);
    assert_eq!(plan.populations[0].target, Target::None);
    let [database] = plan.databases.as_slice() else {
        panic!("{:?}", plan.databases);
    };
    assert_eq!(
        database.url.expose(),
        "mysql://app:hunter2@db/shop?password=abc"
    );
    assert_eq!(
        (database.backend, database.prepared),
        (Backend::MySql, false)
    );
    assert_eq!(database.isolation, Some(Isolation::ReadCommitted));
    assert!(matches!(database.connections, Connections::Pool { size } if size.get() == 7));
    assert_eq!(database.tls, Some(Tls::VerifyCa));
    assert_eq!(database.ca_file.as_deref(), Some(Path::new("dir/ca.pem")));
    let shown = format!(
        "{}{}{plan:?}",
        crate::describe::words(&plan),
        crate::describe::json(&plan)
    );
    for secret in ["hunter2", "abc"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn parameters_have_the_types_of_their_values() {
    let step = "sql = 'SELECT $1, $2, $3, $4, $5, $6, $7'\n\
                params = [1, 0.5, true, 'a', '{{n}}', 'x {{n}}', '{{run.id}}']";
    let text = |text: &str| Param::Literal(Value::Text(text.into()));
    for url in ["postgres://db/x", "mysql://db/x"] {
        let (statement, written, _) = statement(url, step);
        let [one, half, is_true, a, n, template, id] = statement.params.as_slice() else {
            panic!("{:?}", statement.params);
        };
        assert_eq!(*one, Param::Literal(Value::Int(1)));
        assert_eq!(*half, Param::Literal(Value::Float(0.5)));
        assert_eq!(*is_true, Param::Literal(Value::Bool(true)));
        assert_eq!(*a, text("a"));
        assert_eq!(*n, Param::Variable(0));
        let Param::Text(template) = template else {
            panic!("{template:?}");
        };
        assert_eq!(rendered(template), "x 7");
        assert_eq!(*id, text(&run_id().to_string()));
        assert_eq!(
            written.params,
            [
                "1",
                "0.5",
                "true",
                "\"a\"",
                "{{n}}",
                "\"x {{n}}\"",
                "\"{{run.id}}\""
            ]
        );
    }
}

#[test]
fn what_is_expected_is_checked_and_named() {
    let step = "sql = 'SELECT 1 AS a'\nexpect = { rows = '>= 2', values = { a = '{{n}}' } }\n\
                extract = { b = 'a' }\nmax_tries = 4";
    let (statement, _, checks) = statement("sqlite:x.db", step);
    assert_eq!(statement.expect.rows, Some(Rows::AtLeast(2)));
    assert_eq!(
        statement.expect.values,
        [("a".to_owned(), Param::Variable(0))]
    );
    assert_eq!(
        (
            statement.extract[0].column.as_str(),
            statement.extract[0].variable
        ),
        ("a", 1)
    );
    assert_eq!(statement.max_tries.get(), 4);
    assert_eq!(checks, ["rows: at least 2", "a = {{n}}"]);
}

#[test]
fn a_step_is_named_by_its_statement() {
    for (step, name) in [
        ("sql = \"\"\"\nSELECT 1,\n       2;\n\"\"\"", "SELECT 1, 2;"),
        (
            "sql = 'INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (1, 2, 3, 4, now())'",
            "INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VA…",
        ),
        ("sql_file = 'top.sql'\nparams = [1]", "top.sql"),
        ("sql = 'SELECT 1'\nname = 'one'", "one"),
    ] {
        let (.., plan) = only(&scenario(
            "url = 'sqlite:x'",
            &format!("[[task.step]]\n{step}\n"),
        ));
        assert_eq!(plan.steps[0].name, name);
    }
}

#[test]
fn a_statements_words_are_found_where_they_stand() {
    let inline = "sql = \"\"\"\nSELECT $1, \\\"x\\\"\n FROM ${HOST} WHERE a = '{{run.id}}' AND b\"\"\"\nparams = [1]";
    for (step, words) in [
        (
            inline,
            [
                ("x", "x"),
                ("FROM", "FROM"),
                ("hunter2.example", "${HOST}"),
                ("AND", "AND"),
            ],
        ),
        (
            "sql_file = 'top.sql'\nparams = [1]",
            [
                ("best", "best"),
                ("name", "name"),
                ("top", "top"),
                ("$1", "$"),
            ],
        ),
    ] {
        let text = scenario("url = 'sqlite:x'", &format!("[[task.step]]\n{step}\n"));
        let sources = read(&text).sources;
        let (sql, ..) = only(&text);
        let source = sql.action.statement().unwrap().text.source();
        let written = &sql.written;
        for (word, found) in words {
            let span = written.word_at(source, source.find(word).unwrap());
            let text = &sources[span.source].text;
            assert!(
                text[span.start..].starts_with(found),
                "{word}: {:?}",
                &text[span.start..]
            );
            assert!(span.end > span.start, "{word}");
        }
    }
}

#[test]
fn http_and_sql_steps_share_a_task_and_its_variables() {
    let steps = "[[task.step]]\nget = '/{{n}}'\nextract = { id = '$.id' }\n\
                 [[task.step]]\nsql = 'SELECT $1, $2'\nparams = ['{{id}}', '{{n}}']\n";
    let target = "url = 'sqlite:x'\n[target]\nurl = 'http://127.0.0.1:1'";
    let plan = plan(&scenario(target, steps));
    let task = &plan.populations[0].tasks[0];
    assert_eq!(task.draws, [0]);
    let kinds: Vec<_> = task.steps.iter().map(|step| step.kind.name()).collect();
    assert_eq!(kinds, ["http", "sql"]);
}

#[test]
fn a_target_is_only_for_requests() {
    let text = scenario("url = 'sqlite:x'", "[[task.step]]\nsql = 'SELECT 1'\n");
    let with_target = Settings {
        target: Some("http://127.0.0.1:1".to_owned()),
        ..settings()
    };
    match compile(&read(&text), &with_target) {
        Err(Error::Usage(words)) => assert!(words.contains("--target"), "{words}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_transaction_begins_and_ends_with_steps_of_its_own() {
    let text = scenario(
        "url = 'postgres://db/x'",
        "[[task.step]]\ntransaction = { isolation = 'serializable', max_tries = 5 }\n\
         step = [{ sql = 'SELECT 1' }]\n\
         [[task.step]]\nname = 'again'\nrepeat = 2\ntransaction = true\n\
         step = [{ sql = 'SELECT 2' }, { sql = 'SELECT 3' }]\n\
         [[task.step]]\nname = 'none'\ntransaction = false\nstep = [{ sql = 'SELECT 4' }]\n",
    );
    let thresholds = "thresholds = [{ task = 't/transaction', expr = 'p95 < 1s' }, \
                      { task = 't/again', expr = 'p95 < 1s' }]\n";
    let plan = plan(&format!("{thresholds}{text}"));
    let names: Vec<_> = plan.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "begin",
            "SELECT 1",
            "commit",
            "again: begin",
            "SELECT 2",
            "SELECT 3",
            "again: commit",
            "SELECT 4"
        ]
    );
    let groups: Vec<_> = plan
        .groups
        .iter()
        .map(|group| group.name.as_str())
        .collect();
    assert_eq!(groups, ["transaction", "again", "none"]);
    let task = &plan.populations[0].tasks[0];
    let transactions: Vec<_> = task.groups.iter().map(|group| group.transaction).collect();
    let of = |isolation, max_tries| {
        Some(crate::Transaction {
            database: 0,
            isolation,
            immediate: false,
            max_tries: std::num::NonZeroU32::new(max_tries).unwrap(),
        })
    };
    assert_eq!(
        transactions,
        [of(Some(Isolation::Serializable), 5), of(None, 1), None]
    );
    insta::assert_snapshot!(crate::describe::words(&plan));
}
