//! Names of images, by Docker's own grammar (`distribution/reference`): `[REGISTRY[:PORT]/]PATH[:TAG][@DIGEST]`.
//!
//! The one reader for all operations. An engine takes an empty tag for *every* tag, so a name with an empty part is refused
//! here, before anything is sent. Where the engine takes an id, the id passes too: it has the form of a name.

use crate::{Error, declare::arguments::Arguments};

/// The longest tag.
const LONGEST_TAG: usize = 128;
/// The digits of a whole id.
const ID_DIGITS: usize = 64;
/// The fewest digits of a digest.
const DIGEST_DIGITS: usize = 32;
/// The names of Docker's own registry within the name of an image. No other name is an alias.
const DOCKER_HUB: [&str; 2] = ["docker.io/", "index.docker.io/"];
/// The tag that is meant where none is given, as on Docker's command line.
pub(crate) const LATEST: &str = "latest";

/// The name of an image, in its parts. None of them is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reference<'a> {
    /// Registry and path: `registry:5000/team/app`.
    pub(crate) name: &'a str,
    pub(crate) tag: Option<&'a str>,
    pub(crate) digest: Option<&'a str>,
}

impl<'a> Reference<'a> {
    /// Reads a name, or an id. The error says what is expected, to follow `must be`.
    pub(crate) fn read(text: &'a str) -> Result<Self, String> {
        let text = text.trim();
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        let path = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match rest[path..].split_once(':') {
            Some((last, tag)) => (&rest[..path + last.len()], Some(tag)),
            None => (rest, None),
        };
        if let Some(digest) = digest
            && !is_digest(digest)
        {
            return Err(match digest {
                "" => {
                    format!("{IMAGE} with a digest after its @, such as {name}@sha256:..., or without the @")
                }
                _ => format!("{IMAGE} with a whole digest: sha256: and {ID_DIGITS} hexadecimal digits"),
            });
        }
        if let Some(tag) = tag
            && !is_tag(tag)
        {
            return Err(match tag {
                "" => format!(
                    "{IMAGE} with a tag after its colon, such as {name}:{LATEST}, or without the colon"
                ),
                _ => format!("{IMAGE} with {TAG}"),
            });
        }
        check_name(name)?;
        Ok(Self { name, tag, digest })
    }

    /// Reads a name where an id is none: to pull, to push, to give to an image.
    fn named(text: &'a str) -> Result<Self, String> {
        let read = Self::read(text)?;
        let is_id = |digits: &str| digits.len() == ID_DIGITS && digits.bytes().all(|b| b.is_ascii_hexdigit());
        match (read.name, read.tag) {
            ("sha256", Some(digits)) if is_id(digits) => Err(format!("{IMAGE}, which an id is not")),
            (name, _) if is_id(name) => Err(format!("{IMAGE}, which an id is not")),
            _ => Ok(read),
        }
    }

    /// The name that a parameter holds, which is no id, with the tag or digest of the parameter `tag`.
    pub(crate) fn of(arguments: &'a Arguments, param: &str) -> Result<Self, Error> {
        let named = Self::name_for(param, arguments.text(param).unwrap_or_default())?;
        named.with(arguments.text("tag")).map_err(Error::fault)
    }

    /// A name that a parameter holds, which is no id.
    pub(crate) fn name_for(param: &str, text: &'a str) -> Result<Self, Error> {
        Self::named(text)
            .map_err(|expected| Error::fault(format!("{param} must be {expected}, not {text:?}")))
    }

    /// The same with a tag or a digest that was given apart. One that differs from the name's own is refused.
    fn with(self, given: Option<&'a str>) -> Result<Self, String> {
        let Some(given) = given.map(str::trim).filter(|given| !given.is_empty()) else { return Ok(self) };
        let own = self.digest.or(self.tag);
        if let Some(own) = own.filter(|_| self.tag != Some(given) && self.digest != Some(given)) {
            return Err(format!("the name says {own:?} and tag says {given:?}: give one of them"));
        }
        match is_digest(given) {
            true => Ok(Self { digest: Some(given), ..self }),
            false if is_tag(given) => Ok(Self { tag: Some(given), ..self }),
            false => Err(format!("tag must be {TAG}, not {given:?}")),
        }
    }

    /// The tag to give to an image: that of the name, or `latest`. A digest cannot be given.
    pub(crate) fn tag_to_give(&self, param: &str) -> Result<&'a str, Error> {
        match self.digest {
            None => Ok(self.tag.unwrap_or(LATEST)),
            Some(_) => {
                Err(Error::fault(format!("{param} gives an image a name and a tag, and has a digest")))
            }
        }
    }

    /// What the API calls the tag: the digest, which decides where both are given, or the tag.
    pub(crate) fn version(&self) -> Option<&'a str> {
        self.digest.or(self.tag)
    }
}

/// A name with a tag or a digest.
pub(crate) fn join(name: &str, version: &str) -> String {
    let separator = if is_digest(version) { '@' } else { ':' };
    format!("{name}{separator}{version}")
}

