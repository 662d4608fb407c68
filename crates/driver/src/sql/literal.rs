//! Values written into the text of a statement, for the simple protocols and the console.

use super::datum::{Data, Datum};
use loadgen_data::hex;
use loadgen_plan::sql::{Backend, Text};
use std::fmt::Write;

/// The statement with a literal in place of each placeholder.
///
/// # Errors
/// In words, when a value cannot stand in a statement.
pub fn render(text: &Text, data: &Data<'_>, backend: Backend) -> Result<String, String> {
    text.replace(|number, out| {
        data.with(number, |datum| write(datum, backend, out))
            .map_err(|problem| format!("${number}: {problem}"))
    })
}

/// PostgreSQL finds the type of a quoted literal as it finds that of a parameter, so there
/// everything is quoted. MySQL takes the type from the literal.
///
/// # Errors
/// In words, when the value cannot stand in a statement.
pub fn write(datum: Datum<'_>, backend: Backend, out: &mut String) -> Result<(), String> {
    let quote = if backend == Backend::Postgres {
        "'"
    } else {
        ""
    };
    if quote.is_empty() && is_negative(datum) {
        // Two minuses in a row begin a comment.
        out.push(' ');
    }
    // Writing into a String cannot fail.
    let _ = match datum {
        Datum::Null => write!(out, "NULL"),
        // MySQL and SQLite have no boolean type; they read true and false as 1 and 0.
        Datum::Bool(value) => write!(out, "{quote}{value}{quote}"),
        Datum::Int(number) => write!(out, "{quote}{number}{quote}"),
        // With the exponent it is a float in MySQL, and not a decimal.
        Datum::Float(number) => write!(out, "{quote}{number:e}{quote}"),
        Datum::Number(number) => write!(out, "{quote}{number}{quote}"),
        Datum::Text(text) => return write_text(text, backend, out),
        Datum::Bytes(_) if backend == Backend::Postgres => {
            return write_text(&datum.plain(), backend, out);
        }
        Datum::Bytes(bytes) => {
            write_hex(bytes, out);
            Ok(())
        }
    };
    Ok(())
}

fn is_negative(datum: Datum<'_>) -> bool {
    match datum {
        Datum::Int(number) => number < 0,
        Datum::Float(number) => number.is_sign_negative(),
        Datum::Number(text) => text.starts_with('-'),
        Datum::Null | Datum::Bool(_) | Datum::Text(_) | Datum::Bytes(_) => false,
    }
}

fn write_text(text: &str, backend: Backend, out: &mut String) -> Result<(), String> {
    if text.contains('\0') {
        return Err("text with a zero character cannot stand in a statement".to_owned());
    }
    let backslash = text.contains('\\');
    if backslash && backend == Backend::MySql {
        // The server's sql_mode decides if a backslash escapes; in this form none does.
        out.push_str("_utf8mb4 ");
        write_hex(text.as_bytes(), out);
        return Ok(());
    }
    // An escape string means the same whatever standard_conforming_strings is. SQLite has none.
    let escape = backslash && backend == Backend::Postgres;
    out.push_str(if escape { " E'" } else { "'" });
    for c in text.chars() {
        if c == '\'' || (c == '\\' && escape) {
            out.push(c);
        }
        out.push(c);
    }
    out.push('\'');
    Ok(())
}

fn write_hex(bytes: &[u8], out: &mut String) {
    let mut digits = Vec::new();
    hex(bytes, &mut digits);
    out.push_str("X'");
    // Digits are ASCII, so nothing is lost here.
    out.push_str(&String::from_utf8_lossy(&digits));
    out.push('\'');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(datum: Datum<'_>, backend: Backend) -> String {
        let mut out = String::new();
        write(datum, backend, &mut out).unwrap();
        out
    }

    #[test]
    fn literals_are_what_each_server_takes() {
        use Backend::{MySql, Postgres, Sqlite};
        for (datum, backend, literal) in [
            (Datum::Null, Postgres, "NULL"),
            (Datum::Bool(true), Postgres, "'true'"),
            (Datum::Bool(false), MySql, "false"),
            (Datum::Number("18.50"), Postgres, "'18.50'"),
            (Datum::Number("18.50"), MySql, "18.50"),
            (Datum::Int(-5), Postgres, "'-5'"),
            (Datum::Int(-5), MySql, " -5"),
            (Datum::Number("-18.50"), Sqlite, " -18.50"),
            (Datum::Float(-0.0), MySql, " -0e0"),
            (Datum::Float(0.5), Postgres, "'5e-1'"),
            (Datum::Float(1e300), MySql, "1e300"),
            (Datum::Text("it's"), Postgres, "'it''s'"),
            (Datum::Text("it's"), MySql, "'it''s'"),
            (Datum::Text("a\\'"), Postgres, " E'a\\\\'''"),
            (Datum::Text("a\\'"), Sqlite, "'a\\'''"),
            (Datum::Text("a\\'"), MySql, "_utf8mb4 X'615c27'"),
            (Datum::Bool(true), Postgres, "'true'"),
            (Datum::Number("10.00"), Postgres, "'10.00'"),
            (Datum::Number("10.00"), MySql, "10.00"),
            (Datum::Bytes(&[0, 255]), Postgres, " E'\\\\x00ff'"),
            (Datum::Bytes(&[0, 255]), MySql, "X'00ff'"),
            (Datum::Bytes(&[0, 255]), Sqlite, "X'00ff'"),
        ] {
            assert_eq!(written(datum, backend), literal);
        }
    }

    #[test]
    fn a_zero_character_is_refused() {
        let mut out = String::new();
        assert!(write(Datum::Text("a\0b"), Backend::Postgres, &mut out).is_err());
    }
}
