//! The multiplexed stream of logs, attach and exec without a TTY: frames of stdout and stderr.
//!
//! A frame is a header of eight bytes, `[stream, 0, 0, 0, size as four bytes, big-endian]`, then `size` bytes
//! (`POST /containers/{id}/attach`, "Stream format"). With a TTY there are no frames: all is one raw stream.

use bytes::{Buf as _, Bytes, BytesMut};

use crate::{Error, ErrorKind};

const HEADER: usize = 8;

/// Which stream of the process a piece of output came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StreamName {
    /// What the engine echoes of the input (0). Rare.
    Stdin,
    /// Standard output (1).
    Stdout,
    /// Standard error (2).
    Stderr,
    /// An error of the engine's own while it reads the log (3).
    System,
}

/// A piece of output. A large frame comes as several pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Where it came from.
    pub stream: StreamName,
    /// Whether it is the first piece of its frame.
    pub begins: bool,
    /// What came.
    pub data: Bytes,
}

/// Takes bytes as they come and gives pieces of output: [`FrameDecoder::push`], then [`FrameDecoder::next_frame`] until
/// it gives `None`. Holds no more than was pushed, whatever size a header claims.
#[derive(Debug, Default)]
pub struct FrameDecoder {
    pending: Bytes,
    header: BytesMut,
    /// The frame being read, how much of it is still to come, and whether none of it has come yet.
    current: Option<(StreamName, usize, bool)>,
}

impl FrameDecoder {
    /// Adds what came. Take all frames out before the next push.
    pub fn push(&mut self, chunk: Bytes) {
        if self.pending.is_empty() {
            self.pending = chunk;
        } else {
            let mut joined = BytesMut::from(std::mem::take(&mut self.pending));
            joined.extend_from_slice(&chunk);
            self.pending = joined.freeze();
        }
    }

    /// The next piece of output, or `None` when more bytes are needed.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, Error> {
        loop {
            if let Some((stream, left, begins)) = self.current {
                if left == 0 {
                    self.current = None;
                    continue;
                }
                if self.pending.is_empty() {
                    return Ok(None);
                }
                let data = self.pending.split_to(left.min(self.pending.len()));
                self.current = Some((stream, left - data.len(), false));
                return Ok(Some(Frame { stream, begins, data }));
            }
            let missing = HEADER - self.header.len();
            let part = self.pending.split_to(missing.min(self.pending.len()));
            self.header.extend_from_slice(&part);
            if self.header.len() < HEADER {
                return Ok(None);
            }
            let (stream, length) = read_header(&mut self.header)?;
            self.current = Some((stream, length, true));
        }
    }

    /// Whether the stream may end here: between two frames.
    pub fn is_complete(&self) -> bool {
        self.header.is_empty() && self.pending.is_empty() && self.current.is_none_or(|(_, left, _)| left == 0)
    }
}

fn read_header(header: &mut BytesMut) -> Result<(StreamName, usize), Error> {
    let stream = match header[..4] {
        [0, 0, 0, 0] => StreamName::Stdin,
        [1, 0, 0, 0] => StreamName::Stdout,
        [2, 0, 0, 0] => StreamName::Stderr,
        [3, 0, 0, 0] => StreamName::System,
        _ => {
            return Err(Error::new(
                ErrorKind::Protocol,
                "the stream has no valid frame where one should begin",
            )
            .hint("A container with a TTY sends its output without frames"));
        }
    };
    header.advance(4);
    // usize holds 32 bits on every platform that this is built for.
    Ok((stream, header.get_u32() as usize))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(stream: u8, data: &[u8]) -> Vec<u8> {
        let mut bytes = vec![stream, 0, 0, 0];
        bytes.extend_from_slice(&u32::try_from(data.len()).unwrap().to_be_bytes());
        bytes.extend_from_slice(data);
        bytes
    }

    fn drain(decoder: &mut FrameDecoder) -> Vec<Frame> {
        std::iter::from_fn(|| decoder.next_frame().unwrap()).collect()
    }

    #[test]
    fn tells_the_streams_apart_and_skips_empty_frames() {
        let mut decoder = FrameDecoder::default();
        decoder.push([frame(1, b"out"), frame(1, b""), frame(2, b"err")].concat().into());
        let frames = drain(&mut decoder);
        assert_eq!(frames[0], Frame { stream: StreamName::Stdout, begins: true, data: "out".into() });
        assert_eq!(frames[1], Frame { stream: StreamName::Stderr, begins: true, data: "err".into() });
        assert_eq!(frames.len(), 2);
        assert!(decoder.is_complete());
    }

    #[test]
    fn knows_a_cut_stream() {
        let mut decoder = FrameDecoder::default();
        decoder.push(frame(1, b"hello")[..10].to_vec().into());
        assert_eq!(drain(&mut decoder)[0].data, "he");
        assert!(!decoder.is_complete());
        decoder.push("llo".into());
        assert_eq!(
            drain(&mut decoder),
            [Frame { stream: StreamName::Stdout, begins: false, data: "llo".into() }]
        );
        assert!(decoder.is_complete());
    }

    #[test]
    fn refuses_what_is_no_frame() {
        let mut decoder = FrameDecoder::default();
        decoder.push("plain text of a TTY".into());
        assert_eq!(decoder.next_frame().unwrap_err().kind(), ErrorKind::Protocol);
    }

    proptest! {
        #[test]
        fn gives_the_same_however_it_is_cut(
            frames in prop::collection::vec((1_u8..=2, prop::collection::vec(any::<u8>(), 0..40)), 0..12),
            cut in 1_usize..30,
        ) {
            let wire: Vec<u8> = frames.iter().flat_map(|(stream, data)| frame(*stream, data)).collect();
            let mut decoder = FrameDecoder::default();
            let (mut out, mut err) = (Vec::new(), Vec::new());
            for chunk in wire.chunks(cut) {
                decoder.push(chunk.to_vec().into());
                for Frame { stream, data, .. } in drain(&mut decoder) {
                    if stream == StreamName::Stdout { &mut out } else { &mut err }.extend_from_slice(&data);
                }
            }
            let expect = |wanted: u8| -> Vec<u8> {
                frames.iter().filter(|(stream, _)| *stream == wanted).flat_map(|(_, data)| data.clone()).collect()
            };
            prop_assert_eq!(out, expect(1));
            prop_assert_eq!(err, expect(2));
            prop_assert!(decoder.is_complete());
        }

        #[test]
        fn never_panics(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..10)) {
            let mut decoder = FrameDecoder::default();
            for chunk in chunks {
                decoder.push(chunk.into());
                while let Ok(Some(_)) = decoder.next_frame() {}
            }
        }
    }
}
