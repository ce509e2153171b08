//! Archives are changed in every way that a byte can be, and each change is found.

use std::io::Write as _;

use bytes::Bytes;
use proptest::prelude::*;
use tempfile::NamedTempFile;

use super::*;
use crate::catalogue::response::{
    evidence::manifest,
    zip::{layout::Method, writer::Archive},
};

const KEY: &[u8] = include_bytes!("../../../../../../tests/data/keys/ed25519-key.pem");

/// An archive as `collect_evidence` makes it, of three members.
fn sample(is_signed: bool) -> (Vec<u8>, String) {
    let signer = Signer::read(KEY).unwrap();
    let mut archive = Archive::new().unwrap();
    let mut items = Vec::new();
    for (name, method, contents) in [
        ("inspection.json", Method::Deflated, Bytes::from_static(b"{\"Id\": \"4cd2\", \"Name\": \"/web\"}")),
        ("logs/stdout.log", Method::Deflated, Bytes::new()),
        ("files.tar", Method::Stored, Bytes::from(vec![7; 300])),
    ] {
        let kept = archive.add(name, method, contents).unwrap();
        items.push(json!({
            "name": name, "bytes": kept.size, "sha256": kept.sha256, "method": kept.method.word(),
            "stored_bytes": kept.stored, "stored_sha256": kept.stored_sha256, "complete": true, "why": null,
        }));
    }
    let signed_by = is_signed.then(|| signer.public_key_pem());
    let told = json!({"format": manifest::FORMAT, "items": items, "missing": [], "signed_by": signed_by});
    let text = manifest::text(&told);
    let kept = archive.add(manifest::MANIFEST, Method::Stored, text.clone().into()).unwrap();
    if is_signed {
        let signature = signer.sign(&text).to_vec();
        archive.add(manifest::SIGNATURE, Method::Stored, signature.into()).unwrap();
    }
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut archive.finish().unwrap().open().unwrap(), &mut bytes).unwrap();
    (bytes, kept.sha256)
}

fn of(bytes: &[u8], key: Option<PublicKey>, manifest_sha256: Option<&str>) -> Map<String, Value> {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    verified(file.as_file(), key, manifest_sha256, |_| ()).unwrap()
}

fn is_valid(bytes: &[u8]) -> bool {
    of(bytes, None, None)["valid"] == true
}

fn found(result: &Map<String, Value>) -> String {
    result["findings"].to_string()
}

#[test]
fn an_archive_as_it_was_written_is_valid() {
    for is_signed in [false, true] {
        let (bytes, sha256) = sample(is_signed);
        let result = of(&bytes, None, Some(&sha256));
        assert!(result["valid"] == true && result["items"] == 3, "{result:?}");
    }
    let key = Signer::read(KEY).unwrap().public_key();
    assert_eq!(of(&sample(true).0, Some(key), None)["signature"], "verified");
    let unsigned = of(&sample(false).0, Some(key), None);
    assert!(unsigned["valid"] == false && found(&unsigned).contains("not signed"), "{unsigned:?}");
}

#[test]
fn every_bit_counts() {
    for is_signed in [false, true] {
        let (bytes, _) = sample(is_signed);
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!is_valid(&changed), "bit {} of byte {}, {:#x}", bit % 8, bit / 8, bit / 8);
        }
    }
}

#[test]
fn every_cut_and_every_byte_more_is_found() {
    let (bytes, _) = sample(true);
    for at in 0..bytes.len() {
        assert!(!is_valid(&bytes[..at]), "cut at {at}");
        let without = [&bytes[..at], &bytes[at + 1..]].concat();
        assert!(!is_valid(&without), "without {at}");
        for more in [&b"\0"[..], b"PK"] {
            let with = [&bytes[..at], more, &bytes[at..]].concat();
            assert!(!is_valid(&with), "more at {at}");
        }
    }
    let with = [&bytes[..], b"\0"].concat();
    assert!(found(&of(&with, None, None)).contains("1 bytes stand after the archive's end"));
}

