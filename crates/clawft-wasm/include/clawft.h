/*
 * clawft as a library: the agent's turn as exported functions of `clawft-wasip1.wasm`, for hosts that have a network of
 * their own.
 *
 * The module reads its configuration, the environment and the session through WASI preview 1, as the command does, and
 * stores the session when the answer is there. What WASI preview 1 lacks is HTTP: that is the host's part. The module says
 * what to send, is fed what comes back, and decides everything else: retries, time-outs, how an error is worded.
 *
 *     clawft_turn turn = clawft_begin(message, length, session, length);
 *     for (step = clawft_step(turn); ; ) {
 *         CLAWFT_SEND:    wait CLAWFT_WAIT_MS, send the request, feed CLAWFT_HEAD (or CLAWFT_BROKEN)
 *         CLAWFT_MORE:    feed CLAWFT_BODY as bytes arrive, then CLAWFT_END (or CLAWFT_BROKEN)
 *         CLAWFT_DONE:    the answer is complete, and stored unless CLAWFT_UNSTORED says why not; leave
 *         CLAWFT_FAILED:  CLAWFT_ERROR says why; leave
 *         after every step: show CLAWFT_PIECE, unless it is empty
 *     }
 *     clawft_drop(turn);
 *
 * The host instantiates the module with what WASI preview 1 needs: the configuration's folder mapped to `/config`, or to
 * what CLAWFT_CONFIG_DIR names, and the variable that holds the key. Then it calls these functions straight away. No
 * other function has to be called before; `_start` is the command and ends the instance, so it is called on an instance
 * of its own or not at all.
 *
 * One instance is used by one thread at a time. Any number of turns may be in progress in it, and each may be fed in
 * between the others.
 *
 * Nothing here traps on wrong use: a function that was used wrongly returns a negative number or an empty text and changes
 * nothing. A turn whose request or response does not fit into memory fails. Two things do trap: memory that is exhausted in
 * another way, and a `clawft_free` of what was not allocated may.
 */

#ifndef CLAWFT_H
#define CLAWFT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What `clawft_abi` returns of a module that this file describes. It is raised by changes that break hosts. */
#define CLAWFT_ABI 1

/* A place in the module's own memory, counted in bytes from its beginning; 0 is nowhere. The memory can grow and so move in
 * the host with every call: translate an address anew after each (with WAMR: `wasm_runtime_addr_app_to_native`). */
typedef uint32_t clawft_address;

/* A turn in progress: a positive number that never comes again in this instance. */
typedef int32_t clawft_turn;

/* What the host does next. */
enum clawft_step {
    /* Wait CLAWFT_WAIT_MS, send the request, and feed what comes. After a response has begun it means: leave the rest of
     * that response, this is another attempt. */
    CLAWFT_SEND = 1,
    /* Read on, and feed what comes. */
    CLAWFT_MORE = 2,
    /* The turn is over: all of CLAWFT_ANSWER is there. Leave the rest of the response. */
    CLAWFT_DONE = 3,
    /* The turn is over without an answer, and the session is as it was: CLAWFT_ERROR. Leave the rest of the response. */
    CLAWFT_FAILED = 4
};

/* What functions return that were used wrongly. */
enum clawft_misuse {
    /* There is no such turn, or it was dropped. */
    CLAWFT_NO_TURN = -1,
    /* There is no such event, or this is not its time: no body before a head, nothing after the turn is over. */
    CLAWFT_NO_EVENT = -2,
    /* The text is not UTF-8. */
    CLAWFT_NO_TEXT = -3,
    /* The bytes are not in the module's memory. */
    CLAWFT_NO_BYTES = -4,
    /* More turns are in progress than one instance takes: CLAWFT_MAX_TURNS. */
    CLAWFT_NO_ROOM = -5
};

/* How many turns can be in progress at the same time. */
#define CLAWFT_MAX_TURNS 64

/* What the host reports. For each attempt: one head, any number of bodies, the end; a break may come at any time. */
enum clawft_event {
    /* The response has begun. The number is its status; the bytes are its header lines, `name: value`, each ended by a line
     * feed with or without a carriage return. At least `content-type`, `content-encoding`, `retry-after`, `date` and
     * `location` should be among them. */
    CLAWFT_HEAD = 1,
    /* The next bytes of the body, without any transfer coding, split anywhere. The number is not read. */
    CLAWFT_BODY = 2,
    /* The response is complete. Neither number nor bytes are read. */
    CLAWFT_END = 3,
    /* No response came, or not all of it. The number is an enum clawft_break; the bytes say why in a few words for the user,
     * as `connection refused`, where the break itself does not. */
    CLAWFT_BROKEN = 4
};

/* Why no whole response came. */
enum clawft_break {
    /* No connection, or a broken one. The turn may try again. */
    CLAWFT_UNAVAILABLE = 1,
    /* No connection, and trying again would not help. */
    CLAWFT_IMPOSSIBLE = 2,
    /* CLAWFT_TIMEOUT_MS have passed. */
    CLAWFT_TIMED_OUT = 3,
    /* The body is larger than CLAWFT_MAX_RESPONSE. The turn counts the bytes that it is fed itself. */
    CLAWFT_TOO_LARGE = 4
};

