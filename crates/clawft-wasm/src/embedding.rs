//! The functions of `wit/world.wit`, for hosts that embed the component instead of running it as a command.
//!
//! They convert between the canonical ABI and [`clawft_wasm::pulled`]. The generated conversions would add 14 KB to
//! the component, because each function would have a copy of those for its result.

mod lift;
mod lower;

use std::sync::atomic::{AtomicBool, Ordering};

use clawft_wasm::{
    WasmPlatform,
    pulled::{self, Failure, Kind, Options, Pulled},
};

use lift::{option_text, text, tools};
use lower::Words;

/// The description of the world in the component; its functions are below.
#[allow(dead_code, unreachable_pub, reason = "written by a macro")]
mod world {
    wit_bindgen::generate!({ world: "agent" });
}

#[link(wasm_import_module = "[export]clawft:agent/turns@0.2.0")]
unsafe extern "C" {
    #[link_name = "[resource-new]turn"]
    fn new_handle(turn: usize) -> usize;
}

/// Whether a call has not returned. All calls use one stack, so none may begin while another one waits for the host:
/// hosts with asynchronous imports could try that.
static IS_BUSY: AtomicBool = AtomicBool::new(false);

/// A call in progress.
struct Call;

impl Call {
    fn begin() -> Result<Self, Failure> {
        if IS_BUSY.swap(true, Ordering::Relaxed) {
            return Err(Failure {
                kind: Kind::Invalid,
                message: "another call into this instance has not returned".to_owned(),
            });
        }
        Ok(Self)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        IS_BUSY.store(false, Ordering::Relaxed);
    }
}

/// One copy for all functions.
#[inline(never)]
fn platform() -> WasmPlatform {
    WasmPlatform::new()
}

/// Returns the address of a result, which `work` adds to the words of a success.
fn call(work: &mut dyn FnMut(&mut Words) -> Result<(), Failure>) -> *const usize {
    let mut words = Words::new();
    words.number(0);
    let done = Call::begin().and_then(|_call| work(&mut words));
    if let Err(failure) = done {
        words = Words::new();
        words.number(1);
        words.failure(failure);
    }
    words.publish()
}

#[unsafe(export_name = "process-message")]
unsafe extern "C" fn process_message(message: usize, size: usize) -> *const usize {
    // SAFETY: the host passes texts that it has allocated.
    let message = unsafe { text(message, size) };
    let answer = match Call::begin() {
        Ok(_call) => clawft_wasm::process_message(&message).map_err(|error| error.message()),
        Err(failure) => Err(failure.message),
    };
    let mut words = Words::new();
    words.number(answer.is_err().into());
    words.text(answer.unwrap_or_else(|text| text));
    words.publish()
}

#[unsafe(export_name = "capabilities")]
extern "C" fn capabilities() -> *const usize {
    let mut words = Words::new();
    words.text(clawft_wasm::capabilities());
    words.publish()
}

#[unsafe(export_name = "clawft:agent/turns@0.2.0#begin")]
unsafe extern "C" fn begin(
    message: usize,
    message_size: usize,
    has_session: usize,
    session: usize,
    session_size: usize,
    has_configuration: usize,
    configuration: usize,
    configuration_size: usize,
    has_streamed: usize,
    streamed: usize,
    tool_list: usize,
    tool_count: usize,
) -> *const usize {
    // SAFETY: the host passes texts and a list that it has allocated.
    let options = unsafe {
        Options {
            message: text(message, message_size),
            session: option_text(has_session, session, session_size),
            configuration: option_text(has_configuration, configuration, configuration_size),
            streamed: (has_streamed != 0).then_some(streamed != 0),
            tools: tools(tool_list, tool_count),
        }
    };
    let mut options = Some(options);
    call(&mut |words| {
        let options = options.take().unwrap_or_default();
        let turn = Box::new(Pulled::begin(platform(), options)?);
        // SAFETY: the host gives the address back to the functions below, and to `end` once.
        words.number(unsafe { new_handle(Box::into_raw(turn) as usize) });
        Ok(())
    })
}

/// Returns the turn at an address.
///
/// # Safety
/// The address is from [`begin`], the turn was not dropped, and no other call is in progress.
unsafe fn pulled_at<'a>(turn: usize) -> &'a mut Pulled {
    // SAFETY: as the caller says.
    unsafe { &mut *(turn as *mut Pulled) }
}

#[unsafe(export_name = "clawft:agent/turns@0.2.0#[method]turn.next")]
unsafe extern "C" fn next(turn: usize) -> *const usize {
    call(&mut |words| {
        // SAFETY: the address is from `begin`, and no other call is in progress.
        words.event(unsafe { pulled_at(turn) }.pull()?);
        Ok(())
    })
}

#[unsafe(export_name = "clawft:agent/turns@0.2.0#[method]turn.answer")]
unsafe extern "C" fn answer(
    turn: usize,
    id: usize,
    id_size: usize,
    content: usize,
    content_size: usize,
    is_error: usize,
) -> *const usize {
    // SAFETY: the host passes texts that it has allocated.
    let (id, mut content) = unsafe { (text(id, id_size), text(content, content_size)) };
    call(&mut |_| {
        let content = std::mem::take(&mut content);
        // SAFETY: the address is from `begin`, and no other call is in progress.
        unsafe { pulled_at(turn) }.answer(&id, content, is_error != 0)
    })
}

#[unsafe(export_name = "clawft:agent/turns@0.2.0#[method]turn.cancel")]
unsafe extern "C" fn cancel(turn: usize) -> *const usize {
    call(&mut |_| {
        // SAFETY: the address is from `begin`, and no other call is in progress.
        unsafe { pulled_at(turn) }.cancel();
        Ok(())
    })
}

#[unsafe(export_name = "clawft:agent/turns@0.2.0#[dtor]turn")]
unsafe extern "C" fn end(turn: usize) {
    // A turn that a call still uses is never freed.
    if let Ok(_call) = Call::begin() {
        // SAFETY: the address is from `begin`, and the host drops a handle once.
        drop(unsafe { Box::from_raw(turn as *mut Pulled) });
    }
}

#[unsafe(export_name = "clawft:agent/turns@0.2.0#list-sessions")]
extern "C" fn list_sessions() -> *const usize {
    call(&mut |words| {
        words.texts(pulled::list_sessions(&platform())?);
        Ok(())
    })
}

#[unsafe(export_name = "clawft:agent/turns@0.2.0#export-session")]
unsafe extern "C" fn export_session(name: usize, size: usize) -> *const usize {
    // SAFETY: the host passes texts that it has allocated.
    let name = unsafe { text(name, size) };
    call(&mut |words| {
        words.option_text(pulled::export_session(&platform(), &name)?);
        Ok(())
    })
}

#[unsafe(export_name = "clawft:agent/turns@0.2.0#delete-session")]
unsafe extern "C" fn delete_session(name: usize, size: usize) -> *const usize {
    // SAFETY: the host passes texts that it has allocated.
    let name = unsafe { text(name, size) };
    call(&mut |words| {
        words.number(pulled::delete_session(&platform(), &name)?.into());
        Ok(())
    })
}
