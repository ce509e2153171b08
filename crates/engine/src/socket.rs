//! Two questions to a socket that only the system can answer.
#![allow(unsafe_code, reason = "recv and close on a descriptor that tokio owns have no safe form")]

use std::os::fd::RawFd;

/// Whether an idle connection can take a request: nothing has come on it, neither data nor its end.
pub(crate) fn is_quiet(socket: RawFd) -> bool {
    let mut byte = 0_u8;
    // SAFETY: `byte` is one writable byte, and the call does not block.
    let got = unsafe { libc::recv(socket, (&raw mut byte).cast(), 1, libc::MSG_PEEK | libc::MSG_DONTWAIT) };
    got < 0 && std::io::Error::last_os_error().kind() == std::io::ErrorKind::WouldBlock
}

/// Closes this process's copy of a descriptor that a `fork()` duplicated, telling the other side nothing.
pub(crate) fn close_copy(socket: RawFd) {
    // SAFETY: the caller forgets the descriptor's owner, so nothing closes or uses the number again.
    unsafe { libc::close(socket) };
}
