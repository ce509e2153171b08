//! A request for evidence, and the line by which the manifest names it.

use std::fmt;

use engine::{Method, Path, Request, Segment, encoded};

use crate::Error;

/// A request that can be told.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    method: Method,
    path: Path,
    query: Vec<(&'static str, String)>,
}

impl Ask {
    /// A GET of a path, whose one placeholder is filled with a name or id.
    pub(super) fn get(template: &str, name: &str) -> Result<Self, Error> {
        Self::new(Method::GET, template, name)
    }

    pub(super) fn new(method: Method, template: &str, name: &str) -> Result<Self, Error> {
        Ok(Self { method, path: Path::fill(template, |_| Segment::name(name))?, query: Vec::new() })
    }

    /// With a parameter in its query.
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.query.push((name, value.to_owned()));
        self
    }

    pub(super) fn request(&self) -> Request {
        let request = Request::new(self.method.clone(), self.path.clone());
        self.query.iter().fold(request, |request, (name, value)| request.query(name, value))
    }
}

/// `GET /containers/4cd2.../logs?stdout=true`, without the version.
impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)?;
        for (at, (name, value)) in self.query.iter().enumerate() {
            write!(f, "{}{name}={}", if at == 0 { '?' } else { '&' }, encoded(value))?;
        }
        Ok(())
    }
}
