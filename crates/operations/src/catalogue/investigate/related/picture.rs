//! The graph as a picture, in three columns: the container, what it has in common with others, and these, the worst first.

use serde_json::Value;

use super::{
    graph::{Hub, Related},
    ties::{Control, Risk},
};
use crate::{
    catalogue::investigate::svg::{FAINT, Font, INK, PAPER, RULE, Svg},
    run::objects::text,
};

/// No more are drawn; the rest is counted.
const MOST: usize = 60;
const WIDTH: usize = 1240;
const TOP: usize = 84;
const ROW: usize = 52;
const BOX: usize = 42;
const HUB: usize = 34;
const HUB_STEP: usize = 42;
const SUBJECT: [usize; 2] = [24, 220];
const HUBS: [usize; 2] = [372, 260];
const OTHERS: [usize; 2] = [770, 446];

pub(crate) const fn color(risk: Risk) -> &'static str {
    match risk {
        Risk::Critical => "#b3001b",
        Risk::High => "#d9480f",
        Risk::Medium => "#b07d00",
        Risk::Low => "#2b6cb0",
        Risk::Info => "#7b8794",
    }
}

/// A line between two boxes.
struct Strand {
    hub: usize,
    /// The row of what is related; none for the container's own side.
    row: Option<usize>,
    risk: Risk,
    control: Control,
}

/// Draws it.
pub(crate) fn picture(subject: &Value, summary: &str, related: &[Related]) -> String {
    let drawn = &related[..related.len().min(MOST)];
    let (hubs, strands) = woven(drawn);
    let rows = drawn.len().max(1);
    let middle = |row: usize| TOP + row * ROW + BOX / 2;
    let centers = placed(&hubs, &strands, &middle);
    let lowest = centers.iter().max().map_or(0, |center| center + HUB);
    let mut height = (TOP + rows * ROW).max(lowest) + 10;

    let mut svg = Svg::new(WIDTH);
    let name = text(subject, "name");
    svg.text([24, 34, WIDTH - 48], &format!("What is related to container {name}"), Font::of(20).bold());
    svg.text([24, 58, WIDTH - 48], summary, Font::of(13).color(FAINT));
    let own = TOP.midpoint(TOP + rows * ROW).min(TOP + 400);
    for strand in &strands {
        let center = centers[strand.hub];
        let (ends, width) = match strand.row {
            None => ([SUBJECT[0] + SUBJECT[1], own, HUBS[0], center], 1),
            Some(row) => ([HUBS[0] + HUBS[1], center, OTHERS[0], middle(row)], 1),
        };
        let width = if strand.control == Control::None { width } else { 2 };
        svg.curve(ends, color(strand.risk), width);
    }
    // The arrows stand at who is controlled, over the lines.
    for strand in &strands {
        match (strand.row, strand.control) {
            (Some(row), Control::Controls | Control::Both) => {
                svg.arrow(OTHERS[0], middle(row), true, color(strand.risk));
            }
            (None, Control::ControlledBy | Control::Both) => {
                svg.arrow(SUBJECT[0] + SUBJECT[1], own, false, color(strand.risk));
            }
            _ => {}
        }
    }
    svg.rectangle([SUBJECT[0], own - 34, SUBJECT[1], 68], "#eef2f6", INK);
    svg.text([SUBJECT[0] + 12, own - 10, SUBJECT[1] - 24], name, Font::of(15).bold());
    svg.text([SUBJECT[0] + 12, own + 8, SUBJECT[1] - 24], text(subject, "image"), Font::of(12).color(FAINT));
    svg.text(
        [SUBJECT[0] + 12, own + 25, SUBJECT[1] - 24],
        text(subject, "status"),
        Font::of(12).color(FAINT),
    );
    for (hub, center) in hubs.iter().zip(&centers) {
        let y = center - HUB / 2;
        svg.rectangle([HUBS[0], y, HUBS[1], HUB], PAPER, RULE);
        svg.text(
            [HUBS[0] + 10, y + 14, HUBS[1] - 20],
            &hub.kind.replace('_', " "),
            Font::of(10).color(FAINT),
        );
        svg.text([HUBS[0] + 10, y + 28, HUBS[1] - 20], &hub.name, Font::of(12));
    }
    for (row, thing) in drawn.iter().enumerate() {
        let (y, fill) = (TOP + row * ROW, color(thing.risk()));
        svg.rectangle([OTHERS[0], y, OTHERS[1], BOX], PAPER, RULE);
        svg.rectangle([OTHERS[0], y, 6, BOX], fill, fill);
        let kind = if thing.kind == "container" { thing.status.as_str() } else { thing.kind };
        svg.text([OTHERS[0] + 16, y + 17, OTHERS[1] - 150], &thing.name, Font::of(13).bold());
        let standing = format!("{} · {kind}", thing.risk().name());
        svg.text([OTHERS[0] + OTHERS[1] - 126, y + 17, 120], &standing, Font::of(11).color(fill));
        let reason = thing.ties.first().map_or("", |tie| &tie.what);
        svg.text([OTHERS[0] + 16, y + 33, OTHERS[1] - 26], reason, Font::of(11).color(FAINT));
    }
    if drawn.is_empty() {
        svg.text([OTHERS[0], TOP + 26, OTHERS[1]], "Nothing is related to it.", Font::of(13).color(FAINT));
    }
    if related.len() > MOST {
        let more = format!("And {} more, which the result lists.", related.len() - MOST);
        svg.text([OTHERS[0], height + 4, OTHERS[1]], &more, Font::of(12).color(FAINT));
        height += 20;
    }
    svg.line([24, height + 6, WIDTH - 24, height + 6], RULE);
    let mut x = 24;
    for risk in Risk::ALL {
        svg.rectangle([x, height + 20, 12, 12], color(risk), color(risk));
        svg.text([x + 18, height + 31, 80], risk.name(), Font::of(12));
        x += 96;
    }
    let legend = "A thick line shows control; its arrow points at who is controlled.";
    svg.text([x + 10, height + 31, WIDTH - x - 34], legend, Font::of(12).color(FAINT));
    svg.finish(height + 48, &format!("What is related to container {name}"))
}

