//! Groups of steps: how often they are done, and what is taken down of them.

use super::*;
use loadgen_core::metric::Timer;
use loadgen_data::Value;
use loadgen_plan::Group;

/// A plan of one user with one task; `groups` by their order, of which those that have a name are
/// given to the steps that they are around.
fn grouped(steps: usize, groups: Vec<Group>, program: Vec<Op>, runs: u64) -> Plan {
    let load = Closed {
        users: Curve::constant(1.0),
        duration: None,
        think: Think::None,
        pacing: None,
        iterations: loadgen_plan::Iterations::PerUser(runs),
        ramp_down: None,
    };
    let mut plan = plan(Load::Closed(load), &[steps]);
    let mut around = Vec::new();
    for op in &program {
        match *op {
            Op::Enter(group) => around.extend(groups[group].index),
            Op::Leave(group) if groups[group].index.is_some() => drop(around.pop()),
            Op::Leave(_) => {}
            Op::Step(step) => plan.steps[step].groups = around.clone(),
        }
    }
    plan.groups = (0..groups.iter().filter(|group| group.index.is_some()).count())
        .map(|index| Label {
            id: format!("p/t0/g{index}"),
            name: format!("g{index}"),
            ..plan.tasks[0].clone()
        })
        .collect();
    plan.populations[0].tasks[0].groups = groups;
    plan.populations[0].tasks[0].program = program;
    plan
}

fn group(index: Option<usize>, repeat: (u64, u64), enter: usize) -> Group {
    Group {
        index,
        repeat,
        enter,
        transaction: None,
    }
}

/// Step 0, then three times step 1 and twice step 2, then step 3.
fn nested() -> Plan {
    let groups = vec![group(Some(0), (3, 3), 1), group(Some(1), (2, 2), 3)];
    let program = vec![
        Op::Step(0),
        Op::Enter(0),
        Op::Step(1),
        Op::Enter(1),
        Op::Step(2),
        Op::Leave(1),
        Op::Leave(0),
        Op::Step(3),
    ];
    grouped(4, groups, program, 2)
}

fn order(ran: &Ran) -> Vec<usize> {
    ran.seen.iter().map(|seen| seen.step).collect()
}

impl Ran {
    fn group(&self, index: usize) -> Measures {
        self.sum(|snapshot| &snapshot.groups[index])
    }
}

#[test]
fn groups_are_repeated_and_each_repetition_is_counted() {
    let ran = drive(nested(), ALONE, None, steady(10 * MS));
    let once = [0, 1, 2, 2, 1, 2, 2, 1, 2, 2, 3];
    assert_eq!(order(&ran), [once, once].concat());
    let (outer, inner, task) = (ran.group(0), ran.group(1), ran.task(0));
    assert_eq!(
        (outer[Counter::Offered], outer.count(), outer.errors()),
        (6, 6, 0)
    );
    assert_eq!((inner[Counter::Offered], inner.count()), (12, 12));
    let ms = |measures: &Measures| measures[Timer::Ok].max().unwrap() / MS;
    // From the start of the first step to the end of the last.
    assert_eq!((ms(&outer), ms(&inner), ms(&task)), (30, 10, 110));
}

#[test]
fn a_pause_before_the_first_step_is_none_of_the_groups() {
    let mut plan = grouped(
        2,
        vec![group(Some(0), (2, 2), 0)],
        vec![Op::Enter(0), Op::Step(0), Op::Step(1), Op::Leave(0)],
        1,
    );
    for step in &mut plan.populations[0].tasks[0].steps {
        step.think = Think::Constant(Duration::from_secs(1));
    }
    let ran = drive(plan, ALONE, None, steady(10 * MS));
    let group = ran.group(0);
    let times = &group[Timer::Ok];
    // Two steps and the pause between them.
    assert_eq!((times.len(), times.max().unwrap() / MS), (2, 1020));
    assert_eq!(ran.task(0)[Timer::Ok].max().unwrap() / (10 * MS), 404);
}

