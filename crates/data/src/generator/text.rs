//! Texts that are made up: names, random strings, UUIDs; and the time of day.

use super::Refusal;
use crate::{Value, rng::Stream};
use jiff::{Timestamp, Unit};
use rand::{Rng, RngExt};
use std::fmt::Write;
use uuid::Builder;

/// Kind of made-up text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fake {
    /// A first name.
    FirstName,
    /// A last name.
    LastName,
    /// Both.
    Name,
    /// A city.
    City,
    /// An address at example.com, where no mail goes.
    Email,
}

/// Notation of the time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// `2026-11-21T09:30:00.123Z`.
    Rfc3339,
    /// Seconds since 1970.
    Unix,
    /// Milliseconds since 1970.
    UnixMs,
}

/// Longest random string.
pub const LONGEST: usize = 1 << 20;

/// A version 4 UUID.
pub(super) fn uuid(rng: &mut Stream) -> Value {
    let mut bytes = [0; 16];
    rng.fill_bytes(&mut bytes);
    let uuid = Builder::from_random_bytes(bytes).into_uuid();
    let mut buffer = uuid::Uuid::encode_buffer();
    let text: &str = uuid.hyphenated().encode_lower(&mut buffer);
    Value::Text(text.into())
}

/// The time of day as it is now.
pub(super) fn timestamp(format: Clock) -> Value {
    let now = Timestamp::now();
    match format {
        Clock::Unix => Value::Int(now.as_second()),
        Clock::UnixMs => Value::Int(now.as_millisecond()),
        Clock::Rfc3339 => {
            // Only a time beyond the year 9999 cannot be rounded.
            let now = now.round(Unit::Millisecond).unwrap_or(now);
            Value::Text(format!("{now:.3}").into())
        }
    }
}

/// Characters for random strings, checked.
pub(super) fn alphabet(text: &str) -> Result<Box<[char]>, Refusal> {
    if text.is_empty() {
        return Err(Refusal::new("alphabet", "an alphabet of no characters"));
    }
    Ok(text.chars().collect())
}

pub(super) fn string(rng: &mut Stream, alphabet: &[char], length: usize) -> Value {
    let any = |_| alphabet[rng.random_range(0..alphabet.len())];
    Value::Text((0..length).map(any).collect::<String>().into())
}

pub(super) fn fake(rng: &mut Stream, kind: Fake) -> Value {
    let mut any = |texts: &[&'static str]| texts[rng.random_range(0..texts.len())];
    let mut text = String::new();
    // Writing into a String cannot fail.
    let _ = match kind {
        Fake::FirstName => write!(text, "{}", any(&FIRST_NAMES)),
        Fake::LastName => write!(text, "{}", any(&LAST_NAMES)),
        Fake::Name => write!(text, "{} {}", any(&FIRST_NAMES), any(&LAST_NAMES)),
        Fake::City => write!(text, "{}{}", any(&CITY_STARTS), any(&CITY_ENDS)),
        Fake::Email => {
            let (first, last) = (any(&FIRST_NAMES), any(&LAST_NAMES));
            let number: u16 = rng.random_range(0..10_000);
            let written = write!(text, "{first}.{last}{number}@example.com");
            text.make_ascii_lowercase();
            written
        }
    };
    Value::Text(text.into())
}

const FIRST_NAMES: [&str; 48] = [
    "Ada", "Aisha", "Alan", "Amara", "Anders", "Anna", "Barbara", "Bruno", "Carla", "Chen",
    "Clara", "David", "Diego", "Edith", "Elif", "Emil", "Esther", "Farid", "Frances", "Grace",
    "Hana", "Hugo", "Ines", "Ivan", "Jan", "Jana", "Jun", "Karim", "Lea", "Linus", "Lucia", "Mara",
    "Marie", "Mateo", "Mei", "Nadia", "Niels", "Olga", "Omar", "Paula", "Priya", "Ravi", "Rosa",
    "Sami", "Sofia", "Tomas", "Yuki", "Zoe",
];

const LAST_NAMES: [&str; 48] = [
    "Adams", "Ahmed", "Bauer", "Berg", "Brown", "Castro", "Clark", "Costa", "Dijkstra", "Evans",
    "Fischer", "Fontaine", "Garcia", "Gupta", "Haddad", "Hansen", "Hopper", "Ito", "Jensen",
    "Johnson", "Kaya", "Khan", "Kim", "Klein", "Kowalski", "Larsen", "Lee", "Lopez", "Lovelace",
    "Martin", "Meyer", "Moreau", "Nguyen", "Novak", "Okafor", "Olsen", "Patel", "Petrov", "Ricci",
    "Rossi", "Sato", "Silva", "Singh", "Smith", "Tanaka", "Turing", "Weber", "Wong",
];

const CITY_STARTS: [&str; 20] = [
    "Ash",
    "Birch",
    "Bridge",
    "Clear",
    "East",
    "Elm",
    "Fair",
    "Green",
    "Green Oak",
    "Harbour",
    "King",
    "Lake",
    "Long",
    "Mill",
    "New Ash",
    "North",
    "Old Stone",
    "Port Mar",
    "River",
    "West",
];

const CITY_ENDS: [&str; 16] = [
    "borough", "bridge", "bury", "chester", "dale", "field", "ford", "ham", "haven", "mouth",
    "pool", "stead", "ton", "view", "ville", "wick",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, stream};

    fn text(value: Value) -> String {
        match value {
            Value::Text(text) => text.to_string(),
            other => panic!("{other:?} is no text"),
        }
    }

    #[test]
    fn made_up_texts_depend_on_the_seed_alone() {
        let mut rng = stream(1, 0, Purpose::User, 0);
        let uuid = text(super::uuid(&mut rng));
        assert_eq!(uuid::Uuid::parse_str(&uuid).unwrap().get_version_num(), 4);
        let letters = alphabet("äb").unwrap();
        let mut made: Vec<String> = [
            Fake::FirstName,
            Fake::LastName,
            Fake::Name,
            Fake::City,
            Fake::Email,
        ]
        .into_iter()
        .map(|kind| text(fake(&mut rng, kind)))
        .collect();
        made.push(text(string(&mut rng, &letters, 6)));
        made.push(uuid);
        insta::assert_snapshot!(made.join("\n"));
    }

    #[test]
    fn the_time_is_now_in_every_form() {
        let before = Timestamp::now();
        let Value::Int(seconds) = timestamp(Clock::Unix) else {
            panic!()
        };
        let Value::Int(millis) = timestamp(Clock::UnixMs) else {
            panic!()
        };
        let written = text(timestamp(Clock::Rfc3339));
        assert!(seconds >= before.as_second() && millis >= before.as_millisecond());
        assert_eq!(written.len(), "2026-11-21T09:30:00.123Z".len(), "{written}");
        assert!(written.parse::<Timestamp>().is_ok());
    }
}
