//! `fsr-docker verify-package`: whether a connector's package is the one that was made and signed.
//!
//! Beside the `.tgz` lie its digests, as `sha256sum` writes them, and the signature of these. The digests tell of damage alone: whoever
//! changes a package changes them too. Only the signature, held against a key that came another way, tells who made it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::{Arg, Command, value_parser};
use operations::{Error, Kind};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The subcommand.
pub(crate) fn command() -> Command {
    let path = |name| Arg::new(name).value_parser(value_parser!(PathBuf));
    Command::new("verify-package")
        .about("Verifies a connector's package against the digests and the signature that lie beside it")
        .args([
            path("file").required(true).value_name("FILE").help("The package, such as docker-engine-1.0.0.tgz"),
            path("public-key")
                .long("public-key")
                .value_name("FILE")
                .help("The publisher's public key (PEM). The package must be signed with it. Without this key, only digests are compared"),
        ])
        .after_help(
            "Exit codes: 0 the package is valid; 1 it is not, or a file is missing or cannot be read; 2 usage error.\n\n\
             Without --public-key, the command says whether the package is signed, and checks no signature.\n\n\
             The same by hand:\n  \
             sha256sum -c docker-engine-1.0.0.sha256\n  \
             openssl pkeyutl -verify -pubin -inkey public.pem -rawin -in docker-engine-1.0.0.sha256 -sigfile docker-engine-1.0.0.sha256.sig",
        )
}

/// What was found: `valid`, `signature` (valid, wrong, unchecked or none), `sha256` and a `summary`.
pub(crate) fn verify(file: &Path, public_key: Option<&Path>) -> Result<Value, Error> {
    let contents = read(file)?;
    let sha256 = hex::encode(Sha256::digest(&contents));
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let list = file.with_extension("sha256");
    let digests = read(&list)?;
    let signature_file = list.with_added_extension("sig");
    let signature = signature_file.exists().then(|| read(&signature_file)).transpose()?;
    let key = public_key.map(read).transpose()?;
    let found = (|| {
        let stated = stated(&digests, &name).ok_or(format!("{} does not name {name}.", list.display()))?;
        if stated != sha256 {
            return Err(format!("{name} is not what {} says: its SHA-256 is {sha256}.", list.display()));
        }
        Ok(())
    })();
    let (state, said) = match (&signature, &key) {
        (None, None) => (
            "none",
            format!(
                "It is NOT SIGNED: there is no {}. Nothing proves who made it.",
                signature_file.display()
            ),
        ),
        (None, Some(_)) => ("none", format!("It is NOT SIGNED: there is no {}.", signature_file.display())),
        (Some(_), None) => {
            ("unchecked", "It is signed. To check the signature, give --public-key.".to_owned())
        }
        (Some(signature), Some(key)) => {
            let is_valid = operations::verify_signature(key, &digests, signature)
                .map_err(|why| Error::new(Kind::InvalidParameters, format!("--public-key {why}.")))?;
            match is_valid {
                true => ("valid", "It is signed with this key.".to_owned()),
                false => ("wrong", format!("{} was NOT made with this key.", signature_file.display())),
            }
        }
    };
    let is_valid = found.is_ok() && (key.is_none() || state == "valid");
    let first = match found {
        Ok(()) => format!("{name} is what {} says.", list.display()),
        Err(why) => why,
    };
    let verdict = if is_valid { "Valid" } else { "NOT VALID" };
    Ok(
        json!({"valid": is_valid, "signature": state, "sha256": sha256, "summary": format!("{verdict}: {first} {said}")}),
    )
}

/// The digest of this file in a list as `sha256sum` writes it.
fn stated(digests: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(digests);
    let mut lines = text.lines().filter_map(|line| line.split_once("  "));
    lines.find(|(_, file)| *file == name).map(|(digest, _)| digest.to_lowercase())
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path)
        .map_err(|error| Error::new(Kind::Failed, format!("Cannot read {}: {error}.", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8] = include_bytes!("../../../tests/data/keys/ed25519-key.pem");
    const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAHnPM8vuMOKIuE4hBo9c7Yy9fNOniUWHImvVr96DfT88=\n-----END PUBLIC KEY-----\n";
    const OTHER: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";

    /// A folder with a package of this content, the digests of another content, and keys; signed, or not.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str, content: &str, digested: &str, is_signed: bool) -> Self {
            let folder = std::env::temp_dir().join(format!("verify-package-{}-{name}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            let digests =
                format!("{}  a.tgz\n{}  a.cdx.json\n", hex::encode(Sha256::digest(digested)), "0".repeat(64));
            fs::write(folder.join("a.tgz"), content).unwrap();
            fs::write(folder.join("a.sha256"), &digests).unwrap();
            fs::write(folder.join("public.pem"), PUBLIC).unwrap();
            fs::write(folder.join("other.pem"), OTHER).unwrap();
            if is_signed {
                let signature = operations::sign(KEY, digests.as_bytes()).unwrap();
                fs::write(folder.join("a.sha256.sig"), signature).unwrap();
            }
            Self(folder)
        }

        fn verify(&self, key: Option<&str>) -> (bool, String, String) {
            let key = key.map(|key| self.0.join(key));
            let found = verify(&self.0.join("a.tgz"), key.as_deref()).unwrap();
            let text = |name: &str| found[name].as_str().unwrap().to_owned();
            (found["valid"] == true, text("signature"), text("summary"))
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_signed_package_is_valid_with_its_key_alone() {
        let signed = Folder::new("signed", "one", "one", true);
        assert!(signed.verify(Some("public.pem")).0);
        assert_eq!(signed.verify(Some("other.pem")).1, "wrong");
        assert!(!signed.verify(Some("other.pem")).0);
        let (valid, state, summary) = signed.verify(None);
        assert!(valid && state == "unchecked" && summary.contains("give --public-key"), "{summary}");
    }

    #[test]
    fn an_unsigned_one_says_so_and_is_invalid_where_a_signature_is_asked_for() {
        let unsigned = Folder::new("unsigned", "one", "one", false);
        let (valid, state, summary) = unsigned.verify(None);
        assert!(valid && state == "none" && summary.contains("NOT SIGNED"), "{summary}");
        let (valid, _, summary) = unsigned.verify(Some("public.pem"));
        assert!(!valid && summary.starts_with("NOT VALID") && summary.contains("NOT SIGNED"), "{summary}");
    }

    #[test]
    fn what_was_changed_is_found() {
        let changed = Folder::new("changed", "two", "one", true);
        for key in [None, Some("public.pem")] {
            let (valid, _, summary) = changed.verify(key);
            assert!(!valid && summary.contains("a.tgz is not what"), "{summary}");
        }
        // Who changes the package and its digests has no key.
        let digests = format!("{}  a.tgz\n", hex::encode(Sha256::digest("two")));
        fs::write(changed.0.join("a.sha256"), digests).unwrap();
        assert_eq!(changed.verify(Some("public.pem")).1, "wrong");
        fs::write(changed.0.join("a.sha256"), "").unwrap();
        assert!(changed.verify(None).2.contains("does not name a.tgz"));
        fs::remove_file(changed.0.join("a.sha256")).unwrap();
        let error = verify(&changed.0.join("a.tgz"), None).unwrap_err().to_string();
        assert!(error.contains("a.sha256"), "{error}");
    }
}
