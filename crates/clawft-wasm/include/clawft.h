/*
 * clawft as a library: the agent's turn as exported functions of `clawft-wasip1.wasm`, for hosts that have a network
 * of their own.
 *
 * The module reads its configuration, the environment and the session through WASI preview 1, as the command does,
 * and stores the session when the answer is complete. WASI preview 1 lacks HTTP, so the host sends the requests. The
 * module returns each request, receives the response, and decides everything else: retries, timeouts and error
 * messages. The tools that the configuration names are offered to the model: files below `/workspace` if the host
 * maps a directory to it, notes, `fetch` and MCP servers.
 *
 *     clawft_turn turn = clawft_begin(message, length, session, length);
 *     for (step = clawft_step(turn); ; ) {
 *         CLAWFT_SEND:    wait CLAWFT_WAIT_MS, send the request, feed CLAWFT_HEAD (or CLAWFT_BROKEN)
 *         CLAWFT_MORE:    feed CLAWFT_BODY as bytes arrive, then CLAWFT_END (or CLAWFT_BROKEN)
 *         CLAWFT_CALL:    perform the call of a tool that `clawft_offer` has named, and `clawft_answer` it
 *         CLAWFT_DONE:    the answer is complete, and stored unless CLAWFT_UNSTORED has a reason; leave
 *         CLAWFT_FAILED:  CLAWFT_ERROR has the reason; leave
 *         after every step: show CLAWFT_PIECE, unless it is empty
 *     }
 *     clawft_drop(turn);
 *
 * The host instantiates the module with WASI preview 1: the directory of the configuration mapped to `/config` or to
 * the path in CLAWFT_CONFIG_DIR, and the variable that holds the key. Then it calls these functions. No other
 * function has to be called before; `_start` is the command and ends the instance, so call it on a separate instance
 * or not at all.
 *
 * One instance is used by one thread at a time. Up to CLAWFT_MAX_TURNS turns may be in progress in it, and their
 * events may be fed in any order.
 *
 * Incorrect use does not trap: the function returns a negative number or an empty text and changes nothing. A turn
 * whose request or response does not fit into memory fails. Two things can trap: memory that is exhausted in another
 * way, and a `clawft_free` of an address that was not allocated.
 */

#ifndef CLAWFT_H
#define CLAWFT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The result of `clawft_abi` for a module that matches this file. Changes that break hosts raise it. */
#define CLAWFT_ABI 1

/* An address in the module's own memory, in bytes from its beginning; 0 is none. Any call can grow the memory and
 * so move it in the host: translate addresses again after each call (with WAMR:
 * `wasm_runtime_addr_app_to_native`). */
typedef uint32_t clawft_address;

/* A turn in progress: a positive number that this instance never reuses. */
typedef int32_t clawft_turn;

/* The next action of the host. */
enum clawft_step {
    /* Wait CLAWFT_WAIT_MS, send the request, and feed the response. If a response has begun, drop the rest of it:
     * this is another attempt, or another request. A turn with tools has requests to the provider, requests of
     * `fetch` and requests to MCP servers, each to its own CLAWFT_URL. */
    CLAWFT_SEND = 1,
    /* Read the response on, and feed it. */
    CLAWFT_MORE = 2,
    /* The turn is over and CLAWFT_ANSWER is complete. Drop the rest of the response. */
    CLAWFT_DONE = 3,
    /* The turn failed with CLAWFT_ERROR. The session is unchanged, unless tools were called: then it holds the calls
     * with their results, or CLAWFT_UNSTORED has a reason. Drop the rest of the response. */
    CLAWFT_FAILED = 4,
    /* Perform the call in CLAWFT_CALL_NAME and CLAWFT_CALL_ARGUMENTS, and give its result to `clawft_answer`. Drop the
     * rest of the response. Only if `clawft_offer` was called. */
    CLAWFT_CALL = 5
};

/* The results of functions that were used incorrectly. */
enum clawft_misuse {
    /* There is no such turn, or it was dropped. */
    CLAWFT_NO_TURN = -1,
    /* There is no such event, or it is out of order: a body before a head, or any event after the end of the turn. */
    CLAWFT_NO_EVENT = -2,
    /* The text is not UTF-8. */
    CLAWFT_NO_TEXT = -3,
    /* The bytes are not in the module's memory. */
    CLAWFT_NO_BYTES = -4,
    /* CLAWFT_MAX_TURNS turns are in progress. */
    CLAWFT_NO_ROOM = -5,
    /* The tool cannot be offered: its name has other characters than `A-Z a-z 0-9 _ -`, none or more than 64 of them,
     * or was offered before, or its parameters are no JSON object. */
    CLAWFT_NO_TOOL = -6
};

