//! Remembers the last head, because servers repeat themselves.

use super::{
    Violation,
    head::{self, Head},
};

/// Longest head that is remembered, in bytes.
const LONGEST: usize = 2 * 1024;

/// The head of an earlier answer and what it meant. The answers to one request mostly begin with
/// the same bytes until the clock in their `Date` moves on, and to see that they do costs a tenth of
/// parsing them.
#[derive(Debug, Default)]
pub struct Memo(Option<Known>);

#[derive(Debug)]
struct Known {
    bytes: Vec<u8>,
    head_request: bool,
    head: Head,
}

impl Memo {
    /// The result of [`head::parse`] for these arguments.
    pub(super) fn parse(
        &mut self,
        bytes: &[u8],
        head_request: bool,
    ) -> Result<Option<Head>, Violation> {
        if let Some(known) = &self.0
            && known.head_request == head_request
            && bytes.starts_with(&known.bytes)
        {
            return Ok(Some(known.head));
        }
        let parsed = head::parse(bytes, head_request)?;
        if let Some(head) = parsed
            && head.bytes <= LONGEST
        {
            self.keep(&bytes[..head.bytes], head_request, head);
        }
        Ok(parsed)
    }

    fn keep(&mut self, bytes: &[u8], head_request: bool, head: Head) {
        let known = self.0.get_or_insert_with(|| Known {
            bytes: Vec::new(),
            head_request,
            head,
        });
        known.bytes.clear();
        known.bytes.extend_from_slice(bytes);
        known.head_request = head_request;
        known.head = head;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_head_is_taken_for_the_same() {
        let mut memo = Memo::default();
        for length in [5, 5, 6] {
            let bytes = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\nhello");
            for head_request in [false, true, false] {
                let parsed = head::parse(bytes.as_bytes(), head_request);
                assert_eq!(memo.parse(bytes.as_bytes(), head_request), parsed);
                let known = memo.0.as_ref().unwrap();
                assert_eq!(Some(known.head), parsed.unwrap());
            }
        }
        let begun = memo.parse(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n", false);
        assert_eq!(begun, Ok(None));
    }
}
