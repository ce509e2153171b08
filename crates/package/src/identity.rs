//! What a package is called, and where its documentation is.

use crate::Error;

/// Where Fortinet's checker and its users look for the documentation of a connector: Fortinet's repository for the product.
/// This project has no address of its own on the web. Whoever publishes the package elsewhere gives theirs.
const HELP: &str = "https://github.com/fortinet-fortisoar/connector-docker";

/// What a package is called: the name that playbooks use, and the one that people read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    name: String,
    label: String,
    help: String,
}

impl Identity {
    /// The version of every package is this project's.
    pub const VERSION: &str = env!("CARGO_PKG_VERSION");

    /// Checks the name and the label. Without a label it is Docker Engine, or Docker for the published connector's name.
    pub fn new(name: &str, label: Option<&str>) -> Result<Self, Error> {
        let is_word = |word: &str| {
            !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.split('-').all(is_word) {
            return Err(Error::Name(name.to_owned()));
        }
        let usual = if name == "docker" { "Docker" } else { "Docker Engine" };
        let label = label.map_or(usual, str::trim);
        if label.is_empty() || label.contains(char::is_control) {
            return Err(Error::Label(label.to_owned()));
        }
        Ok(Self { name: name.to_owned(), label: label.to_owned(), help: HELP.to_owned() })
    }

    /// The same, with its documentation at another address.
    pub fn documented_at(self, help: &str) -> Result<Self, Error> {
        let host = help.strip_prefix("https://").and_then(|rest| rest.split('/').next()).unwrap_or_default();
        if host.is_empty() || help.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(Error::Help(help.to_owned()));
        }
        Ok(Self { help: help.to_owned(), ..self })
    }

    /// Where FortiSOAR's link to the documentation leads.
    pub fn help(&self) -> &str {
        &self.help
    }

    /// The name that playbooks use: `docker-engine`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name that people read: `Docker Engine`.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The name of the package's file: `docker-engine-1.0.0.tgz`.
    pub fn file_name(&self) -> String {
        format!("{}-{}.tgz", self.name, Self::VERSION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lower_case_with_hyphens() {
        for name in ["docker", "docker-engine", "docker2"] {
            assert_eq!(Identity::new(name, None).unwrap().name(), name);
        }
        for name in
            ["", "Docker", "docker_engine", "docker engine", "-docker", "docker-", "a--b", "2docker", "../x"]
        {
            let error = Identity::new(name, None).unwrap_err().to_string();
            assert!(error.contains(&format!("{name:?}")) && error.contains("docker-engine"), "{error}");
        }
    }

    #[test]
    fn labels_follow_the_name_unless_given() {
        let label = |name, label| Identity::new(name, label).unwrap().label().to_owned();
        assert_eq!(label("docker", None), "Docker");
        assert_eq!(label("docker-engine", None), "Docker Engine");
        assert_eq!(label("docker", Some("Our Docker ")), "Our Docker");
        assert!(matches!(Identity::new("docker", Some(" ")), Err(Error::Label(_))));
        assert!(matches!(Identity::new("docker", Some("two\nlines")), Err(Error::Label(_))));
    }

    #[test]
    fn the_documentation_is_somewhere_on_the_web() {
        let identity = Identity::new("docker", None).unwrap();
        assert!(identity.help().starts_with("https://github.com/fortinet-fortisoar/"));
        let elsewhere = identity.clone().documented_at("https://docs.example.com/docker").unwrap();
        assert_eq!((elsewhere.help(), elsewhere.name()), ("https://docs.example.com/docker", "docker"));
        for address in ["", "docs", "http://docs.example.com", "https://", "https:///x", "https://a b"] {
            assert!(matches!(identity.clone().documented_at(address), Err(Error::Help(_))), "{address}");
        }
    }

    #[test]
    fn the_version_has_the_three_numbers_that_the_importer_wants() {
        let numbers: Vec<_> = Identity::VERSION.split('.').map(str::parse::<u32>).collect();
        assert!(numbers.len() == 3 && numbers.iter().all(Result::is_ok), "{}", Identity::VERSION);
    }
}
