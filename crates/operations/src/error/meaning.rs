//! What each code of an error means: in short, its cause, what to do, and whether anything was done. `docs/errors.md` is made of it.

use engine::ErrorKind;

use super::Kind;

/// What a code means to whoever reads it.
#[derive(Debug, Clone, Copy)]
pub struct Meaning {
    /// In a few words.
    pub summary: &'static str,
    /// How it comes about.
    pub cause: &'static str,
    /// What to do.
    pub cure: &'static str,
    /// Whether the operation did anything.
    pub done: Done,
}

/// Whether an operation that failed did anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// Nothing was done.
    Nothing,
    /// A part may be done: the operation takes several requests, or the engine failed on the way.
    Part,
    /// The request was sent and its answer lost: it may be done.
    Unknown,
}

impl Kind {
    /// Every kind that an error of an operation can have, in the order of a call's way.
    pub const ALL: &[Self] = &[
        Self::UnknownOperation,
        Self::InvalidParameters,
        Self::InvalidConfiguration,
        Self::Blocked,
        Self::Isolated,
        Self::Engine(ErrorKind::Unreachable),
        Self::Engine(ErrorKind::Tls),
        Self::Engine(ErrorKind::Ssh),
        Self::Engine(ErrorKind::Unauthorized),
        Self::Engine(ErrorKind::Forbidden),
        Self::Engine(ErrorKind::RateLimited),
        Self::Engine(ErrorKind::Unsupported),
        Self::Engine(ErrorKind::BadRequest),
        Self::Engine(ErrorKind::NotFound),
        Self::Engine(ErrorKind::Conflict),
        Self::Engine(ErrorKind::EngineError),
        Self::Engine(ErrorKind::Unavailable),
        Self::Engine(ErrorKind::TimedOut),
        Self::Engine(ErrorKind::UnknownOutcome),
        Self::Engine(ErrorKind::Protocol),
        Self::Engine(ErrorKind::Interrupted),
        Self::Failed,
        Self::Attachment,
        Self::Internal,
    ];

    /// What this kind means.
    pub const fn meaning(self) -> Meaning {
        match self {
            Self::UnknownOperation => Meaning {
                summary: "No operation has this name.",
                cause: "The name is misspelled, or the operation belongs to a newer version of the connector.",
                cure: "Use one of the similar names that the text lists.",
                done: Done::Nothing,
            },
            Self::InvalidParameters | Self::Engine(ErrorKind::InvalidRequest) => Meaning {
                summary: "A parameter is missing, unknown or has a wrong value.",
                cause: "The parameters do not fit the operation. The text lists all faults at once. An unknown name is a fault unless its \
                        value is empty.",
                cure: "Correct the parameters that the text names.",
                done: Done::Nothing,
            },
            Self::InvalidConfiguration => Meaning {
                summary: "A field of the configuration is missing or wrong.",
                cause: "The fields do not fit together, or a value is not of the expected form. The text lists all faults at once.",
                cure: "Correct the fields that the text names, in the connector's configuration: see [configuration.md](configuration.md).",
                done: Done::Nothing,
            },
            Self::Blocked => Meaning {
                summary: "The configuration does not allow it.",
                cause: "The access level, the list of allowed operations or the protection of containers forbids it. The text names the rule.",
                cure: "Ask an administrator to change the rule: see [what a configuration may do](configuration.md#what-a-configuration-may-do).",
                done: Done::Nothing,
            },
            Self::Isolated => Meaning {
                summary: "The container is isolated, and the operation would undo that.",
                cause: "A record on the engine says that `isolate_container` isolated the container.",
                cure: "Release it with `release_container`. To do it anyway, set `override_isolation`.",
                done: Done::Nothing,
            },
            Self::Failed => Meaning {
                summary: "The requests succeeded, but what they were for failed.",
                cause: "For example, a pull reports an error in its progress, an archive is cut off, or a command ends with an exit code \
                        while `fail_on_nonzero` is on.",
                cure: "Read the engine's words and the end of the output, which the text quotes.",
                done: Done::Part,
            },
            Self::Attachment => Meaning {
                summary: "A file of FortiSOAR, or a temporary file, cannot be read or written.",
                cause: "FortiSOAR did not provide the file or did not take it, or the disk for temporary files is full or read-only.",
                cure: "Check that the file still exists, that the integrations' user can read and create files and attachments, and that the \
                       disk has room.",
                done: Done::Part,
            },
            Self::Internal => Meaning {
                summary: "The connector itself has a fault.",
                cause: "It is a bug, or the package is damaged.",
                cure: "Install the package again. If that does not help, report the text: it names a place in the code and no values.",
                done: Done::Part,
            },
            Self::Engine(kind) => of_engine(kind),
        }
    }
}

