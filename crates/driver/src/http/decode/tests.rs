//! Bodies in every encoding, whole and broken.

use super::*;
use flate2::{Compression, write};
use std::io::Write;

const TEXT: &str = "one and one and one and two";

fn packed(encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Gzip => {
            let mut encoder = write::GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(TEXT.as_bytes()).unwrap();
            encoder.finish().unwrap()
        }
        Encoding::Deflate => {
            let mut encoder = write::ZlibEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(TEXT.as_bytes()).unwrap();
            encoder.finish().unwrap()
        }
        // `TEXT`, as `brotli -q 11` packs it.
        Encoding::Brotli => BROTLI.into(),
        Encoding::Zstd => zstd::bulk::compress(TEXT.as_bytes(), 3).unwrap(),
    }
}

const BROTLI: &[u8] = &[
    27, 26, 0, 248, 165, 222, 238, 186, 16, 67, 36, 9, 70, 58, 112, 143, 70, 20, 29, 15, 190, 0,
];

fn unpacked(encoding: Encoding, pieces: &[&[u8]], limit: u64) -> Result<Vec<u8>, Failure> {
    all_unpacked(encoding.name(), pieces, limit)
}

/// The same of several encodings.
fn all_unpacked(names: &str, pieces: &[&[u8]], limit: u64) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::new();
    let values = names.split('+').map(str::as_bytes);
    let mut body = Decoding::of(values, &Encoding::ALL, limit).unwrap();
    for piece in pieces {
        body.feed(piece, |bytes| out.extend_from_slice(bytes));
    }
    body.finish()?;
    Ok(out)
}

#[test]
fn every_encoding_in_pieces_of_any_size() {
    for encoding in Encoding::ALL {
        let packed = packed(encoding);
        for size in 1..=packed.len() {
            let pieces: Vec<&[u8]> = packed.chunks(size).collect();
            let out = unpacked(encoding, &pieces, 27).unwrap();
            assert_eq!(out, TEXT.as_bytes(), "{encoding:?} by {size}");
        }
        assert_eq!(unpacked(encoding, &[], 0).unwrap(), b"");
    }
}

#[test]
fn what_is_called_deflate_may_be_without_a_frame() {
    let mut encoder = write::DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(TEXT.as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    let out = unpacked(Encoding::Deflate, &[&packed], 100).unwrap();
    assert_eq!(out, TEXT.as_bytes());
}

#[test]
fn a_body_that_unpacks_to_too_much_is_refused() {
    for encoding in Encoding::ALL {
        let failure = unpacked(encoding, &[&packed(encoding)], 26).unwrap_err();
        assert_eq!(failure.class, ErrorClass::Protocol);
        let words = failure.detail.to_string();
        assert!(words.contains("26"), "{encoding:?}: {words}");
    }
}

#[test]
fn a_body_that_is_cut_off_or_is_none_is_refused() {
    for encoding in Encoding::ALL {
        let packed = packed(encoding);
        let cut = &packed[..packed.len() / 2];
        for body in [cut, b"\xff\xffthis is plain text"] {
            let failure = unpacked(encoding, &[body], 100);
            let failure = failure.expect_err(encoding.name());
            assert_eq!(failure.class, ErrorClass::Protocol, "{encoding:?}");
            let words = failure.detail.to_string();
            let start = format!("the body is not {}", encoding.name());
            assert!(words.starts_with(&start), "{words}");
        }
    }
}

#[test]
fn encodings_are_undone_in_the_reverse_of_their_order() {
    let inner = packed(Encoding::Deflate);
    let mut encoder = write::GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&inner).unwrap();
    let both = encoder.finish().unwrap();
    for names in [
        "deflate, gzip",
        "deflate+gzip",
        "identity, Deflate,, X-GZIP",
    ] {
        for size in [1, 7, both.len()] {
            let pieces: Vec<&[u8]> = both.chunks(size).collect();
            let out = all_unpacked(names, &pieces, 27).unwrap();
            assert_eq!(out, TEXT.as_bytes(), "{names} by {size}");
        }
    }
    let many = all_unpacked(&["gzip"; 5].join(","), &[&both], 27);
    let words = many.unwrap_err().detail.to_string();
    assert_eq!(words, "the body has more than 4 encodings");
}

#[test]
fn members_of_gzip_follow_each_other_and_may_be_padded() {
    let one = packed(Encoding::Gzip);
    let two = [&one[..], &one, &[0; 5]].concat();
    for size in 1..=two.len() {
        let pieces: Vec<&[u8]> = two.chunks(size).collect();
        let out = unpacked(Encoding::Gzip, &pieces, 54).unwrap();
        assert_eq!(out, TEXT.repeat(2).as_bytes(), "by {size}");
    }
    let noise = [&one[..], b"noise"].concat();
    assert!(unpacked(Encoding::Gzip, &[&noise], 100).is_err());
    let cut = [&one[..], &one[..9]].concat();
    assert!(unpacked(Encoding::Gzip, &[&cut], 100).is_err());
}

#[test]
fn what_was_not_asked_for_is_left_alone() {
    let of = |name: &'static str, asked: &[Encoding]| {
        Decoding::of([name.as_bytes()].into_iter(), asked, 100).is_some()
    };
    assert!(of("gzip", &[Encoding::Gzip]));
    assert!(!of("gzip", &[Encoding::Zstd]));
    assert!(!of("identity", &Encoding::ALL));
    assert!(!of("gzip, secret", &Encoding::ALL));
}

#[test]
fn what_unpacks_to_much_takes_little_memory_on_the_way() {
    let mut encoder = write::GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&vec![0; 10 << 20]).unwrap();
    let bomb = encoder.finish().unwrap();
    let mut largest = 0;
    let mut body = Decoding::of([&b"gzip"[..]].into_iter(), &Encoding::ALL, 20 << 20).unwrap();
    body.feed(&bomb, |bytes| largest = largest.max(bytes.len()));
    body.finish().unwrap();
    assert_eq!(largest, BUFFER);
}
