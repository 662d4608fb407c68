//! The beginning of a session: who we are, and proof of it.

use super::{
    CancelKey, ConnectOptions, Connection, Error, ServerError,
    message::{self, Message, Reader},
};
use crate::sql::bounds::Tally;
use loadgen_plan::sql::Limits;
use postgres_protocol::{
    authentication::{
        md5_hash,
        sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256},
    },
    message::frontend,
};

/// Bounds on a message before the session has begun.
const LIMITS: Limits = Limits {
    max_rows: 0,
    max_bytes: 1 << 20,
};

impl Connection {
    /// Begins the session, until the server is ready.
    pub(super) async fn login(&mut self, options: &ConnectOptions) -> Result<(), Error> {
        let parameters = options.parameters();
        let started = frontend::startup_message(parameters, self.output.begin());
        started.map_err(Error::unsendable)?;
        self.send().await?;
        let mut scram = None;
        let bounds = Tally::new(LIMITS);
        loop {
            let message = self.input.wait(&mut self.socket, bounds).await?;
            let out = self.output.begin();
            match message.tag {
                b'R' => prove(options, &message, &mut scram, out)?,
                b'Z' => return message::ready(message.body),
                b'E' => return Err(ServerError::read(message.body).into()),
                b'K' => self.key = CancelKey::read(message.body).ok_or_else(Error::malformed)?,
                // Settings, notices, an older version of the protocol.
                b'S' | b'N' | b'v' => {}
                other => return Err(Error::out_of_turn(other)),
            }
            self.send().await?;
        }
    }
}

/// Writes what a request for proof asks for.
fn prove(
    options: &ConnectOptions,
    request: &Message<'_>,
    scram: &mut Option<ScramSha256>,
    out: &mut bytes::BytesMut,
) -> Result<(), Error> {
    let password = options.password.expose().as_bytes();
    let mut reader = Reader(request.body);
    let kind = reader.u32().ok_or_else(Error::malformed)?;
    let written = match (kind, scram) {
        // Convinced.
        (0, _) => Ok(()),
        (3, _) => frontend::password_message(password, out),
        (5, _) => {
            let salt = reader.u32().ok_or_else(Error::malformed)?.to_be_bytes();
            let hash = md5_hash(options.user.as_bytes(), password, salt);
            frontend::password_message(hash.as_bytes(), out)
        }
        (10, scram) => {
            let mut offered = std::iter::from_fn(|| reader.text());
            if !offered.any(|mechanism| mechanism == SCRAM_SHA_256) {
                return Err(Error::Login(
                    "the server offers no SCRAM-SHA-256".to_owned(),
                ));
            }
            let begun = scram.insert(ScramSha256::new(password, ChannelBinding::unsupported()));
            frontend::sasl_initial_response(SCRAM_SHA_256, begun.message(), out)
        }
        (11, Some(scram)) => {
            scram.update(reader.0).map_err(login)?;
            frontend::sasl_response(scram.message(), out)
        }
        (12, Some(scram)) => return scram.finish(reader.0).map_err(login),
        (other, _) => {
            return Err(Error::Login(format!(
                "the server wants a login of kind {other}; a password, plain, in MD5 or \
                 SCRAM-SHA-256, can be given"
            )));
        }
    };
    written.map_err(Error::unsendable)
}

fn login(error: std::io::Error) -> Error {
    Error::Login(error.to_string())
}
