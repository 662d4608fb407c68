//! Servers, as connections to them are opened.

use super::{SetupError, cookies::Site, policy::Policy};
use loadgen_plan::http::Http2;
use rustls::{ClientConfig, pki_types::ServerName};
use std::{sync::Arc, time::Duration};
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
    pub connect_timeout: Duration,
    /// HTTP/2, where it is asked for.
    pub http2: Option<Http2>,
}

impl ServerSetup {
    /// The server at `url`, asked by this `tls` where it is asked by https.
    pub(super) fn of(
        url: &Url,
        connect_timeout: Duration,
        http2: Option<Http2>,
        tls: Option<&Arc<ClientConfig>>,
    ) -> Result<Self, SetupError> {
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
        let tls = match tls.filter(|_| secure) {
            Some(config) => {
                let name = ServerName::try_from(host.clone())
                    .map_err(|_| refuse("its host cannot stand in a certificate"))?;
                Some((config.clone(), name))
            }
            None => None,
        };
        Ok(Self {
            url: shown.to_string(),
            base: shown,
            host,
            port: url.port().unwrap_or(if secure { 443 } else { 80 }),
            tls,
            connect_timeout,
            http2,
        })
    }

    /// The server at `url`, to which a redirect led.
    pub(super) fn of_redirect(url: &Url, policy: &Policy) -> Result<Self, SetupError> {
        let mut url = url.clone();
        url.set_path("");
        url.set_query(None);
        let Policy {
            connect_timeout,
            http2,
            tls,
            ..
        } = policy;
        Self::of(&url, *connect_timeout, *http2, tls.as_ref())
    }

    /// The server as cookies see it.
    pub(super) fn site(&self) -> Site<'_> {
        Site::new(&self.host, self.tls.is_some())
    }
}
