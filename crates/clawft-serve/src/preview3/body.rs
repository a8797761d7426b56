//! Bodies of requests and responses: streams of bytes, each followed by a future of trailers.

use wasip3::http::types::{Fields, Request, RequestOptions, Response};

use super::{
    abi,
    area::{Area, ErrorCode, low_byte},
    operation::Operation,
    task,
};

static DONE: Area = Area::DONE;
static FAILED: Area = Area::FAILED;

/// A body that is read.
pub(super) struct Reader {
    contents: u32,
    is_over: bool,
    /// The length that the message's headers name.
    length: Option<usize>,
    /// The number of bytes that were read.
    count: usize,
    /// `None` when they were read.
    trailers: Option<Trailers>,
    /// The future that tells the host that nobody reads the body any more.
    outcome: u32,
}

/// The future after a body, which tells whether it is complete.
struct Trailers(u32);

/// The content of that future.
struct End(Area);

/// A body that is written.
pub(super) struct Writer {
    contents: Option<u32>,
    is_over: bool,
    trailers: u32,
    end: &'static Area,
}

/// The transmission of a request. To drop it closes the connection.
pub(super) struct Transmission(u32);

/// Returns a request with or without a body, the writer of that, and the transmission.
pub(super) fn request(
    headers: &Fields,
    options: &RequestOptions,
    has_body: bool,
) -> (Request, Writer, Transmission) {
    let (writer, contents, trailers) = Writer::new(has_body);
    let mut result = [0; 2];
    // SAFETY: the host takes all handles, and writes two.
    let request = unsafe {
        abi::request_new(
            headers.take_handle(),
            u32::from(has_body),
            contents,
            trailers,
            1,
            options.take_handle(),
            &raw mut result,
        );
        Request::from_handle(result[0])
    };
    (request, writer, Transmission(result[1]))
}

/// Returns a response and the writer of its body.
pub(super) fn response(headers: &Fields) -> (Response, Writer) {
    let (writer, contents, trailers) = Writer::new(true);
    let mut result = [0; 2];
    // SAFETY: the host takes all handles, and writes two.
    let response = unsafe {
        abi::response_new(headers.take_handle(), 1, contents, trailers, &raw mut result);
        Response::from_handle(result[0])
    };
    abi::outcome_drop_readable(result[1]);
    (response, writer)
}

impl Reader {
    /// Returns the body of a request, whose headers may name its length.
    pub(super) fn of_request(request: &Request, length: Option<usize>) -> Self {
        // SAFETY: the host takes the handle, and writes two of the kinds that `new` expects.
        unsafe { Self::new(request.take_handle(), abi::request_consume_body, length) }
    }

    /// Returns the body of a response, whose headers may name its length.
    pub(super) fn of_response(response: &Response, length: Option<usize>) -> Self {
        // SAFETY: as above.
        unsafe { Self::new(response.take_handle(), abi::response_consume_body, length) }
    }

    /// # Safety
    /// `consume` takes the handle.
    unsafe fn new(
        message: u32,
        consume: unsafe extern "C" fn(u32, u32, *mut [u32; 2]),
        length: Option<usize>,
    ) -> Self {
        let (writable, readable) = ends(abi::outcome_new());
        let mut result = [0; 2];
        // SAFETY: as the caller promises.
        unsafe { consume(message, readable, &raw mut result) };
        Self {
            contents: result[0],
            is_over: false,
            length,
            count: 0,
            trailers: Some(Trailers(result[1])),
            outcome: writable,
        }
    }

