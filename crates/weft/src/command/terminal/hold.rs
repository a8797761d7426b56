//! Holds what is typed and pasted while an answer is printed, so that both do not mix.
//!
//! The terminal echoes nothing meanwhile, and a thread takes the input. Ctrl-C stays a signal. Lines that were ended
//! with Enter are the next ones of the prompt, and the rest is the beginning of the line after them.

mod typed;

pub(crate) use typed::Typed;

#[cfg(unix)]
pub(crate) use unix::{Hold, discard_input, hold_again, read_line, restore};

#[cfg(not(unix))]
pub(crate) use other::{Hold, discard_input, hold_again, read_line, restore};

#[cfg(unix)]
mod unix {
    use std::{
        env,
        io::{self, PipeReader, PipeWriter, Write as _},
        sync::{Mutex, PoisonError},
        thread::{self, JoinHandle},
    };

    use rustix::{
        event::{PollFd, PollFlags, Timespec, poll},
        io::{Errno, read},
        process::getpgrp,
        stdio::stdin,
        termios::{
            LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios, isatty, tcflush,
            tcgetattr, tcgetpgrp, tcsetattr,
        },
    };

    /// Asks the terminal to mark pasted text, and to mark it no longer.
    const MARK_PASTES: &str = "\x1b[?2004h";
    const MARK_NO_PASTES: &str = "\x1b[?2004l";

    /// The time after which a question looks whether it is over.
    const PATIENCE: Timespec = Timespec {
        tv_sec: 0,
        tv_nsec: 50_000_000,
    };

    /// The settings of the terminal before and during a hold.
    static SETTINGS: Mutex<Option<Settings>> = Mutex::new(None);

    struct Settings {
        before: Termios,
        held: Termios,
        /// Whether pasted text is marked.
        marks: bool,
    }

    /// A hold, which ends when it is dropped.
    pub(crate) struct Hold {
        /// Closed to end the thread, which a hold without taking has not.
        wake: Option<PipeWriter>,
        thread: Option<JoinHandle<Vec<u8>>>,
        is_over: bool,
    }

    impl Hold {
        /// Begins to hold the input; `None` if it is not a terminal, or cannot be held.
        pub(crate) fn begin() -> Option<Hold> {
            // No program that is started meanwhile inherits this pipe: while one has it, it is not closed.
            let (woken, wake) = io::pipe().ok()?;
            set(true, |held| {
                held.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::IEXTEN;
                // Ctrl-C does not drop what was typed before it.
                held.local_modes |= LocalModes::NOFLSH;
                held.special_codes[SpecialCodeIndex::VMIN] = 1;
                held.special_codes[SpecialCodeIndex::VTIME] = 0;
            })?;
            Some(Hold {
                wake: Some(wake),
                thread: Some(thread::spawn(move || take_input(&woken))),
                is_over: false,
            })
        }

        /// Keeps the terminal from showing what is typed, which stays there for the program that runs next; `None` as
        /// for [`Self::begin`], and in the background.
        pub(crate) fn hide() -> Option<Hold> {
            set(false, |held| held.local_modes -= LocalModes::ECHO)?;
            Some(Hold {
                wake: None,
                thread: None,
                is_over: false,
            })
        }

        /// Ends the hold, and returns what the terminal has sent.
        pub(crate) fn end(mut self) -> Vec<u8> {
            self.stop()
        }

        fn stop(&mut self) -> Vec<u8> {
            self.is_over = true;
            drop(self.wake.take());
            let bytes = self.thread.take().and_then(|thread| thread.join().ok());
            restore();
            bytes.unwrap_or_default()
        }
    }

    impl Drop for Hold {
        fn drop(&mut self) {
            if !self.is_over {
                self.stop();
            }
        }
    }

    /// Changes the settings of the terminal, and notes those that it had. A program in the background changes none.
    fn set(marks: bool, change: impl FnOnce(&mut Termios)) -> Option<()> {
        if !isatty(stdin()) || tcgetpgrp(stdin()).ok()? != getpgrp() {
            return None;
        }
        let before = tcgetattr(stdin()).ok()?;
        let mut held = before.clone();
        change(&mut held);
        let settings = Settings { before, held, marks };
        let applied = settings.apply();
        *SETTINGS.lock().unwrap_or_else(PoisonError::into_inner) = Some(settings);
        applied
    }

