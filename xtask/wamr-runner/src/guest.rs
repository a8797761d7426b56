//! A module, loaded into WAMR and instantiated, with what it is granted.

use std::{
    ffi::{CStr, CString, NulError, c_char},
    fmt, ptr, slice,
};

use anyhow::{Context as _, Result, ensure, format_err};
use wamrx_sys as wamr;

use crate::{options::Grants, runtime};

/// The size of a page of a guest's memory.
const PAGE: u32 = 64 << 10;

/// A guest that ended in no orderly way.
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
    /// Loads the module in `bytes`, and gives it what `grants` say.
    ///
    /// # Errors
    ///
    /// WAMR's own words for what is wrong with the module.
    pub(crate) fn load(mut bytes: Vec<u8>, grants: &Grants) -> Result<Self> {
        runtime::start();
        let (start, length) = (bytes.as_mut_ptr(), u32::try_from(bytes.len())?);
        // SAFETY: the bytes are not moved by moving the vector, and live as long as the module does.
        let module =
            runtime::or_error(|text, size| unsafe { wamr::wasm_runtime_load(start, length, text, size) });
        let module = module.map_err(anyhow::Error::msg)?;
        let mut guest = Self { instance: ptr::null_mut(), module, _bytes: bytes, _texts: Vec::new() };
        guest.grant(grants)?;
        let bounds = wamr::InstantiationArgs {
            default_stack_size: grants.stack,
            host_managed_heap_size: grants.heap,
            max_memory_pages: grants.max_memory.map_or(0, |bytes| bytes / PAGE),
        };
        // SAFETY: the module is loaded, and the bounds are only read.
        let instance = runtime::or_error(|text, size| unsafe {
            wamr::wasm_runtime_instantiate_ex(module, &bounds, text, size)
        });
        guest.instance = instance.map_err(anyhow::Error::msg)?;
        Ok(guest)
    }

    fn grant(&mut self, grants: &Grants) -> Result<()> {
        let [folders, mapped, variables, arguments] =
            [&grants.folders, &grants.mapped, &grants.variables, &grants.arguments]
                .map(|list| Texts::new(list));
        let [mut folders, mut mapped, mut variables, mut arguments] =
            [folders?, mapped?, variables?, arguments?];
        // SAFETY: the lists have the lengths that are given, and live as long as the module does. WAMR changes no argument.
        unsafe {
            wamr::wasm_runtime_set_wasi_args(
                self.module,
                folders.pointers.as_mut_ptr(),
                folders.pointers.len() as u32,
                mapped.pointers.as_mut_ptr(),
                mapped.pointers.len() as u32,
                variables.pointers.as_mut_ptr(),
                variables.pointers.len() as u32,
                arguments.pointers.as_mut_ptr().cast(),
                arguments.pointers.len() as i32,
            );
        }
        self._texts = vec![folders, mapped, variables, arguments];
        Ok(())
    }

    /// Runs it as a command, and returns its exit code.
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

    /// Calls the exported function `name`, whose parameters are all `i32`, as is its result if it has one; 0 if not.
    ///
    /// # Errors
    ///
    /// A [`Trap`], and where there is no such function.
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
        // Arguments come back as results, so there is room for one.
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

    /// A copy of `size` bytes of its memory from `address` on.
    pub(crate) fn read(&mut self, address: u32, size: u32) -> Result<Vec<u8>> {
        let start = self.translate(address, size)?;
        // SAFETY: so many bytes from there on are in the guest's memory, which does not move while it is not called.
        Ok(unsafe { slice::from_raw_parts(start, size as usize) }.to_vec())
    }

    /// Puts `bytes` into its memory from `address` on.
    pub(crate) fn write(&mut self, address: u32, bytes: &[u8]) -> Result<()> {
        let start = self.translate(address, u32::try_from(bytes.len())?)?;
        // SAFETY: so many bytes from there on are in the guest's memory, which is apart from ours.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), start, bytes.len()) };
        Ok(())
    }

    /// Where `size` bytes of its memory are on this side, until it is called again.
    fn translate(&mut self, address: u32, size: u32) -> Result<*mut u8> {
        // SAFETY: the instance is alive; both only look.
        let start = unsafe {
            let whole = wamr::wasm_runtime_validate_app_addr(self.instance, address.into(), size.into());
            // It leaves an exception behind, which is nobody's but ours.
            wamr::wasm_runtime_clear_exception(self.instance);
            ensure!(whole, "{size} bytes at {address} are not in the guest's memory");
            wamr::wasm_runtime_addr_app_to_native(self.instance, address.into())
        };
        Ok(start.cast())
    }

    /// The size of its memory in bytes. Memory does not shrink, so this is the most that it ever had.
    pub(crate) fn memory(&self) -> u64 {
        // SAFETY: the instance is alive, and every module that can have been instantiated with WASI has a memory.
        unsafe {
            let memory = wamr::wasm_runtime_get_default_memory(self.instance);
            wamr::wasm_memory_get_cur_page_count(memory) * wamr::wasm_memory_get_bytes_per_page(memory)
        }
    }

    /// Why the last call ended as it did.
    fn trap(&self) -> anyhow::Error {
        // SAFETY: the instance is alive, and the text is its own until it is called again.
        let text = unsafe {
            let text = wamr::wasm_runtime_get_exception(self.instance);
            if text.is_null() { c"no reason given" } else { CStr::from_ptr(text) }
        };
        let text = text.to_string_lossy();
        Trap(text.strip_prefix("Exception: ").unwrap_or(&text).to_owned()).into()
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // SAFETY: nothing refers to either any more.
        unsafe {
            if !self.instance.is_null() {
                wamr::wasm_runtime_deinstantiate(self.instance);
            }
            wamr::wasm_runtime_unload(self.module);
        }
    }
}

/// Texts as C has them.
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
        Ok(Self { pointers: texts.iter().map(|text| text.as_ptr()).collect(), _texts: texts })
    }
}

/// The text in `bytes`, which the guest says is UTF-8.
pub(crate) fn text(bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| format_err!("the guest's text is not UTF-8: {error}"))
}
