//! Rows and numbers of sequences are given once, and go to what they belong to: neither the number
//! of workers nor who is free first makes a difference.

use super::{
    bounds::{one_step_plan, uneven},
    *,
};
use crate::numbering::{Numbering, Numbers};
use loadgen_data::{Value, generator::Order};
use loadgen_plan::Iterations;
use proptest::prelude::*;

/// A variable that draws numbers from 0 on.
fn sequence(source: usize, scope: Scope) -> Variable {
    Variable {
        name: format!("s{source}"),
        scope,
        source,
        generator: Generator::sequence(0, 1, None).unwrap(),
    }
}

fn rows(source: usize, count: i64, order: Order) -> Variable {
    let rows: Vec<Value> = (0..count).map(Value::Int).collect();
    Variable {
        generator: Generator::rows(rows.into(), order).unwrap(),
        ..sequence(source, Scope::Task)
    }
}

/// A task of one step for each list of variables, which it draws.
fn drawing(load: Load, variables: Vec<Variable>, draws: &[&[usize]]) -> Plan {
    let mut plan = plan(load, &vec![1; draws.len()]);
    plan.populations[0].variables = variables;
    for (task, draws) in plan.populations[0].tasks.iter_mut().zip(draws) {
        task.draws = draws.to_vec();
    }
    plan
}

/// The task of each run, with the numbers that it drew, in order.
fn drawn(ran: &Ran, draws: &[&[usize]]) -> Vec<(usize, Vec<i64>)> {
    let numbers = |seen: &Seen| {
        let own = draws[seen.step].iter();
        let number = |variable: &usize| match &seen.values[*variable] {
            Value::Int(number) => *number,
            other => panic!("{other:?} is no number"),
        };
        (seen.step, own.map(number).collect())
    };
    ran.seen.iter().map(numbers).collect()
}

/// Sources that every task, one, two and three of four tasks draw; the last task draws five.
const DRAWS: [&[usize]; 4] = [&[0, 1, 5], &[0, 1, 2], &[0, 5], &[0, 2, 3, 4, 5]];

fn six() -> Vec<Variable> {
    (0..6).map(|source| sequence(source, Scope::Task)).collect()
}

/// Holds each run's numbers against a count of the runs before it. The first is that of the run.
fn check_counted(runs: &BTreeMap<i64, (usize, Vec<i64>)>) {
    let mut given = [0; 6];
    for (task, numbers) in runs.values() {
        for (variable, number) in DRAWS[*task].iter().zip(numbers) {
            assert_eq!(given[*variable], *number);
            given[*variable] += 1;
        }
    }
}

fn by_index(runs: Vec<(usize, Vec<i64>)>) -> BTreeMap<i64, (usize, Vec<i64>)> {
    let count = runs.len();
    let by_index: BTreeMap<_, _> = runs.into_iter().map(|run| (run.1[0], run)).collect();
    assert_eq!(by_index.len(), count, "a number was given twice");
    by_index
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn arrivals_draw_by_their_places_in_the_schedule(
        workers in 1usize..17, max_in_flight in 1u64..24, max_queue in 0u64..20, longest in 1u64..400, seed: u64,
    ) {
        let run = |load, workers, longest| {
            let mut plan = drawing(Load::Open(load), six(), &DRAWS);
            plan.seed = seed;
            drive(plan, workers, None, uneven(longest))
        };
        let all = run(open(100.0, 2, 400, 400), 1, 1);
        let all = by_index(drawn(&all, &DRAWS));
        prop_assert_eq!(all.len(), 200);
        check_counted(&all);
        // With too few slots some are dropped, and take what is theirs with them.
        let ran = run(open(100.0, 2, max_in_flight, max_queue), workers, longest);
        let some = by_index(drawn(&ran, &DRAWS));
        prop_assert!(some.iter().all(|(index, own)| all[index] == *own));
        let dropped: u64 = (0..4).map(|task| ran.task(task)[Counter::Dropped]).sum();
        prop_assert_eq!(some.len() as u64 + dropped, 200);
    }

    #[test]
    fn shared_iterations_are_the_same_whoever_does_them(
        workers in 1usize..17, users in 1u32..20, runs in 1u64..150, longest in 1u64..50, seed: u64,
    ) {
        let run = |workers, users: u32, longest| {
            let load = Closed {
                users: Curve::constant(f64::from(users)),
                duration: None,
                think: Think::Uniform(Duration::ZERO, Duration::from_millis(5)),
                pacing: None,
                iterations: Iterations::Shared(runs),
                ramp_down: None,
            };
            let mut plan = drawing(Load::Closed(load), six(), &DRAWS);
            plan.seed = seed;
            by_index(drawn(&drive(plan, workers, None, uneven(longest)), &DRAWS))
        };
        let alone = run(1, 1, 1);
        prop_assert_eq!(alone.len() as u64, runs);
        check_counted(&alone);
        prop_assert_eq!(alone, run(workers, users, longest));
    }

    #[test]
    fn users_take_every_unique_row_before_there_is_none(
        workers in 1usize..17, users in 1u32..12, count in 1i64..60, longest in 1u64..50,
    ) {
        let load = closed(Curve::constant(f64::from(users)), 1000, Think::Constant(Duration::from_millis(20)));
        let draws: [&[usize]; 2] = [&[0], &[]];
        let plan = drawing(load, vec![rows(0, count, Order::Unique)], &draws);
        let ran = drive(plan, workers, None, uneven(longest));
        let paid = drawn(&ran, &draws).into_iter().filter(|(task, _)| *task == 0);
        let mut taken: Vec<i64> = paid.map(|(_, numbers)| numbers[0]).collect();
        taken.sort_unstable();
        prop_assert!(taken.into_iter().eq(0..count));
        // Each user finds out for itself.
        prop_assert_eq!(ran.task(0)[Counter::Exhausted], u64::from(users));
        prop_assert_eq!((ran.task(0).errors(), ran.task(0).count()), (0, count as u64));
    }

    #[test]
    fn iterations_of_users_draw_the_same_numbers_in_all(
        workers in 1usize..17, users in 1u32..12, runs in 1u64..20, longest in 1u64..50,
    ) {
        let load = Closed {
            users: Curve::constant(f64::from(users)),
            duration: None,
            think: Think::None,
            pacing: None,
            iterations: Iterations::PerUser(runs),
            ramp_down: None,
        };
        let plan = drawing(Load::Closed(load), six(), &DRAWS);
        let ran = drive(plan, workers, None, uneven(longest));
        let all = by_index(drawn(&ran, &DRAWS));
        for variable in 0..6 {
            let own = all.values().flat_map(|(task, numbers)| DRAWS[*task].iter().zip(numbers));
            let mut own: Vec<i64> = own.filter(|(it, _)| **it == variable).map(|(_, n)| *n).collect();
            own.sort_unstable();
            prop_assert!(own.iter().copied().eq(0..own.len() as i64), "none is left out");
        }
        prop_assert_eq!(all.len() as u64, u64::from(users) * runs);
    }

    #[test]
    fn populations_share_numbers_and_give_none_twice(workers in 1usize..17, users in 1u32..12, longest in 1u64..50) {
        for scope in [Scope::Task, Scope::Step] {
            let think = Think::Constant(Duration::from_millis(30));
            let mut plan = one_step_plan(closed(Curve::constant(f64::from(users)), 2, think));
            for population in &mut plan.populations {
                population.variables = vec![sequence(0, scope)];
                let task = &mut population.tasks[0];
                match scope {
                    Scope::Task => task.draws = vec![0],
                    _ => task.steps[0].draws = vec![0],
                }
            }
            let ran = drive(plan, workers, None, uneven(longest));
            let draws: [&[usize]; 2] = [&[0]; 2];
            let all = by_index(drawn(&ran, &draws));
            prop_assert!(all.keys().copied().eq(0..all.len() as i64));
            prop_assert!((0..2).all(|task| all.values().any(|(own, _)| *own == task)));
        }
    }
}

