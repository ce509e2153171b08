//! Ctrl-C reaches the programs that we run as well. They end, and so do we, but not before we have cleaned up.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use anyhow::Result;
use signal_hook::consts::SIGINT;
use signal_hook::flag;

/// What a shell answers for a program that Ctrl-C ended.
pub(crate) const EXIT_CODE: u8 = 130;

static REQUESTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// From now on, the first Ctrl-C is a request; a second one ends us at once, and the engine with us.
pub(crate) fn watch() -> Result<()> {
    flag::register_conditional_shutdown(SIGINT, EXIT_CODE.into(), Arc::clone(&REQUESTED))?;
    flag::register(SIGINT, Arc::clone(&REQUESTED))?;
    Ok(())
}

/// Whether the user wants an end.
pub(crate) fn requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}
