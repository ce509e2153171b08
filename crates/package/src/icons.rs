//! The icon: drawn once as SVG, and made into the two pictures that FortiSOAR shows.

use std::{fs, path::Path};

use resvg::{
    tiny_skia::{Pixmap, Transform},
    usvg::{Options, Tree},
};

use crate::Error;

/// A picture that FortiSOAR shows.
pub(crate) struct Icon {
    /// Its file in the package's `images`.
    pub(crate) name: &'static str,
    /// Its width and height.
    size: u16,
}

/// In lists and on the steps of a playbook.
pub(crate) const SMALL: Icon = Icon { name: "small.png", size: 32 };
/// On the connector's own page.
pub(crate) const LARGE: Icon = Icon { name: "large.png", size: 80 };

/// The pictures, each with its file's name.
pub(crate) fn icons(drawing: &Path) -> Result<[(&'static str, Vec<u8>); 2], Error> {
    let svg = fs::read(drawing).map_err(|source| Error::Read { path: drawing.to_owned(), source })?;
    let wrong = |reason: String| Error::Icon { path: drawing.to_owned(), reason };
    let tree = Tree::from_data(&svg, &Options::default()).map_err(|error| wrong(error.to_string()))?;
    let picture = |icon: &Icon| png(&tree, icon.size).map_err(wrong);
    Ok([(SMALL.name, picture(&SMALL)?), (LARGE.name, picture(&LARGE)?)])
}

fn png(tree: &Tree, size: u16) -> Result<Vec<u8>, String> {
    let mut pixmap = Pixmap::new(size.into(), size.into()).ok_or("the picture has no size")?;
    let scale = |side: f32| f32::from(size) / side;
    let to_size = Transform::from_scale(scale(tree.size().width()), scale(tree.size().height()));
    resvg::render(tree, to_size, &mut pixmap.as_mut());
    pixmap.encode_png().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../connector/images/icon.svg");

    #[test]
    fn pictures_have_the_sizes_that_fortisoar_wants() {
        for ((name, png), size) in icons(Path::new(DRAWING)).unwrap().into_iter().zip([32, 80]) {
            let picture = Pixmap::decode_png(&png).unwrap();
            assert_eq!((picture.width(), picture.height()), (size, size), "{name}");
            let painted = picture.pixels().iter().filter(|pixel| pixel.alpha() > 0).count();
            assert!(painted > picture.pixels().len() / 3, "{name}: {painted} pixels are painted");
        }
    }

    #[test]
    fn what_is_no_drawing_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("icon.svg");
        assert!(matches!(icons(&path), Err(Error::Read { .. })));
        fs::write(&path, "no drawing").unwrap();
        let error = icons(&path).unwrap_err().to_string();
        assert!(error.contains("icon.svg"), "{error}");
    }
}
