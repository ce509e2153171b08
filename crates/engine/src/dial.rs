//! From a name to a connected socket, on the calling thread: the name's addresses are tried side by side, each a moment after
//! the last (RFC 8305), so that one which does not answer costs a quarter of a second and not all the time there is.

use std::{
    fmt::Write as _,
    io,
    net::{IpAddr, SocketAddr, ToSocketAddrs as _},
    os::fd::OwnedFd,
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use crate::{
    Error, ErrorKind, Remedy, Subject,
    interrupt::{self, INTERVAL},
    socket::{self, Socket, Wait},
};

/// How long an address is waited for before the next is tried as well (RFC 8305, 5).
const HEAD_START: Duration = Duration::from_millis(250);

/// Why there is no connection.
pub(crate) enum Undialed {
    /// The name cannot be resolved, or the program interrupts.
    Never(Error),
    /// No address can be reached. Where there are several, the text tells what came of each.
    Failed(io::Error),
    /// The time is up. Where there are several addresses, the text tells what came of each.
    Late(Option<String>),
}

/// Connects to a host by TCP within `until`. `named_by` is the setting that names the host.
pub(crate) fn dial(
    host: &str,
    port: u16,
    named_by: Subject,
    until: Instant,
    wait: &Arc<Wait>,
) -> Result<Socket, Undialed> {
    let addresses = alternating(resolve(host, port, named_by, until).map_err(Undialed::Never)?);
    let connected = Race::new(addresses, until).run()?;
    Socket::of_tcp(connected, wait).map_err(Undialed::Failed)
}

/// The addresses that are being tried.
struct Race {
    attempts: Vec<Attempt>,
    head_start: Duration,
    until: Instant,
}

/// One address, and how far it is.
struct Attempt {
    address: SocketAddr,
    state: State,
}

enum State {
    Waiting,
    Connecting(OwnedFd),
    Failed(io::Error),
}

impl Race {
    fn new(addresses: Vec<SocketAddr>, until: Instant) -> Self {
        // Where the time is short, every address has its share of it.
        let shares = u32::try_from(addresses.len()).unwrap_or(u32::MAX).saturating_add(1);
        let share = until.saturating_duration_since(Instant::now()) / shares;
        let waiting = |address| Attempt { address, state: State::Waiting };
        Self {
            attempts: addresses.into_iter().map(waiting).collect(),
            head_start: HEAD_START.min(share),
            until,
        }
    }

    /// The first socket that is connected; all others are closed.
    fn run(mut self) -> Result<OwnedFd, Undialed> {
        let mut next_start = Instant::now();
        let mut next_look = next_start + INTERVAL;
        let mut failures = 0;
        loop {
            let now = Instant::now();
            // One that fails makes room at once.
            if self.failures() > failures {
                failures = self.failures();
                next_start = now;
            }
            if now >= next_start || !self.is_under_way() {
                match self.start_next() {
                    Some(Ok(connected)) => return Ok(connected),
                    Some(Err(())) if self.failures() > failures => continue,
                    Some(Err(())) => next_start = now + self.head_start,
                    None if !self.is_under_way() => return Err(Undialed::Failed(self.failure())),
                    None => next_start = self.until,
                }
            }
            if now >= self.until {
                return Err(Undialed::Late((self.attempts.len() > 1).then(|| self.account())));
            }
            if now >= next_look {
                if interrupt::is_interrupted() {
                    return Err(Undialed::Never(interrupt::interrupted()));
                }
                next_look = now + INTERVAL;
            }
            let pause = next_start.min(next_look).min(self.until).saturating_duration_since(now);
            if let Some(connected) = self.settle(pause) {
                return Ok(connected);
            }
        }
    }

    fn is_under_way(&self) -> bool {
        self.attempts.iter().any(|attempt| matches!(attempt.state, State::Connecting(_)))
    }

    fn failures(&self) -> usize {
        self.attempts.iter().filter(|attempt| matches!(attempt.state, State::Failed(_))).count()
    }

    /// Begins with the next address, if there is one; gives the socket if it is connected at once.
    fn start_next(&mut self) -> Option<Result<OwnedFd, ()>> {
        let next = self.attempts.iter_mut().find(|attempt| matches!(attempt.state, State::Waiting))?;
        Some(match socket::begin_tcp(next.address) {
            Ok((connected, true)) => Ok(connected),
            Ok((socket, false)) => {
                next.state = State::Connecting(socket);
                Err(())
            }
            Err(error) => {
                next.state = State::Failed(error);
                Err(())
            }
        })
    }

    /// Waits until something comes of an attempt, for `pause` at most.
    fn settle(&mut self, pause: Duration) -> Option<OwnedFd> {
        let mut under_way: Vec<&mut Attempt> = self
            .attempts
            .iter_mut()
            .filter(|attempt| matches!(attempt.state, State::Connecting(_)))
            .collect();
        let sockets = under_way.iter().filter_map(|attempt| match &attempt.state {
            State::Connecting(socket) => Some(socket),
            _ => None,
        });
        let settled = socket::wait_to_connect(sockets, pause);
        for (attempt, outcome) in under_way.iter_mut().zip(settled) {
            match outcome {
                None => {}
                Some(Ok(())) => {
                    let State::Connecting(connected) = std::mem::replace(&mut attempt.state, State::Waiting)
                    else {
                        continue;
                    };
                    return Some(connected);
                }
                Some(Err(error)) => attempt.state = State::Failed(error),
            }
        }
        None
    }

    /// The error of the only address, or of all of them.
    fn failure(&mut self) -> io::Error {
        if let [Attempt { state: State::Failed(error), .. }] = self.attempts.as_mut_slice() {
            return std::mem::replace(error, io::ErrorKind::Other.into());
        }
        let mut kinds = self.attempts.iter().filter_map(|attempt| match &attempt.state {
            State::Failed(error) => Some(error.kind()),
            _ => None,
        });
        let Some(first) = kinds.next() else {
            return io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        };
        let kind = if kinds.all(|kind| kind == first) { first } else { io::ErrorKind::Other };
        io::Error::new(kind, self.account())
    }

    /// What came of each address.
    fn account(&self) -> String {
        let mut told = String::new();
        for Attempt { address, state } in &self.attempts {
            let separator = if told.is_empty() { "" } else { ", " };
            let _infallible = match state {
                State::Failed(error) => write!(told, "{separator}{address}: {error}"),
                State::Connecting(_) => write!(told, "{separator}{address}: no answer"),
                State::Waiting => write!(told, "{separator}{address}: not tried"),
            };
        }
        told
    }
}

/// The addresses without doubles, of one family and the other by turns (RFC 8305, 4), beginning with the one that the system
/// would begin with.
fn alternating(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let mut distinct: Vec<SocketAddr> = Vec::new();
    for address in addresses {
        if !distinct.contains(&address) {
            distinct.push(address);
        }
    }
    let preferred = distinct.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        distinct.into_iter().partition(|address| address.is_ipv6() == preferred);
    let mut second = second.into_iter();
    let mut ordered = Vec::new();
    for address in first {
        ordered.push(address);
        ordered.extend(second.next());
    }
    ordered.extend(second);
    ordered
}

/// Looks a name up, bounded: the system's resolver has no time-out of its own, so it is asked on a thread that ends by
/// itself, and is left behind only when the time is up.
fn resolve(host: &str, port: u16, named_by: Subject, until: Instant) -> Result<Vec<SocketAddr>, Error> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let began = Instant::now();
    let (answer, answered) = mpsc::channel();
    let name = host.to_owned();
    let asked = std::thread::Builder::new().name("resolve".into()).spawn(move || {
        let _gone_if_late = answer.send((name.as_str(), port).to_socket_addrs().map(Iterator::collect));
    });
    let failed = |why: String| {
        Error::new(ErrorKind::Unreachable, format!("the name {host:?} cannot be resolved: {why}"))
            .mend(Remedy::Check(named_by))
            .hint("Check the DNS of this machine, too")
    };
    asked.map_err(|error| failed(error.to_string()))?;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        match answered.recv_timeout(left.min(INTERVAL)) {
            Ok(found) => return found.map_err(|error| failed(error.to_string())),
            Err(mpsc::RecvTimeoutError::Timeout) if !left.is_zero() => {
                if interrupt::is_interrupted() {
                    return Err(interrupt::interrupted());
                }
            }
            Err(_) => return Err(failed(format!("no answer within {:.1} s", began.elapsed().as_secs_f32()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn all(addresses: &[&str]) -> Vec<SocketAddr> {
        addresses.iter().map(|address| address.parse().unwrap()).collect()
    }

    /// A listener whose queue is full: whoever connects is not answered.
    fn silent(address: &str) -> (TcpListener, Vec<OwnedFd>) {
        let listener =
            rustix::net::socket(rustix::net::AddressFamily::INET, rustix::net::SocketType::STREAM, None)
                .unwrap();
        rustix::net::bind(&listener, &address.parse::<SocketAddr>().unwrap()).unwrap();
        rustix::net::listen(&listener, 0).unwrap();
        let listener = TcpListener::from(listener);
        let address = listener.local_addr().unwrap();
        // One more than fit.
        let waiting = (0..3).map(|_| socket::begin_tcp(address).unwrap().0).collect();
        (listener, waiting)
    }

    fn race(addresses: Vec<SocketAddr>, bound: Duration) -> Result<OwnedFd, Undialed> {
        Race::new(addresses, Instant::now() + bound).run()
    }

    fn refused() -> SocketAddr {
        TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
    }

    #[test]
    fn families_take_turns_and_nothing_is_tried_twice() {
        assert_eq!(
            alternating(all(&["[::1]:1", "[::2]:1", "10.0.0.1:1", "[::1]:1", "10.0.0.2:1", "10.0.0.3:1"])),
            all(&["[::1]:1", "10.0.0.1:1", "[::2]:1", "10.0.0.2:1", "10.0.0.3:1"])
        );
        assert_eq!(alternating(all(&["10.0.0.1:1", "[::1]:1"])), all(&["10.0.0.1:1", "[::1]:1"]));
    }

    #[test]
    fn an_address_that_is_silent_costs_a_moment() {
        let (dead, _waiting) = silent("127.0.0.1:0");
        let alive = TcpListener::bind("127.0.0.1:0").unwrap();
        let began = Instant::now();
        let addresses = vec![dead.local_addr().unwrap(), refused(), alive.local_addr().unwrap()];
        assert!(race(addresses, Duration::from_secs(10)).is_ok());
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        assert!(alive.accept().is_ok());
    }

    #[test]
    fn an_address_that_refuses_costs_nothing() {
        let alive = TcpListener::bind("127.0.0.1:0").unwrap();
        let addresses = vec![refused(), refused(), alive.local_addr().unwrap()];
        let began = Instant::now();
        assert!(race(addresses, Duration::from_secs(10)).is_ok());
        assert!(began.elapsed() < HEAD_START);
    }

    #[test]
    fn tells_what_came_of_each_address() {
        let Err(Undialed::Failed(error)) = race(vec![refused()], Duration::from_secs(5)) else { panic!() };
        assert_eq!(error.raw_os_error(), Some(libc::ECONNREFUSED));
        let two = vec![refused(), refused()];
        let Err(Undialed::Failed(error)) = race(two.clone(), Duration::from_secs(5)) else { panic!() };
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        assert!(two.iter().all(|address| error.to_string().contains(&address.to_string())), "{error}");

        let (dead, _waiting) = silent("127.0.0.1:0");
        let dead = dead.local_addr().unwrap();
        let began = Instant::now();
        let Err(Undialed::Late(Some(told))) = race(vec![dead, two[0]], Duration::from_millis(600)) else {
            panic!()
        };
        assert!(told.contains(&format!("{dead}: no answer")) && told.contains(&two[0].to_string()), "{told}");
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        assert!(matches!(race(vec![dead], Duration::from_millis(200)), Err(Undialed::Late(None))));
    }

    #[test]
    fn every_address_has_its_turn_in_a_short_time() {
        let silents: Vec<_> = (0..8).map(|_| silent("127.0.0.1:0")).collect();
        let alive = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut addresses: Vec<_> = silents.iter().map(|(dead, _)| dead.local_addr().unwrap()).collect();
        addresses.push(alive.local_addr().unwrap());
        assert!(race(addresses, Duration::from_millis(1000)).is_ok());
    }
}
