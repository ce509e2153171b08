//! From a session to the engine's socket: forwarded by the server, or, where that is refused, relayed by Docker's own command.

use std::collections::VecDeque;

use russh::{Channel, ChannelMsg, client::Msg};

use super::{DEFAULT_SOCKET, Stream, Target, fault, handshake::Session, stream::Command};
use crate::Error;

impl Session {
    /// The engine's socket, as a stream. The session lives as long as that.
    pub(super) async fn reach_socket(self, target: &Target<'_>) -> Result<Stream, Error> {
        match self.handle.channel_open_direct_streamlocal(target.socket).await {
            Ok(channel) => Ok(Stream::forwarded(self, channel)),
            // OpenSSH gives the same reason whether it forwards no sockets or may not use this one.
            Err(russh::Error::ChannelOpenFailure(_)) => self.run_relay(target).await,
            Err(error) => Err(self.ended(target).with_source(error)),
        }
    }

    /// Runs `docker system dial-stdio`, as Docker's own client does. The server may run another command in its place: that of
    /// the key's line in `authorized_keys`.
    async fn run_relay(self, target: &Target<'_>) -> Result<Stream, Error> {
        let ended = |error| self.ended(target).with_source(error);
        let mut channel: Channel<Msg> = match self.handle.channel_open_session().await {
            Ok(channel) => channel,
            Err(russh::Error::ChannelOpenFailure(_)) => return Err(no_way(target)),
            Err(error) => return Err(ended(error)),
        };
        channel.exec(true, command(target.socket)).await.map_err(ended)?;
        let mut early = VecDeque::new();
        loop {
            match channel.wait().await {
                Some(ChannelMsg::Success) => break,
                Some(ChannelMsg::Failure) | None => return Err(no_way(target)),
                // A command that fails at once may be done before we hear that it began.
                Some(message) => early.push_back(message),
            }
        }
        Ok(Stream::relayed(self, channel, Command::new(target), early))
    }
}

/// Without a socket of its own, the command goes where the user's Docker context leads.
fn command(socket: &str) -> String {
    if socket == DEFAULT_SOCKET {
        return "docker system dial-stdio".into();
    }
    // A quote within quotes is closed, written by itself, and opened again.
    let quoted = format!("unix://{socket}").replace('\'', r"'\''");
    format!("docker --host '{quoted}' system dial-stdio")
}

fn no_way(target: &Target<'_>) -> Error {
    fault(format!(
        "{} lets {} neither reach the socket {} nor run a command",
        target.server, target.user, target.socket
    ))
    .hint("Allow AllowStreamLocalForwarding in its sshd_config, or give the key command=\"docker system dial-stdio\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_one_word() {
        assert_eq!(command(DEFAULT_SOCKET), "docker system dial-stdio");
        assert_eq!(
            command("/run/my docker.sock"),
            "docker --host 'unix:///run/my docker.sock' system dial-stdio"
        );
        assert_eq!(
            command("/a'; reboot; '"),
            r"docker --host 'unix:///a'\''; reboot; '\''' system dial-stdio"
        );
    }
}
