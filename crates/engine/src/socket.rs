//! A socket that the calling thread reads, writes and waits for itself, with no poller between.
//!
//! What a read or a write would have to wait for is noted in [`Wait`]; whoever drives the lane then waits for just that, and
//! takes all up again. So a connection is one descriptor, and an answer that is waited for costs the one `recv` that it
//! would cost anybody.
#![allow(
    unsafe_code,
    reason = "what recv wrote is initialised, as only it knows; a copied descriptor has no owner"
)]

use std::{
    io::{self, IoSlice},
    net::SocketAddr,
    os::fd::{AsRawFd, OwnedFd, RawFd},
    path::Path,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, Wake},
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec},
    io::Errno,
    net::{
        AddressFamily, RecvFlags, SendAncillaryBuffer, SendFlags, Shutdown, SocketAddrUnix, SocketFlags,
        SocketType, sockopt,
    },
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use crate::interrupt::INTERVAL;

/// A connected stream socket. Its methods are for the thread that drives the lane with the same [`Wait`].
pub(crate) struct Socket {
    descriptor: Arc<OwnedFd>,
    wait: Arc<Wait>,
}

/// What the socket's reads and writes would wait for. One thread at a time uses it.
#[derive(Debug, Default)]
pub(crate) struct Wait {
    socket: Mutex<Weak<OwnedFd>>,
    to_read: AtomicBool,
    to_write: AtomicBool,
    /// Whether the last read took all that was there: the next would find nothing.
    drained: AtomicBool,
    /// Whether the next read may wait by itself, for [`INTERVAL`] at most.
    patient: AtomicBool,
    /// Whether a signal came meanwhile.
    signalled: AtomicBool,
    /// Whether somebody has more to do at once.
    woken: AtomicBool,
}

impl Socket {
    /// Connects to a unix socket.
    pub(crate) fn to_path(path: &Path, wait: &Arc<Wait>) -> io::Result<Self> {
        let descriptor = new(AddressFamily::UNIX)?;
        rustix::net::connect(&descriptor, &SocketAddrUnix::new(path)?)?;
        Self::of(descriptor, wait)
    }

    /// A connection by TCP that was made. Requests are small and waited for, so that Nagle's delay would only cost.
    pub(crate) fn of_tcp(descriptor: OwnedFd, wait: &Arc<Wait>) -> io::Result<Self> {
        let _best_effort = sockopt::set_tcp_nodelay(&descriptor, true);
        Self::of(descriptor, wait)
    }

    /// The same descriptor as a socket of the runtime that runs here, which waits for it from now on.
    pub(crate) fn into_tokio(self) -> io::Result<TcpStream> {
        let descriptor =
            Arc::into_inner(self.descriptor).ok_or_else(|| io::Error::other("the socket is in use"))?;
        rustix::io::ioctl_fionbio(&descriptor, true)?;
        TcpStream::from_std(descriptor.into())
    }

    fn of(descriptor: OwnedFd, wait: &Arc<Wait>) -> io::Result<Self> {
        // Only a patient read ever waits; all else says MSG_DONTWAIT.
        sockopt::set_socket_timeout(&descriptor, sockopt::Timeout::Recv, Some(INTERVAL))?;
        rustix::io::ioctl_fionbio(&descriptor, false)?;
        let descriptor = Arc::new(descriptor);
        *wait.socket() = Arc::downgrade(&descriptor);
        wait.drained.store(true, Relaxed);
        Ok(Self { descriptor, wait: Arc::clone(wait) })
    }
}

/// Begins to connect by TCP, without waiting; answers whether that is done already.
pub(crate) fn begin_tcp(address: SocketAddr) -> io::Result<(OwnedFd, bool)> {
    let descriptor = new(if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 })?;
    match rustix::net::connect(&descriptor, &address) {
        Ok(()) => Ok((descriptor, true)),
        Err(Errno::INPROGRESS | Errno::INTR) => Ok((descriptor, false)),
        Err(error) => Err(error.into()),
    }
}

/// Waits until something comes of sockets that are being connected, for `bound` at most: of each, nothing yet, or the outcome.
pub(crate) fn wait_to_connect<'a>(
    sockets: impl Iterator<Item = &'a OwnedFd>,
    bound: Duration,
) -> Vec<Option<io::Result<()>>> {
    let mut polled: Vec<_> = sockets.map(|socket| PollFd::new(socket, PollFlags::OUT)).collect();
    // A signal only ends the wait sooner.
    let _signalled = rustix::event::poll(&mut polled, Some(&timespec(bound)));
    let outcome = |socket: &PollFd<'_>| match sockopt::socket_error(socket) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) | Err(error) => Err(error.into()),
    };
    polled.iter().map(|socket| (!socket.revents().is_empty()).then(|| outcome(socket))).collect()
}

