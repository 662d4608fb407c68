//! A server that knows the truth: it stalls and works to a schedule, and writes down when each
//! request came and when its response was out.
//!
//! Each connection has a thread of its own, so that none waits for another.

use crate::{
    answer::{Answer, Then},
    request::{Reader, Request, Stop},
    stalls::{Nanos, Stalls, nanos},
};
use socket2::SockRef;
use std::{
    collections::HashMap,
    io::Write,
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock},
    thread::{Builder, JoinHandle},
    time::{Duration, Instant},
};

/// Requests to paths that begin with this are measured: the first of them starts the schedule of
/// stalls. Others, such as a probe before the run, are answered without a stall.
pub const MEASURED: &str = "/work";

/// A server on a free port of the loopback interface. It ends when it is dropped.
pub struct TruthServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

/// A request that was answered.
#[derive(Debug, Clone)]
pub struct Served {
    /// The request.
    pub request: Request,
    /// Time at which its head was read in full. Times are in ns from the first measured request on.
    pub arrival: Nanos,
    /// Time at which work on it began: the body was read, and the server not stalled.
    pub start: Nanos,
    /// Time at which the last byte of the response was handed to the system.
    pub end: Nanos,
}

/// Everything a server saw.
#[derive(Debug, Default)]
pub struct Log {
    /// Answered requests to [`MEASURED`] paths, by arrival.
    pub served: Vec<Served>,
    /// The other requests.
    pub others: Vec<Request>,
    /// Number of accepted connections.
    pub connections: u64,
    /// Received bytes that are not HTTP, as problems.
    pub problems: Vec<String>,
}

impl Log {
    /// The work that the n-th request really took, without the stalls.
    pub fn work(&self, stalls: &Stalls) -> Vec<Nanos> {
        let work = |served: &Served| stalls.free(served.arrival, served.end);
        self.served.iter().map(work).collect()
    }

    /// Time that the n-th request, due at `due[n]`, had to wait for its client alone: from the last
    /// response on its connection on, if it was due by then.
    pub fn turnarounds(&self, due: &[Nanos]) -> Vec<Nanos> {
        let mut ended: HashMap<u64, Nanos> = HashMap::new();
        let idle = |(served, due): (&Served, &Nanos)| {
            let before = ended.insert(served.request.connection, served.end);
            let waited = before.filter(|before| due < before);
            waited.map_or(0, |before| served.arrival.saturating_sub(before))
        };
        self.served.iter().zip(due).map(idle).collect()
    }
}

type Behaviour = dyn Fn(&Request) -> Answer + Send + Sync;

struct Shared {
    started: Instant,
    first_measured: OnceLock<Nanos>,
    stalls: Stalls,
    behaviour: Box<Behaviour>,
    state: Mutex<State>,
    stopping: Condvar,
}

#[derive(Default)]
struct State {
    stopped: bool,
    log: Log,
    requests: u64,
    open: HashMap<u64, Arc<TcpStream>>,
    threads: Vec<JoinHandle<()>>,
}

impl TruthServer {
    /// A server that stalls to a schedule, and whose answers are given by `behaviour`.
    pub fn start(
        stalls: Stalls,
        behaviour: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared {
            started: Instant::now(),
            first_measured: OnceLock::new(),
            stalls,
            behaviour: Box::new(behaviour),
            state: Mutex::default(),
            stopping: Condvar::new(),
        });
        let acceptor = {
            let shared = Arc::clone(&shared);
            spawn(move || shared.accept(&listener))
        };
        Self {
            address,
            shared,
            acceptor: Some(acceptor),
        }
    }

    /// A server that answers every request with `{}` after the same work, and never stalls.
    pub fn steady(work: Duration) -> Self {
        Self::start(Stalls::none(), move |_| Answer::new(200, "{}").after(work))
    }

    /// Address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its root, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Number of connections accepted so far.
    pub fn connections(&self) -> u64 {
        self.shared.state().log.connections
    }

    /// Number of requests read so far.
    pub fn requests(&self) -> u64 {
        self.shared.state().requests
    }

    /// Ends it and tells what it saw.
    pub fn stop(mut self) -> Log {
        self.end();
        let mut log = std::mem::take(&mut self.shared.state().log);
        log.served.sort_by_key(|served| served.arrival);
        log
    }

    fn end(&mut self) {
        let Some(acceptor) = self.acceptor.take() else {
            return;
        };
        self.shared.state().stopped = true;
        self.shared.stopping.notify_all();
        // Wakes the acceptor, which then sees that it is over.
        drop(TcpStream::connect(self.address));
        let mut ended = acceptor.join();

        let mut state = self.shared.state();
        for socket in state.open.values() {
            // Wakes its thread; an error says that the client was quicker.
            let _ = socket.shutdown(Shutdown::Both);
        }
        let threads = std::mem::take(&mut state.threads);
        drop(state);
        for thread in threads {
            ended = ended.and(thread.join());
        }
        if !std::thread::panicking() {
            ended.expect("no thread of the server panics");
        }
    }
}

