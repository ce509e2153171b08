//! A `.tgz` that depends on nothing but its contents: the same files make the same bytes, whenever and wherever.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

/// The modification time of every entry, 1980-01-01: tar warns of older ones.
const MTIME: u64 = 315_532_800;

/// The archive: one top folder, and in it these files by their paths, of which some can be run.
pub(crate) fn tgz(top: &str, files: &BTreeMap<String, Vec<u8>>, programs: &[&str]) -> io::Result<Vec<u8>> {
    let folders: BTreeSet<&str> =
        files.keys().filter_map(|path| path.rsplit_once('/')).map(|(folder, _)| folder).collect();
    let mut archive = Builder::new(GzBuilder::new().mtime(0).write(Vec::new(), Compression::best()));
    add(&mut archive, EntryType::Directory, 0o755, &format!("{top}/"), &[])?;
    for folder in folders {
        add(&mut archive, EntryType::Directory, 0o755, &format!("{top}/{folder}/"), &[])?;
    }
    for (path, contents) in files {
        let mode = if programs.contains(&path.as_str()) { 0o755 } else { 0o644 };
        add(&mut archive, EntryType::Regular, mode, &format!("{top}/{path}"), contents)?;
    }
    archive.into_inner()?.finish()
}

fn add(
    archive: &mut Builder<impl io::Write>,
    kind: EntryType,
    mode: u32,
    path: &str,
    contents: &[u8],
) -> io::Result<()> {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(contents.len() as u64);
    header.set_mtime(MTIME);
    header.set_uid(0);
    header.set_gid(0);
    archive.append_data(&mut header, path, contents)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;

    fn files() -> BTreeMap<String, Vec<u8>> {
        [("b.txt", "two"), ("a/c.txt", "three"), ("a.txt", "one")]
            .map(|(path, contents)| (path.to_owned(), contents.as_bytes().to_vec()))
            .into()
    }

    #[test]
    fn holds_the_files_in_one_folder() {
        let tgz = tgz("top", &files(), &[]).unwrap();
        let mut archive = tar::Archive::new(GzDecoder::new(tgz.as_slice()));
        let entries: Vec<(String, u32, String)> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let mut entry = entry.unwrap();
                let mut contents = String::new();
                entry.read_to_string(&mut contents).unwrap();
                let header = entry.header();
                assert_eq!(
                    (header.uid().unwrap(), header.gid().unwrap(), header.mtime().unwrap()),
                    (0, 0, MTIME)
                );
                (entry.path().unwrap().to_str().unwrap().to_owned(), header.mode().unwrap(), contents)
            })
            .collect();
        let of = |path: &str, mode, contents: &str| (path.to_owned(), mode, contents.to_owned());
        assert_eq!(
            entries,
            [
                of("top/", 0o755, ""),
                of("top/a/", 0o755, ""),
                of("top/a.txt", 0o644, "one"),
                of("top/a/c.txt", 0o644, "three"),
                of("top/b.txt", 0o644, "two"),
            ]
        );
    }

    #[test]
    fn the_same_files_make_the_same_bytes() {
        let first = tgz("top", &files(), &[]).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(1100)); // a clock of whole seconds has moved on
        assert_eq!(tgz("top", &files(), &[]).unwrap(), first);
        assert_eq!(first[4..8], [0; 4], "gzip's own time");
    }
}
