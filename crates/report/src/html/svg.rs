//! The frame of a chart: its area, axes and marks, as SVG. Colours come from the page's classes,
//! so that a chart is light, dark or printed as the page is.

use std::fmt::Write as _;

const WIDTH: f64 = 960.0;
const LEFT: f64 = 78.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 18.0;
const BOTTOM: f64 = 30.0;

/// Most rows of event numbers below each other.
const NUMBERS: usize = 3;
/// The room that one takes, both ways.
const NUMBER: f64 = 20.0;

/// A chart that is being drawn.
#[derive(Debug)]
pub(super) struct Chart {
    body: String,
    height: f64,
    title: String,
    /// Position of the last event number in each row.
    numbered: [f64; NUMBERS],
}

impl Chart {
    /// An empty one; the title is for those who do not see it.
    pub fn new(title: &str, height: f64) -> Self {
        Self {
            body: String::new(),
            height,
            title: title.to_owned(),
            numbered: [f64::NEG_INFINITY; NUMBERS],
        }
    }

    /// The place of a share of the width, 0 to 1.
    pub fn x(&self, share: f64) -> f64 {
        LEFT + share.clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
    }

    /// The place of a share of the height, 0 (bottom) to 1.
    pub fn y(&self, share: f64) -> f64 {
        self.bottom() - share.clamp(0.0, 1.0) * (self.bottom() - TOP)
    }

    fn bottom(&self) -> f64 {
        self.height - BOTTOM
    }

    /// Grid lines and labels on the left, each at a share of the height.
    pub fn left_axis(&mut self, ticks: &[(f64, String)]) {
        for (share, label) in ticks {
            let (y, from, to) = (self.y(*share), self.x(0.0), self.x(1.0));
            self.add(format_args!(
                "<path class=\"grid\" d=\"M{from:.0} {y:.1}H{to:.0}\"/>\
                 <text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                from - 8.0,
                y + 4.0,
                escape(label)
            ));
        }
    }

    /// Labels at the bottom, each at a share of the width.
    pub fn bottom_axis(&mut self, ticks: &[(f64, String)]) {
        for (share, label) in ticks {
            let (x, y) = (self.x(*share), self.bottom());
            let anchor = match *share {
                share if share > 0.985 => "end",
                _ => "middle",
            };
            self.add(format_args!(
                "<path class=\"grid\" d=\"M{x:.1} {TOP}V{:.0}\"/>\
                 <text x=\"{x:.1}\" y=\"{:.0}\" text-anchor=\"{anchor}\">{}</text>",
                y + 4.0,
                y + 20.0,
                escape(label)
            ));
        }
    }

    /// A line through points given as shares of width and height; it breaks where there is none.
    pub fn line(&mut self, class: &str, points: impl Iterator<Item = (f64, Option<f64>)>) {
        let mut path = String::new();
        let mut pen = false;
        for (x, y) in points {
            let Some(y) = y else {
                pen = false;
                continue;
            };
            let (x, y) = (self.x(x), self.y(y));
            // Writing to a String cannot fail. A point by itself shows as a dot, by its round cap.
            let _ = write!(path, "{}{x:.1} {y:.1}", if pen { "L" } else { "M" });
            if !pen {
                path.push_str("h.1");
            }
            pen = true;
        }
        self.add(format_args!("<path class=\"line {class}\" d=\"{path}\"/>"));
    }

    /// Boxes of one class: left, right, bottom and top as shares.
    pub fn boxes(&mut self, class: &str, boxes: impl Iterator<Item = [f64; 4]>) {
        let mut path = String::new();
        for [left, right, bottom, top] in boxes {
            let (left, right) = (self.x(left), self.x(right));
            let (bottom, top) = (self.y(bottom), self.y(top));
            // Writing to a String cannot fail.
            let _ = write!(
                path,
                "M{left:.1} {bottom:.1}V{top:.1}H{right:.1}V{bottom:.1}z"
            );
        }
        if !path.is_empty() {
            self.add(format_args!("<path class=\"{class}\" d=\"{path}\"/>"));
        }
    }

    /// Adds a text shown where the pointer rests, between two shares of the width.
    pub fn hint(&mut self, left: f64, right: f64, text: &str) {
        let (left, right) = (self.x(left), self.x(right));
        let (width, height) = (right - left, self.bottom() - TOP);
        self.add(format_args!(
            "<rect class=\"hint\" x=\"{left:.1}\" y=\"{TOP}\" width=\"{width:.1}\" \
             height=\"{height:.0}\"><title>{}</title></rect>",
            escape(text)
        ));
    }

    /// A mark across the chart, with its name on top where there is one.
    pub fn mark(&mut self, share: f64, name: &str) {
        let (x, bottom) = (self.x(share), self.bottom());
        self.add(format_args!(
            "<path class=\"mark\" d=\"M{x:.1} {TOP}V{bottom:.0}\"/>"
        ));
        if !name.is_empty() {
            self.add(format_args!(
                "<text class=\"mark\" x=\"{:.1}\" y=\"12\">{}</text>",
                x + 3.0,
                escape(name)
            ));
        }
    }

    /// A mark of an event across the chart.
    pub fn event(&mut self, share: f64, ok: bool) {
        let (x, bottom) = (self.x(share), self.bottom());
        self.add(format_args!(
            "<path class=\"{}\" d=\"M{x:.1} {TOP}V{bottom:.0}\"/>",
            event_class(ok)
        ));
    }

    /// The number of an event on its mark, where there is room.
    pub fn number(&mut self, share: f64, number: usize, ok: bool) {
        let x = self.x(share);
        let free = self.numbered.iter().position(|last| x - last >= NUMBER);
        if let Some(row) = free {
            self.numbered[row] = x;
            let y = TOP + (row as f64 + 0.5) * NUMBER;
            self.add(format_args!(
                "<circle class=\"{}\" cx=\"{x:.1}\" cy=\"{y:.0}\" r=\"9\"/>\
                 <text class=\"event\" x=\"{x:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{number}</text>",
                event_class(ok),
                y + 4.0,
            ));
        }
    }

    /// A line across the chart at a share of its height, such as a limit.
    pub fn level(&mut self, share: f64) {
        let (y, from, to) = (self.y(share), self.x(0.0), self.x(1.0));
        self.add(format_args!(
            "<path class=\"limit\" d=\"M{from:.0} {y:.1}H{to:.0}\"/>"
        ));
    }

    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.body.write_fmt(element);
    }

    /// The whole picture.
    pub fn finish(self) -> String {
        format!(
            "<svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-label=\"{}\">{}</svg>",
            self.height,
            escape(&self.title),
            self.body
        )
    }
}

fn event_class(ok: bool) -> &'static str {
    if ok { "event" } else { "event wrong" }
}

/// Text within XML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
