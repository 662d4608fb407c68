use super::*;
use crate::testing::any_snapshot;
use loadgen_core::metric::Counter;
use proptest::prelude::*;

const SIZE: Size = Size::new(2, 1, 1);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_written_reads_back_the_same(
        mut snapshot in any_snapshot(SIZE),
        late in proptest::option::of(any_snapshot(SIZE)),
        warmup in any::<bool>(),
    ) {
        snapshot.warmup = warmup;
        snapshot.late = late.map(Box::new);
        let text = serde_json::to_string(&snapshot).unwrap();
        let read: Snapshot = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(read.check(SIZE), Ok(()));
        prop_assert_eq!(&read, &snapshot);
        // Written again it is as small as before.
        prop_assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }

    #[test]
    fn damage_is_refused_or_read(
        snapshot in any_snapshot(SIZE),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut text = serde_json::to_vec(&snapshot).unwrap();
        let at = at.index(text.len());
        text[at] = byte;
        for damaged in [&text[..], &text[..at]] {
            let Ok(read) = serde_json::from_slice::<Snapshot>(damaged) else {
                continue;
            };
            if read.check(SIZE).is_ok() {
                let mut totals = RunTotals::new(SIZE);
                totals.add(&read);
                totals.add(&read);
            }
        }
    }
}

#[test]
fn nothing_takes_no_room() {
    let text = serde_json::to_string(&Snapshot::new(7, Size::new(1, 1, 0))).unwrap();
    assert_eq!(text, r#"{"second":7,"steps":[{}],"tasks":[{}]}"#);
}

#[test]
fn what_cannot_be_is_refused_in_words() {
    let mut many = Snapshot::new(0, SIZE);
    many.steps[0][Counter::Offered] = u64::MAX;
    let mut late = Snapshot::new(0, SIZE);
    late.late().late();
    let refused = [Snapshot::new(0, Size::new(1, 1, 1)), many, late];
    let refused = refused.map(|it| it.check(SIZE).unwrap_err());
    let unknown = r#"{"second":0,"steps":[{"counts":{"novelty":1}}]}"#;
    let unknown = serde_json::from_str::<Snapshot>(unknown).unwrap_err();
    insta::assert_snapshot!(format!("{}\n{unknown}", refused.join("\n")), @r"
    an interval has other steps or tasks than the run
    an interval counts more than a second holds
    an interval is late twice
    `novelty` is no counter at line 1 column 44
    ");
}
