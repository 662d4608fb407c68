use super::*;
use proptest::prelude::*;

fn read(expr: &str) -> Parsed {
    parse(expr).unwrap_or_else(|error| panic!("`{expr}`: {error}"))
}

/// With every bracket that the reading implies.
fn shown(truth: &Truth) -> String {
    let joined = |parts: &[Truth], word: &str| {
        let parts: Vec<String> = parts.iter().map(shown).collect();
        format!("({})", parts.join(word))
    };
    match truth {
        Truth::Chain(first, rest) => rest.iter().fold(amount(first), |text, (op, next)| {
            format!("{text} {op} {}", amount(next))
        }),
        Truth::All(parts) => joined(parts, " and "),
        Truth::Any(parts) => joined(parts, " or "),
    }
}

fn amount(of: &Amount) -> String {
    match of {
        Amount::Number(number) => number.to_string(),
        Amount::Value => "value".to_owned(),
        Amount::Before => "before".to_owned(),
        Amount::Count(outcome, index) => format!("{outcome}#{index}"),
        Amount::Minus(of) => format!("(-{})", amount(of)),
        Amount::Both(left, sign, right) => {
            let sign = match sign {
                Sign::Plus => "+",
                Sign::Minus => "-",
                Sign::Times => "*",
                Sign::By => "/",
            };
            format!("({} {sign} {})", amount(left), amount(right))
        }
    }
}

#[test]
fn what_binds_closer_is_read_first() {
    for (expr, expected) in [
        ("value == 0", "value == 0"),
        ("value-before==12.5", "(value - before) == 12.5"),
        ("1 + 2 * 3 - 4 / 5 < 6", "((1 + (2 * 3)) - (4 / 5)) < 6"),
        ("1 - 2 - 3 > -4", "((1 - 2) - 3) > (-4)"),
        ("(1 - (2 - 3)) * --4 >= 0", "((1 - (2 - 3)) * (-(-4))) >= 0"),
        ("1 <= value <= 2 < 3", "1 <= value <= 2 < 3"),
        (
            "value < 1 or value > 2 and before != 3",
            "(value < 1 or (value > 2 and before != 3))",
        ),
        (
            "(value < 1 or value > 2) and (before) != 3",
            "((value < 1 or value > 2) and before != 3)",
        ),
        ("  value\n<\t1  ", "value < 1"),
        ("ok('a') + ok('b/c') == ok(\"a\")", "(ok#0 + ok#1) == ok#0"),
        ("failed ( 'it\"s' ) < 1", "failed#0 < 1"),
    ] {
        assert_eq!(shown(&read(expr).truth), expected, "{expr}");
    }
}

#[test]
fn names_are_kept_with_their_indices() {
    let expr = "ok('create order') <= value - before <= ok('create order') + unknown('a/GET /x')";
    let parsed = read(expr);
    let names: Vec<&str> = parsed.names.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["create order", "a/GET /x"]);
    for (name, span) in &parsed.names {
        assert_eq!(&expr[span.clone()], name);
    }
    assert!(parsed.truth.needs_before());
    assert!(!read("value == count('x')").truth.needs_before());
}

#[test]
fn mistakes_are_placed_and_say_what_to_write() {
    let wrong = [
        "",
        "value",
        "value ==",
        "value = 3",
        "= 3",
        "value == 3 4",
        "value == 3s",
        "value == 1.",
        "value == 1e3",
        "value == 3 and",
        "value == 3 and 4",
        "value == 3 && value == 4",
        "(value == 3",
        "value == 3)",
        "(value < 3) + 1 == 2",
        "value < (3 < 4)",
        "1 + (value",
        "values == 3",
        "okay('buy') == 3",
        "sum('buy') == 3",
        "ok == 3",
        "ok(buy) == 3",
        "ok('buy == 3",
        "ok('buy' == 3",
        "value == ok()",
        "value == %",
        "not value == 3",
    ];
    let lines: Vec<String> = wrong
        .iter()
        .map(|expr| format!("`{expr}`\n    {}", parse(expr).unwrap_err()))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
    assert!(parse(&format!("{}1 < 2{}", "(".repeat(50), ")".repeat(50))).is_ok());
    let deep = parse(&"(".repeat(4_000)).unwrap_err();
    assert_eq!(deep.message, "too many brackets within brackets");
    assert!(parse(&format!("{}1 < 2", "-".repeat(4_000))).is_err());
    assert!(parse(&format!("{}1 < 2", "1 + ".repeat(1_000))).is_ok());
    let long = parse(&format!("{}1 < 2", "1 + ".repeat(2_000))).unwrap_err();
    assert_eq!(long.message, "longer than 4096 bytes");
}

proptest! {
    #[test]
    fn any_text_is_read_or_placed(expr in "[ a-z0-9.<>=!+*/()'\"é-]*") {
        match parse(&expr) {
            Ok(parsed) => prop_assert!(!parsed.truth.leaves().is_empty()),
            Err(error) => {
                prop_assert!(expr.get(error.span.clone()).is_some(), "{error:?}");
                prop_assert!(!error.help.is_empty());
            }
        }
    }
}
