//! Servers, as connections to them are opened.

use super::{
    SetupError, address::SOCKET_HOST, connect::endpoint::Endpoint, cookies::Site,
    policy::ConnectPolicy,
};
use loadgen_plan::socket;
use rustls::{ClientConfig, pki_types::ServerName};
use std::{path::PathBuf, sync::Arc};
use url::{Host, Url};

/// One server.
#[derive(Debug)]
pub(super) struct ServerSetup {
    /// As it was given, for messages; without credentials.
    pub url: String,
    pub base: Url,
    /// A name, or an address without brackets.
    pub host: String,
    pub port: u16,
    pub tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    /// Where connections go.
    pub endpoint: Endpoint,
    pub connect: Arc<ConnectPolicy>,
}

impl ServerSetup {
    /// The server at `url`.
    pub(super) fn of(url: &Url, connect: &Arc<ConnectPolicy>) -> Result<Self, SetupError> {
        if let Some(path) = socket::path(url) {
            return Self::of_socket(path, connect);
        }
        let mut shown = url.clone();
        // Refused only where there is no host, and then there is nothing to hide.
        let _ = shown.set_password(None);
        let _ = shown.set_username("");
        let refuse = |reason| SetupError::Url {
            url: shown.to_string(),
            reason,
        };
        let secure = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return Err(refuse("only http and https can be driven")),
        };
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refuse("a query or fragment belongs to the steps"));
        }
        let host = match url.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(ip)) => ip.to_string(),
            Some(Host::Ipv6(ip)) => ip.to_string(),
            None => return Err(refuse("it names no host")),
        };
        let tls = match connect.tls.as_ref().filter(|_| secure) {
            Some(config) => {
                let name = ServerName::try_from(host.clone())
                    .map_err(|_| refuse("its host cannot stand in a certificate"))?;
                Some((config.clone(), name))
            }
            None => None,
        };
        let port = url.port().unwrap_or(if secure { 443 } else { 80 });
        Ok(Self {
            url: shown.to_string(),
            base: shown,
            endpoint: Endpoint::of(&host, port, &connect.connect_to),
            host,
            port,
            tls,
            connect: Arc::clone(connect),
        })
    }

    /// The server on a Unix socket, which requests call localhost, as curl's mostly do.
    fn of_socket(path: PathBuf, connect: &Arc<ConnectPolicy>) -> Result<Self, SetupError> {
        let local = format!("http://{SOCKET_HOST}");
        let local = Url::parse(&local).map_err(|error| SetupError::Client(error.to_string()))?;
        Ok(Self {
            url: format!("unix:{}", path.display()),
            endpoint: Endpoint::Socket(path),
            ..Self::of(&local, connect)?
        })
    }

    /// The server at `url`, to which a redirect led.
    pub(super) fn of_redirect(url: &Url, connect: &Arc<ConnectPolicy>) -> Result<Self, SetupError> {
        let mut url = url.clone();
        url.set_path("");
        url.set_query(None);
        Self::of(&url, connect)
    }

    /// The server as cookies see it.
    pub(super) fn site(&self) -> Site<'_> {
        Site::new(&self.host, self.tls.is_some())
    }
}
