//! The way to a server: TCP, with TLS or without, or a socket in the file system.

use super::Error;
use rustls::{ClientConfig, pki_types::ServerName};
use std::{io, os::fd::AsFd, path::PathBuf, sync::Arc};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_util::either::Either;

/// An open way, in either of its forms.
pub type Socket = Either<TcpStream, Either<Box<TlsStream<TcpStream>>, UnixStream>>;

/// Address at which a server listens.
#[derive(Debug)]
pub enum Address {
    Host {
        /// The name that its certificate has.
        name: String,
        address: String,
        port: u16,
    },
    Path(PathBuf),
}

impl Address {
    /// Returns true for a socket in the file system, along which nobody reads.
    pub fn is_local(&self) -> bool {
        matches!(self, Address::Path(_))
    }

    /// Address and user, for messages.
    pub fn with_user(&self, user: &str) -> String {
        match self {
            Address::Host { address, port, .. } if address.contains(':') => {
                format!("[{address}]:{port} as {user}")
            }
            Address::Host { address, port, .. } => format!("{address}:{port} as {user}"),
            Address::Path(path) => format!("{} as {user}", path.display()),
        }
    }
}

/// Writes what there is room for, which there nearly always is: without arrangements to be woken when
/// there is some.
///
/// # Errors
/// `WouldBlock` when there is none, and always over TLS, which has to be polled.
pub fn try_write(socket: &Socket, bytes: &[u8]) -> io::Result<usize> {
    match socket {
        Either::Left(tcp) => tcp.try_write(bytes),
        Either::Right(Either::Right(unix)) => unix.try_write(bytes),
        Either::Right(Either::Left(_)) => Err(io::ErrorKind::WouldBlock.into()),
    }
}

/// Has the way watched by the runtime that this is called in.
///
/// # Errors
/// When the system refuses another descriptor; the way is as it was.
pub fn move_here(socket: &mut Socket) -> io::Result<()> {
    // Over a second descriptor, because what is around it cannot be taken apart.
    match socket {
        Either::Left(tcp) => *tcp = TcpStream::from_std(tcp.as_fd().try_clone_to_owned()?.into())?,
        Either::Right(Either::Left(tls)) => {
            let tcp = tls.get_mut().0;
            *tcp = TcpStream::from_std(tcp.as_fd().try_clone_to_owned()?.into())?;
        }
        Either::Right(Either::Right(unix)) => {
            *unix = UnixStream::from_std(unix.as_fd().try_clone_to_owned()?.into())?;
        }
    }
    Ok(())
}

/// Opens the way to a server, not encrypted.
///
/// # Errors
/// When nobody listens there.
pub async fn open(address: &Address) -> io::Result<Socket> {
    match address {
        Address::Path(path) => {
            let unix = UnixStream::connect(path).await?;
            Ok(Either::Right(Either::Right(unix)))
        }
        Address::Host { address, port, .. } => {
            let tcp = TcpStream::connect((address.as_str(), *port)).await?;
            // A statement is written at once; waiting for more to send would only delay it.
            tcp.set_nodelay(true)?;
            Ok(Either::Left(tcp))
        }
    }
}

/// Encrypts a way over TCP. A socket in the file system stays as it is.
///
/// # Errors
/// When the server cannot be trusted.
pub async fn encrypt<S>(
    socket: Socket,
    address: &Address,
    config: &Arc<ClientConfig>,
) -> Result<Socket, Error<S>> {
    match (socket, address) {
        (Either::Left(tcp), Address::Host { name, .. }) => {
            let name = ServerName::try_from(name.clone());
            let name = name.map_err(|error| Error::Tls(error.to_string()))?;
            let tls = TlsConnector::from(Arc::clone(config)).connect(name, tcp);
            Ok(Either::Right(Either::Left(Box::new(tls.await?))))
        }
        (socket, _) => Ok(socket),
    }
}

/// A way that is open already.
#[cfg(test)]
pub fn of_unix(socket: UnixStream) -> Socket {
    Either::Right(Either::Right(socket))
}
