//! URLs of databases, and the environment beside them.

use super::*;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;

fn postgres(url: &str) -> Result<ConnectParams, UrlProblem> {
    ConnectParams::parse(url, Backend::Postgres)
}

#[test]
fn a_url_says_where_and_who() {
    let it = postgres(
        "postgres://us%2Fer:p%40ss%25:w%20rd@db.example:6432/da%20ta?options=-c%20work_mem%3D1MB\
         &application_name=a+b&ssl-mode=disable&options[search_path]=x,y%20z",
    )
    .unwrap();
    for (name, value) in [
        ("user", "us/er"),
        ("password", "p@ss%:w rd"),
        ("host", "db.example"),
        ("port", "6432"),
        ("dbname", "da ta"),
        ("options", "-c work_mem=1MB -c search_path=x,y\\ z"),
        ("application_name", "a+b"),
        ("sslmode", "disable"),
    ] {
        assert_eq!(it.get(name), Some(value), "{name}");
    }
    assert!(!format!("{it:?}").contains("p@ss"));
}

#[test]
fn hosts_are_names_addresses_and_folders() {
    for (url, host) in [
        ("postgres://me@[::1]:1/db", "::1"),
        ("postgres://me@%2Frun%2Fpg/db", "/run/pg"),
        ("postgres:///db?host=/run/pg", "/run/pg"),
        ("postgres://me@DB.example/db", "DB.example"),
    ] {
        assert_eq!(postgres(url).unwrap().get("host"), Some(host), "{url}");
    }
}

#[test]
fn what_is_not_understood_is_refused_in_words() {
    for (url, words) in [
        (
            "postgres://h/db?sslmod=verify-full",
            "`sslmod` is no parameter",
        ),
        (
            "postgres://h/db?sslmode=verify_full",
            "none of disable, allow",
        ),
        (
            "postgres://h/db?service=x",
            "does not do what `service` asks for",
        ),
        ("postgres://a:1,b:2/db", "several hosts"),
        ("postgres:///db?host=a,b", "several hosts"),
        ("postgres://h:port/db", "invalid port"),
        ("postgres://h/db?port=x", "is no port"),
        ("postgres://u:a#b@h/db", "`#`"),
        ("postgres://h/db?channel_binding=require", "channel_binding"),
        ("postgres://h/db?gssencmode=require", "`gssencmode`"),
        (
            "postgres://h/db?target_session_attrs=primary",
            "target_session_attrs",
        ),
    ] {
        let problem = postgres(url).unwrap_err().to_string();
        assert!(problem.contains(words), "{url}: {problem}");
    }
    let problem = ConnectParams::parse("mysql://h/db?sslMode=x", Backend::MySql).unwrap_err();
    assert_eq!(problem.unknown.as_deref(), Some("sslMode"));
    let problem = ConnectParams::parse("sqlite:a.db?mod=ro", Backend::Sqlite).unwrap_err();
    assert_eq!(problem.unknown.as_deref(), Some("mod"));
}

/// The parameters of a URL in an environment.
fn within(url: &str, variables: &[(&str, &str)]) -> Result<ConnectParams, UrlProblem> {
    let environment = |name: &str| {
        let found = variables.iter().find(|(own, _)| *own == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    postgres(url)?.with_environment(Backend::Postgres, &environment)
}

#[test]
fn the_environment_gives_what_the_url_leaves_out() {
    let url = "postgres://me@h/db?sslmode=require&gssencmode=disable";
    let variables = [
        ("PGUSER", "you"),
        ("PGSSLMODE", "disable"),
        ("PGPORT", "6432"),
        ("PGPASSWORD", ""),
        ("PGCONNECT_TIMEOUT", "3"),
        ("PGCHANNELBINDING", "prefer"),
        ("PGTARGETSESSIONATTRS", "any"),
        ("PGCLIENTENCODING", "utf8"),
        ("PGGSSENCMODE", "prefer"),
        ("PGSSLMINPROTOCOLVERSION", "TLSv1.2"),
        ("PGSERVICEFILE", "services"),
    ];
    let it = within(url, &variables).unwrap();
    for (name, value) in [
        ("user", Some("me")),
        ("sslmode", Some("require")),
        ("port", Some("6432")),
        ("password", None),
    ] {
        assert_eq!(it.get(name), value, "{name}");
    }
    assert_eq!(it.connect_timeout(), Some(Duration::from_secs(3)));
    let it = within("postgres://h/db?connect_timeout=0", &variables).unwrap();
    assert_eq!(it.connect_timeout(), None);
    let it = ConnectParams::parse("mysql://h/db", Backend::MySql).unwrap();
    let it = it
        .with_environment(Backend::MySql, &|_| Some("x".to_owned()))
        .unwrap();
    assert_eq!(it.get("port"), None);
}

#[test]
fn what_the_environment_asks_for_in_vain_is_told_by_its_name() {
    for (variable, value, words) in [
        ("PGPORT", "db", "is no port"),
        ("PGHOST", "a,b", "several hosts"),
        ("PGSSLMODE", "on", "none of disable, allow"),
        ("PGCONNECT_TIMEOUT", "soon", "no number of seconds"),
        ("PGCHANNELBINDING", "require", "disable or prefer"),
        ("PGTARGETSESSIONATTRS", "read-write", "can only be any"),
        ("PGCLIENTENCODING", "LATIN1", "can only be UTF8"),
        ("PGSERVICE", "shop", "does not do"),
        ("PGREQUIREAUTH", "scram-sha-256", "does not do"),
        ("PGGSSENCMODE", "require", "does not do"),
        ("PGSSLMINPROTOCOLVERSION", "TLSv1.3", "does not do"),
    ] {
        let problem = within("postgres:///db", &[(variable, value)]).unwrap_err();
        let message = problem.to_string();
        let start = format!("the environment variable {variable} ");
        assert!(message.starts_with(&start), "{message}");
        assert!(message.contains(words), "{message}");
    }
}

proptest! {
    #[test]
    fn what_is_encoded_is_what_was_meant(user in "[^\0]{1,9}", password in "[^\0]{1,9}") {
        let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let url = format!("postgres://{}:{}@h/db", encode(&user), encode(&password));
        let it = postgres(&url).unwrap();
        prop_assert_eq!(it.get("user"), Some(user.as_str()));
        prop_assert_eq!(it.get("password"), Some(password.as_str()));
    }

    #[test]
    fn whatever_is_given_is_read_or_refused(url in "(postgres|mysql|sqlite):(//)?.{0,30}") {
        for backend in [Backend::Postgres, Backend::MySql, Backend::Sqlite] {
            let _ = ConnectParams::parse(&url, backend);
        }
    }
}
