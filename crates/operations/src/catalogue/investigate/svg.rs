//! Pictures: SVG of rectangles, lines and texts, without scripts, styles or references, the same for the same input.
//!
//! A text passes `plain`, is escaped, and is cut to the room that it has; the whole of it is its tooltip.

use std::fmt::{self, Write as _};

use super::plain::plain;

/// The longest text, in characters, also of a tooltip.
const LONGEST: usize = 400;
/// How wide a character is, in hundredths of the text's size, in any usual font; East Asian ones are twice as wide.
const CHARACTER: usize = 56;

/// A picture in the making.
pub(crate) struct Svg {
    body: String,
    width: usize,
}

/// How a text looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Font {
    pub(crate) size: usize,
    pub(crate) bold: bool,
    pub(crate) color: &'static str,
}

impl Font {
    pub(crate) const fn of(size: usize) -> Self {
        Self { size, bold: false, color: INK }
    }

    pub(crate) const fn bold(mut self) -> Self {
        self.bold = true;
        self
    }

    pub(crate) const fn color(mut self, color: &'static str) -> Self {
        self.color = color;
        self
    }
}

pub(crate) const INK: &str = "#1c2733";
pub(crate) const FAINT: &str = "#5b6875";
pub(crate) const RULE: &str = "#d5dbe1";
pub(crate) const PAPER: &str = "#ffffff";

impl Svg {
    pub(crate) fn new(width: usize) -> Self {
        Self { body: String::new(), width }
    }

    pub(crate) fn rectangle(&mut self, [x, y, width, height]: [usize; 4], fill: &str, stroke: &str) {
        self.add(format_args!(
            r#"<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="4" fill="{fill}" stroke="{stroke}"/>"#
        ));
    }

    pub(crate) fn dot(&mut self, x: usize, y: usize, radius: usize, fill: &str) {
        self.add(format_args!(r#"<circle cx="{x}" cy="{y}" r="{radius}" fill="{fill}"/>"#));
    }

    pub(crate) fn line(&mut self, [x1, y1, x2, y2]: [usize; 4], stroke: &str) {
        self.add(format_args!(r#"<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{stroke}"/>"#));
    }

    /// A curve from left to right, thick where it shows control.
    pub(crate) fn curve(&mut self, [x1, y1, x2, y2]: [usize; 4], stroke: &str, width: usize) {
        let middle = x1.midpoint(x2);
        self.add(format_args!(
            r#"<path d="M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}" fill="none" stroke="{stroke}" stroke-width="{width}"/>"#
        ));
    }

    /// A triangle whose tip is at this place, to the right or to the left.
    pub(crate) fn arrow(&mut self, x: usize, y: usize, to_the_right: bool, fill: &str) {
        let back = if to_the_right { x.saturating_sub(9) } else { x + 9 };
        let (above, below) = (y.saturating_sub(5), y + 5);
        self.add(format_args!(r#"<path d="M{x} {y}L{back} {above}L{back} {below}Z" fill="{fill}"/>"#));
    }

    /// A text in one line, in so much room.
    pub(crate) fn text(&mut self, [x, y, room]: [usize; 3], text: &str, font: Font) {
        let Font { size, bold, color } = font;
        let (whole, shown) = (plain(text, LONGEST), fitted(&plain(text, LONGEST), room, size));
        let weight = if bold { r#" font-weight="bold""# } else { "" };
        let tooltip =
            if whole == shown { String::new() } else { format!("<title>{}</title>", Escaped(&whole)) };
        self.add(format_args!(
            r#"<text x="{x}" y="{y}" font-size="{size}"{weight} fill="{color}">{}{tooltip}</text>"#,
            Escaped(&shown)
        ));
    }

    /// The whole picture, with a title for those who cannot see it.
    pub(crate) fn finish(self, height: usize, title: &str) -> String {
        let Self { body, width } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             role=\"img\" font-family=\"Helvetica, Arial, sans-serif\">\n<title>{}</title>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"{PAPER}\"/>\n{body}</svg>\n",
            Escaped(&plain(title, LONGEST))
        )
    }

    fn add(&mut self, element: fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _never = writeln!(self.body, "{element}");
    }
}

/// The beginning of a text that fits into so many pixels.
fn fitted(text: &str, room: usize, size: usize) -> String {
    let width = |c: char| if c as u32 >= 0x1100 { 2 * CHARACTER } else { CHARACTER } * size;
    let room = room * 100;
    if text.chars().map(width).sum::<usize>() <= room {
        return text.to_owned();
    }
    let mut left = room.saturating_sub(width('…'));
    let fits = |c: &char| {
        let fits = width(*c) <= left;
        left = left.saturating_sub(width(*c));
        fits
    };
    let begun: String = text.chars().take_while(fits).collect();
    format!("{begun}…")
}

/// A text as XML has it.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '&' => f.write_str("&amp;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_text_is_text() {
        let mut svg = Svg::new(200);
        svg.text([0, 10, 400], "</text><script>alert(1)</script>\0\n", Font::of(12));
        let made = svg.finish(20, "\"<b>");
        assert!(!made.contains("<script") && !made.contains('\0'), "{made}");
        assert!(
            made.contains("&lt;/text&gt;&lt;script&gt;") && made.contains("<title>&quot;&lt;b&gt;</title>")
        );
    }

    #[test]
    fn a_text_is_cut_to_its_room() {
        assert_eq!(fitted("abcdef", 100, 10), "abcdef");
        assert_eq!(fitted("abcdef", 29, 10), "abc…");
        assert_eq!(fitted("日本語日本語", 40, 10), "日本…");
    }
}