fn new(family: AddressFamily) -> rustix::io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    rustix::net::socket_with(family, SocketType::STREAM, flags, None)
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let wait = &*self.wait;
        if !wait.drained.load(Relaxed) {
            let patience =
                if wait.patient.swap(false, Relaxed) { RecvFlags::empty() } else { RecvFlags::DONTWAIT };
            // SAFETY: recv only writes to it.
            let free = unsafe { room.unfilled_mut() };
            let length = free.len();
            match rustix::net::recv(&self.descriptor, free, patience) {
                Ok((_, got)) => {
                    wait.drained.store(0 < got && got < length, Relaxed);
                    // SAFETY: recv has written so many.
                    unsafe { room.assume_init(got) };
                    room.advance(got);
                    return Poll::Ready(Ok(()));
                }
                Err(Errno::AGAIN) => wait.drained.store(true, Relaxed),
                Err(Errno::INTR) => wait.signalled.store(true, Relaxed),
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
        wait.to_read.store(true, Relaxed);
        Poll::Pending
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.wrote(rustix::net::send(&self.descriptor, bytes, AT_ONCE))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match slices {
            [only] => self.poll_write(context, only),
            several => self.wrote(rustix::net::sendmsg(
                &self.descriptor,
                several,
                &mut SendAncillaryBuffer::default(),
                AT_ONCE,
            )),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(match rustix::net::shutdown(&self.descriptor, Shutdown::Write) {
            // The other side was faster.
            Err(Errno::NOTCONN) => Ok(()),
            outcome => outcome.map_err(io::Error::from),
        })
    }
}

/// Without waiting, and without the signal that ends a process which writes to nobody.
const AT_ONCE: SendFlags = SendFlags::DONTWAIT.union(SendFlags::NOSIGNAL);

impl Socket {
    fn wrote(&self, sent: rustix::io::Result<usize>) -> Poll<io::Result<usize>> {
        match sent {
            Err(Errno::AGAIN | Errno::INTR) => {
                self.wait.to_write.store(true, Relaxed);
                Poll::Pending
            }
            outcome => Poll::Ready(outcome.map_err(io::Error::from)),
        }
    }
}

impl Wait {
    /// Before the first turn of something new: no read may wait, as others may have more to do.
    pub(crate) fn start(&self) {
        self.patient.store(false, Relaxed);
    }

    /// Before each turn: nothing is waited for yet.
    pub(crate) fn begin_turn(&self) {
        self.woken.store(false, Relaxed);
        self.to_read.store(false, Relaxed);
        self.to_write.store(false, Relaxed);
    }

    /// Whether to poll again rather than to wait.
    pub(crate) fn is_woken(&self) -> bool {
        self.woken.load(Relaxed)
    }

    /// Whether a signal came since this was last asked.
    pub(crate) fn take_signal(&self) -> bool {
        self.signalled.swap(false, Relaxed)
    }

    /// After a turn: waits for what it wants, for `bound` at most, or lets the next read do so.
    pub(crate) fn wait(&self, bound: Duration) {
        let (to_read, to_write) = (self.to_read.load(Relaxed), self.to_write.load(Relaxed));
        self.drained.store(false, Relaxed);
        if to_read && !to_write && bound >= INTERVAL && !self.patient.load(Relaxed) {
            self.patient.store(true, Relaxed);
            return;
        }
        self.patient.store(false, Relaxed);
        let bound = bound.min(INTERVAL);
        let mut wanted = PollFlags::empty();
        wanted.set(PollFlags::IN, to_read);
        wanted.set(PollFlags::OUT, to_write);
        match self.socket().upgrade().filter(|_| !wanted.is_empty()) {
            Some(socket) => {
                // A fault shows itself to who reads or writes.
                if is_ready(&socket, wanted, bound) == Err(Errno::INTR) {
                    self.signalled.store(true, Relaxed);
                }
            }
            None => std::thread::sleep(bound),
        }
    }

    fn socket(&self) -> std::sync::MutexGuard<'_, Weak<OwnedFd>> {
        self.socket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Wait {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Relaxed);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Relaxed);
    }
}

/// Waits until a socket is ready, for `bound` at most; answers whether it is.
fn is_ready(socket: &OwnedFd, wanted: PollFlags, bound: Duration) -> rustix::io::Result<bool> {
    Ok(rustix::event::poll(&mut [PollFd::new(socket, wanted)], Some(&timespec(bound)))? > 0)
}

/// A bound as the system takes it, [`INTERVAL`] at most.
fn timespec(bound: Duration) -> Timespec {
    Timespec { tv_sec: 0, tv_nsec: bound.min(INTERVAL).subsec_nanos().into() }
}

/// Whether an idle connection can take a request: nothing has come on it, neither data nor its end.
pub(crate) fn is_quiet(socket: RawFd) -> bool {
    let mut byte = 0_u8;
    // SAFETY: `byte` is one writable byte, and the call does not block.
    let got = unsafe { libc::recv(socket, (&raw mut byte).cast(), 1, libc::MSG_PEEK | libc::MSG_DONTWAIT) };
    got < 0 && io::Error::last_os_error().kind() == io::ErrorKind::WouldBlock
}

/// Closes this process's copy of a descriptor that a `fork()` duplicated, telling the other side nothing.
pub(crate) fn close_copy(socket: RawFd) {
    // SAFETY: the caller forgets the descriptor's owner, so nothing closes or uses the number again.
    unsafe { libc::close(socket) };
}
