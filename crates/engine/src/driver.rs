//! Who drives a lane: the calling thread, which waits for its socket itself, or a runtime on that thread, which SSH needs.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Instant,
};

use tokio::{
    runtime::{Builder, Runtime},
    time::timeout_at,
};

use crate::{
    Error, ErrorKind,
    interrupt::{self, INTERVAL},
    socket::Wait,
};

/// What polls a lane's futures, and waits between.
pub(crate) enum Driver {
    /// The thread waits in the system, for the one socket that there is.
    Thread(Arc<Wait>, Waker),
    /// SSH has a task of its own, which speaks also while no call does.
    Runtime(Runtime),
}

/// Why a wait ended without its result.
pub(crate) enum Stopped {
    Elapsed,
    Interrupted,
}

impl Driver {
    /// The calling thread, for sockets made with this.
    pub(crate) fn thread(wait: Arc<Wait>) -> Self {
        let waker = Waker::from(Arc::clone(&wait));
        Self::Thread(wait, waker)
    }

    /// A runtime without threads.
    pub(crate) fn runtime() -> Result<Self, Error> {
        let built = Builder::new_current_thread().enable_io().enable_time().build();
        built.map(Self::Runtime).map_err(|error| {
            Error::new(ErrorKind::Unreachable, format!("cannot prepare a connection: {error}"))
                .hint("This process may have too many open files")
        })
    }

    /// Polls the future until it is ready, the bound passes, or the program interrupts.
    pub(crate) fn drive<F: Future>(&self, until: Instant, future: F) -> Result<F::Output, Stopped> {
        let future = pin!(future);
        match self {
            Self::Thread(wait, waker) => on_thread(wait, waker, until, future),
            Self::Runtime(runtime) => on_runtime(runtime, until, future),
        }
    }
}

fn on_thread<F: Future>(
    wait: &Wait,
    waker: &Waker,
    until: Instant,
    mut future: Pin<&mut F>,
) -> Result<F::Output, Stopped> {
    let mut context = Context::from_waker(waker);
    let mut next_look: Option<Instant> = None;
    wait.start();
    loop {
        wait.begin_turn();
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Ok(output);
        }
        let now = Instant::now();
        let look = *next_look.get_or_insert(now + INTERVAL);
        if wait.take_signal() || now >= look {
            if interrupt::is_interrupted() {
                return Err(Stopped::Interrupted);
            }
            next_look = Some(now + INTERVAL);
        }
        if now >= until {
            return Err(Stopped::Elapsed);
        }
        if !wait.is_woken() {
            wait.wait(until - now);
        }
    }
}

fn on_runtime<F: Future>(
    runtime: &Runtime,
    until: Instant,
    mut future: Pin<&mut F>,
) -> Result<F::Output, Stopped> {
    runtime.block_on(async {
        // What is there already needs no clock.
        if let Poll::Ready(output) = poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await {
            return Ok(output);
        }
        loop {
            let pause = until.min(Instant::now() + INTERVAL);
            match timeout_at(pause.into(), future.as_mut()).await {
                Ok(output) => return Ok(output),
                Err(_) if interrupt::is_interrupted() => return Err(Stopped::Interrupted),
                Err(_) if pause == until => return Err(Stopped::Elapsed),
                Err(_) => {}
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use std::{io::Read as _, net::TcpListener, thread, time::Duration};

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;
    use crate::{dial::dial, socket::Socket};

    /// A socket to a thread that does this with the other end.
    fn to(other: impl Send + FnOnce(std::net::TcpStream) + 'static) -> (Driver, Socket) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || other(listener.accept().unwrap().0));
        let wait = Arc::<Wait>::default();
        let driver = Driver::thread(Arc::clone(&wait));
        let socket = dial("127.0.0.1", address.port(), crate::Subject::Address, soon(), &wait).ok().unwrap();
        (driver, socket)
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    #[test]
    fn waits_for_what_comes_late_and_in_pieces() {
        let (driver, mut socket) = to(|mut other| {
            for piece in ["he", "llo"] {
                thread::sleep(Duration::from_millis(150));
                std::io::Write::write_all(&mut other, piece.as_bytes()).unwrap();
            }
        });
        let mut came = String::new();
        driver.drive(soon(), socket.read_to_string(&mut came)).ok().unwrap().unwrap();
        assert_eq!(came, "hello");
    }

    #[test]
    fn writes_more_than_the_system_takes_at_once() {
        let (sender, counted) = std::sync::mpsc::channel();
        let (driver, mut socket) = to(move |mut other| {
            thread::sleep(Duration::from_millis(100));
            let mut all = Vec::new();
            other.read_to_end(&mut all).unwrap();
            sender.send(all.len()).unwrap();
        });
        let much = vec![1; 16 * 1024 * 1024];
        driver
            .drive(soon(), async {
                socket.write_all(&much).await?;
                socket.shutdown().await
            })
            .ok()
            .unwrap()
            .unwrap();
        assert_eq!(counted.recv().unwrap(), much.len());
    }

    #[test]
    fn gives_up_at_its_bound_whatever_is_waited_for() {
        let (driver, mut socket) = to(|other| {
            thread::sleep(Duration::from_secs(2));
            drop(other);
        });
        for bound in [20, 250] {
            let began = Instant::now();
            let until = began + Duration::from_millis(bound);
            assert!(matches!(driver.drive(until, socket.read_u8()), Err(Stopped::Elapsed)));
            assert!(
                began.elapsed() >= Duration::from_millis(bound) && began.elapsed() < Duration::from_secs(1)
            );
        }
        let until = Instant::now() + Duration::from_millis(20);
        assert!(matches!(driver.drive(until, std::future::pending::<()>()), Err(Stopped::Elapsed)));
        // What wakes itself for ever is bounded as well.
        let restless = poll_fn(|context| {
            context.waker().wake_by_ref();
            Poll::<()>::Pending
        });
        let until = Instant::now() + Duration::from_millis(20);
        assert!(matches!(driver.drive(until, restless), Err(Stopped::Elapsed)));
    }
}
