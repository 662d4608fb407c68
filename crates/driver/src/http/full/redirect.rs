//! Redirects: where an answer leads, and what of a request goes there.

use http::{HeaderMap, Method, StatusCode, header};
use loadgen_plan::written::is_secret;
use reqwest::Request;
use url::Url;

/// The way of a step's request from answer to answer.
#[derive(Debug)]
pub(super) struct Redirects {
    url: Url,
    method: Method,
    /// The body was left behind.
    bare: bool,
    /// Another server was on the way: what only the first one may know was left behind.
    foreign: bool,
    left: usize,
    most: usize,
}

impl Redirects {
    /// From this request, at most so many.
    pub(super) fn of(request: &Request, most: usize) -> Self {
        Self {
            url: request.url().clone(),
            method: request.method().clone(),
            bare: false,
            foreign: false,
            left: most,
            most,
        }
    }

    /// Follows an answer with this status and head; false when it leads nowhere.
    ///
    /// # Errors
    /// In words, when it leads where no request can go, or when it is one redirect too many.
    pub(super) fn follow(
        &mut self,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Result<bool, String> {
        let location = headers.get(header::LOCATION);
        let Some(location) = location.filter(|_| self.most > 0 && redirects(status)) else {
            return Ok(false);
        };
        let location = location.to_str().ok();
        let url = location.and_then(|location| self.url.join(location).ok());
        let mut url = url.ok_or("a redirect to what is no URL")?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("a redirect to a URL of {}:", url.scheme()));
        }
        let most = self.most;
        self.left = self
            .left
            .checked_sub(1)
            .ok_or_else(|| format!("more than {most} redirects"))?;
        url.set_fragment(None);
        let posted = self.method == Method::POST;
        let asks_again = match status {
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => posted,
            StatusCode::SEE_OTHER => self.method != Method::HEAD,
            _ => false,
        };
        if asks_again {
            self.method = Method::GET;
            self.bare = true;
        }
        self.foreign |= url.origin() != self.url.origin();
        self.url = url;
        Ok(true)
    }

    /// Returns true if it leads to https.
    pub(super) fn is_secure(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Makes the step's request the one that goes there.
    pub(super) fn apply(&self, request: &mut Request) {
        *request.url_mut() = self.url.clone();
        *request.method_mut() = self.method.clone();
        if self.bare {
            *request.body_mut() = None;
            for name in [
                header::CONTENT_LENGTH,
                header::CONTENT_TYPE,
                header::CONTENT_ENCODING,
                header::TRANSFER_ENCODING,
            ] {
                request.headers_mut().remove(name);
            }
        }
        if self.foreign {
            let headers = request.headers().keys().cloned();
            let own = headers.filter(|name| *name == header::HOST || is_secret(name.as_str()));
            for name in own.collect::<Vec<_>>() {
                request.headers_mut().remove(name);
            }
        }
    }
}

fn redirects(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    fn request(method: Method) -> Request {
        let url = Url::parse("http://a:81/x/y?z").unwrap();
        let mut request = Request::new(method, url);
        *request.body_mut() = Some("body".into());
        for name in ["authorization", "x-api-key", "content-type", "accept"] {
            request
                .headers_mut()
                .insert(HeaderName::from_static(name), HeaderValue::from_static("v"));
        }
        request
    }

    /// The request after one redirect, and its headers.
    fn after(method: Method, status: u16, to: &str) -> Result<(String, Vec<String>), String> {
        let mut request = request(method);
        let mut way = Redirects::of(&request, 3);
        let mut headers = HeaderMap::new();
        headers.insert(header::LOCATION, HeaderValue::from_str(to).unwrap());
        let status = StatusCode::from_u16(status).unwrap();
        if !way.follow(status, &headers)? {
            return Ok(("nowhere".to_owned(), Vec::new()));
        }
        way.apply(&mut request);
        let body = if request.body().is_some() {
            " body"
        } else {
            ""
        };
        let line = format!("{} {}{body}", request.method(), request.url());
        let mut headers: Vec<String> = request.headers().keys().map(ToString::to_string).collect();
        headers.sort();
        Ok((line, headers))
    }

    #[test]
    fn methods_and_bodies_change_as_browsers_have_it() {
        for (method, status, line) in [
            (Method::POST, 301, "GET http://a:81/n"),
            (Method::POST, 302, "GET http://a:81/n"),
            (Method::PUT, 302, "PUT http://a:81/n body"),
            (Method::PUT, 303, "GET http://a:81/n"),
            (Method::HEAD, 303, "HEAD http://a:81/n body"),
            (Method::POST, 307, "POST http://a:81/n body"),
            (Method::POST, 308, "POST http://a:81/n body"),
            (Method::POST, 304, "nowhere"),
            (Method::POST, 200, "nowhere"),
        ] {
            assert_eq!(after(method, status, "/n#f").unwrap().0, line);
        }
        let (_, headers) = after(Method::POST, 303, "n").unwrap();
        assert_eq!(headers, ["accept", "authorization", "x-api-key"]);
    }

    #[test]
    fn secrets_stay_with_their_server() {
        let all = ["accept", "authorization", "content-type", "x-api-key"];
        for to in ["/n", "http://a:81/n", "?q"] {
            assert_eq!(after(Method::GET, 307, to).unwrap().1, all, "{to}");
        }
        for to in ["http://b:81/", "http://a:82/", "https://a:81/", "//b/"] {
            let (_, headers) = after(Method::GET, 307, to).unwrap();
            assert_eq!(headers, ["accept", "content-type"], "{to}");
        }
        // Nor do they come back by way of another server.
        let mut request = request(Method::GET);
        let mut way = Redirects::of(&request, 3);
        for to in ["http://b/", "http://a:81/x"] {
            let headers = HeaderMap::from_iter([(header::LOCATION, to.parse().unwrap())]);
            assert_eq!(way.follow(StatusCode::FOUND, &headers), Ok(true));
        }
        way.apply(&mut request);
        assert!(!request.headers().contains_key("x-api-key"));
    }

    #[test]
    fn nonsense_is_told_in_words() {
        for (to, words) in [
            ("file:///etc/passwd", "a redirect to a URL of file:"),
            ("ftp://x/", "a redirect to a URL of ftp:"),
            ("//[bad", "a redirect to what is no URL"),
        ] {
            assert_eq!(after(Method::GET, 302, to).unwrap_err(), words);
        }
        let mut way = Redirects::of(&request(Method::GET), 2);
        let headers = HeaderMap::from_iter([(header::LOCATION, HeaderValue::from_static("/"))]);
        let followed: Vec<_> = (0..3)
            .map(|_| way.follow(StatusCode::FOUND, &headers))
            .collect();
        let end = Err("more than 2 redirects".to_owned());
        assert_eq!(followed, [Ok(true), Ok(true), end]);
        // Without leave to follow it, a redirect is an answer like any other.
        let mut way = Redirects::of(&request(Method::GET), 0);
        assert_eq!(way.follow(StatusCode::FOUND, &headers), Ok(false));
    }
}
