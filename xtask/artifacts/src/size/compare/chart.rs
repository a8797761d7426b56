//! A comparison as a bar chart: SVG for light and dark pages. Equal numbers give equal files.

use std::fmt::Write as _;

use super::{
    comparison::{Comparison, Row},
    render::kilobytes,
};

/// The chart's width, the left edge of the bars and the length of the longest one.
const WIDTH: usize = 760;
const LEFT: usize = 205;
const LONGEST: usize = 430;

/// The height of a row, and of the bar in it.
const ROW: usize = 30;
const BAR: usize = 18;

/// The height of the part above the first row.
const TOP: usize = 34;

/// Colours of a middle lightness, which are visible on white and on black.
const TEXT: &str = "#737c86";
const OURS: &str = "#d4731c";
const OTHERS: &str = "#4f8cc9";

/// Draws a bar for each optimised size; the part that remains after `gzip -9` is solid.
pub(super) fn draw(comparison: &Comparison) -> String {
    let rows = &comparison.rows;
    let most = rows
        .iter()
        .map(|row| row.shrunk.raw)
        .max()
        .unwrap_or_default()
        .max(1);
    let height = TOP + ROW * rows.len();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         role=\"img\" font-family=\"system-ui, sans-serif\" font-size=\"13\" fill=\"{TEXT}\">\n\
         <title>Size of the optimised component, by what it is made with</title>\n\
         <text x=\"{LEFT}\" y=\"18\">KB optimised, and of that after gzip -9 (the solid part)</text>\n"
    );
    for (index, row) in rows.iter().enumerate() {
        bar(&mut svg, row, TOP + ROW * index, most);
    }
    svg.push_str("</svg>\n");
    svg
}

fn bar(svg: &mut String, row: &Row, top: usize, most: usize) {
    let length = |bytes: usize| (bytes * LONGEST).div_ceil(most);
    let (raw, gzip) = (length(row.shrunk.raw), length(row.shrunk.gzip));
    let (colour, weight) = if row.ours {
        (OURS, "bold")
    } else {
        (OTHERS, "normal")
    };
    let (name, baseline) = (escaped(&row.name), top + 14);
    let numbers = format!("{} / {}", kilobytes(row.shrunk.raw), kilobytes(row.shrunk.gzip));
    let (names_end, numbers_begin) = (LEFT - 8, LEFT + raw + 8);
    // Writing to a string cannot fail.
    let _ = writeln!(
        svg,
        "<text x=\"{names_end}\" y=\"{baseline}\" text-anchor=\"end\" font-weight=\"{weight}\">{name}</text>\n\
         <rect x=\"{LEFT}\" y=\"{top}\" width=\"{raw}\" height=\"{BAR}\" fill=\"{colour}\" fill-opacity=\"0.5\"/>\n\
         <rect x=\"{LEFT}\" y=\"{top}\" width=\"{gzip}\" height=\"{BAR}\" fill=\"{colour}\"/>\n\
         <text x=\"{numbers_begin}\" y=\"{baseline}\" font-weight=\"{weight}\">{numbers}</text>"
    );
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::{super::render::tests::example, *};

    #[test]
    fn draws_proportional_bars_and_escapes_names() {
        let mut comparison = example();
        comparison.rows[1].shrunk.raw /= 2;
        let svg = draw(&comparison);
        assert_eq!(svg, draw(&comparison));
        assert!(
            svg.contains("width=\"430\"") && svg.contains("width=\"215\""),
            "{svg}"
        );
        assert!(
            svg.contains(">a &lt;b></text>") && svg.contains(">117.7 / 53.7</text>"),
            "{svg}"
        );
        assert_eq!(svg.matches(OURS).count(), 2);
    }
}
