//! Layout of the panels: side by side where there is room, one below the other where there is not,
//! and left out, the least important first, where there is none at all.

use super::{charts, heat, panels, style::Style, table, view::View};
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    widgets::Paragraph,
};

/// From so many columns on panels stand side by side.
const WIDE: u16 = 96;
/// Lists grow to so many lines before charts grow at all.
const LIST: u16 = 10;

/// A part of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Panel {
    Latency,
    Throughput,
    Heat,
    Steps,
    Thresholds,
    Errors,
    Background,
}

/// Panels in one row of the screen, and how many lines they need at least and at most.
struct Band {
    panels: Vec<Panel>,
    least: u16,
    most: u16,
}

/// Draws it all.
pub(super) fn draw(frame: &mut Frame<'_>, view: &View, style: &Style) {
    let area = frame.area();
    let lines = panels::head(view, style, area.width);
    let height = lines.len() as u16;
    let [head, body] =
        Layout::vertical([Constraint::Length(height), Constraint::Min(0)]).areas(area);
    frame.render_widget(Paragraph::new(lines), head);
    for (panel, area) in arranged(view, body) {
        match panel {
            Panel::Latency => charts::latency(frame, area, view, style),
            Panel::Throughput => charts::throughput(frame, area, view, style),
            Panel::Heat => heat::draw(frame, area, view, style),
            Panel::Steps => table::draw(frame, area, view, style),
            Panel::Thresholds => panels::thresholds(frame, area, view, style),
            Panel::Errors => panels::errors(frame, area, view, style),
            Panel::Background => panels::background(frame, area, view, style),
        }
    }
    if view.help {
        panels::help(frame, area, style);
    }
    style.spell(frame.buffer_mut());
}

fn arranged(view: &View, body: Rect) -> Vec<(Panel, Rect)> {
    let (bands, order) = bands(view, body.width >= WIDE);
    let mut heights = vec![0; bands.len()];
    let mut left = body.height;
    for index in &order {
        let least = bands[*index].least;
        if least <= left {
            heights[*index] = least;
            left -= least;
        }
    }
    // The rest goes to lists that are cut, and then to charts, which are never too large.
    for index in order {
        let wanted = bands[index].most.min(LIST).saturating_sub(heights[index]);
        if heights[index] > 0 && bands[index].most < u16::MAX {
            let more = wanted.min(left);
            heights[index] += more;
            left -= more;
        }
    }
    while left > 0 {
        let growing = heights.iter_mut().zip(&bands);
        let growing = growing.filter(|(height, band)| **height > 0 && **height < band.most);
        let Some((height, _)) = growing.min_by_key(|(height, _)| **height) else {
            break;
        };
        *height += 1;
        left -= 1;
    }
    let kept: Vec<usize> = (0..bands.len())
        .filter(|index| heights[*index] > 0)
        .collect();
    heights.retain(|height| *height > 0);
    let rows = Layout::vertical(heights.into_iter().map(Constraint::Length)).split(body);
    let mut placed = Vec::new();
    for (index, row) in kept.iter().zip(rows.iter()) {
        let panels = &bands[*index].panels;
        let columns = Layout::horizontal(vec![Constraint::Fill(1); panels.len()]).split(*row);
        placed.extend(panels.iter().copied().zip(columns.iter().copied()));
    }
    placed
}

/// The bands from top to bottom, and their places by importance.
fn bands(view: &View, wide: bool) -> (Vec<Band>, Vec<usize>) {
    let state = &view.state;
    let lines = |content: usize| u16::try_from(content).unwrap_or(u16::MAX).saturating_add(2);
    let steps = lines(state.outline.series.len() + 1);
    let band = |panels: &[Panel], least, most: u16| Band {
        panels: panels.to_vec(),
        least,
        most: most.max(least),
    };
    let mut world = Vec::new();
    if !state.outline.thresholds.is_empty() {
        world.push(Panel::Thresholds);
    }
    let (thresholds, errors, happened) = (
        lines(state.outline.thresholds.len()),
        lines(panels::error_lines(state)),
        lines(panels::background_lines(state)),
    );
    if wide {
        let mut second = vec![Panel::Heat];
        second.extend(world);
        let bands = vec![
            band(&[Panel::Throughput, Panel::Latency], 8, u16::MAX),
            band(&second, 6, u16::MAX),
            band(&[Panel::Steps], 4.min(steps), steps),
            band(
                &[Panel::Errors, Panel::Background],
                3,
                errors.max(happened).min(12),
            ),
        ];
        return (bands, vec![0, 2, 1, 3]);
    }
    let mut bands = vec![
        band(&[Panel::Latency], 7, u16::MAX),
        band(&[Panel::Throughput], 6, u16::MAX),
        band(&[Panel::Heat], 6, u16::MAX),
        band(&[Panel::Steps], steps.min(6), steps),
        band(&[Panel::Errors], errors.min(4), errors.min(8)),
        band(&[Panel::Background], 3, happened.min(8)),
    ];
    let mut order = vec![3, 0, 4, 1, 5, 2];
    if !world.is_empty() {
        bands.push(band(&world, thresholds.min(5), thresholds));
        order.insert(2, 6);
    }
    (bands, order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_never_leave_the_screen() {
        let view = View::default();
        for width in [1, 20, 95, 96, 300] {
            for height in 0..80 {
                let body = Rect::new(0, 3, width, height);
                for (panel, area) in arranged(&view, body) {
                    assert_eq!(body.intersection(area), area, "{panel:?} {area:?}");
                }
            }
        }
    }
}
