//! A SOCKS5 proxy (RFC 1928, RFC 1929) that writes down whom it was asked for.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread::spawn,
};

const VERSION: u8 = 5;
const NO_LOGIN: u8 = 0;
const PASSWORD: u8 = 2;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;

/// A proxy on a free port of the loopback interface; it serves as long as the tests run.
pub struct SocksProxy {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Asked>>>,
}

/// Request of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Name and password, where it wanted them.
    pub login: Option<(String, String)>,
    /// A name or an address, and a port.
    pub host: String,
}

impl SocksProxy {
    /// With a `login` it takes only those who know it. Names are all this machine.
    pub fn start(login: Option<(&str, &str)>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let seen = Arc::<Mutex<Vec<Asked>>>::default();
        let login = login.map(|(name, password)| (name.to_owned(), password.to_owned()));
        let kept = Arc::clone(&seen);
        spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (login, kept) = (login.clone(), Arc::clone(&kept));
                // A client that does as it should not is left alone.
                spawn(move || drop(serve(client, login.as_ref(), &kept)));
            }
        });
        Self { address, seen }
    }

    /// Address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Requests of clients so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.seen.lock().expect("no thread panics with it").clone()
    }
}

fn serve(
    mut client: TcpStream,
    wanted: Option<&(String, String)>,
    seen: &Mutex<Vec<Asked>>,
) -> io::Result<()> {
    let [version, methods] = bytes(&mut client)?;
    let mut offered = vec![0; usize::from(methods)];
    client.read_exact(&mut offered)?;
    let method = if wanted.is_some() { PASSWORD } else { NO_LOGIN };
    if version != VERSION || !offered.contains(&method) {
        return client.write_all(&[VERSION, 0xff]);
    }
    client.write_all(&[VERSION, method])?;
    let mut login = None;
    if let Some(wanted) = wanted {
        let [_version] = bytes(&mut client)?;
        let given = (text(&mut client)?, text(&mut client)?);
        let right = given == *wanted;
        client.write_all(&[1, u8::from(!right)])?;
        if !right {
            return Ok(());
        }
        login = Some(given);
    }
    let [_version, command, _reserved, kind] = bytes(&mut client)?;
    let (host, ip) = match kind {
        IPV4 => {
            let ip = Ipv4Addr::from(bytes::<4>(&mut client)?);
            (ip.to_string(), ip)
        }
        NAME => (text(&mut client)?, Ipv4Addr::LOCALHOST),
        _ => return client.write_all(&[VERSION, 8, 0, IPV4, 0, 0, 0, 0, 0, 0]),
    };
    let port = u16::from_be_bytes(bytes(&mut client)?);
    let host = format!("{host}:{port}");
    seen.lock()
        .expect("no thread panics with it")
        .push(Asked { login, host });
    let server = TcpStream::connect((ip, port));
    let refused = u8::from(server.is_err() || command != CONNECT);
    client.write_all(&[VERSION, refused * 5, 0, IPV4, 0, 0, 0, 0, 0, 0])?;
    let server = server?;
    let (from, to) = (client.try_clone()?, server.try_clone()?);
    let up = spawn(move || pass(from, to));
    pass(server, client);
    // It panics no more than this one.
    let _ = up.join();
    Ok(())
}

fn bytes<const COUNT: usize>(client: &mut TcpStream) -> io::Result<[u8; COUNT]> {
    let mut bytes = [0; COUNT];
    client.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// A text with its length before it.
fn text(client: &mut TcpStream) -> io::Result<String> {
    let [length] = bytes(client)?;
    let mut text = vec![0; usize::from(length)];
    client.read_exact(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Until one of them has no more to say.
fn pass(mut from: TcpStream, mut to: TcpStream) {
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}
