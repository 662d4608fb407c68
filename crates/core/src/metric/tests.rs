use super::*;
use std::collections::BTreeSet;

fn distinct<'a>(names: impl IntoIterator<Item = &'a str>) {
    let names: Vec<&str> = names.into_iter().collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    assert!(names.iter().all(|name| !name.is_empty()));
}

#[test]
fn each_has_a_place_and_names_of_its_own() {
    for (index, counter) in Counter::ALL.into_iter().enumerate() {
        assert_eq!(counter.index(), index);
        assert_eq!(Counter::named(counter.name()), Some(counter));
    }
    for (index, timer) in Timer::ALL.into_iter().enumerate() {
        assert_eq!(timer.index(), index);
        assert_eq!(Timer::named(timer.name()), Some(timer));
    }
    let (counters, timers) = (Counter::ALL.map(Counter::info), Timer::ALL.map(Timer::info));
    distinct(counters.iter().map(|info| info.name));
    distinct(timers.iter().map(|info| info.name));
    // A result has them in one object.
    let keys = timers.iter().filter_map(|info| info.key);
    distinct(keys.chain(counters.iter().map(|info| info.name)));
    let exported = timers.iter().filter_map(|info| info.exported);
    let exported = exported.chain(counters.iter().filter_map(|info| info.exported));
    distinct(exported.map(|(name, _)| name));
}

#[test]
fn maps_add_key_by_key() {
    let mut sum = Counters::<u64>::default();
    sum[Counter::Retries] = 5;
    sum += Counters::of(|counter| counter.index() as u64);
    assert_eq!(sum[Counter::Retries], 5 + Counter::Retries as u64);
    assert_eq!(sum[Counter::Offered], 0);
    sum -= Counters::of(|counter| counter.index() as u64);
    let left: Vec<_> = sum.iter().filter(|(_, count)| **count > 0).collect();
    assert_eq!(left, [(Counter::Retries, &5)]);
}
