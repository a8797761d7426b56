//! A module in WAMR, instantiated with its grants.

use std::{
    ffi::{CStr, CString, NulError, c_char},
    fmt, ptr, slice,
};

use anyhow::{Context as _, Result, ensure, format_err};
use wamrx_sys as wamr;

use crate::{options::Grants, runtime};

/// The size of a page of a guest's memory.
const PAGE: u32 = 64 << 10;

/// The error of a guest that trapped.
#[derive(Debug)]
pub(crate) struct Trap(String);

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the guest trapped: {}", self.0)
    }
}

impl std::error::Error for Trap {}

/// An instance of a module.
pub(crate) struct Guest {
    instance: wamr::wasm_module_inst_t,
    module: wamr::wasm_module_t,
    /// WAMR refers to these for as long as the module is loaded.
    _bytes: Vec<u8>,
    _texts: Vec<Texts>,
}

impl Guest {
    /// Loads the module in `bytes`, with these `grants`.
    ///
    /// # Errors
    ///
    /// Fails with WAMR's error message if the module is invalid.
    pub(crate) fn load(mut bytes: Vec<u8>, grants: &Grants) -> Result<Self> {
        runtime::start();
        let start = bytes.as_mut_ptr();
        let length = u32::try_from(bytes.len())?;
        // SAFETY: moving the vector does not move the bytes, and they live as long as the module does.
        let module =
            runtime::or_error(|text, size| unsafe { wamr::wasm_runtime_load(start, length, text, size) });
        let module = module.map_err(anyhow::Error::msg)?;
        let mut guest = Self {
            instance: ptr::null_mut(),
            module,
            _bytes: bytes,
            _texts: Vec::new(),
        };
        guest.grant(grants)?;
        let bounds = wamr::InstantiationArgs {
            default_stack_size: grants.stack,
            host_managed_heap_size: grants.heap,
            max_memory_pages: grants.max_memory.map_or(0, |bytes| bytes / PAGE),
        };
        // SAFETY: the module is loaded, and the limits are only read.
        let instance = runtime::or_error(|text, size| unsafe {
            wamr::wasm_runtime_instantiate_ex(module, &bounds, text, size)
        });
        guest.instance = instance.map_err(anyhow::Error::msg)?;
        Ok(guest)
    }

    fn grant(&mut self, grants: &Grants) -> Result<()> {
        let [directories, mapped, variables, arguments] = [
            &grants.directories,
            &grants.mapped,
            &grants.variables,
            &grants.arguments,
        ]
        .map(|list| Texts::new(list));
        let [mut directories, mut mapped, mut variables, mut arguments] =
            [directories?, mapped?, variables?, arguments?];
        // SAFETY: the lists have these lengths, and live as long as the module does. WAMR changes no
        // argument.
        unsafe {
            wamr::wasm_runtime_set_wasi_args(
                self.module,
                directories.pointers.as_mut_ptr(),
                directories.pointers.len() as u32,
                mapped.pointers.as_mut_ptr(),
                mapped.pointers.len() as u32,
                variables.pointers.as_mut_ptr(),
                variables.pointers.len() as u32,
                arguments.pointers.as_mut_ptr().cast(),
                arguments.pointers.len() as i32,
            );
        }
        self._texts = vec![directories, mapped, variables, arguments];
        Ok(())
    }

    /// Runs the module as a command, and returns its exit code.
    ///
    /// # Errors
    ///
    /// A [`Trap`].
    pub(crate) fn run(&mut self) -> Result<u8> {
        // SAFETY: the instance is alive; a command of WASI takes its arguments from there.
        let ended = unsafe { wamr::wasm_application_execute_main(self.instance, 0, ptr::null_mut()) };
        if !ended {
            return Err(self.trap());
        }
        // SAFETY: the instance is alive.
        let code = unsafe { wamr::wasm_runtime_get_wasi_exit_code(self.instance) };
        Ok(u8::try_from(code).unwrap_or(u8::MAX))
    }

