//! `search_files`: a text, a pattern or hashes in the files of a container, as the engine's archive of them streams by.

use std::time::Instant;

use bytes::{Bytes, BytesMut};
use engine::{Body, ErrorKind};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use tar::EntryType;

use super::{
    sought::{IGNORE_CASE, PATTERN, Sought, TEXT, excerpt},
    tar_entries::{Ended, Entries},
    tree::{Asked, End, FILE, Found, MAX_READ, NAME_PATTERN, PATH, SKIPPED, TIME, asked, rest},
};
use crate::{
    Error, Operation, Output, Schema,
    declare::param::{CONTAINER, list, positive},
    run::call::Call,
};

/// The most matches that are told of one file, so that one cannot keep those of all others away.
const MOST_IN_A_FILE: usize = 20;
/// A file is looked through in pieces of this size, in bytes; each goes on to the end of its line.
const PIECE: usize = 64 * 1024;
/// Where a piece has no end of a line, so much of it is looked through again with the next.
const OVERLAP: usize = 4 * 1024;

/// The operations of this file.
pub(super) static OPERATIONS: &[Operation] = &[Operation::get("search_files", "/containers/{id}/archive")
    .title("Search Files")
    .about("Searches the files of a container for a text, a regular expression or SHA-256 hashes, also in one that does not run. Says what was not read, and why. Nothing runs in the container, and nothing is unpacked.")
    .params(&[
        CONTAINER,
        PATH.about("The folder or file to search. A symbolic link is followed. The smaller it is, the less the engine has to send."),
        TEXT,
        PATTERN.about("A regular expression for a line, in the syntax of Rust's regex (no look-around, no back-references). Give this or Text."),
        IGNORE_CASE,
        list("sha256")
            .title("SHA-256")
            .about("Hashes of whole files to look for, each of 64 hexadecimal digits, with or without sha256: before it.")
            .local(),
        NAME_PATTERN.placeholder("\\.conf$"),
        positive("max_matches")
            .title("Most Matches")
            .about("The search ends after this many. Of one file, at most 20 are told.")
            .default("100")
            .local(),
        MAX_READ,
        TIME,
    ])
    .gives(Schema::All(&[
        Schema::Fields(&["path", "count"]),
        Schema::Field(
            "matches",
            &Schema::List(&Schema::All(&[FILE, Schema::Fields(&["found_by", "sha256", "line", "offset", "text"])])),
        ),
        Schema::Fields(&["examined", "bytes_examined"]),
        SKIPPED,
        Schema::Fields(&["truncated", "timed_out"]),
    ]))
    .table("matches", &["found_by", "path", "line", "text"])
    .run(search)];

fn search(call: &Call<'_>) -> Result<Output, Error> {
    let arguments = &call.arguments;
    let sought = Sought::of(arguments)?;
    let hashes = arguments.texts("sha256").map(hash).collect::<Result<Vec<_>, _>>()?;
    if sought.is_none() && hashes.is_empty() {
        return Err(Error::fault("text, pattern or sha256 is missing: say what to look for"));
    }
    let wanted = usize::try_from(arguments.integer("max_matches").unwrap_or_default()).unwrap_or(usize::MAX);
    let mut asked = asked(call)?;
    let mut last = arguments.text(PATH).unwrap_or_default().to_owned();
    let mut matches = Vec::new();
    let (mut examined, mut bytes_examined) = (0_u64, 0_u64);
    while let Some(found) = asked.tree.next()? {
        last.clone_from(&found.path);
        if !found.is_file() || !asked.names(&found) {
            continue;
        }
        let mut lines = sought.as_ref().map(Lines::of);
        let mut digest = (!hashes.is_empty()).then(Sha256::new);
        while let Some(piece) = asked.tree.contents()? {
            bytes_examined += piece.len() as u64;
            if let Some(digest) = &mut digest {
                digest.update(&piece);
            }
            if let Some(lines) = &mut lines {
                lines.add(&piece);
            }
            engine::go_on()?;
            if Instant::now() > asked.until {
                asked.tree.end = End::TimedOut;
                break;
            }
        }
        let occurrences = lines.map(Lines::finish).unwrap_or_default();
        matches.extend(occurrences.into_iter().map(|occurrence| shown(&found, occurrence)));
        if asked.tree.end != End::Whole {
            break;
        }
        examined += 1;
        let hash = digest.map(|digest| hex::encode(digest.finalize()));
        if let Some(hash) = hash.filter(|hash| hashes.contains(hash)) {
            let fields =
                json!({"found_by": "sha256", "sha256": hash, "line": null, "offset": null, "text": null});
            matches.push(shown(&found, fields));
        }
        if matches.len() > wanted {
            break;
        }
    }
    let Asked { tree, mut skipped, .. } = asked;
    skipped.extend(rest(call, &tree.end, &last));
    let truncated = matches.len() > wanted || matches!(tree.end, End::TooMuch | End::Broken(_));
    matches.truncate(wanted);
    let result = [
        ("path", Value::from(tree.root())),
        ("count", matches.len().into()),
        ("matches", matches.into()),
        ("examined", examined.into()),
        ("bytes_examined", bytes_examined.into()),
        ("skipped", skipped.into()),
        ("truncated", truncated.into()),
        ("timed_out", (tree.end == End::TimedOut).into()),
    ];
    Ok(Map::from_iter(result.map(|(name, value)| (name.to_owned(), value))).into())
}

