//! Ending what a session does, over a connection of its own, which needs no login and is not counted
//! among those that the server allows.

use super::{ConnectOptions, Error, message::Reader, options::Encryption, socket};
use bytes::BytesMut;
use postgres_protocol::message::frontend;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Key of a session, without which the server does not cancel its work.
#[derive(Debug, Clone, Copy, Default)]
pub struct CancelKey {
    process: i32,
    secret: i32,
}

impl CancelKey {
    /// Reads the body of a BackendKeyData.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let mut reader = Reader(body);
        Some(Self {
            process: reader.u32()? as i32,
            secret: reader.u32()? as i32,
        })
    }
}

/// Asks the server to end what the session with this key does now, and waits until it has passed
/// that on. A pooler passes it on to the server's session that works for ours.
///
/// # Errors
/// When the server cannot be asked.
pub async fn cancel(options: &ConnectOptions, key: CancelKey) -> Result<(), Error> {
    // Where encryption is not asked for, as few round trips as possible: it may be needed a thousand
    // times at once.
    let encrypted = options.encryption == Encryption::Require;
    let mut socket = socket::open(options, encrypted).await?;
    let mut request = BytesMut::new();
    frontend::cancel_request(key.process, key.secret, &mut request);
    socket.write_all(&request).await?;
    socket.flush().await?;
    // The server says nothing, and hangs up once it has done it.
    drop(socket.read_u8().await);
    Ok(())
}