/* The texts of a turn. All are UTF-8 except where another encoding is named, and none is ended by a NUL. */
enum clawft_text {
    /* The request, while the step is CLAWFT_SEND; empty at every other time. */
    CLAWFT_METHOD = 1,
    /* An absolute http or https URL without user info. */
    CLAWFT_URL = 2,
    /* Header lines, `name: value`, each ended by CR LF. One of them holds the key: do not log them. The host adds
     * `host` and `content-length`, and follows no redirect. */
    CLAWFT_HEADERS = 3,
    /* The bytes to send as the body. */
    CLAWFT_REQUEST_BODY = 4,
    /* What the last call has added to the answer, to be shown at once. A streamed answer comes in many pieces, any other in
     * one; together they are the answer. */
    CLAWFT_PIECE = 5,
    /* The whole answer, once the step is CLAWFT_DONE. */
    CLAWFT_ANSWER = 6,
    /* Why there is no answer, once the step is CLAWFT_FAILED; what the command would say on standard error. Once it is
     * CLAWFT_DONE: why the answer broke off, or empty if it is whole. What had arrived is stored. */
    CLAWFT_ERROR = 7,
    /* What else the user should hear of, a sentence a line: a damaged session is kept aside, the answer is not stored. */
    CLAWFT_WARNINGS = 8,
    /* Why the turn is not in its session, once the step is CLAWFT_DONE, as `cannot write …: no space left` or `the session was
     * deleted meanwhile`; empty if it is stored, and from a module that does not know this text yet. */
    CLAWFT_UNSTORED = 9
};

/* The numbers of a turn. */
enum clawft_number {
    /* How many milliseconds to wait before the request is sent: 0 for the first attempt. */
    CLAWFT_WAIT_MS = 1,
    /* How many milliseconds the exchange may take, from the first byte sent to the last byte read. Where CLAWFT_STREAM is 1
     * they begin anew whenever 256 more bytes of the body have arrived. */
    CLAWFT_TIMEOUT_MS = 2,
    /* 1 if the answer is asked for piece by piece, else 0. */
    CLAWFT_STREAM = 3,
    /* How many bytes the response's body may have. */
    CLAWFT_MAX_RESPONSE = 4
};

/* The number of this interface: compare it with CLAWFT_ABI. */
uint32_t clawft_abi(void);

/* The module's version, `0.1.0`: ended by a NUL, and there for as long as the instance is. */
clawft_address clawft_version(void);

/* Room for `size` bytes in the module's memory, for what the host passes in; 0 if there is none. */
clawft_address clawft_alloc(uint32_t size);

/* Gives back what `clawft_alloc` gave. 0 is fine. */
void clawft_free(clawft_address address);

/* Begins a turn: `message` is plain text or {"role":"user","content":"…"}, and `session` the id of the conversation to
 * continue or begin, `default` if it is empty. Neither is read after this call. Returns the turn, also where it has
 * failed already because the configuration cannot be read, say; or CLAWFT_NO_TEXT, CLAWFT_NO_BYTES, CLAWFT_NO_ROOM. */
clawft_turn clawft_begin(clawft_address message, uint32_t message_size, clawft_address session, uint32_t session_size);

/* The enum clawft_step that the turn is at, or CLAWFT_NO_TURN. */
int32_t clawft_step(clawft_turn turn);

/* Reports an enum clawft_event with its number and its bytes, `elapsed_ms` after `clawft_begin`, and returns the enum
 * clawft_step that follows. What the call itself takes is measured with WASI's monotonic clock and added: a response that
 * cannot be read before the configured time is over fails the turn. Or returns CLAWFT_NO_TURN, CLAWFT_NO_EVENT, CLAWFT_NO_BYTES, and the turn is as it was. The bytes are
 * not read after this call. */
int32_t clawft_feed(clawft_turn turn, uint32_t event, uint32_t number, clawft_address bytes, uint32_t size,
                    uint32_t elapsed_ms);

/* Where the enum clawft_text of the turn begins, until the next call of `clawft_begin`, `clawft_feed` or `clawft_drop`, and
 * how many bytes it has: 0 if it is empty or there is none. */
clawft_address clawft_text(clawft_turn turn, uint32_t text);
uint32_t clawft_text_size(clawft_turn turn, uint32_t text);

/* The enum clawft_number of the turn; 0 if there is none. */
uint32_t clawft_number(clawft_turn turn, uint32_t number);

/* Ends a turn, over or not, and gives back its memory. One that was not over leaves the session as it was; to keep the
 * part of an answer that has been shown, feed CLAWFT_BROKEN first. Returns 0, or CLAWFT_NO_TURN. */
int32_t clawft_drop(clawft_turn turn);

#ifdef __cplusplus
}
#endif

#endif