fn shown(found: &Found, occurrence: Value) -> Value {
    let mut fields = found.shown();
    if let Value::Object(further) = occurrence {
        fields.extend(further);
    }
    fields.into()
}

/// A hash in the one form that hashes are compared in.
fn hash(given: &str) -> Result<String, Error> {
    let hash = given.trim().to_ascii_lowercase();
    let hash = hash.strip_prefix("sha256:").unwrap_or(&hash);
    if hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(hash.to_owned());
    }
    let beginning: String = given.chars().take(80).collect();
    Err(Error::fault(format!("sha256 must hold hashes of 64 hexadecimal digits, not {beginning:?}")))
}

/// The SHA-256 of the file that an archive begins with, and how much was read. No hash where that is no file, has more than
/// `most` bytes, or is cut off.
pub(crate) fn hash_of_file(
    mut body: Body,
    most: u64,
    until: Instant,
) -> Result<(Option<String>, u64), engine::Error> {
    let mut read = 0;
    let mut entries = Entries::new(|| {
        let piece = if Instant::now() > until {
            return Err(engine::Error::new(ErrorKind::TimedOut, "the time limit was reached within a file"));
        } else {
            body.chunk()?
        };
        read += piece.as_ref().map_or(0, Bytes::len) as u64;
        Ok(piece)
    });
    let mut digest = Sha256::new();
    let hashed = (|| {
        let Some(entry) = entries.next()? else { return Ok::<_, Ended<engine::Error>>(None) };
        if !matches!(entry.kind, EntryType::Regular | EntryType::Continuous) || entry.size > most {
            return Ok(None);
        }
        while let Some(piece) = entries.contents()? {
            digest.update(&piece);
        }
        // To its end, so that the connection serves further calls. Nothing follows a single file.
        Ok(if entries.next()?.is_none() { Some(hex::encode(digest.finalize())) } else { None })
    })();
    drop(entries);
    match hashed {
        Ok(hash) => {
            while body.chunk()?.is_some() {}
            Ok((hash, read))
        }
        Err(Ended::Broken(_)) => Ok((None, read)),
        Err(Ended::Source(error)) => Err(error),
    }
}

/// Looks for what is sought in a file, line by line, while its pieces come.
struct Lines<'s> {
    sought: &'s Sought,
    pending: BytesMut,
    /// Where `pending` begins in the file, and in which line.
    offset: u64,
    line: u64,
    /// Whether the line that `pending` begins in the middle of has been told already.
    is_told: bool,
    found: Vec<Value>,
}

impl<'s> Lines<'s> {
    fn of(sought: &'s Sought) -> Self {
        Self { sought, pending: BytesMut::new(), offset: 0, line: 1, is_told: false, found: Vec::new() }
    }

