//! The decoder against hyper, against itself in other pieces, and rule by rule.

use super::oracle::{Then, Verdict, agree, hypers, ours, read};
use super::{Limits, Violation};
use proptest::{collection::vec, prelude::*, sample::select};

/// `bytes` cut at `cuts`, which are taken modulo the length.
fn cut<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    places.extend([0, bytes.len()]);
    places.sort_unstable();
    places
        .windows(2)
        .map(|two| &bytes[two[0]..two[1]])
        .collect()
}

fn line_end() -> impl Strategy<Value = &'static str> {
    prop_oneof![9 => Just("\r\n"), 1 => Just("\n")]
}

fn status_line() -> impl Strategy<Value = String> {
    let version = prop_oneof![
        8 => Just("HTTP/1.1"),
        3 => Just("HTTP/1.0"),
        1 => select(vec!["HTTP/2.0", "http/1.1", "HTTP/1.", "ICY", ""])
    ];
    let status = prop_oneof![
        8 => select(vec!["200", "201", "204", "206", "301", "304", "400", "404", "500", "503"]),
        1 => select(vec!["099", "100", "101", "199", "999", "20", "2000", "abc", "-200"])
    ];
    let reason = select(vec![
        "",
        " ",
        " OK",
        " Not  Found",
        " \u{e9}t\u{e9}",
        " a\tb",
    ]);
    (version, status, reason)
        .prop_map(|(version, status, reason)| format!("{version} {status}{reason}"))
}

fn field() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => select(vec![
            "Content-Type: application/json",
            "Date: Tue, 15 Nov 1994 08:12:31 GMT",
            "X-Empty:",
            "x-latin: \u{e9}t\u{e9}",
        ]),
        3 => select(vec![
            "Connection: close",
            "connection: Keep-Alive",
            "Connection: keep-alive, Close",
            "Connection: upgrade",
            "Connection: closed",
            "Connection: \u{e9}, close",
        ]),
        3 => select(vec![
            "Content-Length: 0",
            "Content-Length: 5",
            "content-length: 5, 5",
            "Content-Length: 05",
            "Content-Length: 5,",
            "Content-Length: +5",
            "Content-Length: 5 5",
            "Content-Length: -1",
            "Content-Length: 4",
            "Content-Length: 18446744073709551615",
            "Content-Length: 18446744073709551616",
            "Content-Length:",
            "Content-Length: \u{e9}",
        ]),
        3 => select(vec![
            "Transfer-Encoding: chunked",
            "Transfer-Encoding: gzip, Chunked",
            "Transfer-Encoding: chunked, gzip",
            "Transfer-Encoding: identity",
            "Transfer-Encoding:",
            "transfer-encoding: chunked,",
            "Transfer-Encoding: \u{e9}, chunked",
        ]),
        1 => select(vec![
            " folded: yes",
            "\tfolded",
            "Space : before colon",
            "no colon",
            ": no name",
            "bad\u{7f}name: 1",
            "control: \u{1}",
            "X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ]),
    ]
    .prop_map(String::from)
}

fn head() -> impl Strategy<Value = Vec<u8>> {
    let fields = vec((field(), line_end()), 0..5);
    (status_line(), line_end(), fields, line_end()).prop_map(|(status, end, fields, last)| {
        let mut head = format!("{status}{end}");
        for (field, end) in fields {
            head += &field;
            head += end;
        }
        head += last;
        head.into_bytes()
    })
}

fn chunk() -> impl Strategy<Value = Vec<u8>> {
    let extension = prop_oneof![
        6 => Just(""),
        2 => select(vec![";a=b", " ", "\t;q", "; x=\"y\"", ";"]),
        1 => select(vec![" 1", ";\n", "x", ";\r"])
    ];
    let end = prop_oneof![12 => Just("\r\n"), 1 => select(vec!["\n", "", "\r", "x"])];
    (vec(any::<u8>(), 1..20), any::<bool>(), extension, end).prop_map(
        |(data, capital, extension, end)| {
            let size = if capital {
                format!("{:03X}", data.len())
            } else {
                format!("{:x}", data.len())
            };
            let mut bytes = format!("{size}{extension}\r\n").into_bytes();
            bytes.extend(data);
            bytes.extend(end.as_bytes());
            bytes
        },
    )
}

