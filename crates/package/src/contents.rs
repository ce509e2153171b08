//! What is in a package: the Python that FortiSOAR loads, the native module, what is derived, and the documents.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{Error, Identity, archive, documents, icons, info, page, playbooks, python};

/// Pages about the repository, which stay there.
const FOR_DEVELOPERS: &[&str] =
    &["adding-an-operation.md", "style.md", "tested.md", "matrix.md", "releasing.md"];

/// The file of the notices that the licences of what is linked ask for.
const NOTICES: &str = "THIRD-PARTY-NOTICES";

/// A package, ready to be written.
#[derive(Debug)]
pub struct Package {
    /// The name of its file.
    pub file_name: String,
    /// The `.tgz`.
    pub contents: Vec<u8>,
}

impl Package {
    /// The digest of the `.tgz`, in hexadecimal.
    pub fn sha256(&self) -> String {
        hex::encode(Sha256::digest(&self.contents))
    }

    /// What is written beside the `.tgz`, by file name: its bill of materials, if it has one, and the digests, as `sha256sum`
    /// checks them.
    pub fn companions(&self, sbom: Option<&Value>) -> Vec<(String, Vec<u8>)> {
        let stem = self.file_name.trim_end_matches(".tgz");
        let mut digests = format!("{}  {}\n", self.sha256(), self.file_name);
        let mut companions = Vec::new();
        if let Some(sbom) = sbom {
            let (bill, contents) = (format!("{stem}.cdx.json"), pretty(sbom));
            let _ = writeln!(digests, "{}  {bill}", hex::encode(Sha256::digest(&contents)));
            companions.push((bill, contents));
        }
        companions.push((format!("{stem}.sha256"), digests.into_bytes()));
        companions
    }
}

/// Makes the package: from the native module, its bill of materials and notices, how it was built, the folder with the connector's Python,
/// and the repository around that.
pub fn build(
    identity: &Identity,
    module: &Path,
    sbom: &Value,
    notices: &str,
    build: &Value,
    connector: &Path,
) -> Result<Package, Error> {
    let module = read(module)?;
    let mut files = BTreeMap::from([
        ("info.json".to_owned(), pretty(&info::info(identity))),
        ("operations.py".to_owned(), python::operations_py(identity).into_bytes()),
        ("page.json".to_owned(), pretty(&page::page())),
        ("playbooks/playbooks.json".to_owned(), pretty(&playbooks::playbooks(identity))),
        ("_engine.sha256".to_owned(), format!("{}\n", hex::encode(Sha256::digest(&module))).into_bytes()),
        ("_engine.so".to_owned(), module),
        ("build.json".to_owned(), pretty(build)),
        ("docs/sbom.cdx.json".to_owned(), pretty(sbom)),
        (NOTICES.to_owned(), notices.into()),
    ]);
    for (name, picture) in icons::icons(&connector.join("images"))? {
        files.insert(format!("images/{name}"), picture);
    }
    for path in files_of(connector)?.iter().filter(|path| ships(path)) {
        files.entry(name_of(path)).or_insert(read(path)?);
    }
    for path in files_of(&connector.join("_engine"))?.iter().filter(|path| ships(path)) {
        files.insert(format!("_engine/{}", name_of(path)), read(path)?);
    }
    documents(&connector.join(".."), &mut files)?;
    Ok(Package { file_name: identity.file_name(), contents: archive::tgz(identity.name(), &files, &[])? })
}

/// Makes the `.tgz` of `fsr-docker` for a machine such as `x86_64`: the program, the licence and the notices.
pub fn build_program(
    program: &Path,
    machine: &str,
    notices: &str,
    repository: &Path,
) -> Result<Package, Error> {
    const PROGRAM: &str = "fsr-docker";
    let files = BTreeMap::from([
        (PROGRAM.to_owned(), read(program)?),
        ("LICENSE".to_owned(), read(&repository.join("LICENSE"))?),
        (NOTICES.to_owned(), notices.into()),
    ]);
    let folder = format!("{PROGRAM}-{}-{machine}-linux", Identity::VERSION);
    let contents = archive::tgz(&folder, &files, &[PROGRAM])?;
    Ok(Package { file_name: format!("{folder}.tgz"), contents })
}

