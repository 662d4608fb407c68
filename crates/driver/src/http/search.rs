//! Looks for texts in a body that passes by in pieces.

use memchr::memmem::Finder;

/// Texts to look for.
#[derive(Debug)]
pub(super) struct Needles {
    finders: Box<[Finder<'static>]>,
    /// Most bytes of a text whose last byte is still to come.
    overlap: usize,
}

impl Needles {
    pub(super) fn new<'a>(texts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let finders: Box<[_]> = texts
            .into_iter()
            .map(|text| Finder::new(text).into_owned())
            .collect();
        let longest = finders.iter().map(|finder| finder.needle().len()).max();
        Self {
            finders,
            overlap: longest.unwrap_or(0).saturating_sub(1),
        }
    }
}

/// The state of one search. It takes no memory while every text is in the first piece.
#[derive(Debug, Default)]
pub(super) struct Search {
    begun: bool,
    /// Boxed, because every request of every user has a search, and seldom anything is missing.
    rest: Option<Box<Rest>>,
}

/// Texts that the first piece did not have.
#[derive(Debug)]
struct Rest {
    /// Places of the texts that were not found so far.
    missing: Vec<usize>,
    /// The end of what passed by, in which a text may begin.
    tail: Vec<u8>,
}

impl Search {
    /// Looks through the next piece.
    pub(super) fn feed(&mut self, needles: &Needles, piece: &[u8]) {
        if self.begun {
            if let Some(rest) = &mut self.rest {
                rest.look_on(needles, piece);
            }
            return;
        }
        self.begun = true;
        let missing: Vec<usize> = absent(needles, piece).collect();
        if !missing.is_empty() {
            let overlap = needles.overlap.min(piece.len());
            let tail = piece[piece.len() - overlap..].to_vec();
            self.rest = Some(Box::new(Rest { missing, tail }));
        }
    }

    /// Returns true if the body, now complete, does not contain the text at this place.
    pub(super) fn misses(&self, needles: &Needles, place: usize) -> bool {
        if self.begun {
            let rest = self.rest.as_ref();
            rest.is_some_and(|rest| rest.missing.contains(&place))
        } else {
            needles.finders[place].find(b"").is_none()
        }
    }
}

impl Rest {
    fn look_on(&mut self, needles: &Needles, piece: &[u8]) {
        if self.missing.is_empty() {
            return;
        }
        let Self { missing, tail } = self;
        tail.extend_from_slice(&piece[..needles.overlap.min(piece.len())]);
        missing.retain(|place| {
            let finder = &needles.finders[*place];
            finder.find(tail).is_none() && finder.find(piece).is_none()
        });
        if piece.len() >= needles.overlap {
            tail.clear();
            tail.extend_from_slice(&piece[piece.len() - needles.overlap..]);
        } else {
            tail.drain(..tail.len().saturating_sub(needles.overlap));
        }
    }
}

/// The places of the texts that are not in `bytes`.
fn absent(needles: &Needles, bytes: &[u8]) -> impl Iterator<Item = usize> {
    let texts = needles.finders.iter().enumerate();
    texts
        .filter(move |(_, finder)| finder.find(bytes).is_none())
        .map(|(place, _)| place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*};

    proptest! {
        #[test]
        fn pieces_do_not_matter(
            pieces in vec("[ab]{0,6}", 0..6),
            texts in vec("[ab]{0,5}", 0..4),
        ) {
            let needles = Needles::new(texts.iter().map(String::as_bytes));
            let mut search = Search::default();
            for piece in &pieces {
                search.feed(&needles, piece.as_bytes());
            }
            let whole = pieces.concat();
            for (place, text) in texts.iter().enumerate() {
                prop_assert_eq!(search.misses(&needles, place), !whole.contains(text));
            }
        }
    }

    #[test]
    fn a_text_found_at_once_takes_no_memory() {
        let needles = Needles::new([b"needle".as_slice()]);
        let mut search = Search::default();
        search.feed(&needles, b"hay needle hay");
        search.feed(&needles, b"more hay");
        assert!(!search.misses(&needles, 0));
        assert!(search.rest.is_none());
    }
}