fn chunks() -> impl Strategy<Value = Vec<u8>> {
    let end = select(vec![
        "0\r\n\r\n",
        "0\r\n\r\n",
        "000;last\r\n\r\n",
        "0\r\nExpires: never\r\n\r\n",
        "0\r\nA: 1\r\nB: 2\r\n\r\n",
        "0\r\nA: 1\nB: 2\r\n\r\n",
        "0\r\n\na: b\r\n\r\n",
        "0\r\nbad line\r\n\r\n",
        "0\r\n folded\r\n\r\n",
        "0\r\n\r",
        "0\n\n",
        "fffffffffffffffff\r\n",
        "ffffffffffffffff\r\n",
        "",
    ]);
    (vec(chunk(), 0..4), end).prop_map(|(chunks, end)| {
        let mut bytes = chunks.concat();
        bytes.extend(end.as_bytes());
        bytes
    })
}

/// A head and a body that fit together, on a connection that stays.
fn sound() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    (vec(any::<u8>(), 0..30), any::<bool>()).prop_map(|(body, chunked)| {
        let (framing, body) = if chunked {
            let size = format!("{:x}\r\n", body.len()).into_bytes();
            let chunk = [&size[..], &body, b"\r\n"].concat();
            let chunk = if body.is_empty() { Vec::new() } else { chunk };
            let body = [&chunk[..], b"0\r\n\r\n"].concat();
            ("Transfer-Encoding: chunked".to_owned(), body)
        } else {
            (format!("Content-Length: {}", body.len()), body)
        };
        (
            format!("HTTP/1.1 200 OK\r\n{framing}\r\n\r\n").into_bytes(),
            body,
        )
    })
}

/// A connection's bytes: perhaps interim answers, an answer whose parts may not fit together, and
/// perhaps more than that.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let interim = prop_oneof![
        4 => Just(""),
        1 => select(vec![
            "\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: x\r\n\r\n",
            "HTTP/1.0 100 C\r\nConnection: close\r\n\r\n",
        ])
    ];
    let framed = prop_oneof![
        sound(),
        (
            head(),
            prop_oneof![Just(b"hello".to_vec()), vec(any::<u8>(), 0..12)]
        ),
        (
            Just(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec()),
            chunks()
        ),
        (head(), chunks()),
    ];
    let more = prop_oneof![
        6 => Just(""),
        1 => select(vec!["\r\n", "x", "HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\n\r\n"])
    ];
    (interim, framed, more).prop_map(|(interim, (head, body), more)| {
        [interim.as_bytes(), &head, &body, more.as_bytes()].concat()
    })
}

