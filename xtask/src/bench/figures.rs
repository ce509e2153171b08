//! The figures of a work: medians, tails, and ratios within each round, so that a slow moment of the machine hits all alike.

use serde::Serialize;

use super::peers::{Answer, Peer};

/// A middle and how far the rest lies from it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Spread {
    /// A quarter lies below.
    pub(crate) low: f64,
    /// Half lies below.
    pub(crate) median: f64,
    /// A quarter lies above.
    pub(crate) high: f64,
}

/// What each peer answered in each round; a peer may have been left out of some.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rounds(pub(crate) Vec<Vec<(Peer, Answer)>>);

impl Rounds {
    /// Every duration of a peer.
    pub(crate) fn seconds(&self, peer: Peer) -> Vec<f64> {
        self.answers(peer).flat_map(|answer| answer.seconds.iter().copied()).collect()
    }

    /// How many times as long a peer takes as another, in the rounds that both have.
    pub(crate) fn ratio(&self, peer: Peer, than: Peer) -> Option<Spread> {
        let of = |round: &[(Peer, Answer)], wanted: Peer| {
            let (_, answer) = round.iter().find(|(peer, _)| *peer == wanted)?;
            quantile(&answer.seconds, 0.5)
        };
        let ratios: Vec<f64> =
            self.0.iter().filter_map(|round| Some(of(round, peer)? / of(round, than)?)).collect();
        spread(&ratios)
    }

    /// The most memory that a peer took above what it had before, in bytes.
    pub(crate) fn memory(&self, peer: Peer) -> Option<u64> {
        self.answers(peer).map(|answer| answer.peak.saturating_sub(answer.idle)).max()
    }

    fn answers(&self, wanted: Peer) -> impl Iterator<Item = &Answer> {
        self.0.iter().flatten().filter(move |(peer, _)| *peer == wanted).map(|(_, answer)| answer)
    }
}

/// The quartiles.
pub(crate) fn spread(values: &[f64]) -> Option<Spread> {
    let at = |part| quantile(values, part);
    Some(Spread { low: at(0.25)?, median: at(0.5)?, high: at(0.75)? })
}

/// The middle of all, for those who need no spread.
pub(crate) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5).unwrap_or(f64::NAN)
}

/// The value below which this part of all lies, by linear interpolation.
pub(crate) fn quantile(values: &[f64], part: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    #[allow(clippy::cast_precision_loss, reason = "nobody measures 2^52 times")]
    let place = part.clamp(0.0, 1.0) * last as f64;
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the last index"
    )]
    let below = place.floor() as usize;
    let above = (below + 1).min(last);
    Some(sorted[below] + (sorted[above] - sorted[below]) * place.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(seconds: &[f64]) -> Answer {
        Answer { seconds: seconds.to_vec(), idle: 10, peak: 30 }
    }

    #[test]
    fn quantiles_interpolate() {
        assert_eq!(quantile(&[3.0, 1.0, 2.0], 0.5), Some(2.0));
        assert_eq!(quantile(&[1.0, 2.0], 0.5), Some(1.5));
        assert_eq!(quantile(&[1.0, 2.0], 1.0), Some(2.0));
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn a_slow_round_does_not_change_a_ratio() {
        let rounds = Rounds(vec![
            vec![(Peer::Raw, answer(&[1.0, 1.0, 9.0])), (Peer::Connector, answer(&[1.2]))],
            vec![(Peer::Raw, answer(&[10.0])), (Peer::Connector, answer(&[12.0]))],
            vec![(Peer::Raw, answer(&[1.0]))],
        ]);
        let ratio = rounds.ratio(Peer::Connector, Peer::Raw).unwrap();
        assert!((ratio.median - 1.2).abs() < 1e-9 && (ratio.high - 1.2).abs() < 1e-9, "{ratio:?}");
        assert_eq!(rounds.ratio(Peer::Curl, Peer::Raw), None);
        assert_eq!(rounds.memory(Peer::Connector), Some(20));
        assert_eq!(rounds.seconds(Peer::Raw).len(), 5);
    }
}
