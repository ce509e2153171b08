//! Versions of the Docker Engine API, such as 1.41.

use std::{fmt, str::FromStr};

use crate::{Error, ErrorKind};

/// A version of the Docker Engine API. Orders as numbers do: 1.9 is older than 1.41.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiVersion {
    major: u16,
    minor: u16,
}

impl ApiVersion {
    /// The oldest version whose endpoints are known here (Docker 19.03).
    pub const OLDEST: Self = Self::new(1, 40);
    /// The newest version whose endpoints are known here.
    pub const NEWEST: Self = Self::new(1, 56);

    /// A version from its two numbers.
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }

    /// The version to speak with an engine whose newest is `self`: the newer one that both know.
    ///
    /// An engine older than [`ApiVersion::OLDEST`] is refused as [`ErrorKind::Unsupported`].
    pub fn negotiate(self) -> Result<Self, Error> {
        if self < Self::OLDEST {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!("the engine speaks API {self} at most; this client needs {} or newer", Self::OLDEST),
            )
            .hint("Upgrade the engine to Docker 19.03 or newer"));
        }
        Ok(self.min(Self::NEWEST))
    }
}

impl FromStr for ApiVersion {
    type Err = Error;

    /// Reads `1.41` or `v1.41`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let numbers = text.trim().trim_start_matches(['v', 'V']).split_once('.');
        let parsed =
            numbers.and_then(|(major, minor)| Some(Self::new(major.parse().ok()?, minor.parse().ok()?)));
        parsed.ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidRequest,
                format!("{text:?} is not an API version; one looks like v1.41"),
            )
        })
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_with_and_without_the_v_and_orders_as_numbers() {
        let version = |text: &str| text.parse::<ApiVersion>().unwrap();
        assert_eq!(version("v1.41"), version(" 1.41 "));
        assert!(version("1.9") < version("1.41"));
        assert_eq!(version("1.41").to_string(), "1.41");
        for odd in ["", "1", "v", "1.x", "1.41.2", "-1.4", "1.99999"] {
            assert_eq!(odd.parse::<ApiVersion>().unwrap_err().kind(), ErrorKind::InvalidRequest, "{odd}");
        }
    }

    #[test]
    fn speaks_the_newest_that_both_know() {
        assert_eq!(ApiVersion::new(1, 41).negotiate().unwrap(), ApiVersion::new(1, 41));
        assert_eq!(ApiVersion::new(1, 99).negotiate().unwrap(), ApiVersion::NEWEST);
        assert_eq!(ApiVersion::new(1, 24).negotiate().unwrap_err().kind(), ErrorKind::Unsupported);
    }
}
