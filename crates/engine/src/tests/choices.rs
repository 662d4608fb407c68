//! Draws and choices do not depend on the number of workers.

use super::*;

#[test]
fn the_same_seed_makes_the_same_choices_whatever_the_number_of_workers() {
    fn choices(load: &Load, workers: usize) -> Vec<Seen> {
        drive(plan(load.clone(), &[1, 1, 1]), workers, None, steady(0)).seen
    }
    let think = Think::Uniform(Duration::from_millis(50), Duration::from_millis(150));
    let loads = [
        Load::Open(open(50.0, 4, 100, 10)),
        closed(Curve::constant(6.0), 4, think),
    ];
    for load in loads {
        let key = |seen: &Seen| (seen.at, seen.step);
        let mut whole: Vec<_> = choices(&load, ALONE).iter().map(key).collect();
        let mut parts: Vec<_> = choices(&load, 3).iter().map(key).collect();
        whole.sort_unstable();
        parts.sort_unstable();
        assert!(whole.len() >= 200);
        assert_eq!(whole, parts);
        let mut tasks = whole.iter().map(|(_, step)| *step).collect::<Vec<_>>();
        tasks.sort_unstable();
        tasks.dedup();
        assert_eq!(tasks, [0, 1, 2]);
    }
}

#[test]
fn a_sequence_that_several_steps_draw_meets_no_value_twice() {
    let loads = [
        Load::Open(open(50.0, 4, 100, 10)),
        closed(Curve::constant(6.0), 2, Think::None),
    ];
    for load in loads {
        let mut plan = plan(load.clone(), &[3, 2]);
        let population = &mut plan.populations[0];
        population.variables = vec![Variable {
            name: "id".into(),
            scope: Scope::Step,
            source: 0,
            generator: Generator::sequence(1, 1, None).unwrap(),
        }];
        for task in &mut population.tasks {
            task.steps.iter_mut().for_each(|step| step.draws = vec![0]);
        }
        let ran = drive(plan, 2, None, steady(10 * MS));
        let mut values: Vec<String> = ran
            .seen
            .iter()
            .map(|seen| format!("{:?}", seen.values))
            .collect();
        assert!(values.len() >= 400);
        let all = values.len();
        values.sort_unstable();
        values.dedup();
        assert_eq!(values.len(), all);
    }
}
