//! The page for people: choose a location, read its average temperature.

/// Split where the options go.
const PAGE: &str = include_str!("page.html");
const OPTIONS: &str = "<!-- options -->";

/// The page with one option per location.
pub(super) fn render(locations: &[String]) -> String {
    let (head, tail) = PAGE.split_once(OPTIONS).unwrap_or((PAGE, ""));
    let names: usize = locations.iter().map(String::len).sum();
    let mut page = String::with_capacity(PAGE.len() + names + locations.len() * 32);
    page.push_str(head);
    for location in locations {
        page.push_str("<option>");
        escape(location, &mut page);
        page.push_str("</option>\n");
    }
    page.push_str(tail);
    page
}

/// Makes any text harmless inside an element. The option has no value attribute: its text is its value.
fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_location_is_an_option_and_none_is_markup() {
        let page = render(&["Gabrielside".to_owned(), "<b>&amp;</b>".to_owned()]);
        assert!(page.contains("<option>Gabrielside</option>\n"));
        assert!(page.contains("<option>&lt;b&gt;&amp;amp;&lt;/b&gt;</option>\n"));
        assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
        assert!(!page.contains(OPTIONS));
    }
}
