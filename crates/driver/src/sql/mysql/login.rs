//! The beginning of a session: who we are, and proof of it.

use super::{
    ConnectOptions, Error, ServerError,
    greeting::{Greeting, can},
    input::Input,
    packet::{self, ERR, Reader},
    proof::{self, Plugin},
};
use crate::sql::{
    bounds::Tally,
    wire::{Output, Socket, socket},
};
use bytes::{BufMut, BytesMut};
use loadgen_plan::sql::Limits;
use std::future::poll_fn;

/// Bounds on a packet before the session has begun.
const LIMITS: Limits = Limits {
    max_rows: 0,
    max_bytes: 1 << 20,
};

/// Number of the character set UTF-8, with the collation utf8mb4_general_ci, which all servers have.
const UTF8: u8 = 45;

/// Longest packet that the client says it takes. Bounds are the response's (`max_bytes`).
const LONGEST: u32 = 1 << 30;

/// Longest proof that fits behind one byte of length.
const PROOF: usize = 250;

/// A way to a server that is logged in to.
pub struct Login {
    pub socket: Socket,
    pub input: Input,
    pub output: Output,
    /// Nobody reads along.
    is_secret: bool,
}

impl Login {
    /// Connects and logs in.
    ///
    /// # Errors
    /// When there is no server, it cannot be trusted, or it does not let us in.
    pub async fn open(options: &ConnectOptions) -> Result<Self, Error> {
        let mut login = Self {
            socket: socket::open(&options.address).await?,
            input: Input::default(),
            output: Output::default(),
            is_secret: options.address.is_local(),
        };
        let body = login.receive().await?;
        let greeting = Greeting::read(&body)?;
        let database = options.database.as_deref();
        let mut ours = can::OURS;
        if database.is_some() {
            ours |= can::CONNECT_WITH_DB;
        }
        ours &= greeting.capabilities;
        if let Some(config) = &options.tls {
            if greeting.capabilities & can::TLS != 0 {
                ours |= can::TLS;
                login.send(|out| put_head(ours, out)).await?;
                if !login.input.is_empty() {
                    // It was not encrypted, and would be taken as if it were.
                    return Err(Error::malformed());
                }
                let encrypted =
                    socket::encrypt::<ServerError>(login.socket, &options.address, config);
                login.socket = encrypted.await?;
                login.is_secret = true;
            } else if options.requires_tls {
                return Err(Error::Tls("the server does not support TLS".to_owned()));
            }
        }
        login.prove(options, greeting, ours).await?;
        Ok(login)
    }

    /// Tells who we are, and gives the proofs that are asked for.
    async fn prove(
        &mut self,
        options: &ConnectOptions,
        greeting: Greeting,
        ours: u32,
    ) -> Result<(), Error> {
        let password = options.password.expose().as_bytes();
        let mut nonce = greeting.nonce;
        // The server asks for another way if the user has one. Ed25519 needs a nonce that comes with
        // that question alone.
        let mut plugin = Plugin::of(&greeting.plugin)
            .filter(|plugin| *plugin != Plugin::Ed25519)
            .unwrap_or(Plugin::Native);
        let proof = plugin.begin(password, &nonce, self.is_secret)?;
        if proof.len() > PROOF {
            return Err(Error::unsendable("the password is too long"));
        }
        let database = options.database.as_deref();
        self.send(|out| {
            put_head(ours, out);
            put_text(&options.user, out);
            packet::put_bytes(&proof, out);
            if let Some(database) = database.filter(|_| ours & can::CONNECT_WITH_DB != 0) {
                put_text(database, out);
            }
            put_text(plugin.name(), out);
        })
        .await?;
        loop {
            let body = self.receive().await?;
            let proof = match (body.as_slice(), plugin) {
                ([0, ..], _) => return Ok(()),
                ([0xfe, asked @ ..], _) => {
                    let mut reader = Reader(asked);
                    let name = reader.text();
                    plugin = Plugin::of(name).ok_or_else(|| unsupported(name))?;
                    nonce = match (reader.0, plugin) {
                        // All of its nonce is random.
                        (nonce, Plugin::Ed25519) => nonce.to_vec(),
                        (nonce, _) => nonce.strip_suffix(&[0]).unwrap_or(nonce).to_vec(),
                    };
                    plugin.begin(password, &nonce, self.is_secret)?
                }
                // The proof was right; what follows says so.
                ([1, 3], Plugin::CachingSha2) => continue,
                ([1, 4], Plugin::CachingSha2) if self.is_secret => proof::zero_ended(password),
                // The server's key.
                ([1, 4], Plugin::CachingSha2) => vec![2],
                ([1, key @ ..], Plugin::CachingSha2 | Plugin::Sha256) => {
                    proof::encrypt(password, &nonce, key)?
                }
                _ => return Err(Error::malformed()),
            };
            self.send(|out| out.extend_from_slice(&proof)).await?;
        }
    }

    /// The next packet, if it is no error.
    async fn receive(&mut self) -> Result<Vec<u8>, Error> {
        let body = self
            .input
            .wait(&mut self.socket, Tally::new(LIMITS))
            .await?;
        match body.first() {
            Some(&ERR) => Err(packet::read_error(&body)),
            Some(_) => Ok(body),
            None => Err(Error::malformed()),
        }
    }

    /// Sends the packet that follows the last one received.
    async fn send(&mut self, body: impl FnOnce(&mut BytesMut)) -> Result<(), Error> {
        let number = self.input.number.wrapping_add(1);
        packet::write(number, self.output.begin(), body);
        poll_fn(|cx| self.output.poll_send(cx, &mut self.socket)).await?;
        // The packets that follow are numbered from here.
        self.input.number = number;
        Ok(())
    }
}

/// Appends what begins a request for TLS and a login alike.
fn put_head(capabilities: u32, out: &mut BytesMut) {
    out.put_u32_le(capabilities);
    out.put_u32_le(LONGEST);
    out.put_u8(UTF8);
    out.put_bytes(0, 23);
}

fn put_text(text: &str, out: &mut BytesMut) {
    // A zero would end it early.
    out.extend(text.bytes().filter(|byte| *byte != 0));
    out.put_u8(0);
}

fn unsupported(plugin: &[u8]) -> Error {
    if plugin.is_empty() {
        return Error::Login(
            "the server asks this user for a proof from before MySQL 4.1; set the password again"
                .to_owned(),
        );
    }
    let known = Plugin::Ed25519.name();
    Error::Login(format!(
        "the server asks this user to log in by `{}`, which loadgen does not have; give the user \
         mysql_native_password, caching_sha2_password or {known}, alone or before it",
        plugin.escape_ascii()
    ))
}
