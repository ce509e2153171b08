//! What an operation does to the engine, and where FortiSOAR files it.

/// What an operation does to the engine. The category, what a configuration may run, and what is safe to repeat follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Looks, and changes nothing.
    Read,
    /// Restrains something that runs, in a way that can be undone: stop, pause, disconnect.
    Contain,
    /// Makes or changes something: create, start, tag, exec.
    Change,
    /// Takes something away for good: remove, prune.
    Destroy,
}

impl Effect {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Read, Self::Contain, Self::Change, Self::Destroy];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Contain => "contain",
            Self::Change => "change",
            Self::Destroy => "destroy",
        }
    }
}

/// Where FortiSOAR files an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "FortiSOAR's own names")]
pub enum Category {
    Investigation,
    Containment,
    Remediation,
    Miscellaneous,
}

impl Category {
    /// FortiSOAR's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Investigation => "investigation",
            Self::Containment => "containment",
            Self::Remediation => "remediation",
            Self::Miscellaneous => "miscellaneous",
        }
    }
}
