//! Names of images: `registry:5000/team/app:1.27`, `app@sha256:...`.

/// A name, and its tag or digest: that within the name, or that given apart. Two that differ are refused.
pub(crate) fn split<'a>(
    image: &'a str,
    given: Option<&'a str>,
) -> Result<(&'a str, Option<&'a str>), String> {
    let (name, version) = parts(image.trim());
    match (version, given.map(str::trim)) {
        (Some(version), Some(given)) if version != given => {
            Err(format!("the name says {version:?} and tag says {given:?}: which one is meant"))
        }
        (version, given) => Ok((name, version.or(given))),
    }
}

/// A name with a tag or a digest.
pub(crate) fn join(name: &str, version: &str) -> String {
    let separator = if is_digest(version) { '@' } else { ':' };
    format!("{name}{separator}{version}")
}

/// A name as the engine shows it: without Docker's own registry.
pub(crate) fn familiar(name: &str) -> &str {
    let name = name.strip_prefix("index.").unwrap_or(name);
    let name = name.strip_prefix("docker.io/").unwrap_or(name);
    name.strip_prefix("library/").unwrap_or(name)
}

/// Whether it is a digest, and no tag.
pub(crate) fn is_digest(version: &str) -> bool {
    version.contains(':')
}

/// A colon within the last part begins a tag, `@` a digest.
fn parts(image: &str) -> (&str, Option<&str>) {
    if let Some((name, digest)) = image.split_once('@') {
        return (name, Some(digest));
    }
    let last_part = image.rfind('/').map_or(0, |slash| slash + 1);
    match image[last_part..].find(':') {
        Some(colon) => (&image[..last_part + colon], Some(&image[last_part + colon + 1..])),
        None => (image, None),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn splits_names() {
        for (image, expected) in [
            ("nginx", ("nginx", None)),
            ("nginx:1.27", ("nginx", Some("1.27"))),
            ("host:5000/app", ("host:5000/app", None)),
            ("host:5000/app:2", ("host:5000/app", Some("2"))),
            ("app@sha256:ab", ("app", Some("sha256:ab"))),
        ] {
            assert_eq!(split(image, None), Ok(expected));
        }
        assert_eq!(split("host:5000/app", Some("2")), Ok(("host:5000/app", Some("2"))));
        assert_eq!(split("app:2", Some("2")), Ok(("app", Some("2"))));
        assert!(split("app:2", Some("3")).is_err());
    }

    #[test]
    fn leaves_dockers_own_registry_out() {
        for (name, expected) in [
            ("docker.io/library/busybox", "busybox"),
            ("index.docker.io/team/app", "team/app"),
            ("library/busybox", "busybox"),
            ("a:5000/library/app", "a:5000/library/app"),
        ] {
            assert_eq!(familiar(name), expected);
        }
    }

    proptest! {
        #[test]
        fn what_is_joined_splits_again(name in "([a-z]{1,9}(:[0-9]{1,5})?/)?[a-z]{1,9}", version in "[a-z0-9.]{1,9}|sha256:[0-9a-f]{64}") {
            let image = join(&name, &version);
            prop_assert_eq!(split(&image, None), Ok((name.as_str(), Some(version.as_str()))));
        }
    }
}
