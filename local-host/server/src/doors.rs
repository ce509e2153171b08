//! Who may connect, and how long a connection may say nothing: whoever has an account on this machine reaches the port.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a handshake, and how long the head of a request may take. An idle connection is closed after as long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// Connections at a time of the user who started the host, and of root.
const MOST_OF_OURS: usize = 256;
/// Connections at a time of all other users of this machine.
const MOST_OF_OTHERS: usize = 32;

/// Lets a connection in if there is room for it.
#[derive(Clone)]
pub(crate) struct Doors<A> {
    then: A,
    ours: Arc<Semaphore>,
    others: Arc<Semaphore>,
}

impl<A> Doors<A> {
    /// Doors that lead to `then`.
    pub(crate) fn to(then: A) -> Self {
        Self {
            then,
            ours: Arc::new(Semaphore::new(MOST_OF_OURS)),
            others: Arc::new(Semaphore::new(MOST_OF_OTHERS)),
        }
    }
}

impl<A, S> Accept<TcpStream, S> for Doors<A>
where
    A: Accept<TcpStream, S>,
    A::Future: Send + 'static,
{
    type Stream = Held<A::Stream>;
    type Service = A::Service;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let room = if is_of_others(&stream) { &self.others } else { &self.ours };
        let Ok(place) = Arc::clone(room).try_acquire_owned() else {
            return Box::pin(async { Err(io::Error::other("too many connections")) });
        };
        let accepted = self.then.accept(stream, service);
        Box::pin(async move {
            let (stream, service) = accepted.await?;
            Ok((Held { stream, _place: place }, service))
        })
    }
}

/// Whether another user of this machine has the other end. The kernel says whose each socket is.
fn is_of_others(stream: &TcpStream) -> bool {
    const ESTABLISHED: &str = "01";
    let (Ok(peer), Ok(ours)) = (stream.peer_addr(), stream.local_addr()) else { return true };
    let Ok(table) = std::fs::read_to_string("/proc/net/tcp") else { return true };
    let port = |port: u16| format!(":{port:04X}");
    let (theirs, ours) = (port(peer.port()), port(ours.port()));
    // Number, local and remote address, state, queues, timer, retransmissions, owner. What is closed has no owner any more.
    let owner = table.lines().skip(1).find_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let [_, local, remote, ESTABLISHED, _, _, _, owner, ..] = columns[..] else { return None };
        (local.ends_with(&theirs) && remote.ends_with(&ours)).then(|| owner.parse::<u32>().ok()).flatten()
    });
    owner.is_none_or(|owner| owner != 0 && Some(owner) != own())
}

/// Whom this process runs as.
fn own() -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").ok().map(|process| process.uid())
}

/// A connection, and its place.
pub(crate) struct Held<S> {
    stream: S,
    _place: OwnedSemaphorePermit,
}

impl<S: AsyncRead + Unpin> AsyncRead for Held<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Held<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