/// A name as the engine shows it: without Docker's own registry.
pub(crate) fn familiar(name: &str) -> &str {
    let name = DOCKER_HUB.iter().find_map(|hub| name.strip_prefix(hub)).unwrap_or(name);
    name.strip_prefix("library/").unwrap_or(name)
}

/// How an error begins.
const IMAGE: &str = "an image's name";
const TAG: &str = "a tag of letters, digits, _, . and -, which begins with none of the last two";

/// The registry, if the first part is one, and the path.
pub(crate) fn split_registry(name: &str) -> (Option<&str>, &str) {
    match name.split_once('/') {
        Some((first, path))
            if first.contains(['.', ':'])
                || first == "localhost"
                || first.bytes().any(|byte| byte.is_ascii_uppercase()) =>
        {
            (Some(first), path)
        }
        _ => (None, name),
    }
}

fn check_name(name: &str) -> Result<(), String> {
    let (registry, path) = split_registry(name);
    if name.is_empty() || name.split('/').any(str::is_empty) {
        return Err(format!("{IMAGE} without an empty part"));
    }
    if let Some(registry) = registry
        && !is_registry(registry)
    {
        return Err(format!("{IMAGE} whose registry is HOST or HOST:PORT"));
    }
    match path.split('/').all(is_component) {
        true => Ok(()),
        false => Err(format!(
            "{IMAGE} whose parts have lower-case letters, digits, and single ., _ or - between them"
        )),
    }
}

