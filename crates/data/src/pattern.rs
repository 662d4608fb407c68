//! Regular expressions whose search takes a bounded time, whatever the text is.
//!
//! Where an automaton would have too many states, the engine simulates the expression instead: each byte
//! takes as many steps as the expression has states. A long text is therefore searched by an automaton
//! that gives up before it comes to that.

use regex_automata::{Input, Span, hybrid, meta, nfa::thompson, util::syntax};
use std::{
    fmt,
    sync::{Arc, OnceLock},
};

/// Most steps of a simulation: about a second.
const MOST_STEPS: usize = 1 << 26;

/// Most bytes of the states that an automaton makes on its way through a text.
const MOST_MADE: usize = 8 << 20;

/// Bounds of an expression, and what it means.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Most bytes of it.
    pub length: usize,
    /// Most bytes of what it compiles to.
    pub compiled: usize,
    /// Most groups and repetitions within each other.
    pub nesting: u32,
    /// True if a point stands for neither end of a line (RFC 9485).
    pub crlf: bool,
}

impl Rules {
    /// Those of an expression that is looked for in the body of a response.
    pub const BODY: Self = Self {
        length: 4096,
        compiled: 2 << 20,
        nesting: 64,
        crlf: false,
    };

    /// Those of an expression within a JSONPath.
    pub const JSONPATH: Self = Self {
        length: 256,
        compiled: 1 << 18,
        nesting: 32,
        crlf: true,
    };
}

/// A regular expression.
#[derive(Clone)]
pub struct Pattern {
    text: Arc<str>,
    syntax: syntax::Config,
    regex: meta::Regex,
    states: usize,
    /// Made for the first text that needs it; None if it cannot be made.
    automaton: Arc<OnceLock<Option<hybrid::regex::Regex>>>,
}

/// A search that would take too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it would take too long to look through this body")
    }
}

/// Shows the text alone, not what it compiles to.
impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.text).finish()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Pattern {
    /// Compiles `text`.
    ///
    /// # Errors
    /// In words, when it is none or too large.
    pub fn new(text: &str, rules: Rules) -> Result<Self, String> {
        if text.len() > rules.length {
            let (length, most) = (text.len(), rules.length);
            return Err(format!("it has {length} bytes, {most} are allowed"));
        }
        let syntax = syntax::Config::new()
            .utf8(false)
            .crlf(rules.crlf)
            .nest_limit(rules.nesting);
        let config = meta::Config::new()
            .utf8_empty(false)
            .nfa_size_limit(Some(rules.compiled));
        let too_large = "it is too large when compiled: repeat less in it";
        let regex = meta::Builder::new()
            .configure(config)
            .syntax(syntax)
            .build(text)
            .map_err(|error| match error.syntax_error() {
                Some(error) => last_line(&error.to_string()),
                None => too_large.to_owned(),
            })?;
        let nfa = thompson::Compiler::new()
            .syntax(syntax)
            .build(text)
            .map_err(|_| too_large)?;
        Ok(Self {
            text: text.into(),
            syntax,
            regex,
            states: nfa.states().len(),
            automaton: Arc::default(),
        })
    }

    /// Steps that a simulation takes for so many bytes, at the most.
    pub fn steps(&self, bytes: usize) -> usize {
        bytes.saturating_mul(self.states)
    }

    /// Looks for a match in a text whose [steps](Self::steps) the caller has bounded.
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.regex.is_match(text)
    }

    /// Returns the first group that took part in the first match, or the whole match.
    ///
    /// # Errors
    /// When it would take too long.
    pub fn first<'t>(&self, text: &'t [u8]) -> Result<Option<&'t [u8]>, TooLong> {
        self.first_within(text, MOST_STEPS)
    }

    fn first_within<'t>(&self, text: &'t [u8], most: usize) -> Result<Option<&'t [u8]>, TooLong> {
        let mut input = Input::new(text);
        if self.steps(text.len()) > most {
            match self.span(&input)? {
                None => return Ok(None),
                Some(span) if self.steps(span.len()) > MOST_STEPS => return Err(TooLong),
                Some(span) => input.set_span(span),
            }
        }
        let mut found = self.regex.create_captures();
        self.regex.search_captures(&input, &mut found);
        let groups = (1..found.group_len()).find_map(|group| found.get_group(group));
        Ok(groups.or(found.get_group(0)).map(|span| &text[span]))
    }

    /// The first match, by an automaton that makes its states on the way.
    fn span(&self, input: &Input<'_>) -> Result<Option<Span>, TooLong> {
        let automaton = self.automaton.get_or_init(|| self.automaton());
        let automaton = automaton.as_ref().ok_or(TooLong)?;
        let mut made = automaton.create_cache();
        let found = automaton.try_search(&mut made, input);
        Ok(found.map_err(|_| TooLong)?.map(|found| found.span()))
    }

    fn automaton(&self) -> Option<hybrid::regex::Regex> {
        let config = hybrid::dfa::Config::new()
            .unicode_word_boundary(true)
            .cache_capacity(MOST_MADE)
            .skip_cache_capacity_check(true)
            .minimum_cache_clear_count(Some(0));
        hybrid::regex::Builder::new()
            .syntax(self.syntax)
            .thompson(thompson::Config::new().utf8(false))
            .dfa(config)
            .build(&self.text)
            .ok()
    }
}