/// What FortiSOAR loads, what it gives to pip, and what an editor reads.
fn ships(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "py")
        || ["requirements.txt", "__init__.pyi"].contains(&name_of(path).as_str())
}

/// The repository's licence, and those of its documents that are there.
fn documents(repository: &Path, files: &mut BTreeMap<String, Vec<u8>>) -> Result<(), Error> {
    files.insert("LICENSE".into(), read(&repository.join("LICENSE"))?);
    for (original, name) in [("connector/README.md", "README.md"), ("CHANGELOG.md", "release_notes.md")] {
        let path = repository.join(original);
        if path.exists() {
            files.insert(name.into(), read(&path)?);
        }
    }
    let docs = repository.join("docs");
    let pages = if docs.is_dir() { files_of(&docs)? } else { Vec::new() };
    let is_for_users = |path: &&PathBuf| {
        path.extension().is_some_and(|extension| ["md", "png", "svg"].iter().any(|known| extension == *known))
            && !FOR_DEVELOPERS.contains(&name_of(path).as_str())
    };
    for page in pages.iter().filter(is_for_users) {
        files.insert(format!("docs/{}", name_of(page)), read(page)?);
    }
    // Whoever installs it has none of the tests.
    for page in documents::pages() {
        files.insert(format!("docs/{}", page.path), page.text.into_bytes());
    }
    Ok(())
}

fn pretty(value: &Value) -> Vec<u8> {
    format!("{value:#}\n").into_bytes()
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })
}

