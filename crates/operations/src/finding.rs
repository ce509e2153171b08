//! What a check of a connection finds.

/// One thing that was checked, how it stands, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was checked.
    pub check: Check,
    /// How it stands.
    pub level: Level,
    /// What was found, in whole sentences.
    pub what: String,
    /// What to do, in whole sentences; empty where nothing is to be done.
    pub to_do: String,
}

/// How what was checked stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing is to be done.
    Ok,
    /// Calls work, and an administrator should know something.
    Warning,
    /// Calls fail.
    Error,
}

/// What is checked, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// Whether the engine answers.
    Reach,
    /// Whether the engine accepts the credential.
    SignIn,
    /// Whether anyone on the network path can read along.
    Encryption,
    /// Whether the engine is the one that is meant.
    Verification,
    /// Whether both sides know the API version.
    ApiVersion,
    /// Whether both clocks agree.
    Clock,
    /// Whether the engine's version has known flaws.
    KnownFlaws,
    /// Whether all worker processes share the rate limit.
    RateLimit,
    /// Whether the credentials at registries can be used.
    Registries,
    /// What the credential may read.
    Permissions,
}

impl Finding {
    /// What works.
    pub(crate) fn ok(check: Check, what: impl Into<String>) -> Self {
        Self { check, level: Level::Ok, what: what.into(), to_do: String::new() }
    }

    /// What an administrator should know.
    pub(crate) fn warning(check: Check, what: impl Into<String>, to_do: impl Into<String>) -> Self {
        Self { check, level: Level::Warning, what: what.into(), to_do: to_do.into() }
    }

    /// What was found and what to do, as one text.
    pub fn text(&self) -> String {
        format!("{} {}", self.what, self.to_do).trim_end().to_owned()
    }
}

impl Level {
    /// The level as stable text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl Check {
    /// The check as stable text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reach => "reach",
            Self::SignIn => "sign_in",
            Self::Encryption => "encryption",
            Self::Verification => "verification",
            Self::ApiVersion => "api_version",
            Self::Clock => "clock",
            Self::KnownFlaws => "known_flaws",
            Self::RateLimit => "rate_limit",
            Self::Registries => "registries",
            Self::Permissions => "permissions",
        }
    }
}
