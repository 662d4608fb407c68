//! Position in a statement that a server's message points to, when the server only says it in words.

use loadgen_plan::sql::Text;

/// The byte of the statement's source at which what the message quotes begins, if it is there
/// exactly once.
///
/// MySQL: `... near 'FORM orders' at line 1`, `Table 'shop.order' doesn't exist`, `Unknown column
/// 'x' in 'field list'`. SQLite: `near "FORM": syntax error`, `no such table: order`.
pub fn find(text: &Text, message: &str) -> Option<usize> {
    let source = text.source();
    quotes(message).into_iter().find_map(|quote| {
        // A table or function with its database, which the statement mostly does not name.
        let unqualified = quote.rsplit_once('.').map(|(_, name)| name);
        [Some(quote), unqualified]
            .into_iter()
            .flatten()
            .find_map(|words| once(source, words))
    })
}

/// Texts that a message quotes, in order.
fn quotes(message: &str) -> Vec<&str> {
    let mut found = Vec::new();
    if let Some((_, near)) = message.split_once("near '")
        && let Some((words, _)) = near.rsplit_once("' at line")
    {
        // It goes on to the end of the statement; its beginning is enough, up to a parameter,
        // which was sent as a question mark.
        let words = words.split('?').next().unwrap_or(words);
        found.push(words.trim_end());
    }
    for quote in ['\'', '"'] {
        found.extend(message.split(quote).skip(1).step_by(2));
    }
    if let Some((_, name)) = message.rsplit_once(": ") {
        found.push(name);
    }
    found.retain(|words| !words.is_empty());
    found
}

/// Position of `words` in `source` as whole words, if they are there exactly once.
fn once(source: &str, words: &str) -> Option<usize> {
    let is_name = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let bytes = source.as_bytes();
    let mut found = source.match_indices(words).map(|(at, _)| at).filter(|at| {
        let end = at + words.len();
        let begins = *at == 0 || !is_name(bytes.get(at - 1)) || !is_name(bytes.get(*at));
        let ends = !is_name(bytes.get(end)) || !is_name(bytes.get(end - 1));
        begins && ends
    });
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgen_plan::sql::Backend;

    #[test]
    fn messages_point_into_the_statement() {
        let sql = "SELECT status FORM orders WHERE id = $1 AND status = $2";
        for (message, at) in [
            (
                "You have an error in your SQL syntax; check the manual that corresponds to your \
                 MariaDB server version for the right syntax to use near 'orders WHERE id = ? AND \
                 status = ?' at line 1",
                Some(19),
            ),
            ("near \"FORM\": syntax error", Some(14)),
            ("no such table: orders", Some(19)),
            ("Table 'shop.orders' doesn't exist", Some(19)),
            ("Unknown column 'id' in 'where clause'", Some(32)),
            ("no such column: status", None),
            ("no such column: price", None),
            ("incomplete input", None),
        ] {
            let text = Text::parse(sql, Backend::MySql).unwrap();
            assert_eq!(find(&text, message), at, "{message}");
        }
    }
}
