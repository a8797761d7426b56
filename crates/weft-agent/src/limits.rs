//! The limits and signals that the system sets for the process.

/// Makes writes beyond the limit of file sizes return an error. By default the signal SIGXFSZ ends the
/// process, and with it turns whose files are small enough.
pub fn survive_file_size_limit() {
    #[cfg(unix)]
    // SAFETY: the signal is ignored, so no code runs on it, and no other part of the process uses it.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
    }
}

/// Returns whether the process ignores the signal of a terminal that is closed, as one that was started with `nohup`
/// does.
#[cfg(unix)]
pub fn ignores_hangup() -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: without a new action the function only writes the current one to the address, which is valid for it.
    let found = unsafe { libc::sigaction(libc::SIGHUP, std::ptr::null(), action.as_mut_ptr()) };
    // SAFETY: the function has written the action if it succeeded.
    found == 0 && unsafe { action.assume_init() }.sa_sigaction == libc::SIG_IGN
}
