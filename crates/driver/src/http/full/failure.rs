//! Which class a failure of reqwest has, and whether the request may be sent again.

use super::names::NoAddress;
use crate::{ErrorClass, Failure, Shortage};
use std::{error::Error, io, time::Duration};

/// What went wrong.
pub(super) struct Trouble {
    pub failure: Failure,
    /// The connection ended, and it may be that no byte of an answer had come.
    pub closed: bool,
}

/// The errors below `error`, the nearest first, and it itself.
fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| below(*error))
}

/// An I/O error does not name the error that it was made of as its source.
fn below<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    match error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

/// Judges an error that came before the head of an answer (`answered` false) or within its body.
/// `tls`: the server is asked by https; `connect`: the bound on connecting.
pub(super) fn judge(
    error: &reqwest::Error,
    answered: bool,
    tls: bool,
    connect: Duration,
) -> Trouble {
    let trouble = |class, words: String| Trouble {
        failure: Failure::text(class, words),
        closed: false,
    };
    let all = || chain(error);
    if let Some(none) = all().find_map(|error| error.downcast_ref::<NoAddress>()) {
        return Trouble {
            failure: Failure::for_want_of(none.shortage, ErrorClass::Dns, none.to_string()),
            closed: false,
        };
    }
    if error.is_connect() && error.is_timeout() {
        return Trouble {
            failure: Failure::timeout("no connection", connect),
            closed: false,
        };
    }
    if let Some(refused) = all().find_map(|error| error.downcast_ref::<rustls::Error>()) {
        return trouble(ErrorClass::Tls, refused.to_string());
    }
    if let Some(error) = all().find_map(|error| error.downcast_ref::<h2::Error>()) {
        return of_http2(error);
    }
    let system = all()
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .last();
    if error.is_connect() {
        let shortage = system.and_then(Shortage::of);
        return Trouble {
            failure: Failure::for_want_of(shortage, connecting(system, tls), innermost(error)),
            closed: false,
        };
    }
    let http = all().find_map(|error| error.downcast_ref::<hyper::Error>());
    let incomplete = http.is_some_and(hyper::Error::is_incomplete_message);
    if let Some(system) = system {
        let class = match system.kind() {
            // So hyper calls a body that is not framed as it should be.
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData if answered => {
                ErrorClass::Protocol
            }
            kind => Failure::io(io::Error::from(kind)).class,
        };
        let words = match answered && system.kind() == io::ErrorKind::UnexpectedEof {
            true => WITHIN.to_owned(),
            false => system.to_string(),
        };
        return Trouble {
            closed: class == ErrorClass::Reset && !answered,
            ..trouble(class, words)
        };
    }
    if incomplete {
        let words = if answered { WITHIN } else { WITHOUT };
        return Trouble {
            closed: !answered,
            ..trouble(ErrorClass::Reset, words.to_owned())
        };
    }
    let class = match http {
        Some(http) if http.is_canceled() || http.is_closed() => ErrorClass::Reset,
        Some(http) if http.is_user() => ErrorClass::Other,
        // Its framing, or that it came before it was asked for.
        Some(_) => ErrorClass::Protocol,
        None => ErrorClass::Other,
    };
    trouble(class, innermost(error))
}

const WITHIN: &str = "the server closed the connection within its answer";
const WITHOUT: &str = "the server closed the connection without an answer";

/// What lies deepest says what happened; reqwest's own words name the URL, which may hold secrets.
fn innermost(error: &reqwest::Error) -> String {
    let deepest = error.source().and_then(|error| chain(error).last());
    deepest.map_or_else(|| "the request failed".to_owned(), ToString::to_string)
}

/// Whatever ends a handshake makes it fail, the connection's end included.
fn connecting(system: Option<&io::Error>, tls: bool) -> ErrorClass {
    let Some(error) = system else {
        return ErrorClass::Other;
    };
    match Failure::io(io::Error::from(error.kind())).class {
        ErrorClass::Reset if tls => ErrorClass::Tls,
        class => class,
    }
}

fn of_http2(error: &h2::Error) -> Trouble {
    let class = match error.get_io() {
        Some(io) => Failure::io(io::Error::from(io.kind())).class,
        // What we found wrong with what came.
        None if error.is_library() => ErrorClass::Protocol,
        None => ErrorClass::Reset,
    };
    Trouble {
        failure: Failure::text(class, error.to_string()),
        closed: error.is_io() || error.is_go_away(),
    }
}
