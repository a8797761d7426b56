//! A component whose program imports memory, table and functions of the host.

use anyhow::{Context as _, Result, bail};
use wasm_encoder::{
    Alias, CanonicalFunctionSection, CanonicalOption, Component, ComponentAliasSection, ComponentExportKind,
    ComponentOuterAliasKind, ComponentSection as _, ComponentSectionId, ComponentTypeSection, ExportKind,
    InstanceSection, ModuleArg, RawSection, Section as _, ValType,
};
use wasmparser::{
    CanonicalFunction, ComponentAlias, ComponentExternalKind, ComponentOuterAliasKind as Outer,
};

use super::{
    program::{BASE, HOST, MEMORY, Program},
    read::{CoreFunction, CoreInstance, Item, Parts},
    renumber, short_name,
};

/// The instances in their order.
const BASE_INSTANCE: u32 = 0;
const HOST_INSTANCE: u32 = 1;
const PROGRAM_INSTANCE: u32 = 2;

/// Puts the parts together.
pub(super) fn write(parts: &Parts<'_>) -> Result<Vec<u8>> {
    let CoreInstance::Module(module, arguments) = parts
        .instance_at(parts.program()?)
        .context("the program has no instance")?
    else {
        bail!("the memory is not the program's")
    };
    let module = parts
        .modules
        .get(usize::try_from(*module)?)
        .context("the program has no module")?;
    let program = Program::read(module)?;

    let mut links = Links::new(parts)?;
    let first_lift = parts.items.iter().position(|item| matches!(item, Item::Lift(_)));
    let (early, late) = parts
        .items
        .split_at(first_lift.context("it exports no function")?);
    links.find(early, late)?;

    let mut output = Component::HEADER.to_vec();
    for module in [
        program.base(&links.called)?,
        program.linked(&links.called, &links.exported)?,
    ] {
        section(&mut output, ComponentSectionId::CoreModule as u8, &module);
    }

    let mut instances = InstanceSection::new();
    instances.instantiate(0, Vec::<(&str, ModuleArg)>::new());
    instances.append_to_component(&mut output);
    let mut aliases = ComponentAliasSection::new();
    aliases.alias(core_export(BASE_INSTANCE, ExportKind::Memory, MEMORY));
    for number in 0..links.called.len() {
        aliases.alias(core_export(BASE_INSTANCE, ExportKind::Func, &short_name(number)));
    }
    // Aliases of the component follow in the same section.
    links.write_items(early, aliases, &mut output)?;

    let mut functions = CanonicalFunctionSection::new();
    for function in &links.canonical {
        links.canonical(parts.function_at(*function)?, &mut functions)?;
    }
    functions.append_to_component(&mut output);

    let mut list = Vec::new();
    for (number, (module, name)) in program.imports.iter().enumerate() {
        let instance = arguments.get(module).and_then(|index| parts.instance_at(*index));
        let Some(CoreInstance::Functions(functions)) = instance else {
            bail!("the program imports from `{module}`, which is not the host")
        };
        let function = functions
            .get(name)
            .with_context(|| format!("nothing is imported as `{name}`"))?;
        list.push((short_name(number), ExportKind::Func, links.early(*function)?));
    }
    let mut instances = InstanceSection::new();
    instances.export_items(list).instantiate(
        1,
        [
            (HOST, ModuleArg::Instance(HOST_INSTANCE)),
            (BASE, ModuleArg::Instance(BASE_INSTANCE)),
        ],
    );
    instances.append_to_component(&mut output);

    let mut aliases = ComponentAliasSection::new();
    for number in 0..links.exported.len() {
        aliases.alias(core_export(
            PROGRAM_INSTANCE,
            ExportKind::Func,
            &short_name(number),
        ));
    }
    links.write_items(late, aliases, &mut output)?;
    Ok(output)
}

/// The core functions of the result, in this order: exports of the base, functions of the host, exports of the program.
struct Links<'p, 'c> {
    parts: &'p Parts<'c>,
    /// The exports of the program that are needed before it is instantiated. The base calls them.
    called: Vec<&'c str>,
    /// The numbers of the functions of the host.
    canonical: Vec<u32>,
    /// The other exports of the program.
    exported: Vec<&'c str>,
}

