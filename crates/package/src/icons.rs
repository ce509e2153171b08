//! The icon: drawn once as SVG; the two pictures that FortiSOAR shows lie beside the drawing. CONTRIBUTING.md says how to make
//! them again after a change to the drawing.

use std::{fs, path::Path};

use crate::Error;

/// In lists and on the steps of a playbook: 32 by 32 pixels.
pub(crate) const SMALL: &str = "small.png";
/// On the connector's own page: 80 by 80 pixels.
pub(crate) const LARGE: &str = "large.png";

/// The pictures, each with its file's name.
pub(crate) fn icons(folder: &Path) -> Result<[(&'static str, Vec<u8>); 2], Error> {
    let picture = |name: &'static str| {
        let path = folder.join(name);
        match fs::read(&path) {
            Ok(picture) => Ok((name, picture)),
            Err(source) => Err(Error::Read { path, source }),
        }
    };
    Ok([picture(SMALL)?, picture(LARGE)?])
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;

    const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../connector/images");

    /// The drawing that the pictures were made from. It changes together with them.
    const DRAWING: &str = "5215cff0617fdc31c18ff841046dcf1a2d1327250fb0251543a923d93c22ed09";

    #[test]
    fn pictures_have_the_sizes_that_fortisoar_wants() {
        for ((name, png), size) in icons(Path::new(FOLDER)).unwrap().into_iter().zip([32_u32, 80]) {
            assert_eq!(png[..8], *b"\x89PNG\r\n\x1a\n", "{name}");
            assert_eq!(png[12..16], *b"IHDR", "{name}");
            let [width, height] = [16, 20].map(|at| u32::from_be_bytes(png[at..at + 4].try_into().unwrap()));
            assert_eq!((width, height), (size, size), "{name}");
        }
    }

    #[test]
    fn pictures_were_made_from_the_drawing_as_it_is() {
        let drawing = fs::read(Path::new(FOLDER).join("icon.svg")).unwrap();
        let digest = hex::encode(Sha256::digest(drawing));
        assert_eq!(
            digest, DRAWING,
            "icon.svg has changed: make the pictures again (CONTRIBUTING.md), and record its digest here"
        );
    }

    #[test]
    fn a_picture_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = icons(folder.path()).unwrap_err().to_string();
        assert!(error.contains("small.png"), "{error}");
    }
}
