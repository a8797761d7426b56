//! The functions of the host in the canonical ABI: tasks, the ends of streams and futures, and the calls that take or
//! return such ends.
//!
//! The bindings of these would convert every value of a future in both directions, with all 39 forms of the error code
//! each time, which takes 40 KB.

use super::area::Area;

/// The code of an operation or a call that is not complete.
pub(super) const BLOCKED: u32 = u32::MAX;

/// The state of a call that has returned.
pub(super) const RETURNED: u32 = 2;

/// A function for one end of a stream or future: to cancel its operation, or to drop it.
pub(super) type OnEnd<T> = extern "C" fn(end: u32) -> T;

/// A function that writes a value into a future.
pub(super) type WriteValue = unsafe extern "C" fn(end: u32, value: *const Area) -> u32;

#[link(wasm_import_module = "$root")]
unsafe extern "C" {
    #[link_name = "[context-get-0]"]
    pub(super) safe fn context_get() -> *mut u8;
    #[link_name = "[context-set-0]"]
    pub(super) safe fn context_set(value: *mut u8);
    #[link_name = "[waitable-set-new]"]
    pub(super) safe fn waitable_set_new() -> u32;
    #[link_name = "[waitable-set-drop]"]
    pub(super) safe fn waitable_set_drop(set: u32);
    /// Moves a waitable into a set; 0 is none.
    #[link_name = "[waitable-join]"]
    pub(super) safe fn waitable_join(waitable: u32, set: u32);
    #[link_name = "[subtask-cancel]"]
    pub(super) safe fn subtask_cancel(subtask: u32) -> u32;
    #[link_name = "[subtask-drop]"]
    pub(super) safe fn subtask_drop(subtask: u32);
}

#[link(wasm_import_module = "[export]$root")]
unsafe extern "C" {
    #[link_name = "[task-cancel]"]
    pub(super) safe fn task_cancel();
}

#[link(wasm_import_module = "[export]wasi:http/handler@0.3.2")]
unsafe extern "C" {
    /// Returns `result<response, error-code>`; the last five values belong to error codes.
    #[link_name = "[task-return]handle"]
    pub(super) safe fn task_return(
        is_error: u32,
        response: u32,
        has_text: u32,
        text: u64,
        length: u32,
        more: u32,
        more_length: u32,
        rest: u32,
    );
}

#[link(wasm_import_module = "wasi:clocks/monotonic-clock@0.3.2")]
unsafe extern "C" {
    #[link_name = "[async-lower]wait-for"]
    pub(super) safe fn wait_for(nanoseconds: u64) -> u32;
}

#[link(wasm_import_module = "wasi:http/client@0.3.2")]
unsafe extern "C" {
    #[link_name = "[async-lower]send"]
    pub(super) fn send(request: u32, result: *mut Area) -> u32;
}

// The type of each stream and future is named by its position in a function's signature: `request.new` has all three,
// the contents (0), the trailers (1) and the outcome of a transmission (2).
#[link(wasm_import_module = "wasi:http/types@0.3.2")]
unsafe extern "C" {
    #[link_name = "[stream-new-0][static]request.new"]
    pub(super) safe fn stream_new() -> u64;
    #[link_name = "[async-lower][stream-read-0][static]request.new"]
    pub(super) fn stream_read(end: u32, bytes: *mut u8, length: usize) -> u32;
    #[link_name = "[async-lower][stream-write-0][static]request.new"]
    pub(super) fn stream_write(end: u32, bytes: *const u8, length: usize) -> u32;
    #[link_name = "[stream-cancel-read-0][static]request.new"]
    pub(super) safe fn stream_cancel_read(end: u32) -> u32;
    #[link_name = "[stream-cancel-write-0][static]request.new"]
    pub(super) safe fn stream_cancel_write(end: u32) -> u32;
    #[link_name = "[stream-drop-readable-0][static]request.new"]
    pub(super) safe fn stream_drop_readable(end: u32);
    #[link_name = "[stream-drop-writable-0][static]request.new"]
    pub(super) safe fn stream_drop_writable(end: u32);

    #[link_name = "[future-new-1][static]request.new"]
    pub(super) safe fn trailers_new() -> u64;
    #[link_name = "[async-lower][future-read-1][static]request.new"]
    pub(super) fn trailers_read(end: u32, value: *mut Area) -> u32;
    #[link_name = "[async-lower][future-write-1][static]request.new"]
    pub(super) fn trailers_write(end: u32, value: *const Area) -> u32;
    #[link_name = "[future-cancel-read-1][static]request.new"]
    pub(super) safe fn trailers_cancel_read(end: u32) -> u32;
    #[link_name = "[future-drop-readable-1][static]request.new"]
    pub(super) safe fn trailers_drop_readable(end: u32);
    #[link_name = "[future-drop-writable-1][static]request.new"]
    pub(super) safe fn trailers_drop_writable(end: u32);

    #[link_name = "[future-new-2][static]request.new"]
    pub(super) safe fn outcome_new() -> u64;
    #[link_name = "[async-lower][future-write-2][static]request.new"]
    pub(super) fn outcome_write(end: u32, value: *const Area) -> u32;
    #[link_name = "[future-drop-readable-2][static]request.new"]
    pub(super) safe fn outcome_drop_readable(end: u32);
    #[link_name = "[future-drop-writable-2][static]request.new"]
    pub(super) safe fn outcome_drop_writable(end: u32);

    /// Writes the request and the readable end of its outcome.
    #[link_name = "[static]request.new"]
    pub(super) fn request_new(
        headers: u32,
        has_contents: u32,
        contents: u32,
        trailers: u32,
        has_options: u32,
        options: u32,
        result: *mut [u32; 2],
    );
    /// Writes the response and the readable end of its outcome.
    #[link_name = "[static]response.new"]
    pub(super) fn response_new(
        headers: u32,
        has_contents: u32,
        contents: u32,
        trailers: u32,
        result: *mut [u32; 2],
    );
    /// Writes the readable ends of the contents and of the trailers.
    #[link_name = "[static]request.consume-body"]
    pub(super) fn request_consume_body(request: u32, outcome: u32, result: *mut [u32; 2]);
    /// Writes the readable ends of the contents and of the trailers.
    #[link_name = "[static]response.consume-body"]
    pub(super) fn response_consume_body(response: u32, outcome: u32, result: *mut [u32; 2]);
}
