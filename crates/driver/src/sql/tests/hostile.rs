//! Responses without an end, and servers that say what no server says.

use super::*;
use crate::sql::Console;
use std::{
    io::{Read, Write},
    net::TcpListener,
    thread,
};

on_each! {
    database:
        responses_are_bounded_in_rows_and_bytes;
}

async fn responses_are_bounded_in_rows_and_bytes(mut database: Database) {
    database.limits = Limits {
        max_rows: 3,
        max_bytes: 2048,
    };
    let rows = |count: usize| vec!["SELECT 1 AS x"; count].join(" UNION ALL ");
    let text = |length: usize| format!("SELECT '{}' AS x", "a".repeat(length));
    let sql = [rows(3), rows(4), text(1900), text(2100)];
    for prepared in [true, false] {
        database.prepared = prepared;
        let steps = sql.iter().map(|sql| query(&database, sql, &[]));
        let mut rig = Rig::new(&database, steps.collect()).await.unwrap();
        for (step, bound) in [(1, "3 rows (`max_rows`)"), (3, "2048 bytes (`max_bytes`)")] {
            rig.ok(step - 1).await;
            let words = rig.fails(step, ErrorClass::Protocol).await;
            assert_eq!(words, format!("the response has more than {bound}"));
            // The rest of the response is not taken for the next one.
            let outcome = rig.ok(step - 1).await;
            assert_eq!(outcome.reconnects, 1, "{words}");
        }
    }
    let mut console = Console::open(&database).await.unwrap();
    assert_eq!(console.rows(&sql[0], &[]).await.unwrap().len(), 3);
    for wrong in [&sql[1], &sql[3]] {
        let words = console.rows(wrong, &[]).await.unwrap_err();
        assert!(words.starts_with("the response has more than "), "{words}");
    }
    assert_eq!(console.rows(&sql[0], &[]).await.unwrap().len(), 3);
    console.close().await;
}

#[tokio::test]
async fn a_row_of_many_packets_is_whole_or_refused_at_its_beginning() {
    const LENGTH: usize = 64 << 20;
    let server = Server::start(ServerKind::MariaDb, &["max-allowed-packet=128M"]);
    let whole = database(&server.fresh());
    let sql = format!("SELECT REPEAT('ab', {}) AS x", LENGTH / 2);
    for (prepared, max_bytes) in [true, false]
        .map(|it| [(it, 65 << 20), (it, 1 << 20)])
        .concat()
    {
        let database = Database {
            prepared,
            limits: Limits {
                max_rows: 1,
                max_bytes,
            },
            ..whole.clone()
        };
        let steps = vec![query(&database, &sql, &[]).takes("x")];
        let mut rig = Rig::new(&database, steps).await.unwrap();
        if max_bytes > LENGTH as u64 {
            rig.ok(0).await;
            assert_eq!(rig.values[0], Value::Text("ab".repeat(LENGTH / 2).into()));
            continue;
        }
        let outcome = rig.run(0).await;
        let (class, words) = why(&outcome);
        assert_eq!(class, ErrorClass::Protocol, "{words}");
        assert_eq!(
            words,
            "the response has more than 1048576 bytes (`max_bytes`)"
        );
        // Not read, and so not in memory.
        assert!(outcome.bytes_received < 1 << 20, "{outcome:?}");
    }
}

/// A server on a free port that says the same to every client, then nothing.
fn says(bytes: Vec<u8>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // A client that hung up has heard enough.
            let _ = stream.write_all(&bytes);
            thread::spawn(move || while matches!(stream.read(&mut [0; 1024]), Ok(1..)) {});
        }
    });
    port
}

/// The words that come of connecting to such a server.
async fn refused(scheme: &str, bytes: Vec<u8>) -> String {
    let port = says(bytes);
    let mut database = database(&format!("{scheme}://u:p@127.0.0.1:{port}/d"));
    database.connect_timeout = Some(Duration::from_secs(30));
    Console::open(&database).await.map(|_| ()).unwrap_err()
}

#[tokio::test]
async fn greetings_of_no_mysql_server_are_told_in_words() {
    for greeting in [
        // Version 9 of the protocol, cut off; an error without a number; nothing; another length.
        "050000000961626300",
        "01000000ff",
        "00000000",
        "0100000000",
        "020000000a00",
        // A packet of 16 MB, of which nothing comes.
        "ffffff000a",
        "0a0000000a382e302e3000010000",
    ] {
        let words = refused("mysql", loadgen_data::unhex(greeting).unwrap()).await;
        assert!(
            !words.contains("no connection within"),
            "{greeting}: {words}"
        );
    }
}

#[tokio::test]
async fn greetings_of_no_postgres_server_are_told_in_words() {
    for (greeting, said) in [
        // No TLS, then: messages of length 0 and 3, requests for authentication that are cut off, an
        // error without a word, and a message of 2 GB.
        ("4e5200000000", "malformed"),
        ("4e5200000003", "malformed"),
        ("4e5200000004", "malformed"),
        ("4e52000000090000000561", "malformed"),
        ("4e450000000500", "says nothing of it"),
        ("4e527fffffff", "more than 1048576 bytes"),
        ("4e5a00000004", "malformed"),
        ("58", "out of turn"),
    ] {
        let words = refused("postgres", loadgen_data::unhex(greeting).unwrap()).await;
        assert!(words.contains(said), "{greeting}: {words}");
    }
}