/// The files in a folder, without those in folders within it.
fn files_of(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let found = || -> io::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
        Ok(entries.into_iter().filter(|path| path.is_file()).collect())
    };
    found().map_err(|source| Error::Read { path: folder.to_owned(), source })
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, io::Read as _};

    use flate2::read::GzDecoder;

    use super::*;

    /// A repository as small as it can be.
    fn repository() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, contents) in [
            ("engine.so", "native"),
            ("LICENSE", "may"),
            ("CHANGELOG.md", "news"),
            ("docs/trouble.md", "cure"),
            ("docs/playbooks.md", "stale"),
            ("docs/adding-an-operation.md", "code"),
            ("docs/page.png", "picture"),
            ("docs/page.xcf", "what the picture was made with"),
            ("connector/connector.py", "class"),
            ("connector/operations.pyi", "shape"),
            ("connector/_engine/__init__.py", "the module itself"),
            ("connector/_engine/__init__.pyi", "types"),
            ("connector/requirements.txt", "none"),
            ("connector/notes.txt", "private"),
            ("connector/__pycache__/connector.py", "compiled"),
            ("connector/images/icon.svg", "drawing"),
            ("connector/images/small.png", "small picture"),
            ("connector/images/large.png", "large picture"),
        ] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, contents).unwrap();
        }
        folder
    }

    fn built(repository: &Path) -> Result<Package, Error> {
        let identity = Identity::new("docker", None).unwrap();
        let (module, connector) = (repository.join("engine.so"), repository.join("connector"));
        build(&identity, &module, &Value::Null, "thanks", &Value::Null, &connector)
    }

    fn unpacked(package: &Package) -> BTreeMap<String, String> {
        let mut archive = tar::Archive::new(GzDecoder::new(package.contents.as_slice()));
        let entries = archive.entries().unwrap().map(Result::unwrap);
        entries
            .filter(|entry| entry.header().entry_type().is_file())
            .map(|mut entry| {
                let mut contents = Vec::new();
                entry.read_to_end(&mut contents).unwrap();
                let path = entry.path().unwrap().to_str().unwrap().to_owned();
                (path, String::from_utf8_lossy(&contents).into_owned())
            })
            .collect()
    }

    #[test]
    fn holds_what_ships_and_nothing_else() {
        let repository = repository();
        let package = built(repository.path()).unwrap();
        assert_eq!(package.file_name, format!("docker-{}.tgz", Identity::VERSION));
        let files = unpacked(&package);
        let names: BTreeSet<&str> = files.keys().map(|path| path.strip_prefix("docker/").unwrap()).collect();
        let (reference, names): (BTreeSet<&str>, BTreeSet<&str>) =
            names.into_iter().partition(|path| path.starts_with("docs/operations/"));
        assert!(reference.contains("docs/operations/README.md") && reference.len() > 10, "{reference:?}");
        let expected = [
            "LICENSE",
            "THIRD-PARTY-NOTICES",
            "_engine.sha256",
            "_engine.so",
            "_engine/__init__.py",
            "_engine/__init__.pyi",
            "build.json",
            "connector.py",
            "docs/errors.md",
            "docs/page.png",
            "docs/playbooks.md",
            "docs/sbom.cdx.json",
            "docs/trouble.md",
            "images/large.png",
            "images/small.png",
            "info.json",
            "operations.py",
            "page.json",
            "playbooks/playbooks.json",
            "release_notes.md",
            "requirements.txt",
        ];
        assert_eq!(names, expected.into());
        assert_eq!(files["docker/_engine.sha256"].trim(), hex::encode(Sha256::digest("native")));
        assert_ne!(files["docker/docs/playbooks.md"], "stale");
        let info: Value = serde_json::from_str(&files["docker/info.json"]).unwrap();
        for icon in ["icon_small_name", "icon_large_name"] {
            assert!(names.contains(format!("images/{}", info[icon].as_str().unwrap()).as_str()), "{icon}");
        }
    }

    #[test]
    fn digests_stand_beside_the_package() {
        let package = built(repository().path()).unwrap();
        let beside = package.companions(Some(&Value::Null));
        let [(bill, contents), (digests, lines)] = beside.as_slice() else { panic!("{beside:?}") };
        assert_eq!((bill.as_str(), digests.as_str()), ("docker-1.0.0.cdx.json", "docker-1.0.0.sha256"));
        let (of_package, of_bill) = (package.sha256(), hex::encode(Sha256::digest(contents)));
        let expected = format!("{of_package}  docker-1.0.0.tgz\n{of_bill}  docker-1.0.0.cdx.json\n");
        assert_eq!(String::from_utf8_lossy(lines), expected);
    }

    #[test]
    fn the_programs_archive_is_ready_to_run() {
        let repository = repository();
        let package =
            build_program(&repository.path().join("engine.so"), "x86_64", "thanks", repository.path())
                .unwrap();
        assert_eq!(package.file_name, "fsr-docker-1.0.0-x86_64-linux.tgz");
        let mut archive = tar::Archive::new(GzDecoder::new(package.contents.as_slice()));
        let modes: BTreeMap<String, u32> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                (entry.path().unwrap().display().to_string(), entry.header().mode().unwrap())
            })
            .collect();
        let at = |name: &str| modes[&format!("fsr-docker-1.0.0-x86_64-linux/{name}")];
        assert_eq!((at("fsr-docker"), at("LICENSE"), at(NOTICES)), (0o755, 0o644, 0o644));
        assert_eq!(package.companions(None).len(), 1);
    }

    #[test]
    fn the_same_inputs_make_the_same_package() {
        let (one, other) = (repository(), repository());
        assert_eq!(built(one.path()).unwrap().contents, built(other.path()).unwrap().contents);
    }

    #[test]
    fn what_is_missing_is_named() {
        for missing in ["engine.so", "LICENSE", "connector/images/large.png"] {
            let repository = repository();
            fs::remove_file(repository.path().join(missing)).unwrap();
            let error = built(repository.path()).unwrap_err().to_string();
            assert!(error.contains(missing.rsplit('/').next().unwrap()), "{error}");
        }
    }
}
