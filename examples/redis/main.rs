//! A load of Redis commands: loadgen's command line, scenarios, engine and reports, with a kind of
//! step that only this program knows.
//!
//! ```sh
//! cargo run --release --example redis -- run --duration 10s
//! REDIS=10.0.0.7:6379 cargo run --release --example redis -- run mine.toml --html report.html
//! ```
//!
//! A step is a command, such as `custom = "GET session:{{user}}"`; `reply` is what it extracts.

use loadgen::{
    Program,
    data::Value,
    driver::{Call, Custom, ErrorClass, Failure},
};
use std::{process::ExitCode, time::Instant};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

fn main() -> ExitCode {
    let address = std::env::var("REDIS").unwrap_or_else(|_| "127.0.0.1:6379".to_owned());
    Program::new(Redis { address })
        .with_scenario("sessions.toml", include_str!("sessions.toml"))
        .main()
}

/// Does commands on one server.
#[derive(Debug, Clone)]
struct Redis {
    address: String,
}

/// State of a user: its connection, and memory for what goes over it.
#[derive(Default)]
struct User {
    connection: Option<BufReader<TcpStream>>,
    request: Vec<u8>,
    reply: Vec<u8>,
}

impl Custom for Redis {
    type Session = User;

    fn session(&self, _index: u64) -> User {
        User::default()
    }

    async fn call(&self, user: &mut User, call: &mut Call<'_>) -> Result<(), Failure> {
        let connection = match &mut user.connection {
            Some(connection) => connection,
            none => {
                let began = Instant::now();
                let stream = TcpStream::connect(&self.address).await?;
                stream.set_nodelay(true)?;
                call.connected(began.elapsed());
                none.insert(BufReader::new(stream))
            }
        };
        encode(call.text(), &mut user.request);
        call.sending();
        connection.write_all(&user.request).await?;
        call.moved(user.request.len() as u64, 0);
        connection.fill_buf().await?;
        call.first_byte();
        let reply = read(connection, &mut user.reply).await?;
        call.moved(0, user.reply.len() as u64);
        match reply {
            Reply::Value(value) => call.extract(|what| (what == "reply").then(|| value.clone())),
            Reply::Nothing => Err(answer("nothing is there")),
            Reply::Error(words) => Err(answer(words)),
        }
    }

    async fn ready(&self) -> Result<(), String> {
        let connected = TcpStream::connect(&self.address).await;
        connected
            .map(drop)
            .map_err(|error| format!("no Redis at {}: {error}", self.address))
    }
}

/// Reply of a server.
enum Reply {
    Value(Value),
    Nothing,
    Error(String),
}

/// A command as a list of its words, each with its length before it.
fn encode(command: &[u8], out: &mut Vec<u8>) {
    let words = || {
        let words = command.split(u8::is_ascii_whitespace);
        words.filter(|word| !word.is_empty())
    };
    out.clear();
    out.extend_from_slice(format!("*{}\r\n", words().count()).as_bytes());
    for word in words() {
        out.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        out.extend_from_slice(word);
        out.extend_from_slice(b"\r\n");
    }
}

/// Reads one reply, whose bytes `seen` then has.
async fn read(from: &mut BufReader<TcpStream>, seen: &mut Vec<u8>) -> Result<Reply, Failure> {
    seen.clear();
    from.read_until(b'\n', seen).await?;
    let Some((kind, rest)) = seen.strip_suffix(b"\r\n").and_then(<[u8]>::split_first) else {
        return Err(Failure::text(ErrorClass::Reset, "the server hung up"));
    };
    let text = String::from_utf8_lossy(rest).into_owned();
    let number = || {
        let number = text.parse::<i64>();
        number.map_err(|_| Failure::text(ErrorClass::Protocol, format!("no number: {text}")))
    };
    Ok(match kind {
        b'+' => Reply::Value(Value::Text(text.into())),
        b'-' => Reply::Error(text),
        b':' => Reply::Value(Value::Int(number()?)),
        b'$' => match usize::try_from(number()?) {
            Err(_) => Reply::Nothing,
            Ok(length) => {
                let head = seen.len();
                seen.resize(head + length + 2, 0);
                from.read_exact(&mut seen[head..]).await?;
                let value = String::from_utf8_lossy(&seen[head..head + length]);
                Reply::Value(Value::Text(value.into()))
            }
        },
        _ => {
            let words = format!("a reply of another kind: {}{text}", char::from(*kind));
            return Err(Failure::text(ErrorClass::Protocol, words));
        }
    })
}

/// A reply that is not what was asked for.
fn answer(words: impl Into<String>) -> Failure {
    Failure::text(ErrorClass::Expectation, words.into())
}