impl Drop for TruthServer {
    fn drop(&mut self) {
        self.end();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread panics with the lock")
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        loop {
            let (socket, _) = listener.accept().expect("a connection");
            let mut state = self.state();
            if state.stopped {
                return;
            }
            let number = state.log.connections;
            state.log.connections += 1;
            let socket = Arc::new(socket);
            state.open.insert(number, Arc::clone(&socket));
            let shared = Arc::clone(self);
            state.threads.push(spawn(move || {
                shared.serve_connection(number, &socket);
                shared.state().open.remove(&number);
                // Closed here, with the last reference.
            }));
        }
    }

    fn serve_connection(&self, connection: u64, socket: &TcpStream) {
        socket.set_nodelay(true).expect("an option of every socket");
        let mut reader = Reader::new(socket);
        for on_connection in 0.. {
            match self.serve(&mut reader, socket, connection, on_connection) {
                Ok(Then::Keep) => {}
                Ok(Then::Close) | Err(Stop::Gone) => return,
                Ok(Then::Reset) => {
                    let linger = SockRef::from(socket).set_linger(Some(Duration::ZERO));
                    return linger.expect("an option of every socket");
                }
                Ok(Then::Hang) => return self.wait_until(Nanos::MAX),
                Err(Stop::Problem(problem)) => {
                    let mut state = self.state();
                    if !state.stopped {
                        state.log.problems.push(problem);
                    }
                    return;
                }
            }
        }
    }

    /// Reads a request and answers it.
    fn serve(
        &self,
        reader: &mut Reader<&TcpStream>,
        mut socket: &TcpStream,
        connection: u64,
        on_connection: u64,
    ) -> Result<Then, Stop> {
        let head = reader.head()?;
        let read = self.now();
        let measured = head.path().starts_with(MEASURED);
        let origin = if measured {
            *self.first_measured.get_or_init(|| read)
        } else {
            read
        };
        let number = {
            let mut state = self.state();
            state.requests += 1;
            state.requests - 1
        };
        let body = reader.body(head.body_length().map_err(Stop::Problem)?)?;
        let request = head.with(body, number, connection, on_connection);
        let answer = (self.behaviour)(&request);

        // Since the first measured request; two that came together may have been read out of order.
        let since = |time: Nanos| time.saturating_sub(origin);
        let finish = |time, work| match measured {
            true => self.stalls.finish(time, nanos(work)),
            false => time + nanos(work),
        };
        let start = finish(since(self.now()), Duration::ZERO);
        let mut ready = finish(start, answer.work);
        for (pause, bytes) in &answer.pieces {
            ready = finish(ready, *pause);
            self.wait_until(origin + ready);
            if socket.write_all(bytes).is_err() {
                return Err(Stop::Gone);
            }
            ready = since(self.now());
        }
        if answer.then != Then::Keep {
            self.wait_until(origin + finish(ready, Duration::ZERO));
        }
        let end = since(self.now());

        let mut state = self.state();
        if measured {
            state.log.served.push(Served {
                request,
                arrival: since(read),
                start,
                end,
            });
        } else {
            state.log.others.push(request);
        }
        Ok(answer.then)
    }

    fn now(&self) -> Nanos {
        nanos(self.started.elapsed())
    }

    /// Sleeps until then, or until the server is stopped.
    fn wait_until(&self, time: Nanos) {
        let left = Duration::from_nanos(time.saturating_sub(self.now()));
        if !left.is_zero() {
            let over = self
                .stopping
                .wait_timeout_while(self.state(), left, |state| !state.stopped);
            drop(over.expect("no thread panics with the lock"));
        }
    }
}

