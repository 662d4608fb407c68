//! Diagnostics: the problems of a scenario, their spans, and what to write instead.

use super::{Secrets, redact::redact_urls};
use annotate_snippets::{
    Annotation, AnnotationKind, Group, Level, Renderer, Snippet, normalize_untrusted_str,
};
use loadgen_core::printable;
use std::{borrow::Cow, ops::Range, sync::Arc};

/// Most problems that are shown with their lines.
const TOLD: usize = 100;

/// A stretch of one of the texts that a scenario was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Span {
    /// Index of the text: 0 is the file, the others are flags.
    pub source: usize,
    /// First byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    /// A stretch of the text `source`.
    pub fn new(source: usize, span: Range<usize>) -> Self {
        Self {
            source,
            start: span.start,
            end: span.end,
        }
    }
}

/// A text that (a part of) a scenario was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceText {
    /// The file's path as it was given, or what else the text is.
    pub name: String,
    /// Whole text.
    pub text: String,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Description of the problem, in a line.
    pub message: String,
    /// Span that the problem points at.
    pub span: Span,
    /// Label of the span; may be empty.
    pub label: Cow<'static, str>,
    /// Correction to suggest.
    pub help: Option<Cow<'static, str>>,
    /// Another place that has to do with it, with its label.
    pub other: Option<(Span, Cow<'static, str>)>,
}

impl Problem {
    /// A mistake at `place`.
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            span,
            label: "".into(),
            help: None,
            other: None,
        }
    }

    /// Changes its texts.
    fn change(&mut self, change: impl Fn(&str) -> Cow<'_, str>) {
        if let Cow::Owned(shown) = change(&self.message) {
            self.message = shown;
        }
        let other = self.other.iter_mut().map(|(_, label)| label);
        for text in other.chain([&mut self.label]).chain(&mut self.help) {
            if let Cow::Owned(shown) = change(text) {
                *text = shown.into();
            }
        }
    }

    /// With words at its place.
    #[must_use]
    pub fn label(mut self, label: impl Into<Cow<'static, str>>) -> Self {
        self.label = label.into();
        self
    }

    /// With advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<Cow<'static, str>>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With a second place.
    #[must_use]
    pub fn other(mut self, span: Span, label: impl Into<Cow<'static, str>>) -> Self {
        self.other = Some((span, label.into()));
        self
    }
}

/// All that is wrong with a scenario. Displays as plain text.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", self.render(false))]
pub struct Report {
    sources: Arc<[SourceText]>,
    problems: Vec<Problem>,
}

impl Report {
    /// Puts problems into the order of the text; the same one is told once. Sources and problems
    /// are made printable, as a scenario and a server's message may be anybody's.
    pub fn new(sources: Arc<[SourceText]>, mut problems: Vec<Problem>) -> Self {
        let sources = printable_sources(sources);
        for problem in &mut problems {
            problem.message = redact_urls(&problem.message);
            problem.change(printable::lines);
        }
        problems.sort_by(|a, b| (a.span, &a.message).cmp(&(b.span, &b.message)));
        problems.dedup();
        Self { sources, problems }
    }

    /// Hides secrets that a problem repeats, such as a server's message about a statement.
    #[must_use]
    pub fn hiding(mut self, secrets: &Secrets) -> Self {
        for problem in &mut self.problems {
            problem.change(|text| secrets.hide(text));
        }
        self
    }

    /// All that is wrong with several files, under the name of the first. Texts that they have in
    /// common, and problems with these, are told once.
    pub fn merged(reports: Vec<Report>) -> Self {
        let mut sources: Vec<SourceText> = Vec::new();
        let mut problems = Vec::new();
        for report in reports {
            let indices = report.sources.iter().map(|source| {
                let known = sources.iter().position(|known| known == source);
                known.unwrap_or_else(|| {
                    sources.push(source.clone());
                    sources.len() - 1
                })
            });
            let indices: Vec<usize> = indices.collect();
            let moved = |span: Span| Span {
                source: indices.get(span.source).copied().unwrap_or_default(),
                ..span
            };
            problems.extend(report.problems.into_iter().map(|problem| Problem {
                span: moved(problem.span),
                other: problem.other.map(|(span, label)| (moved(span), label)),
                ..problem
            }));
        }
        Self::new(sources.into(), problems)
    }

