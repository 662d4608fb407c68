//! Servers that a session sends requests to: its own, or another one.

use super::{
    HttpDriver, Session,
    address::is_same_server,
    connect::Addresses,
    connection::Connection,
    cookies::Jar,
    server::ServerSetup,
    user::{Elsewhere, UserState},
};
use crate::{ErrorClass, Failure};
use std::rc::Rc;
use url::Url;

/// A server that a session sends requests to.
pub(super) enum Peer<'d> {
    /// The target's server that the session has.
    Own(&'d ServerSetup, &'d Addresses),
    /// Another one.
    Other(Rc<Elsewhere>),
}

impl Peer<'_> {
    /// The server, as connections to it are opened.
    pub(super) fn server(&self) -> &ServerSetup {
        match self {
            Peer::Own(server, _) => server,
            Peer::Other(other) => &other.server,
        }
    }

    /// The session's connection to the server, and the user's cookies.
    pub(super) fn connection<'a>(
        &'a self,
        session: &'a mut Session,
    ) -> (Connection<'a>, Option<&'a Jar>) {
        let (turn, tls) = (session.turn, &mut session.tls);
        let step_timeout = &mut session.step_timeout;
        match self {
            Peer::Own(server, addresses) => {
                let connection = Connection {
                    server,
                    addresses,
                    turn,
                    tls,
                    channel: &mut session.channel,
                    step_timeout,
                };
                let user = session.user.as_deref();
                (connection, user.and_then(|user| user.jar.as_ref()))
            }
            Peer::Other(other) => {
                let user: &mut UserState = session.user.get_or_insert_default();
                let (channel, jar) = user.connection(other);
                let connection = Connection {
                    server: &other.server,
                    addresses: &other.addresses,
                    turn,
                    tls,
                    channel,
                    step_timeout,
                };
                (connection, jar)
            }
        }
    }
}

impl HttpDriver {
    /// The target's server that a session has; None where there is no target.
    pub(super) fn own_peer(&self, session: &Session) -> Option<Peer<'_>> {
        let (population, server) = (session.population, session.server);
        let setup = self.setup.servers[population].get(server)?;
        Some(Peer::Own(setup, &self.addresses[population][server]))
    }

    /// The server at `url`, for a session.
    ///
    /// # Errors
    /// When no connection to it can be opened.
    pub(super) fn peer(&self, session: &Session, url: &Url) -> Result<Peer<'_>, Failure> {
        let own = self.own_peer(session);
        if let Some(own) = own.filter(|own| is_same_server(&own.server().base, url)) {
            return Ok(own);
        }
        let policy = &self.setup.policies[session.population];
        let found = self.elsewheres.get(url, session.population, policy);
        found
            .map(Peer::Other)
            .map_err(|words| Failure::text(ErrorClass::Protocol, words))
    }
}