/// The last line says what is wrong; those before repeat the expression.
fn last_line(words: &str) -> String {
    let line = words.lines().last().unwrap_or_default();
    line.trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::new(text, Rules::BODY).unwrap()
    }

    /// As the crate regex has it.
    fn by_regex<'t>(text: &str, body: &'t [u8]) -> Option<&'t [u8]> {
        let regex = regex::bytes::Regex::new(text).unwrap();
        let found = regex.captures(body)?;
        let group = found.iter().skip(1).flatten().next();
        group.or(found.get(0)).map(|group| group.as_bytes())
    }

    #[test]
    fn the_first_group_that_took_part_or_the_whole_match() {
        let found = |text| pattern(text).first(b"id=17;").unwrap();
        assert_eq!(found(r"id=(\d+)"), Some(&b"17"[..]));
        assert_eq!(found(r"name=(\w+)|id=(\d+)"), Some(&b"17"[..]));
        assert_eq!(found(r"id=\d+"), Some(&b"id=17"[..]));
        assert_eq!(found("x"), None);
    }

    #[test]
    fn bounds_are_told_in_words() {
        let refused = |text: &str| Pattern::new(text, Rules::BODY).unwrap_err();
        assert_eq!(
            refused(&"a".repeat(4097)),
            "it has 4097 bytes, 4096 are allowed"
        );
        assert!(refused(r"(\w{500}){500}").starts_with("it is too large"));
        assert!(refused(&("(".repeat(65) + &")".repeat(65))).contains("nest"));
        assert_eq!(refused("a)"), "unopened group");
    }

    /// The text leads to a state of its own at each byte.
    #[test]
    fn a_search_that_would_take_too_long_is_given_up() {
        let slow = pattern("[ab]*a[ab]{3000}c");
        let mut number = 1_u32;
        let text = std::iter::repeat_with(|| {
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            b"ab"[(number >> 31) as usize]
        });
        let text: Vec<u8> = text.take(1 << 22).collect();
        assert_eq!(slow.first(&text), Err(TooLong));
        // A long text is none by itself.
        assert_eq!(pattern("(a|b){1,8}c").first(&text), Ok(None));
        let group = pattern("(?s)^(.{8})").first(&text);
        assert_eq!(group, Ok(Some(&text[..8])));
        // Of letters beyond ASCII the automaton cannot tell whether they begin a word.
        let foreign = "é".repeat(1 << 22);
        let words = pattern(r"(ab|cd){8}\b").first(foreign.as_bytes());
        assert_eq!(words, Err(TooLong));
    }

    proptest! {
        #[test]
        fn either_way_finds_what_the_crate_regex_finds(
            text in r"(\^|\\b)?([ab.]|é|\(a\|b\)|\(\?:ab\)|\[\^a\])([*+?]|[*+?]\?|\{1,3\})?([ab.]|\(b\)|\(\.\*\))?(\$|\\b)?",
            body in "[abé\n ]{0,12}",
        ) {
            let body = body.as_bytes();
            let expected = by_regex(&text, body);
            let pattern = pattern(&text);
            prop_assert_eq!(pattern.first(body), Ok(expected));
            if let Ok(found) = pattern.first_within(body, 0) {
                prop_assert_eq!(found, expected);
            }
        }
    }
}
