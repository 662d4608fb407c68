//! The server's first packet, and what both sides can do.

use super::{Error, packet::Reader};

/// Abilities of a server and a client, of which both use those that both have.
pub mod can {
    /// Rows changed are those that match, also where nothing changes.
    pub const FOUND_ROWS: u32 = 1 << 1;
    pub const LONG_FLAG: u32 = 1 << 2;
    pub const CONNECT_WITH_DB: u32 = 1 << 3;
    pub const PROTOCOL_41: u32 = 1 << 9;
    pub const TLS: u32 = 1 << 11;
    pub const TRANSACTIONS: u32 = 1 << 13;
    pub const SECURE_CONNECTION: u32 = 1 << 15;
    pub const MULTI_STATEMENTS: u32 = 1 << 16;
    pub const MULTI_RESULTS: u32 = 1 << 17;
    pub const PS_MULTI_RESULTS: u32 = 1 << 18;
    pub const PLUGIN_AUTH: u32 = 1 << 19;

    /// Capabilities without which there is no session.
    pub const NEEDED: u32 = PROTOCOL_41 | SECURE_CONNECTION | PLUGIN_AUTH;

    /// Capabilities of loadgen, except for a database and TLS, which are not always asked for.
    pub const OURS: u32 = NEEDED
        | FOUND_ROWS
        | LONG_FLAG
        | TRANSACTIONS
        | MULTI_STATEMENTS
        | MULTI_RESULTS
        | PS_MULTI_RESULTS;
}

/// The server's first packet.
#[derive(Debug)]
pub struct Greeting {
    pub capabilities: u32,
    /// Bytes that a proof of the password is made for.
    pub nonce: Vec<u8>,
    /// Name of the way to log in that the server thinks of first.
    pub plugin: Vec<u8>,
}

/// Version of the protocol.
const VERSION: u8 = 10;

impl Greeting {
    /// Reads it.
    ///
    /// # Errors
    /// When it is malformed, or of a server that is too old.
    pub fn read(body: &[u8]) -> Result<Self, Error> {
        if body.first().is_none_or(|version| *version != VERSION) {
            return Err(Error::protocol("no MySQL server responds here"));
        }
        let greeting = Self::parse(&body[1..]).ok_or_else(Error::malformed)?;
        match greeting.capabilities & can::NEEDED {
            can::NEEDED => Ok(greeting),
            _ => Err(Error::protocol(
                "the server is older than MySQL 5.5 and MariaDB 5.5",
            )),
        }
    }

    fn parse(body: &[u8]) -> Option<Self> {
        let mut reader = Reader(body);
        let _version = reader.text();
        let _connection = reader.u32()?;
        let mut nonce = reader.take(8)?.to_vec();
        reader.skip(1)?;
        let low = reader.u16()?;
        // The character set and the status.
        reader.skip(1 + 2)?;
        let high = reader.u16()?;
        let length = usize::from(reader.byte()?);
        reader.skip(10)?;
        // A zero ends the nonce.
        let rest = length.saturating_sub(8).max(13);
        nonce.extend_from_slice(reader.take(rest)?.strip_suffix(&[0])?);
        Some(Self {
            capabilities: u32::from(high) << 16 | u32::from(low),
            nonce,
            plugin: reader.text().to_vec(),
        })
    }
}