#[test]
fn a_user_alone_takes_one_row_after_the_other() {
    let curve = Curve::default()
        .then(Duration::ZERO, 1.0)
        .then(Duration::from_secs(1), 1.0)
        .then(Duration::ZERO, 9.0)
        .then(Duration::from_secs(1), 9.0);
    let think = Think::Constant(Duration::from_millis(90));
    for workers in [1, 4] {
        let sequential = rows(0, 100, Order::Sequential);
        let plan = drawing(closed(curve.clone(), 2, think), vec![sequential], &[&[0]]);
        let ran = drive(plan, workers, None, steady(10 * MS));
        let numbers = drawn(&ran, &[&[0]]).into_iter().map(|(_, own)| own[0]);
        assert!(numbers.take(10).eq(0..10));
    }
}

#[test]
fn users_own_numbers_are_theirs() {
    for workers in [1, 3] {
        let load = closed(Curve::constant(7.0), 1, Think::None);
        let mut plan = drawing(load, vec![sequence(0, Scope::User)], &[&[]]);
        plan.populations[0].user_draws = vec![0];
        let ran = drive(plan, workers, None, steady(100 * MS));
        assert_eq!(ran.seen.len(), 70);
        for seen in &ran.seen {
            assert_eq!(seen.values[0], Value::Int(seen.session as i64));
        }
    }
}

#[test]
fn users_without_a_row_of_their_own_leave_the_iterations_to_others() {
    for workers in [1, 3] {
        let load = Closed {
            users: Curve::constant(5.0),
            duration: None,
            think: Think::None,
            pacing: None,
            iterations: Iterations::Shared(20),
            ramp_down: None,
        };
        let own = Variable {
            scope: Scope::User,
            ..rows(0, 3, Order::Unique)
        };
        let mut plan = drawing(Load::Closed(load), vec![own], &[&[]]);
        plan.populations[0].user_draws = vec![0];
        let ran = drive(plan, workers, None, steady(10 * MS));
        let task = ran.task(0);
        assert_eq!((task.count(), task[Counter::Exhausted]), (20, 2));
        assert_eq!(ran.end.undone, [0]);
    }
}

#[test]
fn what_comes_before_and_after_the_load_has_numbers_of_its_own() {
    let plan = drawing(Load::Open(open(10.0, 1, 5, 5)), six(), &DRAWS);
    let data = RunData::of(&plan);
    let setup = data.next_number(0);
    let numbering = Arc::new(Numbering::of(&plan, &data, 0));
    let population = &plan.populations[0];
    let mut workers = [(); 2].map(|()| Numbers::new(&numbering, &plan, 0));
    for index in 0..10 {
        workers[index as usize % 2].of(population, index);
    }
    workers.iter().for_each(|numbers| numbers.settle(&data));
    assert_eq!((setup, data.next_number(0)), (0, 11));
    // The next number is what the other tasks have counted: a fourth of the tasks draws it.
    let fourth = data.next_number(3);
    assert!(fourth <= 10);
    assert_eq!(data.next_number(4), fourth);
}