fn spawn(work: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    Builder::new()
        .stack_size(256 * 1024)
        .spawn(work)
        .expect("a thread can be started")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{ErrorKind, Read};

    fn connect(server: &TruthServer) -> TcpStream {
        let socket = TcpStream::connect(server.address()).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        socket
    }

    fn send(mut socket: &TcpStream, path: &str) {
        let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n");
        socket.write_all(request.as_bytes()).unwrap();
    }

    fn receive(mut socket: &TcpStream, bytes: usize) -> String {
        let mut received = vec![0; bytes];
        socket.read_exact(&mut received).unwrap();
        String::from_utf8(received).unwrap()
    }

    const OK: &str = "HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\n{}";

    #[test]
    fn it_keeps_connections_and_a_log() {
        let server = TruthServer::steady(Duration::from_millis(20));
        let (one, two) = (connect(&server), connect(&server));
        for (socket, path) in [
            (&one, "/"),
            (&one, "/work/a"),
            (&two, "/work/b"),
            (&one, "/work/c"),
        ] {
            send(socket, path);
            assert_eq!(receive(socket, OK.len()), OK);
        }
        let log = server.stop();
        assert_eq!(
            (log.connections, log.others.len(), log.problems.len()),
            (2, 1, 0)
        );
        let seen: Vec<_> = log
            .served
            .iter()
            .map(|s| (&*s.request.path, s.request.on_connection))
            .collect();
        assert_eq!(seen, [("/work/a", 1), ("/work/b", 0), ("/work/c", 2)]);
        assert_eq!(
            log.served[0].arrival, 0,
            "the first one starts the schedule"
        );
        for work in log.work(&Stalls::none()) {
            assert!(work >= 20_000_000, "{work}");
        }
    }

    #[test]
    fn a_stall_holds_up_every_connection() {
        let stalls = Stalls::once(0..400_000_000);
        let server = TruthServer::start(stalls.clone(), |_| Answer::new(200, "{}"));
        let (one, two) = (connect(&server), connect(&server));
        send(&one, "/");
        receive(&one, OK.len()); // not measured, so not stalled
        send(&one, "/work");
        send(&two, "/work");
        receive(&one, OK.len());
        receive(&two, OK.len());
        send(&one, "/work");
        receive(&one, OK.len());
        let log = server.stop();
        let stall = 400_000_000;
        assert!(log.served[0].start >= stall && log.served[1].start >= stall);
        assert!(log.served[2].arrival > stall);
        assert!(log.others.len() == 1);
        let first = &log.served[0];
        assert_eq!(
            log.work(&stalls)[0],
            first.end - stall,
            "the stall is no work"
        );
    }

    #[test]
    fn it_ends_connections_as_told() {
        let server = TruthServer::start(Stalls::none(), |request| match &*request.path {
            "/close" => Answer::new(200, "{}").then(Then::Close),
            "/reset" => Answer::nothing().then(Then::Reset),
            "/hang" => Answer::nothing().then(Then::Hang),
            _ => Answer::raw("not ").and(Duration::from_millis(10), "HTTP"),
        });
        let end = |mut socket: &TcpStream| socket.read(&mut [0; 64]);

        let socket = connect(&server);
        send(&socket, "/close");
        assert_eq!(receive(&socket, OK.len()), OK);
        assert_eq!(end(&socket).unwrap(), 0);

        let socket = connect(&server);
        send(&socket, "/reset");
        assert_eq!(end(&socket).unwrap_err().kind(), ErrorKind::ConnectionReset);

        let socket = connect(&server);
        send(&socket, "/garbage");
        assert_eq!(receive(&socket, 8), "not HTTP");

        let hanging = connect(&server);
        send(&hanging, "/hang");
        let waiting = Duration::from_millis(50);
        hanging.set_read_timeout(Some(waiting)).unwrap();
        assert_eq!(end(&hanging).unwrap_err().kind(), ErrorKind::WouldBlock);

        let log = server.stop();
        assert_eq!(log.problems, [] as [&str; 0]);
        assert_eq!(log.connections, 4);
    }

    #[test]
    fn it_tells_what_is_not_http() {
        let server = TruthServer::steady(Duration::ZERO);
        let mut socket = connect(&server);
        socket.write_all(b"GET /work\r\n\r\n").unwrap();
        assert_eq!(socket.read(&mut [0; 64]).unwrap(), 0);
        let log = server.stop();
        assert_eq!(log.problems, ["bad request line \"GET /work\""]);
    }
}
