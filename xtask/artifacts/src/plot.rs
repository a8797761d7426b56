//! Bar charts as SVG. Equal figures give an equal file. A chart has its own background and follows the reader's
//! choice of light or dark, so it is readable on any page.

use std::fmt::Write as _;

/// The left edge of the bars, the length of the longest one and the width of the chart, in pixels.
const LEFT: f64 = 250.0;
const REACH: f64 = 330.0;
const WIDTH: f64 = 720.0;

/// The height of the title, of a bar with its surroundings, and of the space below the last one.
const HEAD: f64 = 44.0;
const ROW: f64 = 28.0;
const FOOT: f64 = 14.0;

const STYLE: &str = "\
.ground { fill: #ffffff; stroke: #d0d7de; } .text { fill: #1f2328; } .faint { fill: #59636e; }
.own { fill: #0969da; } .other { fill: #8c959f; } .pale { fill-opacity: 0.5; } .range { stroke: #1f2328; } .most { stroke: #cf222e; }
text { font: 13px system-ui, -apple-system, 'Segoe UI', sans-serif; } .title { font-weight: 600; }
@media (prefers-color-scheme: dark) {
.ground { fill: #0d1117; stroke: #3d444d; } .text { fill: #f0f6fc; } .faint { fill: #9198a1; }
.own { fill: #4493f8; } .other { fill: #656c76; } .range { stroke: #f0f6fc; } .most { stroke: #f85149; }
}";

/// A chart of bars with the same unit.
#[derive(Debug, PartialEq)]
pub struct Plot {
    /// The title above the bars.
    pub title: String,
    /// The bars, from top to bottom.
    pub bars: Vec<Bar>,
}

/// A bar from zero to a value.
#[derive(Debug, PartialEq)]
pub struct Bar {
    /// The name on the left.
    pub name: String,
    /// The length.
    pub value: f64,
    /// The value as text.
    pub shown: String,
    /// The range of the middle half of the runs.
    pub range: Option<(f64, f64)>,
    /// The maximum.
    pub most: Option<f64>,
    /// Whether the bar is a comparison.
    pub other: bool,
    /// The part of the value that is drawn solid, and the rest pale; `None` for a solid bar.
    pub part: Option<f64>,
}

impl Plot {
    /// Returns the content of the file.
    pub fn svg(&self) -> String {
        let height = HEAD + ROW * self.bars.len() as f64 + FOOT;
        let title = escaped(&self.title);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
             height=\"{height}\" role=\"img\" aria-label=\"{title}\">\n<style>\n{STYLE}\n</style>\n"
        );
        let (inner_width, inner_height) = (WIDTH - 1.0, height - 1.0);
        svg += &format!(
            "<rect class=\"ground\" x=\"0.5\" y=\"0.5\" width=\"{inner_width}\" height=\"{inner_height}\" rx=\"6\"/>\n\
             <text class=\"text title\" x=\"16\" y=\"26\">{title}</text>\n"
        );
        let scale = REACH / self.largest();
        for (place, bar) in self.bars.iter().enumerate() {
            bar.draw(&mut svg, HEAD + ROW * place as f64, scale);
        }
        svg + "</svg>\n"
    }

    /// Returns the largest number that has to fit: every value with its range. A bound far above does not shrink
    /// the bars.
    fn largest(&self) -> f64 {
        let values = self
            .bars
            .iter()
            .flat_map(|bar| [bar.value, bar.range.map_or(0.0, |(_, high)| high)]);
        let values = values.fold(f64::MIN_POSITIVE, f64::max);
        let bounds = self
            .bars
            .iter()
            .filter_map(|bar| bar.most)
            .filter(|most| *most < values * 1.5);
        bounds.fold(values, f64::max)
    }
}

impl Bar {
    fn draw(&self, svg: &mut String, top: f64, scale: f64) {
        let middle = top + ROW / 2.0;
        let class = if self.other { "other" } else { "own" };
        let at = |value: f64| LEFT + (value.max(0.0) * scale).min(REACH);
        let end = at(self.value);
        let high = self.range.map_or(0.0, |(_, high)| at(high));
        let bar_top = middle - 8.0;
        let length = (end - LEFT).max(1.0);
        let baseline = middle + 4.5;
        let (name, shown) = (escaped(&self.name), escaped(&self.shown));
        let pale = if self.part.is_some() { " pale" } else { "" };
        // Writing to a string cannot fail.
        let _ = write!(
            svg,
            "<text class=\"text\" x=\"{:.1}\" y=\"{baseline:.1}\" text-anchor=\"end\">{name}</text>\n\
             <rect class=\"{class}{pale}\" x=\"{LEFT}\" y=\"{bar_top:.1}\" width=\"{length:.1}\" height=\"16\" rx=\"2\"/>\n",
            LEFT - 10.0
        );
        if let Some(part) = self.part {
            let length = at(part) - LEFT;
            let _ = writeln!(
                svg,
                "<rect class=\"{class}\" x=\"{LEFT}\" y=\"{bar_top:.1}\" width=\"{length:.1}\" height=\"16\" rx=\"2\"/>"
            );
        }
        if let Some((low, high)) = self.range {
            let (low, high) = (at(low), at(high));
            let _ = writeln!(
                svg,
                "<path class=\"range\" d=\"M{low:.1} {:.1}v8m0 -4H{high:.1}m0 -4v8\" fill=\"none\"/>",
                middle - 4.0
            );
        }
        let most = self.most.filter(|most| most * scale <= REACH);
        if let Some(most) = most {
            let place = at(most);
            let from = middle - 12.0;
            let _ = writeln!(
                svg,
                "<path class=\"most\" d=\"M{place:.1} {from:.1}v24\" stroke-width=\"2\" stroke-dasharray=\"4 3\"/>"
            );
        }
        let words = most.map_or(0.0, at).max(end).max(high) + 8.0;
        let _ = writeln!(
            svg,
            "<text class=\"faint\" x=\"{words:.1}\" y=\"{baseline:.1}\">{shown}</text>"
        );
    }
}

/// Escapes text for markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(value: f64, most: Option<f64>) -> Bar {
        let range = Some((value * 0.9, value * 1.1));
        Bar {
            name: "a <b>".to_owned(),
            value,
            shown: "1 & 2".to_owned(),
            range,
            most,
            other: false,
            part: None,
        }
    }

    fn plot(bars: Vec<Bar>) -> Plot {
        Plot {
            title: "Start".to_owned(),
            bars,
        }
    }

    #[test]
    fn equal_figures_give_equal_files() {
        let svg = || plot(vec![bar(10.0, Some(12.0)), bar(5.0, None)]).svg();
        assert_eq!(svg(), svg());
        assert!(svg().contains("a &lt;b>") && svg().contains("1 &amp; 2"));
        assert_eq!(svg().matches("class=\"most\"").count(), 1);
    }

    #[test]
    fn distant_bound_does_not_shrink_bars() {
        let near = plot(vec![bar(10.0, None)]).largest();
        assert_eq!(near, plot(vec![bar(10.0, Some(1000.0))]).largest());
        assert!(
            !plot(vec![bar(10.0, Some(1000.0))])
                .svg()
                .contains("class=\"most\"")
        );
    }

    #[test]
    fn draws_a_part_of_a_bar_solid() {
        let half = Bar {
            range: None,
            part: Some(5.0),
            ..bar(10.0, None)
        };
        let svg = plot(vec![half]).svg();
        assert!(
            svg.contains("class=\"own pale\" x=\"250\" y=\"50.0\" width=\"330.0\""),
            "{svg}"
        );
        assert!(
            svg.contains("class=\"own\" x=\"250\" y=\"50.0\" width=\"165.0\""),
            "{svg}"
        );
    }

    #[test]
    fn draws_nothing_outside_of_the_chart() {
        for number in plot(vec![bar(-3.0, None), bar(0.0, None)]).svg().split('"') {
            let number: f64 = number.parse().unwrap_or_default();
            assert!((0.0..=WIDTH).contains(&number), "{number}");
        }
    }
}
