//! Answers a client of PostgreSQL or MySQL with whatever bytes the fuzzer thinks of. There are rows or
//! an error, within bounds, and no panic.
//!
//! The first byte of an input chooses what is real before it: nothing, or a login that succeeds.

use loadgen::{
    driver::sql::Console,
    plan::sql::{Backend, Connections, Database, Limits, Secret},
};
use std::time::Duration;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    runtime::{Builder, Runtime},
};

/// A PostgreSQL server lets everybody in, and is ready.
const POSTGRES_LOGIN: &[u8] = b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I";

/// Packets of a MySQL server that lets everybody in: its greeting, the end of the login, and the number
/// of the connection as the only value of a result: a column, its description, the row, the end.
const MYSQL_LOGIN: [&[u8]; 7] = [
    b"\x0a8.0.30\0\x08\0\0\0abcdefgh\0\x0f\xa2\x2d\x02\0\x08\0\x15\
        \0\0\0\0\0\0\0\0\0\0abcdefghijkl\0mysql_native_password\0",
    b"\0\0\0\x02\0\0\0",
    b"\x01",
    b"\x03def\0\0\0\x01i\0\x0c\x3f\0\x14\0\0\0\x08\xa0\0\0\0\0",
    b"\xfe\0\0\x02\0",
    b"\x018",
    b"\xfe\0\0\x02\0",
];

/// Bound on an answer that small inputs reach.
const LIMITS: Limits = Limits {
    max_rows: 8,
    max_bytes: 1024,
};

/// Bound on everything that a client waits for. Reached only where something hangs.
const LIMIT: Duration = Duration::from_secs(5);

pub fn check(input: &[u8]) {
    let Some((chosen, answer)) = input.split_first() else {
        return;
    };
    let (backend, login) = match chosen % 4 {
        0 => (Backend::Postgres, POSTGRES_LOGIN.to_vec()),
        1 => (Backend::Postgres, Vec::new()),
        2 => (Backend::MySql, MYSQL_LOGIN.map(packet).concat()),
        _ => (Backend::MySql, Vec::new()),
    };
    STAGE.with(|stage| stage.play(backend, [login.as_slice(), answer].concat()));
}

/// Puts length and number before what a MySQL server sends at once.
fn packet(body: &[u8]) -> Vec<u8> {
    // No packet here is longer than a byte tells; their numbers are read by nobody.
    let length = u8::try_from(body.len()).expect("a short packet");
    [&[length, 0, 0, 0][..], body].concat()
}

thread_local! {
    static STAGE: Stage = Stage::new();
}

/// A socket of a server, and a client's runtime.
struct Stage {
    runtime: Runtime,
    listener: UnixListener,
    folder: TempDir,
}

impl Stage {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime can be had");
        let folder = tempfile::tempdir().expect("a folder can be made");
        let _entered = runtime.enter();
        // As clients of PostgreSQL call it; those of MySQL are told the path.
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432"));
        Self {
            listener: listener.expect("the folder is new"),
            folder,
            runtime,
        }
    }

    /// Asks a server that sends `answer` to everybody for rows.
    fn play(&self, backend: Backend, answer: Vec<u8>) {
        let database = self.database(backend);
        let ask = async {
            let mut console = Console::open(&database).await?;
            let rows = console.rows("SELECT 1", &[]).await;
            console.close().await;
            rows
        };
        let rows = self.runtime.block_on(async {
            let serve = async {
                loop {
                    let (client, _) = self.listener.accept().await.expect("a client can connect");
                    // One that hung up has heard enough.
                    let _ = send(client, &answer).await;
                }
            };
            tokio::select! {
                rows = ask => rows,
                () = serve => unreachable!("it serves for ever"),
            }
        });
        match rows {
            Ok(rows) => assert!(rows.len() as u64 <= LIMITS.max_rows),
            Err(words) => {
                assert!(!words.is_empty());
                assert!(!words.contains("within 5s"), "it hangs: {words}");
            }
        }
    }

    fn database(&self, backend: Backend) -> Database {
        let folder = self.folder.path().display();
        let url = match backend {
            Backend::Postgres => format!("postgres://u:p@/d?host={folder}"),
            _ => format!("mysql://u:p@localhost/d?socket={folder}/.s.PGSQL.5432"),
        };
        Database {
            name: "main".to_owned(),
            backend,
            url: Secret::new(url),
            prepared: true,
            isolation: None,
            connections: Connections::OnePerUser,
            statement_timeout: LIMIT,
            server_limit: false,
            limits: LIMITS,
            connect_timeout: Some(LIMIT),
            tls: None,
            ca_file: None,
        }
    }
}

/// Sends all of the answer, then hears the client out.
async fn send(mut client: UnixStream, answer: &[u8]) -> std::io::Result<()> {
    client.write_all(answer).await?;
    client.shutdown().await?;
    while client.read(&mut [0; 1024]).await? > 0 {}
    Ok(())
}