/// The same with some bytes changed, removed or doubled.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let mutation = (any::<u8>(), any::<usize>(), any::<u8>());
    (stream(), vec(mutation, 1..4)).prop_map(|(mut bytes, mutations)| {
        for (kind, place, byte) in mutations {
            if bytes.is_empty() {
                break;
            }
            let place = place % bytes.len();
            match kind % 4 {
                0 => bytes[place] = byte,
                1 => bytes.insert(place, byte),
                2 => drop(bytes.remove(place)),
                _ => bytes.insert(place, bytes[place]),
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn hyper_reads_the_same(
        bytes in prop_oneof![stream(), mutated()],
        cuts in vec(any::<usize>(), 0..6),
        head_request in prop::bool::weighted(0.2),
        then in select(vec![Then::Close, Then::Stay]),
    ) {
        let pieces = cut(&bytes, &cuts);
        let (ours, hypers) = (ours(head_request, &pieces, then), hypers(head_request, &pieces, then));
        prop_assert!(agree(&ours, &hypers), "{:?}\nours: {ours:?}\nhyper: {hypers:?}",
            pieces.iter().map(|piece| piece.escape_ascii().to_string()).collect::<Vec<_>>());
    }

    #[test]
    fn pieces_do_not_matter(
        bytes in prop_oneof![stream(), mutated()],
        cuts in vec(any::<usize>(), 0..20),
        head_request in any::<bool>(),
        then in select(vec![Then::Close, Then::Stay]),
    ) {
        let whole = ours(head_request, &[&bytes], then);
        let pieces = ours(head_request, &cut(&bytes, &cuts), then);
        prop_assert_eq!(&whole, &pieces);
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(&whole, &ours(head_request, &single, then));
    }
}

const LIMITS: Limits = Limits {
    max_head: 60,
    max_body: 10,
};

fn closed(bytes: &[u8]) -> Verdict {
    read(LIMITS, false, &[bytes], Then::Close)
}

fn answer(status: u16, body: &[u8]) -> Verdict {
    Verdict::Answer {
        status,
        body: body.to_vec(),
        reusable: false,
    }
}

#[test]
fn an_answer_of_every_framing_is_read() {
    let cases: [&[u8]; 4] = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x\r\nllo\r\n0\r\nA: b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nhello",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    ];
    for bytes in cases {
        assert_eq!(
            closed(bytes),
            answer(200, b"hello"),
            "{}",
            bytes.escape_ascii()
        );
    }
}

#[test]
fn statuses_without_a_body_end_with_their_head() {
    for status in [204, 304] {
        let bytes = format!("HTTP/1.1 {status} X\r\nContent-Length: 5\r\n\r\n");
        assert_eq!(closed(bytes.as_bytes()), answer(status, b""));
    }
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    assert_eq!(read(LIMITS, true, &[head], Then::Close), answer(200, b""));
}

#[test]
fn bounds_hold_to_the_byte() {
    let head = |padding: usize| {
        let padding = "x".repeat(padding);
        format!("HTTP/1.1 200 OK\r\nA: {padding}\r\nContent-Length: 0\r\n\r\n").into_bytes()
    };
    let spare = LIMITS.max_head - head(0).len();
    assert_eq!(closed(&head(spare)), answer(200, b""));
    let refused = Verdict::Refused(Some(Violation::HeadTooLong(60)));
    assert_eq!(closed(&head(spare + 1)), refused);
    assert_eq!(closed(&head(1000)[..900]), refused);

    let refused = Verdict::Refused(Some(Violation::BodyTooLong(10)));
    assert_eq!(
        closed(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n"),
        refused
    );
    assert_eq!(closed(b"HTTP/1.1 200 OK\r\n\r\n0123456789a"), refused);
    assert_eq!(
        closed(b"HTTP/1.1 200 OK\r\n\r\n0123456789"),
        answer(200, b"0123456789")
    );
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    let many = [&chunked[..], b"5\r\n01234\r\n5\r\n56789\r\n1\r\n"].concat();
    assert_eq!(closed(&many), refused);
    let full = [&chunked[..], b"a\r\n0123456789\r\n0\r\n\r\n"].concat();
    assert_eq!(closed(&full), answer(200, b"0123456789"));
}

#[test]
fn chunk_extensions_and_trailers_have_hypers_bounds() {
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for length in [16_360, 16_382, 16_383, 16_384] {
        let padding = "x".repeat(length);
        for tail in [
            format!("0;{padding}\r\n\r\n"),
            format!("0\r\nA: {padding}\r\n\r\n"),
        ] {
            let bytes = [&chunked[..], tail.as_bytes()].concat();
            let (ours, hypers) = (
                ours(false, &[&bytes], Then::Close),
                hypers(false, &[&bytes], Then::Close),
            );
            assert!(agree(&ours, &hypers), "{length}: {ours:?} {hypers:?}");
        }
    }
    for fields in [99, 100, 101] {
        let bytes = [
            &chunked[..],
            b"0\r\n",
            "A: b\r\n".repeat(fields).as_bytes(),
            b"\r\n",
        ]
        .concat();
        assert_eq!(
            ours(false, &[&bytes], Then::Close) == answer(200, b""),
            fields <= 100
        );
        assert!(agree(
            &ours(false, &[&bytes], Then::Close),
            &hypers(false, &[&bytes], Then::Close)
        ));
    }
}
