//! Reads what a verification expects.

use super::{Amount, Outcome, Sign, Truth};
use crate::threshold::{Op, ParseError};
use std::ops::Range;

/// An expectation that was read. Its names are not resolved yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// Condition.
    pub truth: Truth,
    /// The names that counts are of, each once, with where it first stands; quotes not included.
    pub names: Vec<(String, Range<usize>)>,
}

/// Deeper brackets are refused, so that no text can exhaust the stack.
const DEEPEST: usize = 50;

/// Longer texts are refused for the same reason: a sum is as deep as it is long.
const LONGEST: usize = 4096;

const EXAMPLE: &str = "write a condition such as `value - before == ok('create order')`";

/// Reads an expectation such as `ok('buy') <= value - before <= ok('buy') + unknown('buy')`.
///
/// # Errors
/// The first thing that is wrong with it, and where.
pub fn parse(expr: &str) -> Result<Parsed, ParseError> {
    if expr.len() > LONGEST {
        let message = format!("longer than {LONGEST} bytes");
        let help = "ask several questions, each with its own [[verify]]";
        return Err(ParseError::new(0..expr.len(), message, help));
    }
    let mut parser = Parser {
        expr,
        at: 0,
        depth: 0,
        names: Vec::new(),
    };
    let whole = parser.any()?;
    if let Some(rest) = parser.rest() {
        let found = &expr[rest.clone()];
        return Err(ParseError::new(
            rest,
            format!("`{found}` does not belong here"),
            EXAMPLE,
        ));
    }
    let truth = whole.truth()?;
    Ok(Parsed {
        truth,
        names: parser.names,
    })
}

struct Parser<'a> {
    expr: &'a str,
    at: usize,
    depth: usize,
    names: Vec<(String, Range<usize>)>,
}

/// Something that was read, with where it stands.
struct Operand {
    kind: OperandKind,
    span: Range<usize>,
}

enum OperandKind {
    Truth(Truth),
    Amount(Amount),
}

type Read<T> = Result<T, ParseError>;

impl Operand {
    fn truth(self) -> Read<Truth> {
        match self.kind {
            OperandKind::Truth(truth) => Ok(truth),
            OperandKind::Amount(_) => {
                let help = "compare it with another by one of < <= > >= == !=";
                Err(ParseError::new(
                    self.span,
                    "a number where a comparison belongs",
                    help,
                ))
            }
        }
    }

    fn amount(self) -> Read<Amount> {
        match self.kind {
            OperandKind::Amount(amount) => Ok(amount),
            OperandKind::Truth(_) => {
                let help = "join comparisons by `and` and `or`; chains need no brackets: a < b < c";
                Err(ParseError::new(
                    self.span,
                    "a comparison where a number belongs",
                    help,
                ))
            }
        }
    }
}

impl<'a> Parser<'a> {
    fn any(&mut self) -> Read<Operand> {
        self.joined("or", Self::all, Truth::Any)
    }

    fn all(&mut self) -> Read<Operand> {
        self.joined("and", Self::chain, Truth::All)
    }

    /// Parts with `word` between them.
    fn joined(
        &mut self,
        word: &str,
        part: fn(&mut Self) -> Read<Operand>,
        join: fn(Vec<Truth>) -> Truth,
    ) -> Read<Operand> {
        let first = part(self)?;
        if !self.takes_word(word) {
            return Ok(first);
        }
        let start = first.span.start;
        let mut truths = vec![first.truth()?];
        loop {
            truths.push(part(self)?.truth()?);
            if !self.takes_word(word) {
                let kind = OperandKind::Truth(join(truths));
                return Ok(self.part(kind, start));
            }
        }
    }

    fn chain(&mut self) -> Read<Operand> {
        let first = self.sum()?;
        let Some(op) = self.operator()? else {
            return Ok(first);
        };
        let start = first.span.start;
        let first = first.amount()?;
        let mut rest = vec![(op, self.sum()?.amount()?)];
        while let Some(op) = self.operator()? {
            rest.push((op, self.sum()?.amount()?));
        }
        Ok(self.part(OperandKind::Truth(Truth::Chain(first, rest)), start))
    }

