//! What each byte of an answer costs: frames of logs, and lines of JSON. `cargo bench --package engine`
#![allow(missing_docs, reason = "divan's attribute makes public items of its own")]

use std::time::{Duration, Instant};

use bytes::Bytes;
use divan::{Bencher, black_box, counter::BytesCount};
use engine::{FrameDecoder, JsonLines, RateLimit};

const CHUNK: usize = 32 * 1024;

fn main() {
    divan::main();
}

/// A megabyte of logs, a hundred bytes a line, every fourth on standard error; as it comes from the socket.
fn logs() -> Vec<Bytes> {
    let line = [b'x'; 100];
    let wire: Vec<u8> = (0_u8..=255)
        .cycle()
        .take(10_000)
        .flat_map(|number| {
            [&[if number % 4 == 0 { 2 } else { 1 }, 0, 0, 0, 0, 0, 0, 100], line.as_slice()].concat()
        })
        .collect();
    wire.chunks(CHUNK).map(Bytes::copy_from_slice).collect()
}

#[divan::bench]
fn frames(bencher: Bencher<'_, '_>) {
    let chunks = logs();
    let bytes: usize = chunks.iter().map(Bytes::len).sum();
    bencher.counter(BytesCount::new(bytes)).bench(|| {
        let mut decoder = FrameDecoder::default();
        for chunk in &chunks {
            decoder.push(chunk.clone());
            while let Ok(Some(frame)) = decoder.next_frame() {
                black_box(frame);
            }
        }
    });
}

#[divan::bench]
fn json_lines(bencher: Bencher<'_, '_>) {
    let line = r#"{"status":"Downloading","progressDetail":{"current":1234,"total":56789},"id":"abcdef"}"#;
    let wire = Bytes::from(format!("{line}\r\n").repeat(1000));
    bencher.counter(BytesCount::new(wire.len())).bench(|| {
        let mut lines = JsonLines::default();
        lines.push(&wire);
        while let Ok(Some(value)) = lines.next_value() {
            black_box(value);
        }
    });
}

/// A turn under the rate limit. There are 60,000 a minute, so not many are taken.
#[divan::bench(sample_count = 20, sample_size = 100)]
fn turn(bencher: Bencher<'_, '_>) {
    let limit = RateLimit::new("the micro-benchmark", u32::MAX);
    bencher.bench(|| limit.wait(Instant::now() + Duration::from_millis(1)));
}
