//! A comparison as a bar chart.

use super::{
    comparison::{Comparison, Row},
    render::kilobytes,
};
use crate::plot::{Bar, Plot};

/// Draws a bar for each optimised size; the part that remains after `gzip -9` is solid.
pub(super) fn draw(comparison: &Comparison) -> String {
    let plot = Plot {
        title: "KB of the optimised component, and of that after gzip -9 (the solid part)".to_owned(),
        bars: comparison.rows.iter().map(bar).collect(),
    };
    plot.svg()
}

fn bar(row: &Row) -> Bar {
    let (raw, gzip) = (kilobytes(row.shrunk.raw), kilobytes(row.shrunk.gzip));
    Bar {
        name: row.name.clone(),
        value: row.shrunk.raw as f64,
        shown: format!("{raw} / {gzip}"),
        range: None,
        most: None,
        other: !row.ours,
        part: Some(row.shrunk.gzip as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::render::tests::example, *};

    #[test]
    fn draws_sizes_with_the_compressed_part() {
        let svg = draw(&example());
        assert_eq!(svg, draw(&example()));
        assert!(
            svg.contains(">a &lt;b></text>") && svg.contains(">117.7 / 53.7</text>"),
            "{svg}"
        );
        assert_eq!(svg.matches("class=\"own\"").count(), 1);
    }
}