    fn sum(&mut self) -> Read<Operand> {
        const SIGNS: [(char, Sign); 2] = [('+', Sign::Plus), ('-', Sign::Minus)];
        self.signed(&SIGNS, Self::product)
    }

    fn product(&mut self) -> Read<Operand> {
        const SIGNS: [(char, Sign); 2] = [('*', Sign::Times), ('/', Sign::By)];
        self.signed(&SIGNS, Self::factor)
    }

    /// Parts with one of `signs` between them, taken from left to right.
    fn signed(
        &mut self,
        signs: &[(char, Sign)],
        part: fn(&mut Self) -> Read<Operand>,
    ) -> Read<Operand> {
        let mut left = part(self)?;
        loop {
            self.skip_blanks();
            let next = self.expr[self.at..].chars().next();
            let Some((_, sign)) = signs.iter().find(|(own, _)| Some(*own) == next) else {
                return Ok(left);
            };
            self.at += 1;
            let start = left.span.start;
            let right = Box::new(part(self)?.amount()?);
            let both = Amount::Both(Box::new(left.amount()?), *sign, right);
            left = self.part(OperandKind::Amount(both), start);
        }
    }

    fn factor(&mut self) -> Read<Operand> {
        self.skip_blanks();
        let start = self.at;
        let rest = &self.expr[start..];
        match rest.chars().next() {
            Some('(') => self.deeper(|own| {
                own.at += 1;
                let inner = own.any()?;
                own.closing(start)?;
                Ok(own.part(inner.kind, start))
            }),
            Some('-') => self.deeper(|own| {
                own.at += 1;
                let of = own.factor()?.amount()?;
                Ok(own.part(OperandKind::Amount(Amount::Minus(Box::new(of))), start))
            }),
            Some(c) if c.is_ascii_digit() => self.number(),
            Some(c) if c.is_ascii_alphabetic() => self.named(),
            Some('=') if !rest.starts_with("==") => Err(ParseError::new(
                start..start + 1,
                "`=` is no comparison",
                "write one of < <= > >= == !=",
            )),
            _ => {
                let message = if rest.is_empty() {
                    "a number is missing at the end".to_owned()
                } else {
                    format!("`{}` where a number belongs", self.word(start))
                };
                let help = "numbers are 12, 0.5, value, before, ok('task'), failed('task'), \
                            unknown('task') and count('task')";
                Err(ParseError::new(
                    start..start + self.word(start).len(),
                    message,
                    help,
                ))
            }
        }
    }

    fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Read<Operand>) -> Read<Operand> {
        if self.depth == DEEPEST {
            let message = "too many brackets within brackets";
            return Err(ParseError::new(
                self.at..self.at + 1,
                message,
                "leave some of them out",
            ));
        }
        self.depth += 1;
        let part = read(self)?;
        self.depth -= 1;
        Ok(part)
    }

    fn closing(&mut self, open: usize) -> Read<()> {
        self.skip_blanks();
        if !self.expr[self.at..].starts_with(')') {
            let message = "this bracket is never closed";
            return Err(ParseError::new(
                open..open + 1,
                message,
                "write `)` where it ends",
            ));
        }
        self.at += 1;
        Ok(())
    }

    fn number(&mut self) -> Read<Operand> {
        let start = self.at;
        let rest = &self.expr[start..];
        let length = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '.' || c == '_'))
            .unwrap_or(rest.len());
        let text = &rest[..length];
        let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.') && !text.ends_with('.');
        let number = plain.then(|| text.parse::<f64>().ok()).flatten();
        let Some(number) = number.filter(|number| number.is_finite()) else {
            let message = format!("`{text}` is no plain number");
            let help = "write it in digits, such as 1000 or 0.5, without a unit";
            return Err(ParseError::new(start..start + length, message, help));
        };
        self.at += length;
        Ok(self.part(OperandKind::Amount(Amount::Number(number)), start))
    }

    /// `value`, `before`, or a count.
    fn named(&mut self) -> Read<Operand> {
        let start = self.at;
        let word = self.word(start);
        self.at += word.len();
        let amount = match word {
            "value" => Amount::Value,
            "before" => Amount::Before,
            _ => {
                let known = Outcome::ALL.iter().find(|(name, _)| *name == word);
                let (_, outcome) = known.ok_or_else(|| unknown(word, start))?;
                Amount::Count(*outcome, self.quoted(word, start)?)
            }
        };
        Ok(self.part(OperandKind::Amount(amount), start))
    }

    /// The bracketed and quoted name after the `word` at `start`; its place among the names.
    fn quoted(&mut self, word: &str, start: usize) -> Read<usize> {
        let help = || format!("write {word}('task') or {word}('task/step')");
        self.skip_blanks();
        let open = self.at;
        if !self.expr[open..].starts_with('(') {
            let message = format!("`{word}` of what?");
            return Err(ParseError::new(start..start + word.len(), message, help()));
        }
        self.at += 1;
        self.skip_blanks();
        let from = self.at;
        let quote = self.expr[from..].chars().next();
        let Some(quote) = quote.filter(|quote| matches!(quote, '\'' | '"')) else {
            let end = from + self.word(from).len();
            return Err(ParseError::new(from..end, "a name without quotes", help()));
        };
        let Some(length) = self.expr[from + 1..].find(quote) else {
            let span = from..self.expr.len();
            return Err(ParseError::new(span, "this name is never closed", help()));
        };
        let span = from + 1..from + 1 + length;
        self.at = span.end + 1;
        self.closing(open)?;
        let name = &self.expr[span.clone()];
        let known = self.names.iter().position(|(own, _)| own == name);
        Ok(known.unwrap_or_else(|| {
            self.names.push((name.to_owned(), span));
            self.names.len() - 1
        }))
    }

    /// Takes the operator that comes next, if one does.
    fn operator(&mut self) -> Read<Option<Op>> {
        self.skip_blanks();
        let rest = &self.expr[self.at..];
        if let Some((op, length)) = Op::at_start(rest) {
            self.at += length;
            return Ok(Some(op));
        }
        if rest.starts_with('=') {
            let span = self.at..self.at + 1;
            return Err(ParseError::new(span, "`=` is no comparison", Op::HELP));
        }
        Ok(None)
    }

    fn takes_word(&mut self, word: &str) -> bool {
        self.skip_blanks();
        let takes = self.word(self.at) == word;
        if takes {
            self.at += word.len();
        }
        takes
    }

    /// The letters at `start`, or else the one character that stands there.
    fn word(&self, start: usize) -> &'a str {
        let rest = &self.expr[start..];
        let letters = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        let one = || rest.chars().next().map_or(0, char::len_utf8);
        let length = if letters == 0 { one() } else { letters };
        &rest[..length]
    }

    fn rest(&mut self) -> Option<Range<usize>> {
        self.skip_blanks();
        let end = self.at + self.word(self.at).len();
        (self.at < end).then_some(self.at..end)
    }

    fn skip_blanks(&mut self) {
        let rest = &self.expr[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn part(&self, kind: OperandKind, start: usize) -> Operand {
        Operand {
            kind,
            span: start..self.at,
        }
    }
}

fn unknown(word: &str, at: usize) -> ParseError {
    let names = Outcome::ALL.iter().map(|(name, _)| *name);
    let nearest = names
        .chain(["value", "before"])
        .map(|name| (strsim::damerau_levenshtein(word, name), name))
        .min();
    let help = match nearest {
        Some((distance, name)) if distance <= 2 && distance < name.len() => {
            format!("did you mean `{name}`?")
        }
        _ => "numbers have the names value, before, ok('task'), failed('task'), unknown('task') \
              and count('task')"
            .to_owned(),
    };
    ParseError::new(at..at + word.len(), format!("`{word}` is no number"), help)
}