impl<'p, 'c> Links<'p, 'c> {
    fn new(parts: &'p Parts<'c>) -> Result<Self> {
        let mut links = Self {
            parts,
            called: Vec::new(),
            canonical: Vec::new(),
            exported: Vec::new(),
        };
        for (number, function) in parts.functions.iter().enumerate() {
            let CoreFunction::Canonical(function) = function else {
                continue;
            };
            links.canonical.push(u32::try_from(number)?);
            links.call_early(&renumber::options(function))?;
        }
        Ok(links)
    }

    /// Finds the exports of the program that the items use.
    fn find(&mut self, early: &[Item<'c>], late: &[Item<'c>]) -> Result<()> {
        for item in early {
            if let Item::Resource(end) = item {
                self.call(*end)?;
            }
        }
        for item in late {
            match item {
                Item::Lift(CanonicalFunction::Lift {
                    core_func_index,
                    options,
                    ..
                }) => {
                    self.export(*core_func_index)?;
                    for option in options {
                        if let Some(function) = function_of(option) {
                            self.export(function)?;
                        }
                    }
                }
                Item::Resource(_) => bail!("a resource is defined after a function"),
                _ => {}
            }
        }
        Ok(())
    }

    fn call_early(&mut self, options: &[wasmparser::CanonicalOption]) -> Result<()> {
        options
            .iter()
            .filter_map(function_of)
            .try_for_each(|function| self.call(function))
    }

    fn call(&mut self, function: u32) -> Result<()> {
        let name = self.name(function)?.context("the program does not define it")?;
        if !self.called.contains(&name) {
            self.called.push(name);
        }
        Ok(())
    }

    fn export(&mut self, function: u32) -> Result<()> {
        let name = self.name(function)?.context("the program does not define it")?;
        if !self.called.contains(&name) && !self.exported.contains(&name) {
            self.exported.push(name);
        }
        Ok(())
    }

    /// Returns the name of a function that the program exports; `None` for one of the host.
    fn name(&self, function: u32) -> Result<Option<&'c str>> {
        let function = self.parts.behind_stub(function)?;
        match self.parts.function_at(function)? {
            CoreFunction::Export(instance, name) if *instance == self.parts.program()? => Ok(Some(*name)),
            CoreFunction::Export(_, name) => bail!("`{name}` is exported by another module"),
            CoreFunction::Canonical(_) => Ok(None),
        }
    }

    /// Returns the new number of a function that exists before the program does.
    fn early(&self, function: u32) -> Result<u32> {
        let found = match self.name(function)? {
            Some(name) => self.called.iter().position(|called| *called == name),
            None => {
                let function = self.parts.behind_stub(function)?;
                let found = self.canonical.iter().position(|known| *known == function);
                found.map(|number| self.called.len() + number)
            }
        };
        Ok(u32::try_from(
            found.context("a function is used before it exists")?,
        )?)
    }

    /// Returns the new number of a function.
    fn late(&self, function: u32) -> Result<u32> {
        let name = self.name(function)?;
        match self.exported.iter().position(|exported| Some(*exported) == name) {
            Some(number) => Ok(u32::try_from(self.called.len() + self.canonical.len() + number)?),
            None => self.early(function),
        }
    }

    /// Writes a function that the component lowers, or one for resources, streams, futures and tasks.
    fn canonical(&self, function: &CoreFunction<'_>, functions: &mut CanonicalFunctionSection) -> Result<()> {
        let CoreFunction::Canonical(function) = function else {
            bail!("another function")
        };
        renumber::write(function, functions, &|function| self.early(function))
    }

    /// Returns options without the encoding that is the default.
    fn options(&self, options: &[wasmparser::CanonicalOption]) -> Result<Vec<CanonicalOption>> {
        let mut list = Vec::new();
        for option in options {
            list.push(match option {
                wasmparser::CanonicalOption::UTF8 => continue,
                wasmparser::CanonicalOption::Memory(_) => CanonicalOption::Memory(0),
                wasmparser::CanonicalOption::Realloc(function) => {
                    CanonicalOption::Realloc(self.late(*function)?)
                }
                wasmparser::CanonicalOption::PostReturn(function) => {
                    CanonicalOption::PostReturn(self.late(*function)?)
                }
                wasmparser::CanonicalOption::Async => CanonicalOption::Async,
                wasmparser::CanonicalOption::Callback(function) => {
                    CanonicalOption::Callback(self.late(*function)?)
                }
                other => bail!("a function has an option of another kind: {other:?}"),
            });
        }
        Ok(list)
    }

    /// Writes items in their order. Aliases are added to `aliases`, which are written first.
    fn write_items(
        &self,
        items: &[Item<'c>],
        aliases: ComponentAliasSection,
        output: &mut Vec<u8>,
    ) -> Result<()> {
        let mut aliases = aliases;
        for item in items {
            if let Item::Alias(alias) = item {
                aliases.alias(component_alias(alias));
                continue;
            }
            flush(&mut aliases, output);
            match item {
                Item::Alias(_) => {}
                Item::Section(id, data) => section(output, *id, data),
                Item::Resource(end) => {
                    let mut types = ComponentTypeSection::new();
                    types.resource(ValType::I32, Some(self.early(*end)?));
                    types.append_to_component(output);
                }
                Item::Lift(function) => {
                    let CanonicalFunction::Lift {
                        core_func_index,
                        type_index,
                        options,
                    } = function
                    else {
                        bail!("another function")
                    };
                    let mut functions = CanonicalFunctionSection::new();
                    functions.lift(self.late(*core_func_index)?, *type_index, self.options(options)?);
                    functions.append_to_component(output);
                }
            }
        }
        flush(&mut aliases, output);
        Ok(())
    }
}

