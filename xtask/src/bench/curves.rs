//! Curves of growth, drawn as SVG.

use std::fmt::Write as _;

use serde::Serialize;

use super::figures::median;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 360.0;
/// The edges of what is drawn in.
const LEFT: f64 = 68.0;
const RIGHT: f64 = 700.0;
const TOP: f64 = 60.0;
const BOTTOM: f64 = 300.0;

/// The cost of a call against something that grows: ours, and a raw socket's beside it.
#[derive(Debug, Serialize)]
pub(crate) struct Curve {
    /// What the file is called by.
    pub(crate) name: &'static str,
    /// Above the picture.
    pub(crate) title: &'static str,
    /// What grows.
    pub(crate) axis: &'static str,
    /// So many of it, and the microseconds of a call: ours, the raw socket's.
    pub(crate) points: Vec<(f64, f64, f64)>,
}

impl Curve {
    /// From the seconds of both at each point.
    pub(crate) fn of_two(
        name: &'static str,
        title: &'static str,
        axis: &'static str,
        points: Vec<(f64, Vec<f64>, Vec<f64>)>,
    ) -> Self {
        let point =
            |(at, ours, raw): (f64, Vec<f64>, Vec<f64>)| (at, median(&ours) * 1e6, median(&raw) * 1e6);
        Self { name, title, axis, points: points.into_iter().map(point).collect() }
    }

    /// The file beside the page.
    pub(crate) fn file(&self) -> String {
        format!("benchmarks-{}.svg", self.name)
    }

    /// The picture.
    pub(crate) fn svg(&self) -> String {
        let mut svg = format!(
            "<svg width=\"{WIDTH}\" height=\"{HEIGHT}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" xmlns=\"http://www.w3.org/2000/svg\" \
             font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#FFFFFF\"/>\n"
        );
        let scale = Scale::of(&self.points);
        text(&mut svg, (WIDTH / 2.0, 24.0), "middle", self.title);
        text(&mut svg, (WIDTH / 2.0, HEIGHT - 8.0), "middle", self.axis);
        text(&mut svg, (8.0, TOP - 12.0), "start", "microseconds a call");
        for tick in scale.ticks() {
            let y = scale.y(tick);
            line(&mut svg, &[(LEFT, y), (RIGHT, y)], "#DDDDDD", 1);
            text(&mut svg, (LEFT - 6.0, y + 4.0), "end", &format!("{tick}"));
        }
        for (at, _, _) in &self.points {
            text(&mut svg, (scale.x(*at), BOTTOM + 18.0), "middle", &format!("{at:.0}"));
        }
        let ours = self.points.iter().map(|point| (scale.x(point.0), scale.y(point.1)));
        let raw = self.points.iter().map(|point| (scale.x(point.0), scale.y(point.2)));
        for (row, (places, label, color)) in [
            (ours.collect::<Vec<_>>(), "this connector", "#145AC8"),
            (raw.collect(), "raw socket", "#787878"),
        ]
        .into_iter()
        .enumerate()
        {
            line(&mut svg, &places, color, 2);
            for (x, y) in places {
                let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{color}\"/>");
            }
            let y = BOTTOM - 40.0 + 20.0 * f64::from(u8::try_from(row).unwrap_or(0));
            line(&mut svg, &[(RIGHT - 130.0, y), (RIGHT - 112.0, y)], color, 2);
            text(&mut svg, (RIGHT - 106.0, y + 4.0), "start", label);
        }
        svg.push_str("</svg>\n");
        svg
    }
}

/// From what was measured to places in the picture: logarithmic to the right, linear upwards from zero.
struct Scale {
    from: f64,
    to: f64,
    top: f64,
}

impl Scale {
    fn of(points: &[(f64, f64, f64)]) -> Self {
        let (from, to) =
            points.first().zip(points.last()).map_or((1.0, 2.0), |(one, other)| (one.0, other.0));
        let highest = points.iter().map(|point| point.1.max(point.2)).fold(0.0, f64::max);
        Self { from, to, top: (highest * 1.1).max(1.0) }
    }

    fn x(&self, at: f64) -> f64 {
        let whole = (self.to / self.from).ln();
        if whole > 0.0 { LEFT + (RIGHT - LEFT) * (at / self.from).ln() / whole } else { LEFT }
    }

    fn y(&self, microseconds: f64) -> f64 {
        BOTTOM - (BOTTOM - TOP) * microseconds / self.top
    }

    /// Round numbers up to the top, four to ten of them.
    fn ticks(&self) -> impl Iterator<Item = f64> {
        let decade = 10_f64.powf(self.top.log10().floor());
        let step = [0.2, 0.5, 1.0].map(|part| part * decade).into_iter().find(|step| self.top / step < 10.0);
        let (step, top) = (step.unwrap_or(decade), self.top);
        std::iter::successors(Some(0.0), move |tick| Some(tick + step)).take_while(move |tick| *tick <= top)
    }
}

fn line(svg: &mut String, places: &[(f64, f64)], color: &str, width: u8) {
    let places: Vec<_> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let _ = writeln!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"{width}\"/>",
        places.join(" ")
    );
}

/// The texts are this file's and the curves' own: nothing to escape.
fn text(svg: &mut String, (x, y): (f64, f64), anchor: &str, words: &str) {
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{words}</text>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_both_lines_within_the_picture() {
        let points = vec![(1.0, vec![2e-5], vec![1e-5]), (500.0, vec![3e-5], vec![1e-5])];
        let svg = Curve::of_two("x", "Growth", "configurations", points).svg();
        for expected in
            ["<svg", "this connector", "raw socket", ">Growth<", ">configurations<", ">1<", ">500<"]
        {
            assert!(svg.contains(expected), "{expected}: {svg}");
        }
        // 33 microseconds are at the top: 60; 20 and 30 are so far below.
        assert!(svg.contains("points=\"68.0,154.5 700.0,81.8\" fill=\"none\" stroke=\"#145AC8\""), "{svg}");
    }

    #[test]
    fn an_axis_has_few_round_numbers() {
        for top in [33.0, 1.0, 99.0, 1234.0] {
            let ticks: Vec<f64> = Scale { from: 1.0, to: 2.0, top }.ticks().collect();
            assert!((3..=11).contains(&ticks.len()), "{top}: {ticks:?}");
        }
    }
}
