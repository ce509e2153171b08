//! Docker's command-line notations: what its users write (`8080:80/tcp`, `512m`, `on-failure:3`), as the API takes it.
//!
//! Each has a small file. All of them take the API's own JSON as well, so that what `inspect` shows can be given back.

mod attachments;
mod devices;
mod environment;
mod fields;
mod healthcheck;
mod mounted_files;
mod mounts;
mod platform;
mod ports;
mod quantity;
mod restart;
mod service_ports;
mod terminal;
mod tmpfs;
mod ulimits;
mod umask;

use serde_json::Value;

pub(crate) use self::healthcheck::nanoseconds;
use crate::values::{embedded, lines};

/// A notation of Docker's command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notation {
    /// `127.0.0.1:8080:80/tcp`, with ranges: the API's `PortBindings`.
    Ports,
    /// `80/tcp`, `7000-7002/udp`: the API's `ExposedPorts`.
    ExposedPorts,
    /// Folders of a container: the API's `Volumes`.
    Folders,
    /// `512m`, `1.5g`: bytes.
    Size,
    /// `1.5` processors: the API's `NanoCpus`.
    Cpus,
    /// `on-failure:3`: the API's `RestartPolicy`.
    RestartPolicy,
    /// `NAME=value`: the API's `Env`.
    Environment,
    /// `/dev/sda:/dev/xvda:r`: the API's `Devices`.
    Devices,
    /// `nofile=1024:2048`: the API's `Ulimits`.
    Ulimits,
    /// `/run:rw,size=64m`: the API's `Tmpfs`.
    Tmpfs,
    /// A command, or an object with durations such as `30s`: the API's `Healthcheck`.
    Healthcheck,
    /// `24x80`: height and width, the API's `ConsoleSize`.
    ConsoleSize,
    /// `linux/arm64/v8`: the API's `Platform`.
    Platform,
    /// Several of them.
    Platforms,
    /// `0027`, in octal: the API's `Umask`.
    Umask,
    /// `type=volume,source=data,target=/data`: a service's `Mounts`.
    Mounts,
    /// `name=backend,alias=web`: a service's `Networks`.
    Attachments,
    /// `8080:80/tcp`, `mode=host,published=8080,target=80`: a service's `EndpointSpec.Ports`.
    ServicePorts,
    /// `source=NAME,target=FILE,mode=0400`: a service's `Secrets`.
    Secrets,
    /// The same, as a service's `Configs`.
    Configs,
}

impl Notation {
    /// Whether a form gives it several lines.
    pub const fn has_lines(self) -> bool {
        match self {
            Self::Size
            | Self::Cpus
            | Self::RestartPolicy
            | Self::ConsoleSize
            | Self::Platform
            | Self::Umask => false,
            Self::Ports | Self::ExposedPorts | Self::Folders | Self::Environment | Self::Devices => true,
            Self::Ulimits | Self::Tmpfs | Self::Healthcheck | Self::Platforms => true,
            Self::Mounts | Self::Attachments | Self::ServicePorts | Self::Secrets | Self::Configs => true,
        }
    }

    /// What the API takes. The error says what the notation is, to follow `must be`.
    pub(crate) fn read(self, value: &Value) -> Result<Value, String> {
        match self {
            Self::Ports => ports::bindings(value),
            Self::ExposedPorts => ports::exposed(value),
            Self::Folders => tmpfs::folders(value),
            Self::Size => quantity::size(value),
            Self::Cpus => quantity::cpus(value),
            Self::RestartPolicy => restart::policy(value),
            Self::Environment => environment::variables(value),
            Self::Devices => devices::devices(value),
            Self::Ulimits => ulimits::ulimits(value),
            Self::Tmpfs => tmpfs::tmpfs(value),
            Self::Healthcheck => healthcheck::healthcheck(value),
            Self::ConsoleSize => terminal::console_size(value),
            Self::Platform => platform::platform(value),
            Self::Platforms => platform::platforms(value),
            Self::Umask => umask::umask(value),
            Self::Mounts => mounts::mounts(value),
            Self::Attachments => attachments::attachments(value),
            Self::ServicePorts => service_ports::service_ports(value),
            Self::Secrets => mounted_files::secrets(value),
            Self::Configs => mounted_files::configs(value),
        }
    }
}

/// JSON or a Python literal within text, or the value as it is. A bracket alone is neither: an IPv6 address begins with one.
fn parsed(value: &Value) -> Result<Value, String> {
    let Value::String(text) = value else { return Ok(value.clone()) };
    let opening = match text.trim_end() {
        list if list.ends_with(']') => '[',
        tuple if tuple.ends_with(')') => '(',
        _ => '{',
    };
    embedded(text, opening).unwrap_or_else(|| Ok(value.clone()))
}

/// What a list stands for, item by item: of a list, or of text with lines. One of anything else is a list of one.
fn items(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        Value::String(text) => lines(&text).map(Value::from).collect(),
        single => vec![single],
    }
}

/// As [`items`], where a line may also hold several, with commas between.
fn comma_items(value: Value) -> Vec<Value> {
    match value {
        Value::String(text) => lines(&text)
            .flat_map(|line| line.split(',').map(str::trim))
            .filter(|item| !item.is_empty())
            .map(Value::from)
            .collect(),
        value => items(value),
    }
}
