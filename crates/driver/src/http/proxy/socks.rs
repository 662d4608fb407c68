//! Tunnels through SOCKS5 proxies (RFC 1928, RFC 1929).

use super::super::{connect::endpoint::Endpoint, stream::Stream};
use crate::{ErrorClass, Failure};
use tokio_socks::{Error, TargetAddr, tcp::Socks5Stream};

/// Asks the proxy to which `stream` leads to make it a connection to `end`.
pub(super) async fn open(
    stream: Stream,
    end: &Endpoint,
    login: Option<&(String, String)>,
) -> Result<Stream, Failure> {
    let target = match end {
        Endpoint::Address(address) => TargetAddr::Ip(*address),
        Endpoint::Name(name, port) => TargetAddr::Domain(name.into(), *port),
        Endpoint::Socket(_) => {
            let words = "a Unix socket cannot be reached through a proxy";
            return Err(Failure::text(ErrorClass::Other, words));
        }
    };
    let opened = match login {
        None => Socks5Stream::connect_with_socket(stream, target).await,
        Some((user, password)) => {
            Socks5Stream::connect_with_password_and_socket(stream, target, user, password).await
        }
    };
    match opened {
        Ok(opened) => Ok(opened.into_inner()),
        Err(error) => Err(failure(error, end)),
    }
}

fn failure(error: Error, end: &Endpoint) -> Failure {
    let class = match error {
        Error::Io(error) => return Failure::io(error),
        Error::InvalidResponseVersion
        | Error::UnknownAuthMethod
        | Error::InvalidReservedByte
        | Error::UnknownAddressType => ErrorClass::Protocol,
        Error::InvalidTargetAddress(_) | Error::InvalidAuthValues(_) => ErrorClass::Other,
        _ => ErrorClass::Refused,
    };
    Failure::text(class, format!("no connection to {end}: {error}"))
}
