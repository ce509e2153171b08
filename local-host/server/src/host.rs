//! What every request is answered with: the stores, the workers, and how to know a session.

use axum::http::{HeaderMap, header};

use crate::history::History;
use crate::jobs::Jobs;
use crate::layout::Layout;
use crate::progress::Watches;
use crate::records::Records;
use crate::secrets::Secrets;
use crate::store::Store;
use crate::workers::Workers;

/// The page's cookie. Its prefix keeps it to this host, https and all paths.
pub(crate) const COOKIE: &str = "__Host-fsr-docker";

/// What requests are answered with.
pub(crate) struct Host {
    pub(crate) layout: Layout,
    pub(crate) secrets: Secrets,
    pub(crate) store: Store,
    pub(crate) history: History,
    pub(crate) records: Records,
    pub(crate) watches: Watches,
    pub(crate) jobs: Jobs,
    pub(crate) workers: Workers,
    /// The `Host` headers that are ours: others come of a name that was bent to this address.
    pub(crate) authorities: Vec<String>,
    /// The link to the page, without its token.
    pub(crate) origin: String,
}

/// The session that the page's cookie names.
pub(crate) fn session_of(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
    cookies.split("; ").find_map(|cookie| cookie.strip_prefix(COOKIE)?.strip_prefix('='))
}