/// What the engine says, or the way to it.
#[allow(clippy::too_many_lines, reason = "a table")]
const fn of_engine(kind: ErrorKind) -> Meaning {
    match kind {
        ErrorKind::Unreachable => Meaning {
            summary: "No connection to the engine.",
            cause: "The address or port is wrong, the engine is not running, its name cannot be resolved, or a firewall is in the way. \
                    The connector tried again as often as `retry_attempts` says.",
            cure: "Check `server_address`, `port` and the network. For a slow network, raise `connect_timeout`.",
            done: Done::Nothing,
        },
        ErrorKind::Tls => Meaning {
            summary: "TLS failed: a certificate, a key or the handshake.",
            cause: "A certificate is not trusted, has expired or is for another name; a key does not belong to its certificate; or one side \
                    speaks TLS and the other does not. This is never tried again.",
            cure: "Change the field that the text names.",
            done: Done::Nothing,
        },
        ErrorKind::Ssh => Meaning {
            summary: "SSH failed: the host key, the private key, or the way to the engine's socket.",
            cause: "The host key differs from `ssh_host_key`, the private key cannot be read, or the user cannot use the engine's socket. \
                    This is never tried again.",
            cure: "Change the field that the text names. If the host key changed unexpectedly, find out why first: another machine may be \
                   answering.",
            done: Done::Nothing,
        },
        ErrorKind::Unauthorized => Meaning {
            summary: "The sign-in was refused.",
            cause: "The engine or a proxy answered 401, an HTTP proxy answered 407, an SSH server did not accept the key, or a registry \
                    did not accept its credentials.",
            cure: "Check the credentials of the party that the text names.",
            done: Done::Nothing,
        },
        ErrorKind::Forbidden => Meaning {
            summary: "The engine, a plugin or a proxy does not allow it (status 403).",
            cause: "Docker answers this for its own networks and for addresses in use, an authorization plugin for what it denies, and a \
                    proxy for what it hides. The text says if the answer is a proxy's web page.",
            cure: "Change the rules of the party that the text names.",
            done: Done::Nothing,
        },
        ErrorKind::RateLimited => Meaning {
            summary: "Too many requests.",
            cause: "The configuration's `rate_limit` has no free slot in time, or the engine or a registry answered 429.",
            cure: "Raise `rate_limit`, or spread the calls.",
            done: Done::Nothing,
        },
        ErrorKind::Unsupported => Meaning {
            summary: "The engine's API version does not have it.",
            cause: "The engine is older than the parameter or the operation, or does not speak the version that `api_version` names.",
            cure: "Leave the parameter empty, set `api_version` to Auto, or upgrade the engine.",
            done: Done::Nothing,
        },
        ErrorKind::BadRequest => Meaning {
            summary: "The engine does not accept the parameters (status 400, or another below 500 that has no code of its own).",
            cause: "A value is of the right form, but the engine refuses it. A proxy can answer 413 if the body is too large for it.",
            cure: "Read the engine's words in the text. For proxies see \
                   [what a proxy must pass](configuration.md#what-a-proxy-in-front-of-the-engine-must-pass).",
            done: Done::Nothing,
        },
        ErrorKind::NotFound => Meaning {
            summary: "There is no such object (status 404).",
            cause: "The id or name is wrong, or the object was removed.",
            cure: "Look it up with the list operations.",
            done: Done::Nothing,
        },
        ErrorKind::Conflict => Meaning {
            summary: "The object's state does not allow it (status 409).",
            cause: "For example, the container is paused or not running, or the name is in use. For Swarm: the engine is not a manager, or the \
                    swarm is locked or has no leader.",
            cure: "Read in the text what is in the way. What is already as you want it is not an error: its `outcome` is `already`.",
            done: Done::Nothing,
        },
        ErrorKind::EngineError => Meaning {
            summary: "The engine failed (status 500 and above).",
            cause: "Often the engine repeats what another party said: a registry, a driver, the kernel.",
            cure: "Read the engine's own log.",
            done: Done::Part,
        },
        ErrorKind::Unavailable => Meaning {
            summary: "The engine, or a proxy in front of it, cannot answer now (status 502, 503 or 504).",
            cause: "The engine is starting or overloaded, or a proxy cannot reach it. Requests that only read were tried again. A change that a \
                    gateway answered with 502 or 504 is [`unknown_outcome`](#unknown_outcome) instead.",
            cure: "Try again later. If it stays, check the engine and the proxy.",
            done: Done::Part,
        },
        ErrorKind::TimedOut => Meaning {
            summary: "A time limit passed.",
            cause: "The engine sent nothing for `timeout` seconds, or the whole answer took too long. For pull, push, build and files the text \
                    also says how far the engine was, and that it may go on.",
            cure: "Raise `timeout` or the operation's time limit, and check the load of the engine.",
            done: Done::Part,
        },
        ErrorKind::UnknownOutcome => Meaning {
            summary: "A change was sent, and its answer was lost.",
            cause: "The connection broke or the time passed after the request was sent. The connector did not repeat it. Stop, kill, restart, pause \
                    and unpause look at the container and tell its state.",
            cure: "Look at the present state before you try again.",
            done: Done::Unknown,
        },
        ErrorKind::Protocol => Meaning {
            summary: "The answer is not that of a Docker Engine, or it broke off.",
            cause: "Something other than a Docker Engine listens there, a proxy changes or redirects the answers, or the connection was cut.",
            cure: "Check `protocol`, `server_address`, `port` and any proxy on the way.",
            done: Done::Part,
        },
        ErrorKind::Interrupted => Meaning {
            summary: "The program asked to stop waiting.",
            cause: "A signal, such as that of Ctrl-C, arrived while the connector waited for the engine.",
            cure: "Look at the present state if the operation changes something.",
            done: Done::Part,
        },
        // The caller's own fault reads like any other of the parameters.
        ErrorKind::InvalidRequest => Kind::InvalidParameters.meaning(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_is_listed_once() {
        let codes: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!(codes.len(), Kind::ALL.len());
        for kind in Kind::ALL {
            let Meaning { summary, cause, cure, .. } = kind.meaning();
            for text in [summary, cause, cure] {
                assert!(text.ends_with('.') && !text.contains("  "), "{kind:?}: {text}");
            }
        }
    }
}
