//! Signature version 4 of AWS, for a POST of a form to the root path.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// Credentials that sign.
#[derive(Clone)]
pub(super) struct Credentials {
    pub(super) access_key: String,
    pub(super) secret_key: String,
    pub(super) session_token: Option<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        formatter.write_str("Credentials { .. }")
    }
}

impl Credentials {
    /// Credentials of AWS's environment variables; without them the ones that emulators take.
    pub(super) fn from_env() -> Self {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self {
            access_key: variable("AWS_ACCESS_KEY_ID").unwrap_or_else(|| "test".to_owned()),
            secret_key: variable("AWS_SECRET_ACCESS_KEY").unwrap_or_else(|| "test".to_owned()),
            session_token: variable("AWS_SESSION_TOKEN"),
        }
    }
}

/// Parts of a request that are signed, apart from the body.
pub(super) struct Signed<'a> {
    pub(super) host: &'a str,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    pub(super) content_type: &'a str,
    /// `20261121T083000Z`
    pub(super) time: &'a str,
}

/// The Authorization header of a request with these headers, `x-amz-date` being the time, and
/// `x-amz-security-token` where there is one.
pub(super) fn authorization(credentials: &Credentials, request: &Signed, body: &[u8]) -> String {
    let Signed {
        host,
        region,
        service,
        content_type,
        time,
    } = request;
    let mut headers = format!("content-type:{content_type}\nhost:{host}\nx-amz-date:{time}\n");
    let mut names = "content-type;host;x-amz-date".to_owned();
    if let Some(token) = &credentials.session_token {
        headers.push_str("x-amz-security-token:");
        headers.push_str(token);
        headers.push('\n');
        names.push_str(";x-amz-security-token");
    }
    let body = hex(&Sha256::digest(body));
    let canonical = format!("POST\n/\n\n{headers}\n{names}\n{body}");
    let date = time.get(..8).unwrap_or_default();
    let scope = format!("{date}/{region}/{service}/aws4_request");
    let digest = hex(&Sha256::digest(canonical));
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{digest}");
    let secret = format!("AWS4{}", credentials.secret_key);
    let key = [date, region, service, "aws4_request"]
        .iter()
        .fold(secret.into_bytes(), |key, part| hmac(&key, part.as_bytes()));
    let signature = hex(&hmac(&key, to_sign.as_bytes()));
    format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
        credentials.access_key
    )
}

fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    // HMAC takes keys of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `post-x-www-form-urlencoded` of the test suite that AWS published for signature version 4.
    #[test]
    fn a_request_is_signed_as_aws_does() {
        let credentials = Credentials {
            access_key: "AKIDEXAMPLE".to_owned(),
            secret_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: None,
        };
        let request = Signed {
            host: "example.amazonaws.com",
            region: "us-east-1",
            service: "service",
            content_type: "application/x-www-form-urlencoded",
            time: "20150830T123600Z",
        };
        assert_eq!(
            authorization(&credentials, &request, b"Param1=value1"),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
        );
    }
}