#[test]
fn how_often_is_drawn_from_the_seeded_stream() {
    let plan = || {
        let program = vec![Op::Enter(0), Op::Step(0), Op::Leave(0), Op::Step(1)];
        grouped(2, vec![group(None, (2, 5), 0)], program, 400)
    };
    let ran = drive(plan(), ALONE, None, steady(MS));
    let times: Vec<usize> = order(&ran)
        .split(|step| *step == 1)
        .map(<[usize]>::len)
        .collect();
    let (last, times) = times.split_last().unwrap();
    assert_eq!((*last, times.len()), (0, 400));
    for count in 2..=5 {
        let share = times.iter().filter(|times| **times == count).count();
        assert!((60..140).contains(&share), "{count}: {share} of 400");
    }
    assert!(times.iter().all(|times| (2..=5).contains(times)));
    let again = drive(plan(), ALONE, None, steady(MS));
    assert_eq!(order(&again), order(&ran));
}

#[test]
fn a_failed_step_ends_the_run_and_fails_the_groups_that_it_is_in() {
    // The first step 2 of the second repetition fails.
    let ran = drive(nested(), ALONE, None, |clock| FakeDriver {
        failure: Box::new(|number| {
            (number == 5).then(|| Failure::text(ErrorClass::Status5xx, "status 500"))
        }),
        ..FakeDriver::steady(clock, 10 * MS)
    });
    assert_eq!(order(&ran)[..7], [0, 1, 2, 2, 1, 2, 0]);
    let (outer, inner) = (ran.group(0), ran.group(1));
    assert_eq!(
        (outer[Counter::Offered], outer.count(), outer.errors()),
        (5, 5, 1)
    );
    assert_eq!(
        (inner[Counter::Offered], inner.count(), inner.errors()),
        (9, 9, 1)
    );
    assert_eq!(outer.by_class[ErrorClass::Status5xx], 1);
    assert_eq!(outer[Timer::Failed].max().unwrap() / MS, 20);
    assert_eq!((ran.task(0).count(), ran.task(0).errors()), (2, 1));
}

#[test]
fn groups_under_way_at_the_end_are_interrupted() {
    let mut plan = nested();
    plan.populations[0].graceful_stop = Duration::ZERO;
    // In the third step: outer since 10 ms, inner since 20 ms.
    let ran = drive(
        plan,
        ALONE,
        Some(Duration::from_millis(25)),
        steady(10 * MS),
    );
    let (outer, inner) = (ran.group(0), ran.group(1));
    assert_eq!(
        (outer[Counter::Offered], outer[Counter::Interrupted]),
        (1, 1)
    );
    assert_eq!(
        (inner[Counter::Offered], inner[Counter::Interrupted]),
        (1, 1)
    );
    let ms = |measures: &Measures| measures[Timer::Cut].max().unwrap() / MS;
    assert_eq!((ms(&outer), ms(&inner)), (15, 5));
}

#[test]
fn what_is_drawn_per_step_is_drawn_anew_for_each_repetition_and_none_twice() {
    let with_sequence = |load: Load| {
        let mut plan = nested();
        let population = &mut plan.populations[0];
        population.load = load;
        population.variables = vec![Variable {
            name: "id".into(),
            scope: Scope::Step,
            source: 0,
            generator: Generator::sequence(1, 1, None).unwrap(),
        }];
        population.tasks[0].steps[2].draws = vec![0];
        plan
    };
    let ran = drive(
        with_sequence(Load::Open(open(10.0, 2, 5, 5))),
        ALONE,
        None,
        steady(MS),
    );
    let drawn = ran.seen.iter().filter(|seen| seen.step == 2);
    let mut drawn: Vec<String> = drawn.map(|seen| format!("{:?}", seen.values[0])).collect();
    assert_eq!(drawn.len(), 20 * 6);
    drawn.sort_unstable();
    drawn.dedup();
    assert_eq!(drawn.len(), 20 * 6, "none twice");
}

