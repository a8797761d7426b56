//! Functions of the host, and those for resources, streams, futures and tasks, with other numbers of the core functions
//! that they name.

use anyhow::{Result, anyhow};
use wasm_encoder::{
    CanonicalFunctionSection,
    reencode::{Error, Reencode, ReencodeComponent},
};
use wasmparser::{CanonicalFunction, CanonicalOption};

/// Writes a function without the encoding that is the default. `number` returns the new number of a core function.
pub(super) fn write(
    function: &CanonicalFunction,
    functions: &mut CanonicalFunctionSection,
    number: &dyn Fn(u32) -> Result<u32>,
) -> Result<()> {
    let mut function = function.clone();
    if let Some(options) = options_mut(&mut function) {
        *options = options
            .iter()
            .copied()
            .filter(|option| *option != CanonicalOption::UTF8)
            .collect();
    }
    let written = Renumbered(number).parse_component_canonical(functions, function);
    written.map_err(|error| match error {
        Error::UserError(error) => error,
        other => anyhow!("{other}"),
    })
}

struct Renumbered<'n>(&'n dyn Fn(u32) -> Result<u32>);

impl Reencode for Renumbered<'_> {
    type Error = anyhow::Error;

    fn function_index(&mut self, function: u32) -> Result<u32, Error<anyhow::Error>> {
        (self.0)(function).map_err(Error::UserError)
    }

    /// There is one memory, the base's.
    fn memory_index(&mut self, _: u32) -> Result<u32, Error<anyhow::Error>> {
        Ok(0)
    }
}

impl ReencodeComponent for Renumbered<'_> {}

/// Returns the options of a function.
pub(super) fn options(function: &CanonicalFunction) -> Vec<CanonicalOption> {
    let options = options_mut(&mut function.clone()).map(|options| options.to_vec());
    options.unwrap_or_default()
}

fn options_mut(function: &mut CanonicalFunction) -> Option<&mut Box<[CanonicalOption]>> {
    match function {
        CanonicalFunction::Lift { options, .. }
        | CanonicalFunction::Lower { options, .. }
        | CanonicalFunction::TaskReturn { options, .. }
        | CanonicalFunction::StreamRead { options, .. }
        | CanonicalFunction::StreamWrite { options, .. }
        | CanonicalFunction::FutureRead { options, .. }
        | CanonicalFunction::FutureWrite { options, .. }
        | CanonicalFunction::ErrorContextNew { options }
        | CanonicalFunction::ErrorContextDebugMessage { options } => Some(options),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{CanonicalOption as Option, ComponentSection as _};
    use wasmparser::{BinaryReader, ComponentCanonicalSectionReader};

    use super::*;

    fn read(functions: &CanonicalFunctionSection) -> Vec<CanonicalFunction> {
        let mut bytes = Vec::new();
        functions.append_to_component(&mut bytes);
        let mut reader = BinaryReader::new(&bytes, 0);
        reader.read_u8().unwrap();
        reader.read_var_u32().unwrap();
        let functions = ComponentCanonicalSectionReader::new(reader).unwrap();
        functions.into_iter().map(Result::unwrap).collect()
    }

    #[test]
    fn numbers_functions_of_streams_and_tasks() {
        let functions = |number: u32, memory: u32, encoding: &[Option]| {
            let options = |others: &[Option]| [encoding, &[Option::Memory(memory)], others].concat();
            let mut functions = CanonicalFunctionSection::new();
            functions
                .lower(1, options(&[Option::Realloc(number), Option::Async]))
                .task_return(None, options(&[Option::Realloc(number)]))
                .stream_new(2)
                .stream_read(2, options(&[Option::Async]))
                .future_write(3, options(&[Option::Realloc(number), Option::Async]))
                .future_cancel_read(3, false)
                .waitable_set_wait(memory)
                .waitable_join()
                .subtask_cancel(true)
                .context_get(wasm_encoder::ValType::I32, 0)
                .resource_drop(4);
            functions
        };
        let before = functions(7, 5, &[Option::UTF8]);
        let mut after = CanonicalFunctionSection::new();
        for function in read(&before) {
            write(&function, &mut after, &|number| Ok(number + 10)).unwrap();
        }
        assert_eq!(read(&after), read(&functions(17, 0, &[])));
    }

    #[test]
    fn reports_functions_that_are_unknown() {
        let mut functions = CanonicalFunctionSection::new();
        functions.lower(0, [Option::Realloc(1)]);
        let [function] = read(&functions).try_into().unwrap();
        let unknown = |_| anyhow::bail!("it has no such core function");
        let error = write(&function, &mut functions, &unknown).unwrap_err();
        assert_eq!(error.to_string(), "it has no such core function");
    }
}