    /// The problems, in the order of the text.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The first problems with their lines of the text, and the number of all. `styled`: with
    /// colours, for a terminal.
    pub fn render(&self, styled: bool) -> String {
        let renderer = if styled {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let mut out = String::new();
        for problem in self.problems.iter().take(TOLD) {
            out.push_str(&renderer.render(&[self.group(problem)]));
            out.push_str("\n\n");
        }
        let count = self.problems.len();
        if count > TOLD {
            out.push_str(&format!("and {} more\n\n", count - TOLD));
        }
        let noun = if count == 1 { "problem" } else { "problems" };
        let name = self.sources.first().map_or("", |source| &source.name);
        out.push_str(&format!("{name}: {count} {noun}"));
        out
    }

    fn group<'a>(&'a self, problem: &'a Problem) -> Group<'a> {
        let title = Level::ERROR.primary_title(problem.message.as_str());
        let primary = AnnotationKind::Primary;
        let mut annotations = vec![self.annotation(primary, problem.span, &problem.label)];
        let mut elsewhere = None;
        if let Some((span, label)) = &problem.other {
            let context = self.annotation(AnnotationKind::Context, *span, label);
            if span.source == problem.span.source {
                annotations.push(context);
            } else {
                elsewhere = Some(self.snippet(span.source).annotation(context));
            }
        }
        let snippet = self.snippet(problem.span.source).annotations(annotations);
        let group = title.element(snippet).elements(elsewhere);
        let help = problem.help.as_deref().map(normalize_untrusted_str);
        group.elements(help.map(|help| Level::HELP.message(help)))
    }

    fn snippet(&self, source: usize) -> Snippet<'_, Annotation<'_>> {
        let (name, text) = match self.sources.get(source) {
            Some(source) => (source.name.as_str(), source.text.as_str()),
            None => ("", ""),
        };
        Snippet::source(text).path(name)
    }

    fn annotation<'a>(&self, kind: AnnotationKind, span: Span, label: &'a str) -> Annotation<'a> {
        let text = self.sources.get(span.source).map_or("", |s| &s.text);
        // A span that is off would make the renderer panic; a mistake must still be told.
        let start = text.floor_char_boundary(span.start);
        let end = text.ceil_char_boundary(span.end).max(start);
        let label = (!label.is_empty()).then_some(label);
        kind.span(start..end).label(label)
    }
}

/// Sources whose texts have the same length as before, so that places in them stay right.
fn printable_sources(sources: Arc<[SourceText]>) -> Arc<[SourceText]> {
    // A byte order mark begins files of some editors; nothing of it is seen.
    let mark = |text: &str| text.len() - text.strip_prefix('\u{feff}').unwrap_or(text).len();
    let plain = |text: &str| text[mark(text)..].chars().all(is_shown);
    let is_plain = |source: &SourceText| plain(&source.name) && plain(&source.text);
    if sources.iter().all(is_plain) {
        return sources;
    }
    let shown = |source: &SourceText| {
        let mut text = String::with_capacity(source.text.len());
        let (start, rest) = source.text.split_at(mark(&source.text));
        text.push_str(start);
        for c in rest.chars() {
            match (is_shown(c), c.len_utf8()) {
                (true, _) => text.push(c),
                (false, 3) => text.push('\u{fffd}'),
                (false, length) => text.extend(std::iter::repeat_n('?', length)),
            }
        }
        SourceText {
            name: printable::line(&source.name).into_owned(),
            text,
        }
    };
    sources.iter().map(shown).collect()
}

fn is_shown(c: char) -> bool {
    printable::is_printable(c) || matches!(c, '\n' | '\r' | '\t')
}

/// Advice naming the entry of `known` that `word` was probably meant to be.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let lower = word.to_lowercase();
    let nearest = known
        .into_iter()
        .map(|name| {
            let distance = strsim::damerau_levenshtein(&lower, &name.to_lowercase());
            (distance, name)
        })
        .min()?;
    let (distance, name) = nearest;
    let letters = name.chars().count();
    let close = distance <= (letters / 3).max(1) && distance < word.chars().count();
    close.then(|| format!("did you mean `{name}`?"))
}