    fn add(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.found.len() < MOST_IN_A_FILE {
            let (part, rest) = bytes.split_at(bytes.len().min(PIECE));
            bytes = rest;
            self.pending.extend_from_slice(part);
            if self.pending.len() < PIECE {
                return;
            }
            let end = self.pending.iter().rposition(|byte| *byte == b'\n');
            let (looked, kept) = match end {
                Some(end) => (end + 1, end + 1),
                None => (self.pending.len(), self.pending.len() - OVERLAP),
            };
            self.look(looked);
            let gone = self.pending.split_to(kept);
            self.line += lines_in(&gone);
            self.offset += kept as u64;
        }
    }

    fn finish(mut self) -> Vec<Value> {
        self.look(self.pending.len());
        self.found
    }

    /// Looks through the beginning of what is pending. One match is told of each line.
    fn look(&mut self, end: usize) {
        let (mut at, mut counted, mut line) = (0, 0, self.line);
        let text = &self.pending[..end];
        while at < end && self.found.len() < MOST_IN_A_FILE {
            let stop = text[at..].iter().position(|byte| *byte == b'\n').map_or(end, |stop| at + stop);
            let this = &text[at..stop];
            if !self.is_told
                && let Some(begin) = self.sought.find(this)
            {
                self.is_told = true;
                line += lines_in(&text[counted..at]);
                counted = at;
                self.found.push(json!({
                    "found_by": "text",
                    "sha256": null,
                    "line": line,
                    "offset": self.offset + (at + begin) as u64,
                    "text": excerpt(this, begin),
                }));
            }
            self.is_told &= stop == end;
            at = stop + 1;
        }
    }
}

fn lines_in(bytes: &[u8]) -> u64 {
    bytes.split(|byte| *byte == b'\n').skip(1).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sought: &str, bytes: &[u8], piece: usize) -> Vec<(u64, u64, String)> {
        let sought = Sought::pattern("pattern", sought, false).unwrap();
        let mut lines = Lines::of(&sought);
        bytes.chunks(piece).for_each(|piece| lines.add(piece));
        let number = |value: &Value| value.as_u64().unwrap();
        let shown = lines.finish().into_iter();
        shown
            .map(|one| {
                (number(&one["line"]), number(&one["offset"]), one["text"].as_str().unwrap().to_owned())
            })
            .collect()
    }

    #[test]
    fn lines_and_offsets_are_the_same_in_any_pieces() {
        let mut text = "x\n".repeat(50_000).into_bytes();
        text.extend_from_slice(b"the needle\r\nlast needle");
        for piece in [1000, 4096, 65_536, 1 << 20] {
            assert_eq!(
                found("needle", &text, piece),
                [(50_001, 100_004, "the needle".into()), (50_002, 100_017, "last needle".into())],
                "{piece}"
            );
        }
    }

    #[test]
    fn what_lies_across_pieces_without_lines_is_found_once() {
        for before in [PIECE - 3, PIECE - OVERLAP - 3, 2 * PIECE - OVERLAP - 2, 10] {
            let text = [vec![b'x'; before], b"needle".to_vec(), vec![b'x'; 3 * PIECE]].concat();
            for piece in [1, 4096, 1 << 20] {
                let offsets: Vec<u64> = found("needle", &text, piece).iter().map(|one| one.1).collect();
                assert_eq!(offsets, [before as u64], "{before} {piece}");
            }
        }
    }

    #[test]
    fn one_file_does_not_fill_the_result() {
        assert_eq!(found("a", &b"a\n".repeat(10_000), 100).len(), MOST_IN_A_FILE);
    }

    #[test]
    fn hashes_are_read_in_the_forms_that_lists_have() {
        let hash_of = |text: &str| hash(text).ok();
        let plain = "ab".repeat(32);
        assert_eq!(hash_of(&format!(" SHA256:{} ", plain.to_uppercase())), Some(plain));
        assert_eq!((hash_of("abc"), hash_of(&"g".repeat(64))), (None, None));
    }
}
