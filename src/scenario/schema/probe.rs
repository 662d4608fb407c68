//! Puts a value of each kind somewhere into a file, and writes down what the readers ask of it.

use crate::scenario::{
    asked::Asked,
    diag::Place,
    raw::{self, suite},
    reader::Reader,
    text::{Outside, Text},
    tree::{Entry, Node, NodeKind, Table},
};

/// Which kind of file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Scenario,
    Suite,
}

/// The kinds of values that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// A text from the environment, which may stand for a number.
    Environment,
    Whole,
    Number,
    Boolean,
    List,
    Table,
}

impl Kind {
    pub const ALL: [Self; 7] = [
        Self::Text,
        Self::Environment,
        Self::Whole,
        Self::Number,
        Self::Boolean,
        Self::List,
        Self::Table,
    ];

    /// A value of it.
    pub fn sample(self) -> NodeKind {
        match self {
            Kind::Text => NodeKind::Text(Text::plain(ELSEWHERE, "x")),
            Kind::Environment => {
                let mut text = Text::plain(ELSEWHERE, "${X}");
                let outside = Outside {
                    variable: &|_| Some(String::new()),
                    file: &|_| Ok(String::new()),
                };
                text.fill(outside, &mut Vec::new());
                NodeKind::Text(text)
            }
            Kind::Whole => NodeKind::Int(1),
            Kind::Number => NodeKind::Float(0.5),
            Kind::Boolean => NodeKind::Bool(true),
            Kind::List => NodeKind::Array(Vec::new()),
            Kind::Table => NodeKind::Table(Table::default()),
        }
    }
}

/// Where the value is that is asked about.
const HERE: Place = Place {
    source: 0,
    start: 1,
    end: 2,
};

/// Where everything else is.
const ELSEWHERE: Place = Place {
    source: 0,
    start: 0,
    end: 0,
};

/// A place in a file, from the outside to the inside.
#[derive(Debug, Clone)]
pub struct Path(Vec<Step>);

#[derive(Debug, Clone)]
enum Step {
    /// The value of this key; another one may have to be there for the readers to care.
    Key(String, Option<Beside>),
    /// An item of a list.
    Item,
}

/// A key with a value that stands beside another one.
pub type Beside = (&'static str, NodeKind);

impl Path {
    pub fn root() -> Self {
        Self(Vec::new())
    }

    pub fn key(&self, key: &str, beside: Option<Beside>) -> Self {
        self.with(Step::Key(key.to_owned(), beside))
    }

    pub fn item(&self) -> Self {
        self.with(Step::Item)
    }

    fn with(&self, step: Step) -> Self {
        let mut longer = self.clone();
        longer.0.push(step);
        longer
    }

    /// What is asked of this value here.
    pub fn ask(&self, format: Format, value: NodeKind) -> Vec<Asked> {
        let here = Node {
            place: HERE,
            kind: value,
        };
        let root = self.0.iter().rev().fold(here, |inner, step| Node {
            place: ELSEWHERE,
            kind: match step {
                Step::Item => NodeKind::Array(vec![inner]),
                Step::Key(key, beside) => {
                    let own = Entry {
                        key: key.clone(),
                        place: ELSEWHERE,
                        value: inner,
                    };
                    let entries = beside.iter().map(entry).chain([own]);
                    NodeKind::Table(Table {
                        entries: entries.collect(),
                    })
                }
            },
        });
        let reader = Reader::watched();
        match format {
            Format::Scenario => drop(raw::read(&reader, &root)),
            Format::Suite => drop(suite::read(&reader, &root)),
        }
        let asked = reader.asked.map(|asked| asked.into_inner());
        let asked = asked.unwrap_or_default().into_iter();
        asked
            .filter(|(place, _)| *place == HERE)
            .map(|(_, asked)| asked)
            .collect()
    }
}

/// A table with just this in it.
pub fn table_with(beside: &Beside) -> NodeKind {
    NodeKind::Table(Table {
        entries: vec![entry(beside)],
    })
}

fn entry((key, kind): &Beside) -> Entry {
    Entry {
        key: (*key).to_owned(),
        place: ELSEWHERE,
        value: Node {
            place: ELSEWHERE,
            kind: kind.clone(),
        },
    }
}
