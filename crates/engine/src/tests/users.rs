//! Users who come and go with the curve.

use super::*;

#[test]
fn users_spawn_at_their_rate_and_pause_between_runs() {
    // 4 users, 2 a second; runs of 100 ms with 400 ms between them, for 5 s.
    let curve = Curve::default()
        .then(Duration::from_secs(2), 4.0)
        .then_hold();
    let think = Think::Constant(Duration::from_millis(400));
    let ran = drive(
        plan(closed(curve, 5, think), &[1]),
        ALONE,
        None,
        steady(100 * MS),
    );
    let mut starts: BTreeMap<u64, Vec<Nanos>> = BTreeMap::new();
    for seen in &ran.seen {
        starts.entry(seen.session).or_default().push(seen.at / MS);
    }
    assert_eq!(starts.len(), 4);
    for (user, starts) in starts {
        let exact: Vec<Nanos> = (0..)
            .map(|k| 500 * user + 500 * k)
            .take_while(|at| *at < 5000)
            .collect();
        assert_eq!(starts, exact, "user {user}");
    }
    let users: Vec<u64> = ran
        .snapshots
        .iter()
        .map(|snapshot| snapshot.users)
        .collect();
    assert_eq!(users[..5], [2, 4, 4, 4, 4]);
    // Nobody is in a run at 5 s, and nobody waits for the end of a pause.
    assert_eq!(ran.end.at, 5 * SECOND);
}

#[test]
fn a_ramp_that_is_longer_than_the_load_does_not_prolong_it() {
    // The second user is due at 30 s and both once more after 120 s, but the load ends at 10 s.
    let minute = Duration::from_secs(60);
    let curve = Curve::default()
        .then(minute, 2.0)
        .then(Duration::ZERO, 0.0)
        .then(minute, 0.0)
        .then(minute, 2.0)
        .then_hold();
    let load = closed(curve, 10, Think::Constant(Duration::from_secs(1)));
    let ran = drive(plan(load, &[1]), ALONE, None, steady(10 * MS));
    assert_eq!(
        (ran.task(0)[Counter::Offered], ran.end.at / MS),
        (10, 10_000)
    );
}

#[test]
fn users_leave_in_reverse_order_on_the_way_down_and_come_back() {
    let curve = Curve::default()
        .then(Duration::ZERO, 4.0)
        .then(Duration::from_millis(1500), 4.0)
        .then(Duration::from_secs(4), 0.0)
        .then(Duration::ZERO, 2.0)
        .then(Duration::from_secs(2), 2.0);
    let think = Think::Constant(Duration::from_millis(90));
    let ran = drive(
        plan(closed(curve, 7, think), &[1]),
        ALONE,
        None,
        steady(10 * MS),
    );
    let users: Vec<u64> = ran
        .snapshots
        .iter()
        .map(|snapshot| snapshot.users)
        .collect();
    // At the end of each second; user u leaves when the line falls to u, at 1.5 + (4 - u) s.
    assert_eq!(users[..6], [4, 4, 3, 2, 1, 2]);
    let last_of_3 = ran.seen.iter().rfind(|seen| seen.session == 3).unwrap().at;
    assert_eq!(last_of_3 / MS, 2400);
    assert!(
        ran.seen
            .iter()
            .any(|seen| seen.session == 1 && seen.at > 6 * SECOND)
    );
}
