//! `[[task.step]]`: one request or statement.

use super::{
    Field, Spanned,
    expect::Expect,
    extract::Extract,
    http::{Basic, Pair, Pairs},
    kind::METHODS,
    load::Think,
    multipart::{FormPart, Multipart},
};
use crate::{
    Text,
    form::{Any, Here, Key, List, Member, NameTable, Times, Whole, choice, table},
    reader::Fields,
    tree::Node,
};
use std::{marker::PhantomData, time::Duration};

table! {
    /// One request or statement.
    #[derive(Clone)]
    pub struct Step as "[[task.step]]" {
        /// Span of the table.
        span: Here,
        /// The method with its path or URL, or `path` or `url` alone, or `sql` with a statement, or `sql_file` with
        /// the name of its file, or `custom` with its text; Absent when there is none, Bad when there are several.
        request: Action<Request>,
        /// Its name.
        name: Text,
        /// The method of a `path` or `url`.
        method: Text,
        /// Query parameters.
        query: Pairs,
        /// Headers.
        headers: Pairs,
        /// User and password.
        basic: Basic,
        /// Content.
        body: Content,
        /// The database that a statement is for.
        database: Text,
        /// Values of a statement's parameters.
        params: Params,
        /// Number of tries of a statement in all.
        max_tries: Whole,
        /// Conditions on the response.
        expect: Expect,
        /// Variables filled from the response.
        extract: NameTable<Extract>,
        /// Bound on the step.
        timeout: Duration,
        /// Pause before it.
        think: Think,
        /// Fewest and most times that it is done.
        repeat: Times,
    }
}

/// Actions of a step.
#[derive(Debug)]
pub enum Request {}

impl Actions for Request {
    const KEYS: &'static [Method] = METHODS;
    const RULE: &'static str = "a step does one thing";
}

/// Key of an action; for a step, one of those that tell its kind.
pub type Method = &'static str;

/// Values of a statement's parameters.
pub type Params = List<Any>;

/// Actions, each a key of its own with a text.
pub trait Actions {
    /// The keys.
    const KEYS: &'static [Method];
    /// Reason why two of them are a mistake.
    const RULE: &'static str;
}

/// The one of these that is done, at its key's place.
pub struct Action<A>(PhantomData<A>);

impl<A: Actions> Member for Action<A> {
    type Held = Field<(Method, Text)>;

    fn keys(_: &'static str, to: &mut Vec<Key>) {
        to.extend(A::KEYS.iter().map(|key| Key::of::<Text>(key)));
    }

    fn take(_: &'static str, fields: &Fields<'_, '_>) -> Self::Held {
        let Spanned { value: key, span } = match fields.only(A::KEYS, Some(A::RULE)) {
            Field::Absent => return Field::Absent,
            Field::Bad(span) => return Field::Bad(span),
            Field::Given(key) => key,
        };
        match fields.read::<Text>(key) {
            Field::Given(text) => Field::Given(Spanned {
                value: (key, text.value),
                span,
            }),
            _ => Field::Bad(span),
        }
    }
}

/// Content of a request.
#[derive(Debug, Clone)]
pub enum Body {
    /// Any value.
    Json(Node),
    /// Names and values.
    Form(Vec<Pair>),
    /// Text as it is.
    Raw(Text),
    /// Content of a file.
    File(Text),
    /// Parts, as a form with files sends them.
    Multipart(Vec<FormPart>),
}

choice! {
    /// The content of a request.
    pub enum Content -> Body, "a request has one content";
    |chosen| {
        json: Any => Body::Json(chosen.value),
        form: Pairs => Body::Form(chosen.value),
        body: Text => Body::Raw(chosen.value),
        body_file: Text => Body::File(chosen.value),
        multipart: Multipart => Body::Multipart(chosen.value),
    }
}
