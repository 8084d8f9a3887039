//! The end of a process whose threads may all be stuck: nothing here waits for anybody longer than it says.

use crate::ui;
use std::io::Write;
use std::sync::mpsc;
use std::time::Duration;

/// For a terminal that takes nothing.
const TERMINAL: Duration = Duration::from_millis(60);
/// For a reader of standard error that takes nothing.
const SAYING: Duration = Duration::from_millis(40);

/// Ends the process after `long`, whatever it does then. What has been written is kept; what was being written is lost.
pub(super) fn end(long: Duration, code: impl FnOnce() -> u8) -> ! {
    std::thread::sleep(long);
    ui::release(TERMINAL);
    within(SAYING, || {
        let _ = writeln!(
            std::io::stderr(),
            "clobber-tui: ended at once: what was still to be written is lost"
        );
    });
    // Not by way of exit(): that would wait for whoever holds standard output.
    signal_hook::low_level::exit(code().into())
}

/// What QUIT means to a program that does not hear it: an end at once, perhaps with a core dump, but on a terminal that is
/// fit for use.
pub(super) fn quit() {
    ui::release(TERMINAL);
    let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGQUIT);
}

/// Does it in a thread of its own, waited for at most so `long`.
fn within(long: Duration, work: impl FnOnce() + Send + 'static) {
    let (done, wait) = mpsc::channel();
    let spawned = std::thread::Builder::new().spawn(move || {
        work();
        let _ = done.send(());
    });
    if spawned.is_ok() {
        let _ = wait.recv_timeout(long);
    }
}