/// A host's name, an IPv4 address or an IPv6 one in brackets, perhaps with a port.
fn is_registry(registry: &str) -> bool {
    let (host, port) = match registry.strip_prefix('[') {
        Some(rest) => {
            let Some((address, after)) = rest.split_once(']') else { return false };
            let is_address =
                !address.is_empty() && address.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':');
            match (is_address, after.strip_prefix(':')) {
                (true, port @ Some(_)) => (None, port),
                (true, None) if after.is_empty() => (None, None),
                _ => return false,
            }
        }
        None => match registry.split_once(':') {
            Some((host, port)) => (Some(host), Some(port)),
            None => (Some(registry), None),
        },
    };
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    host.is_none_or(|host| host.split('.').all(is_label))
        && port.is_none_or(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Lower-case letters and digits, with one `.`, one or two `_`, or any number of `-` between them.
fn is_component(component: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = component.as_bytes();
    let ends_plainly = |end: Option<&u8>| end.copied().is_some_and(is_plain);
    ends_plainly(bytes.first())
        && ends_plainly(bytes.last())
        && bytes.split(|byte| is_plain(*byte)).all(|separator| {
            matches!(separator, b"" | b"." | b"_" | b"__") || separator.iter().all(|byte| *byte == b'-')
        })
}

fn is_tag(tag: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    tag.len() <= LONGEST_TAG
        && tag.bytes().next().is_some_and(is_word)
        && tag.bytes().all(|byte| is_word(byte) || byte == b'.' || byte == b'-')
}

/// An algorithm, a colon, and hexadecimal digits.
pub(crate) fn is_digest(version: &str) -> bool {
    let Some((algorithm, digits)) = version.split_once(':') else { return false };
    let is_name = |name: &str| {
        name.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    algorithm.split(['-', '_', '+', '.']).all(is_name)
        && digits.len() >= DIGEST_DIGITS
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn parts(text: &str) -> Option<(&str, Option<&str>, Option<&str>)> {
        Reference::read(text).ok().map(|read| (read.name, read.tag, read.digest))
    }

    /// What `distribution/reference` takes apart, and how.
    #[test]
    fn takes_names_apart_as_docker_does() {
        for (text, expected) in [
            ("nginx", ("nginx", None, None)),
            (" nginx:1.27 ", ("nginx", Some("1.27"), None)),
            ("host:5000/app", ("host:5000/app", None, None)),
            ("host:5000", ("host", Some("5000"), None)),
            ("host:5000/team/app:2", ("host:5000/team/app", Some("2"), None)),
            ("localhost/app", ("localhost/app", None, None)),
            ("Host/app", ("Host/app", None, None)),
            ("[::1]/app", ("[::1]/app", None, None)),
            ("[2001:db8::1]:5000/app:1", ("[2001:db8::1]:5000/app", Some("1"), None)),
            ("a.b/c__d/e---f.g_h", ("a.b/c__d/e---f.g_h", None, None)),
            ("0123456789ab", ("0123456789ab", None, None)),
            ("sha256:0123", ("sha256", Some("0123"), None)),
        ] {
            assert_eq!(parts(text), Some(expected), "{text}");
        }
        assert_eq!(parts(&format!("app@{DIGEST}")), Some(("app", None, Some(DIGEST))));
        assert_eq!(parts(&format!("h:1/app:2@{DIGEST}")), Some(("h:1/app", Some("2"), Some(DIGEST))));
    }

    #[test]
    fn refuses_what_is_no_name_and_says_why() {
        for (text, why) in [
            ("reg/team/app:", "reg/team/app:latest, or without the colon"),
            ("h:5000/app:", "a tag after its colon"),
            ("app@", "app@sha256:..., or without the @"),
            ("app:@", "a digest after its @"),
            (&format!("app:@{DIGEST}"), "a tag after its colon"),
            ("app@sha256:", "a whole digest"),
            ("app@sha256:12", "a whole digest"),
            ("app@latest", "a whole digest"),
            ("app::1", "a tag of letters"),
            ("app:-1", "a tag of letters"),
            ("app:a b", "a tag of letters"),
            ("app:1:2", "a tag of letters"),
            ("", "without an empty part"),
            (":1", "without an empty part"),
            ("/app", "without an empty part"),
            ("app/", "without an empty part"),
            ("h:5000//app", "without an empty part"),
            ("h:/app", "HOST:PORT"),
            ("-h.x/app", "HOST:PORT"),
            ("[::1/app", "HOST:PORT"),
            ("[]/app", "lower-case"),
            ("http://h/app", "without an empty part"),
            ("team/App", "lower-case"),
            ("App", "lower-case"),
            ("a..b", "lower-case"),
            ("a___b", "lower-case"),
            ("_a", "lower-case"),
            ("<none>:<none>", "a tag of letters"),
            ("../x", "HOST:PORT"),
            ("a?x=1", "lower-case"),
        ] {
            let fault = Reference::read(text).unwrap_err();
            assert!(fault.starts_with("an image's name") && fault.contains(why), "{text}: {fault}");
        }
        assert!(Reference::read(&format!("app:{}", "x".repeat(128))).is_ok());
        assert!(Reference::read(&format!("app:{}", "x".repeat(129))).is_err());
    }

    #[test]
    fn an_id_is_no_name() {
        let digits = &DIGEST["sha256:".len()..];
        for id in [DIGEST, digits] {
            assert!(Reference::read(id).is_ok());
            assert!(Reference::named(id).unwrap_err().contains("an id"), "{id}");
        }
        assert!(Reference::named("0123456789ab").is_ok());
    }

    #[test]
    fn a_tag_may_be_given_apart() {
        let with = |text, given| Reference::read(text).unwrap().with(given);
        let version = |text, given| with(text, given).unwrap().version();
        assert_eq!(version("host:5000/app", Some("2")), Some("2"));
        assert_eq!(version("app:2", Some(" 2 ")), Some("2"));
        assert_eq!(version("app:2", Some(" ")), Some("2"));
        assert_eq!(version("app", None), None);
        assert_eq!(version("app", Some(DIGEST)), Some(DIGEST));
        let both = format!("app:2@{DIGEST}");
        assert_eq!(Reference::read(&both).unwrap().with(Some("2")).unwrap().version(), Some(DIGEST));
        assert!(with("app:2", Some("3")).unwrap_err().contains("\"2\" and tag says \"3\""));
        for bad in [":", ":2", "@", "a b", "sha256:12", "-x"] {
            assert!(with("app", Some(bad)).unwrap_err().starts_with("tag must be"), "{bad}");
        }
    }

    #[test]
    fn knows_the_registry() {
        for (text, registry) in [
            ("nginx", None),
            ("team/app", None),
            ("localhost/app", Some("localhost")),
            ("h:5000/app:1", Some("h:5000")),
            ("[::1]:5000/app", Some("[::1]:5000")),
            ("index.example.com/app", Some("index.example.com")),
            ("docker.io/app", Some("docker.io")),
        ] {
            assert_eq!(split_registry(Reference::read(text).unwrap().name).0, registry, "{text}");
        }
    }

    #[test]
    fn leaves_dockers_own_registry_out_and_no_other() {
        for (name, expected) in [
            ("docker.io/library/busybox", "busybox"),
            ("index.docker.io/team/app", "team/app"),
            ("index.docker.io/library/app", "app"),
            ("library/busybox", "busybox"),
            ("a:5000/library/app", "a:5000/library/app"),
            ("index.example.com/app", "index.example.com/app"),
            ("index.a.b/docker.io/app", "index.a.b/docker.io/app"),
        ] {
            assert_eq!(familiar(name), expected);
        }
    }

    proptest! {
        #[test]
        fn what_is_joined_splits_again(name in "([a-z]{1,9}(:[0-9]{1,5})/)?[a-z]{1,9}", version in "[a-z0-9][a-z0-9.]{0,9}|sha256:[0-9a-f]{64}") {
            let image = join(&name, &version);
            let read = Reference::read(&image).unwrap();
            prop_assert_eq!((read.name, read.version()), (name.as_str(), Some(version.as_str())));
        }

        #[test]
        fn no_part_is_empty(text in "[a-z.:@/\\[\\]-]{0,16}") {
            if let Ok(read) = Reference::read(&text) {
                prop_assert!(!read.name.is_empty() && read.tag != Some("") && read.digest != Some(""));
                prop_assert!(!text.ends_with([':', '@', '/']), "{}", text);
            }
        }

        #[test]
        fn never_panics(text in ".*") {
            let _either = Reference::read(&text);
        }
    }
}