    /// Waits for the next bytes, between 1 and `most`; `None` after the last ones.
    pub(super) async fn read(&mut self, most: usize) -> Option<Vec<u8>> {
        while !self.is_over {
            let left = self.length.map(|length| length.saturating_sub(self.count));
            let room = most.min(left.unwrap_or(most).saturating_add(1));
            let mut bytes = Vec::with_capacity(room);
            // SAFETY: the operation is dropped before the memory.
            let code = unsafe { abi::stream_read(self.contents, bytes.as_mut_ptr(), room) };
            let read = Operation::new(self.contents, code, abi::stream_cancel_read).await;
            self.is_over = read.is_last;
            // SAFETY: the host has written so many bytes.
            unsafe { bytes.set_len(read.count.min(room)) };
            self.count = self.count.saturating_add(bytes.len());
            if !bytes.is_empty() {
                return Some(bytes);
            }
        }
        None
    }

    /// Returns whether [`end`](Self::end) was called.
    pub(super) fn is_ended(&self) -> bool {
        self.trailers.is_none()
    }

    /// Waits for the end after the last bytes.
    ///
    /// # Errors
    /// The body is not complete.
    pub(super) async fn end(&mut self) -> Result<(), ErrorCode> {
        let Some(trailers) = self.trailers.take() else {
            return Ok(());
        };
        if self.length == Some(self.count) {
            // It is complete, so nothing is left to wait for.
            return Ok(());
        }
        let mut end = End(Area::new());
        // SAFETY: the operation is dropped before the area, which does not move, because it is part of a pinned future.
        let code = unsafe { abi::trailers_read(trailers.0, &raw mut end.0) };
        Operation::new(trailers.0, code, abi::trailers_cancel_read).await;
        end.take()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        abi::stream_drop_readable(self.contents);
        task::write(
            self.outcome,
            &DONE,
            abi::outcome_write,
            abi::outcome_drop_writable,
        );
    }
}

impl Drop for Trailers {
    fn drop(&mut self) {
        abi::trailers_drop_readable(self.0);
    }
}

impl End {
    fn take(&mut self) -> Result<(), ErrorCode> {
        let [has_trailers, trailers] = self.0.take().unwrap_or(Ok([0, 0]))?;
        if low_byte(has_trailers) != 0 {
            // SAFETY: the value belongs to us.
            drop(unsafe { Fields::from_handle(trailers) });
        }
        Ok(())
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let _ = self.take();
    }
}

impl Writer {
    /// Returns the writer, and the readable ends of contents and trailers.
    fn new(has_contents: bool) -> (Self, u32, u32) {
        let (contents, readable) = if has_contents {
            ends(abi::stream_new())
        } else {
            (0, 0)
        };
        let (trailers, readable_trailers) = ends(abi::trailers_new());
        let writer = Self {
            contents: has_contents.then_some(contents),
            is_over: false,
            trailers,
            end: &DONE,
        };
        (writer, readable, readable_trailers)
    }

    /// Returns whether the other side took all bytes.
    pub(super) async fn write(&mut self, mut bytes: &[u8]) -> bool {
        let Some(contents) = self.contents else {
            return bytes.is_empty();
        };
        while !bytes.is_empty() {
            if self.is_over {
                return false;
            }
            // SAFETY: the operation is dropped before the bytes are.
            let code = unsafe { abi::stream_write(contents, bytes.as_ptr(), bytes.len()) };
            let written = Operation::new(contents, code, abi::stream_cancel_write).await;
            self.is_over = written.is_last;
            bytes = bytes.get(written.count..).unwrap_or_default();
        }
        true
    }

    /// Lets the other side notice that the body is not complete.
    pub(super) fn abort(mut self) {
        self.end = &FAILED;
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(contents) = self.contents {
            abi::stream_drop_writable(contents);
        }
        task::write(
            self.trailers,
            self.end,
            abi::trailers_write,
            abi::trailers_drop_writable,
        );
    }
}

impl Drop for Transmission {
    fn drop(&mut self) {
        abi::outcome_drop_readable(self.0);
    }
}

/// Returns the writable and the readable one of two ends.
fn ends(pair: u64) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = pair.to_le_bytes();
    (u32::from_le_bytes([e, f, g, h]), u32::from_le_bytes([a, b, c, d]))
}