fn flush(aliases: &mut ComponentAliasSection, output: &mut Vec<u8>) {
    if !aliases.is_empty() {
        aliases.append_to_component(output);
        *aliases = ComponentAliasSection::new();
    }
}

fn section(output: &mut Vec<u8>, id: u8, data: &[u8]) {
    RawSection { id, data }.append_to(output);
}

/// Returns the function that an option names.
fn function_of(option: &wasmparser::CanonicalOption) -> Option<u32> {
    match option {
        wasmparser::CanonicalOption::Realloc(function)
        | wasmparser::CanonicalOption::PostReturn(function)
        | wasmparser::CanonicalOption::Callback(function) => Some(*function),
        _ => None,
    }
}

fn core_export(instance: u32, kind: ExportKind, name: &str) -> Alias<'_> {
    Alias::CoreInstanceExport { instance, kind, name }
}

fn component_alias<'a>(alias: &ComponentAlias<'a>) -> Alias<'a> {
    match *alias {
        ComponentAlias::InstanceExport {
            kind,
            instance_index,
            name,
        } => Alias::InstanceExport {
            instance: instance_index,
            kind: match kind {
                ComponentExternalKind::Module => ComponentExportKind::Module,
                ComponentExternalKind::Func => ComponentExportKind::Func,
                ComponentExternalKind::Value => ComponentExportKind::Value,
                ComponentExternalKind::Type => ComponentExportKind::Type,
                ComponentExternalKind::Instance => ComponentExportKind::Instance,
                ComponentExternalKind::Component => ComponentExportKind::Component,
            },
            name,
        },
        ComponentAlias::CoreInstanceExport {
            kind: _,
            instance_index,
            name,
        } => core_export(instance_index, ExportKind::Func, name),
        ComponentAlias::Outer { kind, count, index } => Alias::Outer {
            kind: match kind {
                Outer::CoreModule => ComponentOuterAliasKind::CoreModule,
                Outer::CoreType => ComponentOuterAliasKind::CoreType,
                Outer::Type => ComponentOuterAliasKind::Type,
                Outer::Component => ComponentOuterAliasKind::Component,
            },
            count,
            index,
        },
    }
}
