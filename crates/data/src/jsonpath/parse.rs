//! Reading of paths: the grammar of RFC 9535, in one pass.

use super::{
    pattern,
    query::{Comparison, Literal, Operand, Pattern, Query, Segment, Selector, Test},
    scan::{Malformed, Scanner},
};

/// Most bytes of a path.
const MAX_LENGTH: usize = 4096;

/// Most filters, parentheses and functions that stand within each other.
const MAX_DEPTH: usize = 16;

/// Most names and brackets, filters included: each is a level of recursion in an evaluation.
const MAX_SEGMENTS: usize = 256;

/// The query that `text` is.
pub fn parse(text: &str) -> Result<Query, Malformed> {
    if text.len() > MAX_LENGTH {
        let message = format!("it has {} bytes, {MAX_LENGTH} are allowed", text.len());
        return Err(Malformed { at: 0, message });
    }
    let mut parser = Parser {
        scanner: Scanner::new(text),
        depth: 0,
        segments: 0,
    };
    if parser.scanner.peek() != Some(b'$') {
        return Err(parser.scanner.wrong("it does not begin with `$`"));
    }
    let query = parser.query()?;
    if parser.scanner.rest().is_empty() {
        Ok(query)
    } else {
        Err(parser.scanner.wrong("`.` or `[` expected"))
    }
}

struct Parser<'t> {
    scanner: Scanner<'t>,
    depth: usize,
    segments: usize,
}

/// Part of a condition, before what follows says what it is for.
enum Term {
    Literal(Literal),
    Query(Query),
    /// A function's value.
    Value(Operand),
    /// A function that is a condition by itself.
    Test(Test),
}

type Parsed<T> = Result<T, Malformed>;

