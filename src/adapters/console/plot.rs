//! Plots as SVG: geometry only; the template draws it, with the words for those who do not see it.

use serde::Serialize;

/// Units of the drawing; on a narrow phone one is a pixel.
const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 150.0;
/// Room for the scale at the left, and for labels below.
const LEFT: f64 = 40.0;
const BELOW: f64 = 22.0;
const ABOVE: f64 = 12.0;
/// Of a row in a plot of rows: its words, then its bar.
const ROW: f64 = 34.0;
const BAR: f64 = 10.0;
/// Labels below columns that have room.
const LABELS: usize = 5;

#[derive(Serialize)]
pub struct Plot {
    pub id: &'static str,
    pub title: &'static str,
    /// The plot in a sentence.
    pub desc: String,
    pub width: f64,
    pub height: f64,
    pub bars: Vec<Rect>,
    /// Thin lines: the grid, and intervals.
    pub lines: Vec<Line>,
    pub texts: Vec<Text>,
}

/// A plot with what it shows as a table.
#[derive(Serialize)]
pub struct Chart {
    pub plot: Plot,
    pub heads: Vec<&'static str>,
    pub rows: Vec<Vec<String>>,
}

#[derive(Serialize)]
pub struct Rect {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

#[derive(Serialize)]
pub struct Line {
    class: &'static str,
    x1: f64,
    y1: f64,
    x2: f64,
    y2: f64,
}

#[derive(Serialize)]
pub struct Text {
    x: f64,
    y: f64,
    anchor: &'static str,
    text: String,
}

/// To a tenth of a unit.
fn tidy(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// One column a value, 0 to 1 of the scale; `None` leaves a gap. `scale` are the words for 0, half and all of it.
pub fn columns(
    (id, title): (&'static str, &'static str),
    desc: String,
    values: &[(String, Option<f64>)],
    scale: [String; 3],
) -> Plot {
    let (inner, floor) = (WIDTH - LEFT, HEIGHT - BELOW);
    let step = inner / values.len().max(1) as f64;
    let y = |value: f64| tidy(floor - value.clamp(0.0, 1.0) * (floor - ABOVE));
    let mut plot = Plot { id, title, desc, width: WIDTH, height: HEIGHT, bars: vec![], lines: vec![], texts: vec![] };
    for (share, text) in [0.0, 0.5, 1.0].into_iter().zip(scale) {
        plot.lines.push(Line { class: "grid", x1: LEFT, y1: y(share), x2: WIDTH, y2: y(share) });
        plot.texts.push(Text { x: LEFT - 5.0, y: tidy(y(share) + 4.0), anchor: "end", text });
    }
    let every = values.len().div_ceil(LABELS).max(1);
    for (at, (label, value)) in values.iter().enumerate() {
        let x = LEFT + step * at as f64;
        if let Some(value) = value {
            // Nothing at all is still to be seen.
            let top = y(*value).min(floor - 1.5);
            let (x, width) = (tidy(x + step * 0.15), tidy(step * 0.7));
            plot.bars.push(Rect { x, y: top, width, height: tidy(floor - top) });
        }
        if (values.len() - 1 - at).is_multiple_of(every) {
            // The last would stick out.
            let is_last = at + 1 == values.len();
            let (x, anchor) = if is_last { (WIDTH, "end") } else { (tidy(x + step / 2.0), "middle") };
            plot.texts.push(Text { x, y: HEIGHT - 6.0, anchor, text: label.clone() });
        }
    }
    plot
}

/// A value of a row, each 0 to 1 of the scale, with its interval where it has one.
pub struct RowValue {
    pub label: String,
    pub value: f64,
    pub interval: Option<(f64, f64)>,
}

/// One row a value: its words above its bar.
pub fn rows((id, title): (&'static str, &'static str), desc: String, values: &[RowValue]) -> Plot {
    let height = ROW * values.len().max(1) as f64;
    let x = |value: f64| tidy(value.clamp(0.0, 1.0) * WIDTH);
    let mut plot = Plot { id, title, desc, width: WIDTH, height, bars: vec![], lines: vec![], texts: vec![] };
    for (at, row) in values.iter().enumerate() {
        let top = ROW * at as f64;
        plot.texts.push(Text { x: 0.0, y: top + 13.0, anchor: "start", text: row.label.clone() });
        plot.bars.push(Rect { x: 0.0, y: top + 19.0, width: x(row.value).max(1.5), height: BAR });
        if let Some((low, high)) = row.interval {
            let y = top + 19.0 + BAR / 2.0;
            plot.lines.push(Line { class: "interval", x1: x(low), y1: y, x2: x(high), y2: y });
        }
    }
    plot
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever the values, nothing is drawn outside.
        #[test]
        fn plots_stay_inside(values in prop::collection::vec(prop::option::of(-1.0..3.0_f64), 0..30)) {
            let named: Vec<(String, Option<f64>)> = values.iter().map(|value| (String::new(), *value)).collect();
            let scale = ["0".into(), "1".into(), "2".into()];
            let row = |value: f64| RowValue { label: "x".into(), value, interval: Some((value, value * 2.0)) };
            let all: Vec<RowValue> = values.iter().flatten().map(|value| row(*value)).collect();
            let plots = [columns(("a", "A"), String::new(), &named, scale), rows(("b", "B"), String::new(), &all)];
            for plot in plots {
                for bar in &plot.bars {
                    prop_assert!(bar.x >= 0.0 && bar.x + bar.width <= plot.width + 0.2, "{} {}", bar.x, bar.width);
                    prop_assert!(bar.y >= 0.0 && bar.height > 0.0 && bar.y + bar.height <= plot.height);
                }
                for line in &plot.lines {
                    prop_assert!((0.0..=plot.width).contains(&line.x1) && (0.0..=plot.width).contains(&line.x2));
                }
            }
            prop_assert_eq!(columns(("a", "A"), String::new(), &named, Default::default()).bars.len(), all.len());
        }
    }
}
