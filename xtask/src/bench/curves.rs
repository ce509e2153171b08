//! Curves of growth, drawn as SVG.

use anyhow::{Result, anyhow};
use plotters::prelude::*;
use serde::Serialize;

use super::single::median;

const SIZE: (u32, u32) = (720, 360);

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
    pub(crate) fn svg(&self) -> Result<String> {
        let mut svg = String::new();
        self.draw(&mut svg).map_err(|fault| anyhow!("{} cannot be drawn: {fault}", self.name))?;
        Ok(svg)
    }

    fn draw(&self, svg: &mut String) -> Result<(), Box<dyn std::error::Error>> {
        let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let ends = |points: &[(f64, f64, f64)]| Some((points.first()?.0, points.last()?.0));
        let (from, to) = ends(&self.points).unwrap_or((1.0, 2.0));
        let top = self.points.iter().map(|point| point.1.max(point.2)).fold(0.0, f64::max) * 1.25;
        let mut chart = ChartBuilder::on(&area)
            .caption(self.title, ("sans-serif", 18))
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(56)
            .build_cartesian_2d((from..to).log_scale(), 0.0..top)?;
        chart
            .configure_mesh()
            .x_desc(self.axis)
            .y_desc("microseconds a call")
            .x_label_formatter(&|number| format!("{number:.0}"))
            .light_line_style(WHITE)
            .draw()?;
        let ours = self.points.iter().map(|point| (point.0, point.1));
        let raw = self.points.iter().map(|point| (point.0, point.2));
        for (series, label, colour) in [
            (ours.collect::<Vec<_>>(), "this connector", RGBColor(20, 90, 200)),
            (raw.collect(), "raw socket", RGBColor(120, 120, 120)),
        ] {
            chart
                .draw_series(LineSeries::new(series, colour.stroke_width(2)).point_size(3))?
                .label(label)
                .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], colour.stroke_width(2)));
        }
        chart
            .configure_series_labels()
            .background_style(WHITE)
            .border_style(RGBColor(200, 200, 200))
            .draw()?;
        Ok(area.present()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_both_lines() {
        let points = vec![(1.0, vec![2e-5], vec![1e-5]), (500.0, vec![3e-5], vec![1e-5])];
        let svg = Curve::of_two("x", "Growth", "configurations", points).svg().unwrap();
        assert!(svg.starts_with("<svg") && svg.contains("this connector") && svg.contains("raw socket"));
        assert!(svg.contains("#145AC8") && svg.contains("#787878"), "{svg}");
    }
}
