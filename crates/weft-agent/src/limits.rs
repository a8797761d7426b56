//! Limits that the system sets to the process.

/// Makes a file that may not grow any further an error for its writer. As the system has it, the signal SIGXFSZ ends the process, and
/// with it the turns whose files are small enough.
pub fn survive_file_size_limit() {
    #[cfg(unix)]
    // SAFETY: no code runs on the signal, it is ignored, and nothing else in the process wants it.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
    }
}