#[test]
fn a_finding_names_what_was_changed() {
    let (bytes, _) = sample(true);
    let at = |needle: &[u8]| bytes.windows(needle.len()).position(|window| window == needle).unwrap();
    let last = |needle: &[u8]| bytes.windows(needle.len()).rposition(|window| window == needle).unwrap();
    for (position, named) in [
        (at(&[7; 100]) + 200, "files.tar"),
        (at(b"files.tar") - 10, "files.tar"),
        (last(b"files.tar") - 4, "files.tar"),
        (at(b"inspection.json") + 40, "inspection.json"),
        (at(b"fortisoar-docker-evidence"), "manifest.json"),
        (at(b"manifest.sig") + 40, "manifest.sig"),
    ] {
        let mut changed = bytes.clone();
        changed[position] ^= 1;
        let result = of(&changed, None, None);
        assert!(found(&result).contains(named), "{position} of {named}: {result:?}");
    }
}

/// What whoever can write an archive could do.
#[test]
fn forgeries_are_found() {
    let (bytes, _) = sample(true);
    let key = Signer::read(KEY).unwrap().public_key();
    // A whole archive by another key, and none at all.
    let rest = |name: &str, contents: &[u8]| {
        let mut archive = Archive::new().unwrap();
        archive.add(name, Method::Stored, Bytes::copy_from_slice(contents)).unwrap();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut archive.finish().unwrap().open().unwrap(), &mut bytes).unwrap();
        bytes
    };
    let other = PublicKey::read(b"MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=").unwrap();
    assert!(found(&of(&bytes, Some(other), None)).contains("signature"));
    assert!(found(&of(&bytes, Some(key), Some(&"0".repeat(64)))).contains("not the one that was given"));
    for bytes in [rest("a", b"x"), rest("manifest.json", b"{}"), Vec::new(), b"PK\x05\x06".to_vec()] {
        let result = of(&bytes, Some(key), None);
        assert!(result["valid"] == false && !found(&result).is_empty());
    }
    // Two manifests in one: readers differ in which counts.
    let (text, mut twice) =
        (br#"{"format": "fortisoar-docker-evidence/1", "items": [], "items": []}"#, Vec::new());
    twice.extend_from_slice(text);
    assert!(found(&of(&rest("manifest.json", &twice), None, None)).contains("not in the form"));
}

#[test]
fn a_member_that_unpacks_to_more_than_it_says_is_not_followed() {
    let (mut bytes, _) = sample(false);
    // The size in the first member's header: what it unpacks to is larger.
    let size = 30 + "inspection.json".len() + 4;
    bytes[size] = 1;
    let result = of(&bytes, None, None);
    assert!(result["valid"] == false, "{result:?}");
}

#[test]
fn a_record_leads_to_its_attachment() {
    for (given, expected) in [
        (json!("/api/3/attachments/1"), Some("/api/3/attachments/1")),
        (json!("https://soar.example.com/api/3/attachments/1"), Some("/api/3/attachments/1")),
        (json!("abc"), Some("abc")),
        (
            json!({"@id": "/api/3/attachments/2", "file": {"@id": "/api/3/files/3"}}),
            Some("/api/3/attachments/2"),
        ),
        (json!({"attachment": {"@id": "/api/3/attachments/2"}, "size": 1}), Some("/api/3/attachments/2")),
        (json!({"file": {"filename": "evidence.zip"}}), Some("evidence.zip")),
        (json!({"size": 1}), None),
        (json!(""), None),
    ] {
        assert_eq!(reference(&given).as_deref(), expected, "{given}");
    }
    assert!(
        expected(Some("abc")).is_err() && expected(Some(&"A".repeat(64))).unwrap() == Some("a".repeat(64))
    );
}

proptest! {
    #[test]
    fn anything_is_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..400), at in 0usize..3000, more in prop::collection::vec(any::<u8>(), 1..40)) {
        prop_assert!(!is_valid(&bytes));
        let (mut changed, _) = sample(true);
        let at = at % changed.len();
        let before = changed.clone();
        let end = (at + more.len()).min(changed.len());
        changed.splice(at..end, more);
        prop_assert_eq!(is_valid(&changed), changed == before);
    }
}
