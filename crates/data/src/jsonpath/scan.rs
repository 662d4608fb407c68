//! Tokens of a path.

use super::query::Literal;

/// Syntax error in a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// Byte of the text at which it is wrong.
    pub at: usize,
    /// Description of the error.
    pub message: String,
}

/// Largest magnitude of an index: RFC 9535 keeps to what every JSON reader can hold.
const MAX_INDEX: i64 = (1 << 53) - 1;

/// A place in a text, from which tokens are taken.
pub struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scanner<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// Byte that comes next.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Text from here on.
    pub fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    pub fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Takes `token` if it comes next.
    pub fn take(&mut self, token: &str) -> bool {
        let is_next = self.rest().starts_with(token);
        if is_next {
            self.at += token.len();
        }
        is_next
    }

    /// Takes `token`, which must come next.
    pub fn require(&mut self, token: &str) -> Result<(), Malformed> {
        match self.take(token) {
            true => Ok(()),
            false => Err(self.wrong(format!("`{token}` expected"))),
        }
    }

    pub fn wrong(&self, message: impl Into<String>) -> Malformed {
        Malformed {
            at: self.at,
            message: message.into(),
        }
    }

    /// Text from the next token on.
    pub fn rest_past_blanks(&self) -> &'t str {
        self.rest().trim_start_matches([' ', '\t', '\n', '\r'])
    }

    /// First byte of the next token.
    pub fn peek_past_blanks(&self) -> Option<u8> {
        self.rest_past_blanks().bytes().next()
    }

    pub fn skip_blanks(&mut self) {
        self.at += self.rest().len() - self.rest_past_blanks().len();
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let length = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// Takes a member's name as it stands after a point; None if there is none.
    pub fn name(&mut self) -> Option<&'t str> {
        let first = self.rest().chars().next()?;
        let begins = first.is_ascii_alphabetic() || first == '_' || !first.is_ascii();
        begins.then(|| self.take_while(|c| c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii()))
    }

    /// Takes a word, such as a function's name.
    pub fn word(&mut self) -> &'t str {
        self.take_while(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    }

    /// Takes a whole number; None if there is none.
    pub fn index(&mut self) -> Result<Option<i64>, Malformed> {
        if !matches!(self.peek(), Some(b'-' | b'0'..=b'9')) {
            return Ok(None);
        }
        let start = self.at;
        let minus = self.take("-");
        let digits = self.take_while(|c| c.is_ascii_digit());
        let plain = digits == "0" && !minus || !digits.is_empty() && !digits.starts_with('0');
        let number = self.text[start..self.at].parse().ok();
        let number = number.filter(|number: &i64| plain && number.abs() <= MAX_INDEX);
        match number {
            Some(number) => Ok(Some(number)),
            None => Err(Malformed {
                at: start,
                message: "not a whole number that can be an index".to_owned(),
            }),
        }
    }

    /// Takes a number as JSON writes it.
    pub fn number(&mut self) -> Result<Literal, Malformed> {
        let start = self.at;
        let digits =
            self.take_while(|c| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E'));
        Literal::read(digits).ok_or_else(|| Malformed {
            at: start,
            message: "not a number".to_owned(),
        })
    }

    /// Takes a text in quotes of either kind.
    pub fn quoted(&mut self) -> Result<String, Malformed> {
        let start = self.at;
        let quote = if self.take("'") { '\'' } else { '"' };
        if quote == '"' {
            self.require("\"")?;
        }
        let mut text = String::new();
        loop {
            let plain = self.take_while(|c| c != quote && c != '\\' && c >= ' ');
            text.push_str(plain);
            match self.rest().chars().next() {
                Some('\\') => {
                    let escaped = self.escaped(quote)?;
                    text.push(escaped);
                }
                Some(c) if c == quote => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(_) => return Err(self.wrong("a control character in a text")),
                None => {
                    return Err(Malformed {
                        at: start,
                        message: "a text that is not closed".to_owned(),
                    });
                }
            }
        }
    }

    fn escaped(&mut self, quote: char) -> Result<char, Malformed> {
        self.require("\\")?;
        let unknown = self.wrong("an unknown escape in a text");
        let Some(c) = self.rest().chars().next() else {
            return Err(unknown);
        };
        self.at += c.len_utf8();
        Ok(match c {
            'b' => '\u{8}',
            't' => '\t',
            'n' => '\n',
            'f' => '\u{c}',
            'r' => '\r',
            '/' | '\\' => c,
            c if c == quote => c,
            'u' => {
                let high = self.hex().ok_or_else(|| unknown.clone())?;
                let units = match high {
                    0xd800..0xdc00 if self.take("\\u") => {
                        [high, self.hex().ok_or_else(|| unknown.clone())?]
                    }
                    single => [single, 0],
                };
                let length = 1 + usize::from(units[1] != 0);
                let mut decoded = char::decode_utf16(units.into_iter().take(length));
                decoded.next().and_then(Result::ok).ok_or(unknown)?
            }
            _ => return Err(unknown),
        })
    }

    /// Takes four hexadecimal digits.
    fn hex(&mut self) -> Option<u16> {
        let digits = self.rest().get(..4)?;
        let all = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        self.at += 4;
        all.then(|| u16::from_str_radix(digits, 16).ok()).flatten()
    }
}