/* The maximum number of turns in progress. */
#define CLAWFT_MAX_TURNS 64

/* The events that the host reports. For each attempt: one head, any number of bodies, the end; a failure may come
 * at any time. */
enum clawft_event {
    /* The response has begun. The number is its status; the bytes are its header lines, `name: value`, each ended
     * by a line feed with or without a carriage return. At least `content-type`, `content-encoding`,
     * `retry-after`, `date` and `location` should be among them. */
    CLAWFT_HEAD = 1,
    /* The next bytes of the body, without any transfer coding, split anywhere. The number is not read. */
    CLAWFT_BODY = 2,
    /* The response is complete. Neither number nor bytes are read. */
    CLAWFT_END = 3,
    /* No response arrived, or only a part of it. The number is an enum clawft_break; the bytes are the cause for the
     * user, such as `connection refused`, unless the number is enough. */
    CLAWFT_BROKEN = 4
};

/* The reason why no complete response arrived. */
enum clawft_break {
    /* The connection failed or broke. The turn may retry. */
    CLAWFT_UNAVAILABLE = 1,
    /* The connection failed, and a retry cannot help. */
    CLAWFT_IMPOSSIBLE = 2,
    /* One of the three time limits is over. */
    CLAWFT_TIMED_OUT = 3,
    /* The body is larger than CLAWFT_MAX_RESPONSE. The turn also counts the bytes itself. */
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
    /* The text that the last call has added to the answer, to be shown at once. A streamed answer has many such
     * deltas, any other has one; together they are the answer. */
    CLAWFT_PIECE = 5,
    /* The complete answer, once the step is CLAWFT_DONE. */
    CLAWFT_ANSWER = 6,
    /* At CLAWFT_FAILED: the error message that the command would print. At CLAWFT_DONE: the reason why the answer
     * broke off, or empty if it is complete. The part that arrived is stored. */
    CLAWFT_ERROR = 7,
    /* Warnings for the user, one per line: a damaged session is kept aside, the answer is not stored, it is truncated
     * or has no text, a server of tools does not answer. */
    CLAWFT_WARNINGS = 8,
    /* At CLAWFT_DONE and CLAWFT_FAILED: the reason why the turn is not stored, such as `cannot write …: no space
     * left` or `the session was deleted meanwhile`; empty if it is stored, if there is nothing to store, and in modules
     * older than this text. */
    CLAWFT_UNSTORED = 9,
    /* At CLAWFT_DONE: the finish reason as the provider sent it, such as `length`; empty if it sent none. */
    CLAWFT_FINISH_REASON = 10,
    /* The model's reasoning so far, which is not part of the answer; empty if the provider sends none. */
    CLAWFT_REASONING = 11,
    /* The calls of tools that the last call of `clawft_begin` or `clawft_feed` has led to, to be shown: one per line,
     * the tool's name and its most telling argument. */
    CLAWFT_CALLS = 12,
    /* At CLAWFT_CALL: the provider's id of the call, for logs. */
    CLAWFT_CALL_ID = 13,
    /* At CLAWFT_CALL: the name of the tool, one of those that were offered. */
    CLAWFT_CALL_NAME = 14,
    /* At CLAWFT_CALL: the arguments, a JSON object. */
    CLAWFT_CALL_ARGUMENTS = 15
};

/* The numbers of a turn. */
enum clawft_number {
    /* The milliseconds to wait before the request is sent: 0 for the first attempt. */
    CLAWFT_WAIT_MS = 1,
    /* The time in milliseconds from the first byte sent to the first byte of the response's body. */
    CLAWFT_TIMEOUT_MS = 2,
    /* 1 if a stream is requested, else 0. */
    CLAWFT_STREAM = 3,
    /* The maximum size of the response's body in bytes. */
    CLAWFT_MAX_RESPONSE = 4,
    /* At CLAWFT_DONE: the enum clawft_finish of the answer; 0 before, and in modules older than this number. */
    CLAWFT_FINISH = 5,
    /* At CLAWFT_DONE: the tokens of the request and of the answer, and how many of them were cached or are reasoning;
     * 0 if the provider does not send their number. */
    CLAWFT_PROMPT_TOKENS = 6,
    CLAWFT_COMPLETION_TOKENS = 7,
    CLAWFT_CACHED_TOKENS = 8,
    CLAWFT_REASONING_TOKENS = 9,
    /* The time in milliseconds between two bytes of the body; any byte counts. */
    CLAWFT_IDLE_TIMEOUT_MS = 10,
    /* The time in milliseconds from the first byte sent to the end of the response. */
    CLAWFT_TOTAL_TIMEOUT_MS = 11
};

