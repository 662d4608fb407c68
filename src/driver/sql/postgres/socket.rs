//! The way to a server: TCP, with TLS or without, or a socket in the file system.

use super::{
    ConnectOptions, Error,
    options::{Address, Encryption},
};
use bytes::BytesMut;
use postgres_protocol::message::frontend;
use rustls::pki_types::ServerName;
use std::{io, os::fd::AsFd};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UnixStream},
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_util::either::Either;

/// An open way, in either of its forms.
pub type Socket = Either<TcpStream, Either<Box<TlsStream<TcpStream>>, UnixStream>>;

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

/// Opens the way to the server, encrypted or not.
pub async fn open(options: &ConnectOptions, encrypted: bool) -> Result<Socket, Error> {
    let (host, address, port) = match &options.address {
        Address::Path(path) => {
            let unix = UnixStream::connect(path).await?;
            return Ok(Either::Right(Either::Right(unix)));
        }
        Address::Host(host, address, port) => (host, address.as_str(), *port),
    };
    let mut tcp = TcpStream::connect((address, port)).await?;
    // A statement is written at once; waiting for more to send would only delay it.
    tcp.set_nodelay(true)?;
    let Some(config) = options.tls.as_ref().filter(|_| encrypted) else {
        return Ok(Either::Left(tcp));
    };
    if !offers_tls(&mut tcp).await? {
        return match options.encryption {
            Encryption::Require => Err(Error::Tls("the server does not support TLS".to_owned())),
            _ => Ok(Either::Left(tcp)),
        };
    }
    let name = ServerName::try_from(host.clone());
    let name = name.map_err(|error| Error::Tls(error.to_string()))?;
    let tls = TlsConnector::from(config.clone()).connect(name, tcp);
    Ok(Either::Right(Either::Left(Box::new(tls.await?))))
}

async fn offers_tls(tcp: &mut TcpStream) -> Result<bool, Error> {
    let mut request = BytesMut::new();
    frontend::ssl_request(&mut request);
    tcp.write_all(&request).await?;
    // Nothing may be read beyond it: what follows must be TLS.
    match tcp.read_u8().await? {
        b'S' => Ok(true),
        b'N' => Ok(false),
        other => Err(Error::out_of_turn(other)),
    }
}