    /// Calls the exported function `name`, whose parameters and result are all `i32`; returns 0 if it has no
    /// result.
    ///
    /// # Errors
    ///
    /// Fails with a [`Trap`], or if there is no such function.
    pub(crate) fn call(&mut self, name: &str, arguments: &[u32]) -> Result<u32> {
        let c_name = CString::new(name)?;
        // SAFETY: the instance is alive, and so is the name.
        let function = unsafe { wamr::wasm_runtime_lookup_function(self.instance, c_name.as_ptr()) };
        ensure!(!function.is_null(), "the module exports no function `{name}`");
        // SAFETY: the instance and its function are alive.
        let parameters = unsafe { wamr::wasm_func_get_param_count(function, self.instance) };
        ensure!(
            parameters as usize == arguments.len(),
            "`{name}` takes {parameters} parameters, not {}",
            arguments.len()
        );
        // WAMR writes the results over the arguments, so there is room for one.
        let mut cells = [arguments, &[0]].concat();
        // SAFETY: as many arguments as the function takes, and its environment, which the instance owns.
        let done = unsafe {
            let environment = wamr::wasm_runtime_get_exec_env_singleton(self.instance);
            wamr::wasm_runtime_call_wasm(environment, function, parameters, cells.as_mut_ptr())
        };
        if !done {
            return Err(self.trap().context(format!("in `{name}`")));
        }
        // SAFETY: the instance and its function are alive.
        let results = unsafe { wamr::wasm_func_get_result_count(function, self.instance) };
        Ok(if results == 0 { 0 } else { cells[0] })
    }

    /// Returns a copy of `size` bytes of the guest's memory at `address`.
    pub(crate) fn read(&mut self, address: u32, size: u32) -> Result<Vec<u8>> {
        let start = self.translate(address, size)?;
        // SAFETY: this number of bytes is in the guest's memory, which does not move while it is not called.
        Ok(unsafe { slice::from_raw_parts(start, size as usize) }.to_vec())
    }

    /// Writes `bytes` into the guest's memory at `address`.
    pub(crate) fn write(&mut self, address: u32, bytes: &[u8]) -> Result<()> {
        let start = self.translate(address, u32::try_from(bytes.len())?)?;
        // SAFETY: this number of bytes is in the guest's memory, which does not overlap ours.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), start, bytes.len()) };
        Ok(())
    }

    /// Returns the host's address of `size` bytes of the guest's memory, valid until the next call.
    fn translate(&mut self, address: u32, size: u32) -> Result<*mut u8> {
        // SAFETY: the instance is alive; both functions only read.
        let start = unsafe {
            let whole = wamr::wasm_runtime_validate_app_addr(self.instance, address.into(), size.into());
            // It leaves an exception behind, which the guest must not see.
            wamr::wasm_runtime_clear_exception(self.instance);
            ensure!(whole, "{size} bytes at {address} are not in the guest's memory");
            wamr::wasm_runtime_addr_app_to_native(self.instance, address.into())
        };
        Ok(start.cast())
    }

    /// Returns the size of the guest's memory in bytes. Memory does not shrink, so this is its peak.
    pub(crate) fn memory(&self) -> u64 {
        // SAFETY: the instance is alive, and every module that can have been instantiated with WASI has a
        // memory.
        unsafe {
            let memory = wamr::wasm_runtime_get_default_memory(self.instance);
            wamr::wasm_memory_get_cur_page_count(memory) * wamr::wasm_memory_get_bytes_per_page(memory)
        }
    }

    /// Returns the reason why the last call trapped.
    fn trap(&self) -> anyhow::Error {
        // SAFETY: the instance is alive, and the text is its own until it is called again.
        let text = unsafe {
            let text = wamr::wasm_runtime_get_exception(self.instance);
            if text.is_null() {
                c"no reason given"
            } else {
                CStr::from_ptr(text)
            }
        };
        let text = text.to_string_lossy();
        Trap(text.strip_prefix("Exception: ").unwrap_or(&text).to_owned()).into()
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // SAFETY: nothing refers to either any longer.
        unsafe {
            if !self.instance.is_null() {
                wamr::wasm_runtime_deinstantiate(self.instance);
            }
            wamr::wasm_runtime_unload(self.module);
        }
    }
}

/// Texts in C's form.
struct Texts {
    pointers: Vec<*const c_char>,
    _texts: Vec<CString>,
}

impl Texts {
    fn new(texts: &[String]) -> Result<Self> {
        let texts: Vec<CString> = texts
            .iter()
            .map(|text| CString::new(text.as_str()))
            .collect::<Result<_, NulError>>()
            .context("a NUL in an option")?;
        Ok(Self {
            pointers: texts.iter().map(|text| text.as_ptr()).collect(),
            _texts: texts,
        })
    }
}

/// Returns the text in `bytes`, which has to be UTF-8.
pub(crate) fn text(bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| format_err!("the guest's text is not UTF-8: {error}"))
}