    impl Settings {
        /// Applies the settings of the hold.
        fn apply(&self) -> Option<()> {
            tcsetattr(stdin(), OptionalActions::Now, &self.held).ok()?;
            if self.marks {
                write(MARK_PASTES);
            }
            Some(())
        }
    }

    /// Holds again what is typed, after a shell had the terminal.
    pub(crate) fn hold_again() {
        let settings = SETTINGS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(settings) = settings.as_ref() {
            settings.apply();
        }
    }

    /// Gives the terminal its settings back. For an end of the process within a hold, too.
    pub(crate) fn restore() {
        let settings = SETTINGS.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(settings) = settings {
            write(MARK_NO_PASTES);
            // Nothing that was typed is lost.
            let _ = tcsetattr(stdin(), OptionalActions::Now, &settings.before);
        }
    }

    /// Drops input that nobody has read, because it cannot be the answer to a question that was not yet asked.
    pub(crate) fn discard_input() {
        let _ = tcflush(stdin(), QueueSelector::IFlush);
    }

    /// Reads a line; `None` at the end of the input, and as soon as `is_over` returns true.
    pub(crate) fn read_line(is_over: &dyn Fn() -> bool) -> Option<String> {
        let mut buffer = [0; 4096];
        loop {
            let input = stdin();
            let mut ready = [PollFd::new(&input, PollFlags::IN)];
            match poll(&mut ready, Some(&PATIENCE)) {
                _ if is_over() => return None,
                Ok(0) | Err(Errno::INTR) => continue,
                Err(_) => return None,
                Ok(_) => {}
            }
            // The terminal hands over a whole line.
            match read(stdin(), &mut buffer) {
                Err(Errno::INTR | Errno::AGAIN) => {}
                Ok(count) if count > 0 => {
                    let line = buffer.get(..count).unwrap_or_default();
                    return Some(String::from_utf8_lossy(line).into_owned());
                }
                _ => return None,
            }
        }
    }

    /// Reads until the other end of the pipe is closed, and then what is there.
    fn take_input(woken: &PipeReader) -> Vec<u8> {
        let mut taken = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let input = stdin();
            let mut ready = [
                PollFd::new(&input, PollFlags::IN),
                PollFd::new(woken, PollFlags::IN),
            ];
            match poll(&mut ready, None) {
                Err(Errno::INTR) => continue,
                Err(_) => return taken,
                Ok(_) => {}
            }
            let [typed, ended] = ready.map(|one| one.revents());
            if typed.contains(PollFlags::IN) {
                match read(stdin(), &mut buffer) {
                    Ok(0) => return taken,
                    Ok(count) => taken.extend_from_slice(buffer.get(..count).unwrap_or_default()),
                    Err(Errno::INTR | Errno::AGAIN) => {}
                    Err(_) => return taken,
                }
            } else if !ended.is_empty() || !typed.is_empty() {
                return taken;
            }
        }
    }

    /// Writes a sequence to terminals that know any.
    fn write(text: &str) {
        if env::var_os("TERM").is_some_and(|term| term == "dumb") {
            return;
        }
        let mut out = io::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }
}

#[cfg(not(unix))]
mod other {
    /// A hold, which other systems do not have.
    pub(crate) enum Hold {}

    impl Hold {
        /// Returns `None`.
        pub(crate) fn begin() -> Option<Hold> {
            None
        }

        /// Returns `None`.
        pub(crate) fn hide() -> Option<Hold> {
            None
        }

        /// Returns what the terminal has sent.
        pub(crate) fn end(self) -> Vec<u8> {
            match self {}
        }
    }

    /// Does nothing.
    pub(crate) fn restore() {}

    /// Does nothing.
    pub(crate) fn discard_input() {}

    /// Does nothing.
    pub(crate) fn hold_again() {}

    /// Reads a line; `None` at the end of the input.
    pub(crate) fn read_line(_: &dyn Fn() -> bool) -> Option<String> {
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line);
        read.is_ok_and(|count| count > 0).then_some(line)
    }
}