impl Parser<'_> {
    /// Reads what may stand within itself.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == MAX_DEPTH {
            let words = format!("more than {MAX_DEPTH} filters and parentheses in each other");
            return Err(self.scanner.wrong(words));
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    /// A query, whose `$` or `@` comes next.
    fn query(&mut self) -> Parsed<Query> {
        let from_root = self.scanner.take("$");
        if !from_root {
            self.scanner.require("@")?;
        }
        let mut segments = Vec::new();
        // Blanks that end a query belong to what stands around it.
        while let Some(b'.' | b'[') = self.scanner.peek_past_blanks() {
            self.scanner.skip_blanks();
            self.segments += 1;
            if self.segments > MAX_SEGMENTS {
                let words = format!("more than {MAX_SEGMENTS} names and brackets");
                return Err(self.scanner.wrong(words));
            }
            segments.push(self.segment()?);
        }
        Ok(Query {
            from_root,
            segments,
        })
    }

    fn segment(&mut self) -> Parsed<Segment> {
        let descends = self.scanner.take("..");
        if self.scanner.peek() == Some(b'[') {
            let selectors = self.selectors()?;
            return Ok(Segment {
                descends,
                selectors,
            });
        }
        if !descends {
            self.scanner.require(".")?;
        }
        let selector = if self.scanner.take("*") {
            Selector::Wildcard
        } else {
            let name = self.scanner.name();
            let name = name.ok_or_else(|| self.scanner.wrong("a name or `*` expected"))?;
            Selector::Name(name.into())
        };
        Ok(Segment {
            descends,
            selectors: vec![selector],
        })
    }

    fn selectors(&mut self) -> Parsed<Vec<Selector>> {
        self.scanner.require("[")?;
        let mut selectors = Vec::new();
        loop {
            self.scanner.skip_blanks();
            selectors.push(self.selector()?);
            self.scanner.skip_blanks();
            if self.scanner.take("]") {
                return Ok(selectors);
            }
            self.scanner.require(",")?;
        }
    }

    fn selector(&mut self) -> Parsed<Selector> {
        match self.scanner.peek() {
            Some(b'\'' | b'"') => Ok(Selector::Name(self.scanner.quoted()?.into())),
            Some(b'*') => {
                self.scanner.require("*")?;
                Ok(Selector::Wildcard)
            }
            Some(b'?') => {
                self.scanner.require("?")?;
                self.nested(Self::either).map(Selector::Filter)
            }
            Some(b':' | b'-' | b'0'..=b'9') => self.index_or_slice(),
            _ => Err(self
                .scanner
                .wrong("a name in quotes, an index, `*` or `?` expected")),
        }
    }

    fn index_or_slice(&mut self) -> Parsed<Selector> {
        let start = self.scanner.index()?;
        let after = self.scanner.at();
        self.scanner.skip_blanks();
        if !self.scanner.take(":") {
            // Neither a number nor a colon cannot be: the caller has seen one of them.
            let missing = Malformed {
                at: after,
                message: "an index expected".to_owned(),
            };
            return start.map(Selector::Index).ok_or(missing);
        }
        self.scanner.skip_blanks();
        let end = self.scanner.index()?;
        self.scanner.skip_blanks();
        let mut step = 1;
        if self.scanner.take(":") {
            self.scanner.skip_blanks();
            step = self.scanner.index()?.unwrap_or(1);
        }
        Ok(Selector::Slice { start, end, step })
    }

    /// Conditions joined by `||`.
    fn either(&mut self) -> Parsed<Test> {
        let mut tests = Vec::new();
        loop {
            tests.push(self.both()?);
            self.scanner.skip_blanks();
            if !self.scanner.take("||") {
                return Ok(joined(tests, Test::Any));
            }
        }
    }

    /// Conditions joined by `&&`.
    fn both(&mut self) -> Parsed<Test> {
        let mut tests = Vec::new();
        loop {
            self.scanner.skip_blanks();
            tests.push(self.condition()?);
            self.scanner.skip_blanks();
            if !self.scanner.take("&&") {
                return Ok(joined(tests, Test::All));
            }
        }
    }

    fn condition(&mut self) -> Parsed<Test> {
        let negated = self.scanner.take("!");
        if negated {
            self.scanner.skip_blanks();
        }
        let test = if self.scanner.take("(") {
            let test = self.nested(Self::either)?;
            self.scanner.skip_blanks();
            self.scanner.require(")")?;
            test
        } else {
            let term = self.term()?;
            if negated {
                self.test(term)?
            } else {
                self.comparison(term)?
            }
        };
        Ok(match negated {
            true => Test::Not(Box::new(test)),
            false => test,
        })
    }

    /// The comparison that begins with `left`, or the condition that it is by itself.
    fn comparison(&mut self, left: Term) -> Parsed<Test> {
        // The longer of two that begin alike comes first.
        const OPERATORS: [(&str, Comparison); 6] = [
            ("==", Comparison::Equal),
            ("!=", Comparison::NotEqual),
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ];
        let operator = OPERATORS
            .iter()
            .find(|(token, _)| self.scanner.rest_past_blanks().starts_with(token));
        let Some((token, comparison)) = operator else {
            return self.test(left);
        };
        let left = self.comparable(left)?;
        self.scanner.skip_blanks();
        self.scanner.require(token)?;
        self.scanner.skip_blanks();
        let right = self.term()?;
        let right = self.comparable(right)?;
        Ok(Test::Compare(left, *comparison, right))
    }

    fn test(&self, term: Term) -> Parsed<Test> {
        match term {
            Term::Query(query) => Ok(Test::Exists(query)),
            Term::Test(test) => Ok(test),
            Term::Literal(_) | Term::Value(_) => {
                Err(self.scanner.wrong("a value that is compared with nothing"))
            }
        }
    }

    fn comparable(&self, term: Term) -> Parsed<Operand> {
        match term {
            Term::Literal(value) => Ok(Operand::Literal(value)),
            Term::Value(operand) => Ok(operand),
            Term::Query(query) if query.is_singular() => Ok(Operand::Single(query)),
            Term::Query(_) => Err(self
                .scanner
                .wrong("a path that may find several values cannot be compared")),
            Term::Test(_) => Err(self.scanner.wrong("a condition cannot be compared")),
        }
    }

    fn term(&mut self) -> Parsed<Term> {
        match self.scanner.peek() {
            Some(b'$' | b'@') => self.query().map(Term::Query),
            Some(b'\'' | b'"') => {
                let text = self.scanner.quoted()?;
                let quoted = serde_json::Value::from(text).to_string();
                let wrong = self.scanner.wrong("not a text");
                Literal::read(&quoted).map(Term::Literal).ok_or(wrong)
            }
            Some(b'-' | b'0'..=b'9') => self.scanner.number().map(Term::Literal),
            Some(b'a'..=b'z') => {
                let unknown = self
                    .scanner
                    .wrong("true, false, null, length, count, value, match or search expected");
                let word = self.scanner.word();
                if !self.scanner.take("(") {
                    let literal = Literal::read(word).map(Term::Literal);
                    return literal.ok_or(unknown);
                }
                let function = match word {
                    "length" => Self::length,
                    "count" => Self::count,
                    "value" => Self::value,
                    "match" => |parser: &mut Self| parser.matches(true),
                    "search" => |parser: &mut Self| parser.matches(false),
                    _ => return Err(unknown),
                };
                self.scanner.skip_blanks();
                let term = self.nested(function)?;
                self.scanner.skip_blanks();
                self.scanner.require(")")?;
                Ok(term)
            }
            _ => Err(self
                .scanner
                .wrong("`@`, `$`, a text, a number or a function expected")),
        }
    }

    fn length(&mut self) -> Parsed<Term> {
        let of = self.argument()?;
        Ok(Term::Value(Operand::Length(Box::new(of))))
    }

    fn count(&mut self) -> Parsed<Term> {
        self.query().map(|query| Term::Value(Operand::Count(query)))
    }

    fn value(&mut self) -> Parsed<Term> {
        self.query().map(|query| Term::Value(Operand::Value(query)))
    }

    fn matches(&mut self, whole: bool) -> Parsed<Term> {
        let text = self.argument()?;
        self.scanner.skip_blanks();
        self.scanner.require(",")?;
        self.scanner.skip_blanks();
        let refused = self.scanner.wrong("not a regular expression");
        let pattern = match self.argument()? {
            Operand::Literal(literal) => {
                let text = literal.json().text();
                let compiled = text.map(|text| pattern::compile(&text, whole));
                match compiled {
                    Some(regex) => Pattern::Fixed(regex.ok_or(refused)?),
                    None => Pattern::Found(Operand::Literal(literal)),
                }
            }
            other => Pattern::Found(other),
        };
        Ok(Term::Test(Test::Matches {
            text,
            pattern,
            whole,
        }))
    }

    fn argument(&mut self) -> Parsed<Operand> {
        let term = self.term()?;
        self.comparable(term)
    }
}

/// Several conditions in one; a single one is itself.
fn joined(mut tests: Vec<Test>, join: fn(Vec<Test>) -> Test) -> Test {
    match (tests.len(), tests.pop()) {
        (1, Some(test)) => test,
        (_, last) => {
            tests.extend(last);
            join(tests)
        }
    }
}