/// A failure that makes a transaction begin anew.
fn deadlock() -> Option<Failure> {
    Some(Failure::text(ErrorClass::Deadlock, "chosen to end"))
}

/// Step 0, then twice a transaction of the steps 1 and 2 that may be tried so often.
fn transaction(max_tries: u32) -> Plan {
    let mut it = group(Some(0), (2, 2), 1);
    it.transaction = Some(loadgen_plan::Transaction {
        database: 0,
        isolation: None,
        immediate: false,
        max_tries: std::num::NonZeroU32::new(max_tries).unwrap(),
    });
    let program = vec![
        Op::Step(0),
        Op::Enter(0),
        Op::Step(1),
        Op::Step(2),
        Op::Leave(0),
    ];
    let mut plan = grouped(3, vec![it], program, 1);
    let variable = |source, generator| Variable {
        name: format!("v{source}"),
        scope: Scope::Step,
        source,
        generator,
    };
    plan.populations[0].variables = vec![
        variable(0, Generator::uniform_int(0, 1_000_000).unwrap()),
        variable(1, Generator::sequence(0, 1, None).unwrap()),
    ];
    for step in &mut plan.populations[0].tasks[0].steps {
        step.draws = vec![0, 1];
    }
    plan
}

#[test]
fn a_transaction_is_tried_again_as_a_whole_with_the_same_values() {
    // The second step of the first transaction fails twice, that of the second one once.
    let ran = drive(transaction(3), ALONE, None, |clock| FakeDriver {
        failure: Box::new(|number| [2, 4, 8].contains(&number).then(deadlock).flatten()),
        ..FakeDriver::steady(clock, 10 * MS)
    });
    assert_eq!(order(&ran), [0, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2]);
    let values: Vec<_> = ran.seen.iter().map(|seen| seen.values.clone()).collect();
    assert_eq!((&values[1], &values[2]), (&values[3], &values[4]));
    assert_eq!((&values[1], &values[2]), (&values[5], &values[6]));
    assert_eq!((&values[7], &values[8]), (&values[9], &values[10]));
    assert_ne!(values[5], values[7]);
    // Numbers are taken once, however often a transaction is tried.
    let numbers = [0, 1, 2, 1, 2, 1, 2, 3, 4, 3, 4].map(Value::Int);
    assert!(values.iter().map(|values| &values[1]).eq(&numbers));
    let (first, second, whole) = (ran.step(1), ran.step(2), ran.group(0));
    assert_eq!(
        (
            first[Counter::Offered],
            first.count(),
            first[Counter::Retries]
        ),
        (5, 5, 0)
    );
    assert_eq!(
        (
            second[Counter::Offered],
            second.count(),
            second[Counter::Retries]
        ),
        (2, 2, 3)
    );
    assert_eq!(
        (whole[Counter::Offered], whole.count(), whole.errors()),
        (2, 2, 0)
    );
    // From the first begin.
    let ms = |time: Option<u64>| (time.unwrap() + MS / 2) / MS;
    assert_eq!(
        (ms(whole[Timer::Ok].min()), ms(whole[Timer::Ok].max())),
        (40, 60)
    );
    assert_eq!(ran.task(0).errors(), 0);
}

#[test]
fn a_transaction_that_was_tried_often_enough_fails_the_run() {
    let ran = drive(transaction(2), ALONE, None, |clock| FakeDriver {
        failure: Box::new(|number| (number > 0).then(deadlock).flatten()),
        ..FakeDriver::steady(clock, 10 * MS)
    });
    assert_eq!(order(&ran), [0, 1, 1]);
    let (step, whole) = (ran.step(1), ran.group(0));
    assert_eq!(
        (step[Counter::Offered], step.count(), step[Counter::Retries]),
        (1, 1, 1)
    );
    assert_eq!((whole.count(), whole.errors()), (1, 1));
    assert_eq!(ran.task(0).by_class[ErrorClass::Deadlock], 1);
}