/// The hubs, and the lines to and from them.
fn woven(drawn: &[Related]) -> (Vec<Hub>, Vec<Strand>) {
    let (mut hubs, mut strands): (Vec<Hub>, Vec<Strand>) = (Vec::new(), Vec::new());
    for (row, thing) in drawn.iter().enumerate() {
        for tie in &thing.ties {
            let hub = match thing.kind {
                "container" => Hub::of(tie),
                // What leads to the host is told as it is: nothing is between.
                _ => {
                    Hub { node: format!("{}:{}", tie.kind, tie.what), kind: tie.kind, name: tie.what.clone() }
                }
            };
            let at = hubs.iter().position(|known| known.node == hub.node).unwrap_or_else(|| {
                hubs.push(hub);
                hubs.len() - 1
            });
            for row in [None, Some(row)] {
                let known = strands.iter_mut().find(|strand| strand.hub == at && strand.row == row);
                if let Some(known) = known {
                    known.risk = known.risk.max(tie.risk);
                    known.control = known.control.and(tie.control);
                } else {
                    strands.push(Strand { hub: at, row, risk: tie.risk, control: tie.control });
                }
            }
        }
    }
    // The worst are drawn last, over the others.
    strands.sort_by_key(|strand| strand.risk);
    (hubs, strands)
}

/// Where each hub's center is: beside those that it leads to, and none over another.
fn placed(hubs: &[Hub], strands: &[Strand], middle: &impl Fn(usize) -> usize) -> Vec<usize> {
    let mut wanted: Vec<(usize, usize)> = (0..hubs.len())
        .map(|hub| {
            let rows = strands.iter().filter(|strand| strand.hub == hub).filter_map(|strand| strand.row);
            let rows: Vec<usize> = rows.map(middle).collect();
            (rows.iter().sum::<usize>() / rows.len().max(1), hub)
        })
        .collect();
    wanted.sort_unstable();
    let mut centers = vec![0; hubs.len()];
    let mut free = TOP + HUB / 2;
    for (center, hub) in &wanted {
        let center = (*center).max(free);
        centers[*hub] = center;
        free = center + HUB_STEP;
    }
    // What was pushed below the last row goes up again, as far as there is room.
    let last_row = strands.iter().filter_map(|strand| strand.row).max().map_or(TOP, middle);
    let mut limit = last_row.max(TOP + HUB / 2 + HUB_STEP * hubs.len().saturating_sub(1));
    for (_, hub) in wanted.iter().rev() {
        centers[*hub] = centers[*hub].min(limit);
        limit = centers[*hub].saturating_sub(HUB_STEP);
    }
    centers
}
