//! What a package is called.

use crate::Error;

/// What a package is called: the name that playbooks use, and the one that people read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    name: String,
    label: String,
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
        Ok(Self { name: name.to_owned(), label: label.to_owned() })
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
    fn the_version_has_the_three_numbers_that_the_importer_wants() {
        let numbers: Vec<_> = Identity::VERSION.split('.').map(str::parse::<u32>).collect();
        assert!(numbers.len() == 3 && numbers.iter().all(Result::is_ok), "{}", Identity::VERSION);
    }
}
