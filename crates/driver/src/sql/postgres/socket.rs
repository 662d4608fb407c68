//! The way to PostgreSQL, encrypted where both sides want it.

use super::{ConnectOptions, Error, options::Encryption};
use crate::sql::wire::{Socket, socket};
use bytes::BytesMut;
use postgres_protocol::message::frontend;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Opens the way to the server, encrypted or not.
pub async fn open(options: &ConnectOptions, encrypted: bool) -> Result<Socket, Error> {
    let mut socket = socket::open(&options.address).await?;
    let Some(config) = options.tls.as_ref().filter(|_| encrypted) else {
        return Ok(socket);
    };
    match offers_tls(&mut socket).await? {
        true => socket::encrypt(socket, &options.address, config).await,
        false if options.encryption == Encryption::Require => {
            Err(Error::Tls("the server does not support TLS".to_owned()))
        }
        false => Ok(socket),
    }
}

async fn offers_tls(socket: &mut Socket) -> Result<bool, Error> {
    let mut request = BytesMut::new();
    frontend::ssl_request(&mut request);
    socket.write_all(&request).await?;
    // Nothing may be read beyond it: what follows must be TLS.
    match socket.read_u8().await? {
        b'S' => Ok(true),
        b'N' => Ok(false),
        other => Err(Error::out_of_turn(other)),
    }
}
