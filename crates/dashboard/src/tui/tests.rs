use super::{input::Change, screen::draw, style::Style, view::View};
use crate::{
    LiveEvent, Outline, Reading, State,
    tests::{outline, shown},
};
use loadgen_core::metric::Timer;
use loadgen_driver::ErrorClass;
use loadgen_report::{
    fixture::{MS, fail, labels},
    terminal::TerminalStyle,
};
use ratatui::{Terminal, backend::TestBackend};
use std::sync::Arc;

/// Style of a terminal that shows everything except colours, which a snapshot does not have.
const STYLE: Style = Style {
    terminal: TerminalStyle {
        colour: true,
        unicode: true,
        width: 100,
    },
    shades: false,
};

/// A run of forty seconds in which something fails.
fn run() -> State {
    let (steps, tasks) = labels();
    let names = |labels: &[loadgen_plan::Label]| -> Vec<String> {
        labels
            .iter()
            .map(|label| label.id.replace("read-heavy/", ""))
            .collect()
    };
    let mut series = vec!["all requests".to_owned()];
    series.extend(names(&steps));
    let outline = Outline {
        name: "read-heavy".into(),
        load: "up to 500 users in 3 stages".into(),
        tasks: names(&tasks),
        series,
        ..outline()
    };
    let mut state = shown(outline, 18, |snapshot| {
        let number = snapshot.second;
        for request in 0..10 + number {
            snapshot.steps[1][Timer::Ok].record((request * request + 20) * MS / 4);
        }
        if number > 8 {
            fail(
                snapshot,
                ErrorClass::Timeout,
                "no response within 400ms",
                400 * MS,
            );
            fail(snapshot, ErrorClass::Status5xx, "status 503", 3 * MS);
        }
    });
    state.message("starting the bundled target");
    state
}

/// Returns a state with events, metrics and messages.
fn observed() -> State {
    let mut state = run();
    state.events.push(LiveEvent {
        name: "slow queries".into(),
        at: 9.0,
        ok: true,
        message: "status 200".into(),
    });
    for second in 0..18 {
        state.observe(&Reading {
            source: "app",
            metric: "connections in use",
            unit: "",
            at: f64::from(second),
            value: f64::from(second % 7),
        });
    }
    state
}

fn picture(state: &State, style: &Style, width: u16, height: u16, changes: &[Change]) -> String {
    let mut view = View::default();
    view.show(Arc::new(state.clone()));
    changes.iter().for_each(|change| view.change(*change));
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, &view, style)).unwrap();
    terminal.backend().to_string()
}

#[test]
fn a_large_window_shows_everything() {
    insta::assert_snapshot!(picture(&observed(), &STYLE, 132, 44, &[]));
}

#[test]
fn a_usual_window_and_a_chosen_step() {
    insta::assert_snapshot!(picture(
        &run(),
        &STYLE,
        100,
        30,
        &[Change::Next, Change::Next]
    ));
}

#[test]
fn a_narrow_window() {
    insta::assert_snapshot!(picture(&run(), &STYLE, 60, 40, &[]));
}

#[test]
fn a_small_window_leaves_out_what_matters_least() {
    insta::assert_snapshot!(picture(&run(), &STYLE, 80, 24, &[Change::Pause]));
}

#[test]
fn ascii_without_colours() {
    let plain = Style {
        terminal: TerminalStyle {
            colour: false,
            unicode: false,
            width: 100,
        },
        shades: false,
    };
    let picture = picture(&observed(), &plain, 110, 34, &[]);
    assert!(picture.is_ascii(), "{picture}");
    insta::assert_snapshot!(picture);
}

#[test]
fn the_help_lies_above_everything() {
    insta::assert_snapshot!(picture(&run(), &STYLE, 80, 16, &[Change::Help]));
}

/// Nothing panics, whatever the window and however little there is to see.
#[test]
fn any_window_will_do() {
    let empty = State::with_details(Outline::default());
    let full = observed();
    for state in [&State::default(), &empty, &full] {
        for width in [1, 7, 40, 96, 200] {
            for height in [1, 3, 5, 9, 40] {
                for changes in [&[][..], &[Change::Previous, Change::Help, Change::Pause]] {
                    picture(state, &STYLE, width, height, changes);
                }
            }
        }
    }
}
