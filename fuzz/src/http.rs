//! Feeds the answer decoder whatever bytes the fuzzer thinks of. It must never panic, must give the
//! same verdict whatever pieces the bytes come in, keep to its bounds, and agree with hyper.

// From its source, because nothing outside of the driver has a use for it.
#[path = "../../crates/driver/src/http/codec/mod.rs"]
#[allow(dead_code, reason = "the driver uses more of it than its verdicts")]
mod codec;
#[path = "../../crates/driver/src/http/codec/oracle.rs"]
#[allow(clippy::duplicate_mod, reason = "the decoder's own tests have it too")]
mod oracle;

// Some of these for the oracle, whose parent this file is here.
use codec::{AtEnd, Decoder, Limits, Memo, Violation};
use oracle::{Then, Verdict, agree, hypers, ours, read};

/// Bounds that small inputs reach.
const TIGHT: Limits = Limits {
    max_head: 64,
    max_body: 16,
};

// The last four bytes choose the circumstances, so that the rest of an input is plain HTTP.
pub fn check(input: &[u8]) {
    let Some((bytes, [first, second, third, flags])) = input.split_last_chunk() else {
        return;
    };
    let head_request = flags & 1 != 0;
    let then = if flags & 2 != 0 {
        Then::Stay
    } else {
        Then::Close
    };

    let mut cuts = [first, second, third].map(|cut| bytes.len() * usize::from(*cut) / 255);
    cuts.sort_unstable();
    let [first, second, third] = cuts;
    let pieces = [
        &bytes[..first],
        &bytes[first..second],
        &bytes[second..third],
        &bytes[third..],
    ];
    let single: Vec<&[u8]> = bytes.chunks(1).collect();

    let verdict = ours(head_request, &pieces, then);
    assert_eq!(verdict, ours(head_request, &[bytes], then), "in one piece");
    assert_eq!(verdict, ours(head_request, &single, then), "byte by byte");

    let bounded = read(TIGHT, head_request, &pieces, then);
    match (&bounded, read(TIGHT, head_request, &single, then)) {
        // A head can be wrong in two ways, and in pieces the other one shows first.
        (Verdict::Refused(_), Verdict::Refused(_)) => {}
        (bounded, single) => {
            assert_eq!(bounded, &single, "bounded, byte by byte");
            assert_eq!(bounded, &verdict, "bounded");
        }
    }
    if let Verdict::Answer { body, .. } = &bounded {
        assert!(body.len() as u64 <= TIGHT.max_body);
    }

    let theirs = hypers(head_request, &pieces, then);
    assert!(
        agree(&verdict, &theirs),
        "ours: {verdict:?}\nhyper: {theirs:?}"
    );
}
