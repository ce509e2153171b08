//! A channel of an SSH session as a byte stream.

use std::{
    collections::VecDeque,
    io,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use russh::{
    Channel, ChannelMsg, ChannelReadHalf,
    client::{Handle, Msg},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{
    Target, fault,
    handshake::{Session, Visitor, plain},
};
use crate::{Error, ErrorKind, Remedy, Subject};

/// No more of what a command complains of is kept.
const LONGEST_COMPLAINT: usize = 1024;

/// The engine's socket behind an SSH server. Its end is that of the channel; closing our half tells the engine so.
pub(crate) struct Stream {
    reader: ChannelReadHalf,
    writer: Pin<Box<dyn AsyncWrite + Send>>,
    /// What came before anybody read.
    early: VecDeque<ChannelMsg>,
    /// What has come and was not read yet.
    unread: Bytes,
    ended: bool,
    /// What relays, as long as the engine has said nothing: its failure is then the reason.
    relay: Option<Command>,
    /// Ends when dropped, and the connection with it.
    _session: Handle<Visitor>,
}

/// A command that relays to the socket, and how it ends.
pub(super) struct Command {
    complaint: Vec<u8>,
    exit_code: Option<u32>,
    server: String,
    user: String,
    socket: String,
}

impl Command {
    pub(super) fn new(target: &Target<'_>) -> Self {
        Self {
            complaint: Vec::new(),
            exit_code: None,
            server: target.server.clone(),
            user: target.user.to_owned(),
            socket: target.socket.to_owned(),
        }
    }

    /// Why there is no answer: the command ended, and the engine said nothing.
    fn failed(&self) -> Error {
        let Self { complaint, exit_code, server, user, socket, .. } = self;
        let complaint = plain(&String::from_utf8_lossy(complaint));
        let ended = match exit_code {
            Some(code) => format!("ended with exit code {code}"),
            None => "was broken off".into(),
        };
        let message = format!(
            "{server} does not forward the socket {socket} to {user}, and `docker system dial-stdio` there {ended}: {complaint}"
        );
        let message = message.trim_end_matches([':', ' ']).to_owned();
        if complaint.to_ascii_lowercase().contains("permission denied") {
            return fault(message).hint(format!(
                "{user} cannot use the socket. Usually, the user must be a member of the group docker"
            ));
        }
        if matches!(exit_code, Some(126 | 127)) {
            return fault(message).mend(Remedy::Check(Subject::SshSocket)).hint(
                "Check that the user may use that socket, and allow AllowStreamLocalForwarding in the server's sshd_config; or \
                 install the docker command there",
            );
        }
        Error::new(ErrorKind::Unreachable, message)
            .mend(Remedy::Check(Subject::SshSocket))
            .hint("Check that the engine is running there")
    }
}

impl Stream {
    /// A channel to the socket itself.
    pub(super) fn forwarded(session: Session, channel: Channel<Msg>) -> Self {
        let (reader, writer) = channel.split();
        Self {
            reader,
            writer: Box::pin(writer.make_writer()),
            early: VecDeque::new(),
            unread: Bytes::new(),
            ended: false,
            relay: None,
            _session: session.handle,
        }
    }

    /// A channel to a command that relays; `early` is what came of it so far.
    pub(super) fn relayed(
        session: Session,
        channel: Channel<Msg>,
        relay: Command,
        early: VecDeque<ChannelMsg>,
    ) -> Self {
        Self { relay: Some(relay), early, ..Self::forwarded(session, channel) }
    }

    /// Whether the engine itself has been reached: a forwarded socket was opened, a relay may yet fail.
    pub(crate) fn is_proven(&self) -> bool {
        self.relay.is_none()
    }

    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Option<ChannelMsg>> {
        if let Some(message) = self.early.pop_front() {
            return Poll::Ready(Some(message));
        }
        // A wait that is dropped loses nothing: the channel keeps what comes.
        pin!(self.reader.wait()).poll(context)
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        while this.unread.is_empty() && !this.ended {
            match ready!(this.poll_message(context)) {
                Some(ChannelMsg::Data { data }) => {
                    // The engine speaks: from here on the relay's failures are the connection's.
                    if !data.is_empty() {
                        this.relay = None;
                    }
                    this.unread = data;
                }
                Some(ChannelMsg::ExtendedData { data, .. }) => {
                    if let Some(relay) = &mut this.relay {
                        let room = LONGEST_COMPLAINT.saturating_sub(relay.complaint.len());
                        relay.complaint.extend(data.iter().take(room));
                    }
                }
                Some(ChannelMsg::ExitStatus { exit_status }) => {
                    if let Some(relay) = &mut this.relay {
                        relay.exit_code = Some(exit_status);
                    }
                }
                // How a command ended is told after its output's end.
                Some(ChannelMsg::Eof) if this.relay.is_some() => {}
                Some(ChannelMsg::Eof | ChannelMsg::Close) | None => {
                    this.ended = true;
                    if let Some(relay) = this.relay.take() {
                        return Poll::Ready(Err(io::Error::other(relay.failed())));
                    }
                }
                Some(_) => {}
            }
        }
        let length = room.remaining().min(this.unread.len());
        room.put_slice(&this.unread.split_to(length));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.writer.as_mut().poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.writer.as_mut().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.writer.as_mut().poll_shutdown(context)
    }
}
