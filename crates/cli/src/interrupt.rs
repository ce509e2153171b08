//! Ctrl-C breaks a call off, so that nothing of it is left; a second one ends the program at once.

use std::sync::{
    Arc, LazyLock,
    atomic::{AtomicBool, Ordering},
};

use engine::ErrorKind;
use operations::{Error, Kind};
use signal_hook::{consts::SIGINT, flag};

use crate::exit::INTERRUPTED;

static REQUESTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// From now on, calls listen to it.
pub(crate) fn watch() -> Result<(), Error> {
    flag::register_conditional_shutdown(SIGINT, INTERRUPTED.into(), Arc::clone(&REQUESTED))
        .and_then(|_| flag::register(SIGINT, Arc::clone(&REQUESTED)))
        .map_err(|error| Error::new(Kind::Internal, format!("Ctrl-C cannot be listened to: {error}.")))?;
    engine::set_interrupt(is_requested);
    Ok(())
}

/// Ends a call that somebody has interrupted before it sent anything.
pub(crate) fn check() -> Result<(), Error> {
    match is_requested() {
        true => Err(Error::new(Kind::Engine(ErrorKind::Interrupted), "Ctrl-C. Nothing was sent.")),
        false => Ok(()),
    }
}

/// Whether somebody has interrupted.
pub(crate) fn is_requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}
