//! A timeline as a picture: a row for each entry, a column of dots for each source, and a gap where nothing is known for long.

use super::entry::{Entry, utc};
use crate::catalogue::investigate::svg::{FAINT, Font, RULE, Svg};

/// No more are drawn; the rest is counted.
const MOST: usize = 250;
const WIDTH: usize = 1280;
const TOP: usize = 100;
const ROW: usize = 24;
const LANES: usize = 256;
const LANE: usize = 22;
/// Nothing known for so long is a gap of its own.
const GAP: i64 = 3600 * 1_000_000_000;

const COLORS: &[(&str, &str)] = &[
    ("inspect", "#1c2733"),
    ("events", "#b3001b"),
    ("logs", "#2b6cb0"),
    ("health", "#2f855a"),
    ("image", "#805ad5"),
    ("processes", "#d9480f"),
    ("networks", "#0b7285"),
    ("volumes", "#b07d00"),
    ("isolation", "#c2255c"),
    ("swarm", "#495057"),
    ("files", "#5c940d"),
];

/// Draws it.
pub(crate) fn picture(title: &str, summary: &str, entries: &[Entry]) -> String {
    let drawn = &entries[..entries.len().min(MOST)];
    let lanes: Vec<&(&str, &str)> =
        COLORS.iter().filter(|(source, _)| drawn.iter().any(|entry| entry.source == *source)).collect();
    let texts = LANES + LANE * lanes.len() + 16;
    let mut svg = Svg::new(WIDTH);
    svg.text([24, 34, WIDTH - 48], title, Font::of(20).bold());
    svg.text([24, 58, WIDTH - 48], summary, Font::of(13).color(FAINT));
    let mut x = 24;
    for (source, color) in &lanes {
        svg.dot(x + 5, 80, 5, color);
        svg.text([x + 16, 84, 90], source, Font::of(12));
        x += 32 + source.len() * 7;
    }
    let mut y = TOP;
    let mut before: Option<i64> = None;
    for entry in drawn {
        if let Some(gap) = before.map(|before| entry.moment.at - before).filter(|gap| *gap >= GAP) {
            y += 6;
            svg.line([24, y + 10, WIDTH - 24, y + 10], RULE);
            svg.text([texts, y + 6, 300], &format!("{} later", long(gap)), Font::of(11).color(FAINT));
            y += ROW - 4;
        }
        before = Some(entry.moment.at);
        let lane = lanes.iter().position(|(source, _)| *source == entry.source).unwrap_or_default();
        let color = lanes.get(lane).map_or(FAINT, |(_, color)| color);
        // To the second it is known to the second only.
        let time = utc(entry.moment.at);
        let shown =
            if entry.moment.grain == super::entry::SECOND { &time[..19] } else { &time[..time.len() - 7] };
        svg.text([24, y + 15, LANES - 30], &shown.replace('T', " "), Font::of(12).color(FAINT));
        svg.dot(LANES + LANE * lane + 8, y + 11, 5, color);
        let shown = match entry.technique {
            Some(technique) => format!("{} [{}]", entry.what, technique.id),
            None => entry.what.clone(),
        };
        svg.text([texts, y + 15, WIDTH - texts - 24], &shown, Font::of(12));
        y += ROW;
    }
    if entries.len() > MOST {
        let more = format!("And {} more, which the result lists.", entries.len() - MOST);
        svg.text([texts, y + 15, 400], &more, Font::of(12).color(FAINT));
        y += ROW;
    }
    svg.text([24, y + 22, 400], "Times are UTC, by the engine's clock.", Font::of(12).color(FAINT));
    svg.finish(y + 40, title)
}

/// A long time in words.
fn long(nanoseconds: i64) -> String {
    let minutes = nanoseconds / 60_000_000_000;
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    match (days, hours) {
        (0, hours) => format!("{hours} h {minutes} min"),
        (1, hours) => format!("1 day {hours} h"),
        (days, _) => format!("{days} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_time_in_words() {
        for (minutes, words) in [(61, "1 h 1 min"), (1500, "1 day 1 h"), (3000, "2 days")] {
            assert_eq!(long(minutes * 60_000_000_000), words);
        }
    }
}
