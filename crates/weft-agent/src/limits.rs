//! The limits that the system sets for the process.

/// Makes writes beyond the limit of file sizes return an error. By default the signal SIGXFSZ ends the
/// process, and with it turns whose files are small enough.
pub fn survive_file_size_limit() {
    #[cfg(unix)]
    // SAFETY: the signal is ignored, so no code runs on it, and no other part of the process uses it.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
    }
}
