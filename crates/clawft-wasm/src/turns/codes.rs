//! The numbers of `include/clawft.h`.

/// Makes an enumeration whose values have the numbers and the names of the header's, and can be found by them.
macro_rules! codes {
    ($(#[$about:meta])* $type:ident: $number:ty { $($(#[$what:meta])* $name:ident = $code:literal $header:ident,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $type {
            $($(#[$what])* $name = $code,)*
        }

        impl $type {
            /// All of them, with the header's names.
            pub const ALL: &[(Self, &str)] = &[$((Self::$name, stringify!($header)),)*];

            /// The header's number.
            pub const fn code(self) -> $number {
                self as $number
            }

            /// The one with that number.
            pub fn from_code(code: $number) -> Option<Self> {
                match code {
                    $($code => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

codes! {
    /// What the host does next.
    Step: i32 {
        /// Send the request.
        Send = 1 CLAWFT_SEND,
        /// Read on.
        More = 2 CLAWFT_MORE,
        /// The answer is there.
        Done = 3 CLAWFT_DONE,
        /// There is none.
        Failed = 4 CLAWFT_FAILED,
    }
}

codes! {
    /// How a function can be used wrongly.
    Misuse: i32 {
        /// There is no such turn.
        NoTurn = -1 CLAWFT_NO_TURN,
        /// There is no such event, or not now.
        NoEvent = -2 CLAWFT_NO_EVENT,
        /// The text is not UTF-8.
        NoText = -3 CLAWFT_NO_TEXT,
        /// The bytes are not in the module's memory.
        NoBytes = -4 CLAWFT_NO_BYTES,
        /// There are too many turns.
        NoRoom = -5 CLAWFT_NO_ROOM,
    }
}

codes! {
    /// What the host reports.
    Event: u32 {
        /// The response has begun.
        Head = 1 CLAWFT_HEAD,
        /// The next bytes of its body.
        Body = 2 CLAWFT_BODY,
        /// It is complete.
        End = 3 CLAWFT_END,
        /// It did not come, or not all of it.
        Broken = 4 CLAWFT_BROKEN,
    }
}

codes! {
    /// Why no whole response came.
    Break: u32 {
        /// No connection, or a broken one.
        Unavailable = 1 CLAWFT_UNAVAILABLE,
        /// No connection, now or later.
        Impossible = 2 CLAWFT_IMPOSSIBLE,
        /// It took too long.
        TimedOut = 3 CLAWFT_TIMED_OUT,
        /// It is too large.
        TooLarge = 4 CLAWFT_TOO_LARGE,
    }
}

codes! {
    /// The texts of a turn.
    Text: u32 {
        /// The request's method.
        Method = 1 CLAWFT_METHOD,
        /// The request's URL.
        Url = 2 CLAWFT_URL,
        /// The request's headers, a line each.
        Headers = 3 CLAWFT_HEADERS,
        /// The request's body.
        RequestBody = 4 CLAWFT_REQUEST_BODY,
        /// What was added to the answer.
        Piece = 5 CLAWFT_PIECE,
        /// The whole answer.
        Answer = 6 CLAWFT_ANSWER,
        /// Why there is none, or not all of it.
        Error = 7 CLAWFT_ERROR,
        /// What else to tell.
        Warnings = 8 CLAWFT_WARNINGS,
        /// Why the turn is not stored.
        Unstored = 9 CLAWFT_UNSTORED,
    }
}

codes! {
    /// The numbers of a turn.
    Number: u32 {
        /// The wait before the request, in milliseconds.
        Wait = 1 CLAWFT_WAIT_MS,
        /// The time for the exchange, in milliseconds.
        Timeout = 2 CLAWFT_TIMEOUT_MS,
        /// 1 for a stream.
        Stream = 3 CLAWFT_STREAM,
        /// The most bytes of the response's body.
        MaxResponse = 4 CLAWFT_MAX_RESPONSE,
    }
}
