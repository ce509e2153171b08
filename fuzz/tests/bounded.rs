//! The fuzz targets on stable: the corpus, and mutations of it for some seconds each. What fails is shrunk and shown.
//!
//! `FUZZ_SECONDS` says for how long, 1 if it is not set; `FUZZ_TARGET` names the only target. `cargo xtask fuzz` sets them.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test, which says how much it has tried")]

use std::{
    env, fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use fuzz::TARGETS;
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
    test_runner::{Config, TestRunner},
};

/// A change to some bytes.
#[derive(Debug, Clone)]
enum Edit {
    Set(Index, u8),
    Insert(Index, Vec<u8>),
    Cut(Index, usize),
    Repeat(Index, usize),
}

/// What parsers stumble over.
const WORDS: &[&[u8]] = &[
    b"\r\n\r\n",
    b"\0",
    b"\xff\xff\xff\xff",
    b"99999999999999999999",
    b"-1",
    b"0x10",
    b"\\ud800",
    b"1e999",
    b"[[[[[[[[",
    b"{\"a\":",
    b"..",
    b"/",
    b"%2e",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Length: 18446744073709551616\r\n",
    b"ffffffffffffffff\r\n",
    b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n",
    b"\xf0\x9f\x98\x80",
    b"\x01\0\0\0\xff\xff\xff\xff",
    b"=",
    b",",
    b"\"",
    b"'",
];

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Edit::Set(at, byte)),
        (any::<Index>(), vec(any::<u8>(), 1..8)).prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        (any::<Index>(), select(WORDS)).prop_map(|(at, word)| Edit::Insert(at, word.to_vec())),
        (any::<Index>(), 1_usize..40).prop_map(|(at, length)| Edit::Cut(at, length)),
        (any::<Index>(), 2_usize..200).prop_map(|(at, times)| Edit::Repeat(at, times)),
    ]
}

fn edited(mut bytes: Vec<u8>, edits: &[Edit]) -> Vec<u8> {
    for edit in edits {
        let at = |index: &Index, bytes: &[u8]| index.index(bytes.len() + 1);
        match edit {
            Edit::Set(index, byte) => {
                let at = at(index, &bytes);
                bytes.splice(at..bytes.len().min(at + 1), [*byte]);
            }
            Edit::Insert(index, more) => {
                let at = at(index, &bytes);
                bytes.splice(at..at, more.iter().copied());
            }
            Edit::Cut(index, length) => {
                let at = at(index, &bytes);
                bytes.drain(at..bytes.len().min(at + length));
            }
            Edit::Repeat(index, times) => {
                let at = at(index, &bytes);
                let piece = bytes[at..bytes.len().min(at + 8)].repeat(*times);
                bytes.splice(at..at, piece);
            }
        }
    }
    bytes
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} is empty", folder.display());
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

#[test]
fn no_bytes_do_harm() {
    let seconds = env::var("FUZZ_SECONDS").map_or(1.0, |seconds| seconds.parse().unwrap());
    let only = env::var("FUZZ_TARGET").ok();
    let chosen: Vec<_> =
        TARGETS.iter().filter(|(name, _)| only.as_deref().is_none_or(|only| only == *name)).collect();
    assert!(!chosen.is_empty(), "there is no target {only:?}");
    for (name, run) in chosen {
        let corpus = corpus(name);
        for bytes in &corpus {
            run(bytes);
        }
        let inputs = (select(corpus), vec(edit(), 0..12));
        let (began, mut count) = (Instant::now(), 0);
        while began.elapsed() < Duration::from_secs_f64(seconds) {
            let config = Config { cases: 64, failure_persistence: None, ..Config::default() };
            let outcome = TestRunner::new(config).run(&inputs, |(seed, edits)| {
                run(&edited(seed, &edits));
                Ok(())
            });
            outcome.unwrap_or_else(|failure| panic!("{name}: {failure}"));
            count += 64;
        }
        println!("{name}: {count} inputs");
    }
}
