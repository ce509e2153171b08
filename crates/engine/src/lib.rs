//! Talks to a Docker Engine over a unix socket, TCP, TLS or SSH, on the calling thread.
//!
//! An [`Engine`] keeps connections alive and hands one to each call; the call's own thread drives it, so
//! there are no background threads, nothing to shut down, and a `fork()` harms neither side. The API version is
//! negotiated, only what is safe is sent twice, and nothing waits without a bound.
//!
//! ```no_run
//! use engine::{Engine, Path, Request, Settings};
//!
//! let engine = Engine::new(Settings::new("unix:///var/run/docker.sock".parse()?))?;
//! let containers = engine.call(Request::get(Path::fixed("/containers/json")).query("all", "true"))?.json()?;
//! println!("{containers}");
//! # Ok::<(), engine::Error>(())
//! ```
//!
//! Paths are those of the [Docker Engine API](https://docs.docker.com/reference/api/engine/), without the version.

mod address;
mod connect;
mod conversation;
mod dial;
mod driver;
mod engine;
mod error;
mod frames;
mod interrupt;
mod json;
mod lane;
mod lanes;
mod lines;
mod meter;
mod path;
mod payload;
pub mod pem;
mod proxy;
mod rate;
mod refusal;
mod remedy;
mod reply;
mod request;
mod retry;
mod settings;
mod socket;
mod ssh;
mod stage;
mod swarm;
mod tls;
mod unanswered;
mod version;

pub use address::{Address, DockerHost, HTTP_PORT, HTTPS_PORT, SSH_PORT, Written, is_host, is_v6};
pub use conversation::Input;
pub use engine::{Answer, Engine};
pub use error::{Error, ErrorKind};
pub use frames::{Frame, FrameDecoder, StreamName};
pub use http::Method;
pub use interrupt::{also_interrupted_by, go_on, set_interrupt, sleep};
pub use json::{MOST_OF_A_LOOK, parse};
pub use lines::JsonLines;
pub use path::{Path, Segment, decoded};
pub use payload::Payload;
pub use proxy::Proxy;
pub use rate::RateLimit;
pub use remedy::{Remedy, Subject, Wording};
pub use reply::{Body, Reply};
pub use request::{Request, encoded};
pub use settings::{Settings, SignIn};
pub use ssh::{DEFAULT_SOCKET, HostKeys, Ssh};
pub use swarm::SwarmState;
pub use tls::{Identity, Pin, Tls};
pub use version::ApiVersion;
