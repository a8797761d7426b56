//! The functions of `wasi:http` that return the host's error code.
//!
//! The bindings would read all of its 39 forms in each of the three functions, which takes 4 KB. Here one function
//! reads what an error message needs.

use std::mem::{self, MaybeUninit};

use wasip2::http::types::{
    FutureIncomingResponse, IncomingResponse, OutgoingBody, OutgoingRequest, RequestOptions,
};

/// An error code of `wasi:http`: a variant of the interface's `error-code`.
pub(super) struct ErrorCode {
    /// The number of the variant, as the constants name it.
    pub(super) number: u8,
    /// The host's text, if the variant has one.
    pub(super) detail: Option<String>,
}

/// Memory for a result.
#[repr(C, align(8))]
struct Area([MaybeUninit<u8>; 56]);

/// The position of an error code in the result of [`handle`] and [`finish`].
const CODE: usize = 8;
/// The position of the result in that of [`get`], and of the error code in it.
const INNER: usize = 16;
const INNER_CODE: usize = 24;

#[link(wasm_import_module = "wasi:http/outgoing-handler@0.2.12")]
unsafe extern "C" {
    #[link_name = "handle"]
    fn host_handle(request: u32, has_options: u32, options: u32, result: *mut Area);
}

#[link(wasm_import_module = "wasi:http/types@0.2.12")]
unsafe extern "C" {
    #[link_name = "[method]future-incoming-response.get"]
    fn host_get(future: u32, result: *mut Area);
    #[link_name = "[static]outgoing-body.finish"]
    fn host_finish(body: u32, has_trailers: u32, trailers: u32, result: *mut Area);
}

/// Passes a request to the host.
pub(super) fn handle(
    request: OutgoingRequest,
    options: RequestOptions,
) -> Result<FutureIncomingResponse, ErrorCode> {
    let mut area = Area::new();
    // SAFETY: the host takes both handles, and writes a result into the area.
    unsafe {
        host_handle(request.handle(), 1, options.handle(), &raw mut area);
        mem::forget((request, options));
        match area.byte(0) {
            0 => Ok(FutureIncomingResponse::from_handle(area.word(CODE))),
            _ => Err(area.code(CODE)),
        }
    }
}

/// Returns the response or the reason why there is none; `None` if it is not there yet.
pub(super) fn get(future: &FutureIncomingResponse) -> Option<Result<IncomingResponse, ErrorCode>> {
    let mut area = Area::new();
    // SAFETY: the host borrows the handle, and writes a result into the area.
    unsafe {
        host_get(future.handle(), &raw mut area);
        match (area.byte(0), area.byte(8), area.byte(INNER)) {
            (0, ..) => None,
            (_, 0, 0) => Some(Ok(IncomingResponse::from_handle(area.word(INNER_CODE)))),
            (_, 0, _) => Some(Err(area.code(INNER_CODE))),
            // The host has given the response away before.
            _ => Some(Err(ErrorCode {
                number: u8::MAX,
                detail: None,
            })),
        }
    }
}

/// Ends a body. The host may report a wrong length or a closed connection; so does [`get`].
pub fn finish(body: OutgoingBody) {
    let mut area = Area::new();
    // SAFETY: the host takes the handle, and writes a result into the area.
    unsafe {
        host_finish(body.handle(), 0, 0, &raw mut area);
        mem::forget(body);
        if area.byte(0) != 0 {
            drop(area.code(CODE));
        }
    }
}

impl Area {
    fn new() -> Self {
        Self([MaybeUninit::uninit(); 56])
    }

    /// # Safety
    /// The host has written a byte there.
    #[inline]
    unsafe fn byte(&self, at: usize) -> u8 {
        // SAFETY: as the caller promises; the areas are large enough for all positions in this module.
        unsafe { self.0.as_ptr().cast::<u8>().add(at).read() }
    }

    /// # Safety
    /// The host has written four bytes there.
    #[inline]
    unsafe fn word(&self, at: usize) -> u32 {
        // SAFETY: as the caller promises, and all positions in this module are aligned.
        unsafe { self.0.as_ptr().cast::<u8>().add(at).cast::<u32>().read() }
    }

    /// # Safety
    /// The host has written an error code there.
    #[inline(never)]
    unsafe fn code(&self, at: usize) -> ErrorCode {
        // SAFETY: as the caller promises. A text is memory that the host got from our allocator, with its length as
        // capacity, and belongs to us.
        unsafe {
            let number = self.byte(at);
            // The position of the text, behind a byte that says whether there is one. The text of a request's header
            // that is too large is not read.
            let text = match number {
                1 | 24 | 27 | 30..=32 | 38 => at + 8,
                14 => at + 12,
                _ => 0,
            };
            let detail = (text != 0 && self.byte(text) != 0).then(|| {
                let start = self.word(text + 4) as *mut u8;
                let length = self.word(text + 8) as usize;
                String::from_utf8(Vec::from_raw_parts(start, length, length)).unwrap_or_default()
            });
            ErrorCode { number, detail }
        }
    }
}
