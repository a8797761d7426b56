//! The constants of `include/clawft.h`.

/// Defines an enumeration whose variants have the header's numbers and names, and can be found by their
/// number.
macro_rules! codes {
    ($(#[$about:meta])* $type:ident: $number:ty { $($(#[$what:meta])* $name:ident = $code:literal $header:ident,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $type {
            $($(#[$what])* $name = $code,)*
        }

        impl $type {
            /// All variants with the header's names.
            pub const ALL: &[(Self, &str)] = &[$((Self::$name, stringify!($header)),)*];

            /// Returns the header's number.
            pub const fn code(self) -> $number {
                self as $number
            }

            /// Returns the variant with this number.
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
    /// The host's next step.
    Step: i32 {
        /// Send the request.
        Send = 1 CLAWFT_SEND,
        /// Read the response on.
        More = 2 CLAWFT_MORE,
        /// The answer is complete.
        Done = 3 CLAWFT_DONE,
        /// The turn failed.
        Failed = 4 CLAWFT_FAILED,
        /// Perform a call of a tool.
        Call = 5 CLAWFT_CALL,
    }
}

codes! {
    /// An incorrect use of a function.
    Misuse: i32 {
        /// There is no such turn.
        NoTurn = -1 CLAWFT_NO_TURN,
        /// There is no such event, or it is out of order.
        NoEvent = -2 CLAWFT_NO_EVENT,
        /// The text is not UTF-8.
        NoText = -3 CLAWFT_NO_TEXT,
        /// The bytes are not in the module's memory.
        NoBytes = -4 CLAWFT_NO_BYTES,
        /// The maximum number of turns is reached.
        NoRoom = -5 CLAWFT_NO_ROOM,
        /// The tool cannot be offered.
        NoTool = -6 CLAWFT_NO_TOOL,
    }
}

codes! {
    /// Events that the host reports.
    Event: u32 {
        /// The response has begun.
        Head = 1 CLAWFT_HEAD,
        /// The next bytes of the body.
        Body = 2 CLAWFT_BODY,
        /// The response is complete.
        End = 3 CLAWFT_END,
        /// The response failed or broke off.
        Broken = 4 CLAWFT_BROKEN,
    }
}

codes! {
    /// The reason why no complete response arrived.
    Break: u32 {
        /// The connection failed or broke.
        Unavailable = 1 CLAWFT_UNAVAILABLE,
        /// The connection failed, and a retry cannot help.
        Impossible = 2 CLAWFT_IMPOSSIBLE,
        /// The time is over.
        TimedOut = 3 CLAWFT_TIMED_OUT,
        /// The response is too large.
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
        /// The request's headers, one per line.
        Headers = 3 CLAWFT_HEADERS,
        /// The request's body.
        RequestBody = 4 CLAWFT_REQUEST_BODY,
        /// The text that the last event has added to the answer.
        Piece = 5 CLAWFT_PIECE,
        /// The complete answer.
        Answer = 6 CLAWFT_ANSWER,
        /// The reason why there is no answer, or only a part of it.
        Error = 7 CLAWFT_ERROR,
        /// Warnings for the user.
        Warnings = 8 CLAWFT_WARNINGS,
        /// The reason why the turn is not stored.
        Unstored = 9 CLAWFT_UNSTORED,
        /// The provider's finish reason.
        FinishReason = 10 CLAWFT_FINISH_REASON,
        /// The model's reasoning.
        Reasoning = 11 CLAWFT_REASONING,
        /// The calls of tools that the last event has led to.
        Calls = 12 CLAWFT_CALLS,
        /// The id of the call that the host performs.
        CallId = 13 CLAWFT_CALL_ID,
        /// The name of its tool.
        CallName = 14 CLAWFT_CALL_NAME,
        /// Its arguments.
        CallArguments = 15 CLAWFT_CALL_ARGUMENTS,
    }
}

codes! {
    /// The numbers of a turn.
    Number: u32 {
        /// The wait before the request, in milliseconds.
        Wait = 1 CLAWFT_WAIT_MS,
        /// The time until the first byte of the response's body, in milliseconds.
        Timeout = 2 CLAWFT_TIMEOUT_MS,
        /// 1 if a stream is requested.
        Stream = 3 CLAWFT_STREAM,
        /// The maximum size of the response's body in bytes.
        MaxResponse = 4 CLAWFT_MAX_RESPONSE,
        /// The way the answer ended, as a [`Finish`].
        Finish = 5 CLAWFT_FINISH,
        /// Tokens of the request.
        PromptTokens = 6 CLAWFT_PROMPT_TOKENS,
        /// Tokens of the answer.
        CompletionTokens = 7 CLAWFT_COMPLETION_TOKENS,
        /// Tokens of the request that the provider had cached.
        CachedTokens = 8 CLAWFT_CACHED_TOKENS,
        /// Tokens of the answer that are reasoning.
        ReasoningTokens = 9 CLAWFT_REASONING_TOKENS,
        /// The time between two bytes of the body, in milliseconds.
        IdleTimeout = 10 CLAWFT_IDLE_TIMEOUT_MS,
        /// The time until the end of the response, in milliseconds.
        TotalTimeout = 11 CLAWFT_TOTAL_TIMEOUT_MS,
    }
}

codes! {
    /// The ways an answer ends.
    Finish: u32 {
        /// The model had said everything.
        Complete = 1 CLAWFT_COMPLETE,
        /// A limit of tokens cut it off.
        Truncated = 2 CLAWFT_TRUNCATED,
        /// A content filter cut it off or withheld it.
        Filtered = 3 CLAWFT_FILTERED,
        /// The model refused.
        Refused = 4 CLAWFT_REFUSED,
        /// The provider paused.
        Paused = 5 CLAWFT_PAUSED,
        /// The reason is none of the known ones.
        Unknown = 6 CLAWFT_UNKNOWN,
        /// A limit of the turn ended it before the model answered.
        Stopped = 7 CLAWFT_STOPPED,
    }
}

impl From<clawft_types::Finish> for Finish {
    fn from(finish: clawft_types::Finish) -> Self {
        match finish {
            clawft_types::Finish::Complete => Finish::Complete,
            clawft_types::Finish::Truncated => Finish::Truncated,
            clawft_types::Finish::Filtered => Finish::Filtered,
            clawft_types::Finish::Refused => Finish::Refused,
            clawft_types::Finish::Paused => Finish::Paused,
            clawft_types::Finish::Unknown => Finish::Unknown,
            clawft_types::Finish::Stopped => Finish::Stopped,
        }
    }
}