/* The ways an answer ends. */
enum clawft_finish {
    /* The model had said everything, or the provider sends no reason. Also if the answer broke off: see
     * CLAWFT_ERROR. */
    CLAWFT_COMPLETE = 1,
    /* A limit of tokens cut it off. */
    CLAWFT_TRUNCATED = 2,
    /* The provider's content filter cut it off or withheld it. */
    CLAWFT_FILTERED = 3,
    /* The model refused; the text is its explanation. */
    CLAWFT_REFUSED = 4,
    /* The provider paused, and expects to be asked to go on. */
    CLAWFT_PAUSED = 5,
    /* The reason is none of the known ones: see CLAWFT_FINISH_REASON. */
    CLAWFT_UNKNOWN = 6,
    /* A limit of the turn ended it before the model answered: too many calls of tools, tokens or seconds. */
    CLAWFT_STOPPED = 7,
};

/* Returns the number of this interface: compare it with CLAWFT_ABI. */
uint32_t clawft_abi(void);

/* Returns the module's version, such as `0.2.0`, ended by a NUL. It is valid for the life of the instance. */
clawft_address clawft_version(void);

/* Allocates `size` bytes in the module's memory, for data that the host passes in; returns 0 if there is no
 * memory. */
clawft_address clawft_alloc(uint32_t size);

/* Frees memory from `clawft_alloc`. 0 is allowed. */
void clawft_free(clawft_address address);

/* Offers a tool that the host performs to the model, in all turns that begin later: its name, its purpose, and the JSON
 * schema of its arguments, an object. Returns 0, or CLAWFT_NO_TOOL, CLAWFT_NO_TEXT, CLAWFT_NO_BYTES. */
int32_t clawft_offer(clawft_address name, uint32_t name_size, clawft_address description, uint32_t description_size,
                     clawft_address parameters, uint32_t parameters_size);

/* Begins a turn: `message` is plain text or {"role":"user","content":"…"}, and `session` the id of the
 * conversation to continue or begin, `default` if it is empty. Neither is read after this call. Returns the turn,
 * even if it has already failed, for example because the configuration cannot be read; or CLAWFT_NO_TEXT,
 * CLAWFT_NO_BYTES, CLAWFT_NO_ROOM. */
clawft_turn clawft_begin(clawft_address message, uint32_t message_size, clawft_address session, uint32_t session_size);

/* Returns the enum clawft_step of the turn, or CLAWFT_NO_TURN. */
int32_t clawft_step(clawft_turn turn);

/* Reports an enum clawft_event with its number and its bytes, `elapsed_ms` after `clawft_begin`, and returns the enum
 * clawft_step that follows. The duration of the call itself is measured with WASI's monotonic clock and added: a
 * response that cannot be read before the timeout fails the turn. Returns CLAWFT_NO_TURN, CLAWFT_NO_EVENT or
 * CLAWFT_NO_BYTES on incorrect use, and the turn is unchanged. The bytes are not read after this call. */
int32_t clawft_feed(clawft_turn turn, uint32_t event, uint32_t number, clawft_address bytes, uint32_t size,
                    uint32_t elapsed_ms);

/* Gives the result of the call at CLAWFT_CALL to the model, `elapsed_ms` after `clawft_begin`, and returns the enum
 * clawft_step that follows. If `is_error` is not 0, the result is the reason why the call failed: the model reads it,
 * and the turn goes on. Returns CLAWFT_NO_TURN, CLAWFT_NO_EVENT if no call waits, CLAWFT_NO_TEXT or CLAWFT_NO_BYTES on
 * incorrect use. */
int32_t clawft_answer(clawft_turn turn, clawft_address result, uint32_t size, uint32_t is_error, uint32_t elapsed_ms);

/* Return the address and the length of the enum clawft_text of the turn; 0 if it is empty or there is none. The
 * address is valid until the next call of `clawft_begin`, `clawft_feed` or `clawft_drop`. */
clawft_address clawft_text(clawft_turn turn, uint32_t text);
uint32_t clawft_text_size(clawft_turn turn, uint32_t text);

/* Returns the enum clawft_number of the turn; 0 if there is none. */
uint32_t clawft_number(clawft_turn turn, uint32_t number);

/* Ends a turn, complete or not, and frees its memory. An incomplete turn leaves the session unchanged; to keep the
 * part of an answer that has been shown, feed CLAWFT_BROKEN first. Returns 0, or CLAWFT_NO_TURN. */
int32_t clawft_drop(clawft_turn turn);

#ifdef __cplusplus
}
#endif

#endif
