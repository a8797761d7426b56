//! The parts of a component that `wit-component` made.

use std::{borrow::Cow, collections::HashMap};

use anyhow::{Context as _, Result, bail};
use wasm_diet::component::section;
use wasmparser::{
    CanonicalFunction, ComponentAlias, ComponentType, Encoding, ExternalKind, Instance, Parser, Payload,
};

/// A component, taken apart.
#[derive(Default)]
pub(super) struct Parts<'c> {
    /// The core modules.
    pub(super) modules: Vec<&'c [u8]>,
    pub(super) instances: Vec<CoreInstance<'c>>,
    /// The core functions.
    pub(super) functions: Vec<CoreFunction<'c>>,
    /// The core memories: number of the instance, and name.
    pub(super) memories: Vec<(u32, &'c str)>,
    /// Everything else in its order.
    pub(super) items: Vec<Item<'c>>,
}

/// A core instance.
pub(super) enum CoreInstance<'c> {
    /// Of a module, with the numbers of the instances that it imports from by name.
    Module(u32, HashMap<&'c str, u32>),
    /// A list of core functions by name.
    Functions(HashMap<&'c str, u32>),
}

/// A core function.
pub(super) enum CoreFunction<'c> {
    /// An export of a core instance.
    Export(u32, &'c str),
    /// A function of the host, or one that handles a resource, a stream, a future or a task.
    Canonical(CanonicalFunction),
}

/// A part of a component that does not define anything in a core module.
pub(super) enum Item<'c> {
    /// A section that is copied: id and content.
    Section(u8, Cow<'c, [u8]>),
    Alias(ComponentAlias<'c>),
    /// A resource of the component with the core function that ends one.
    Resource(u32),
    /// A lifted function.
    Lift(CanonicalFunction),
}

/// Takes a component apart.
pub(super) fn read(component: &[u8]) -> Result<Parts<'_>> {
    let mut parts = Parts::default();
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload?;
        match &payload {
            Payload::Version { encoding, .. } => {
                anyhow::ensure!(
                    depth > 0 || *encoding == Encoding::Component,
                    "it is not a component"
                );
                depth += 1;
                continue;
            }
            Payload::End(_) => {
                depth -= 1;
                continue;
            }
            // The sections of nested modules and components follow, which belong to these.
            _ if depth > 1 => continue,
            Payload::ModuleSection { unchecked_range, .. } => {
                parts.modules.push(section(component, unchecked_range.clone())?);
                continue;
            }
            Payload::ComponentSection { unchecked_range, .. } => {
                let nested = section(component, unchecked_range.clone())?;
                parts.items.push(Item::Section(
                    wasm_encoder::ComponentSectionId::Component as u8,
                    nested.into(),
                ));
                continue;
            }
            _ => {}
        }
        if parts.core(&payload)? {
            continue;
        }
        if let Some((id, range)) = payload.as_section() {
            parts
                .items
                .push(Item::Section(id, section(component, range)?.into()));
        }
    }
    Ok(parts)
}

impl<'c> Parts<'c> {
    /// Reads a section that core modules take part in. Returns false for any other one.
    fn core(&mut self, payload: &Payload<'c>) -> Result<bool> {
        match payload {
            Payload::InstanceSection(instances) => {
                for instance in instances.clone() {
                    self.instance(instance?)?;
                }
            }
            Payload::ComponentAliasSection(aliases) => {
                for alias in aliases.clone() {
                    self.alias(alias?)?;
                }
            }
            Payload::ComponentCanonicalSection(functions) => {
                for function in functions.clone() {
                    self.canonical(function?);
                }
            }
            Payload::ComponentTypeSection(types) => {
                let types = types.clone().into_iter().collect::<Result<Vec<_>, _>>()?;
                let ends = |kind: &ComponentType<'_>| match kind {
                    ComponentType::Resource { dtor, .. } => *dtor,
                    _ => None,
                };
                match types.as_slice() {
                    [one] if ends(one).is_some() => self.items.extend(ends(one).map(Item::Resource)),
                    all if all.iter().any(|kind| ends(kind).is_some()) => {
                        bail!("a section with several types defines a resource")
                    }
                    _ => return Ok(false),
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn instance(&mut self, instance: Instance<'c>) -> Result<()> {
        self.instances.push(match instance {
            Instance::Instantiate { module_index, args } => {
                let arguments = args.iter().map(|argument| (argument.name, argument.index));
                CoreInstance::Module(module_index, arguments.collect())
            }
            Instance::FromExports(exports) => {
                let functions = exports.iter().filter(|export| export.kind == ExternalKind::Func);
                CoreInstance::Functions(functions.map(|export| (export.name, export.index)).collect())
            }
        });
        Ok(())
    }

    fn alias(&mut self, alias: ComponentAlias<'c>) -> Result<()> {
        match alias {
            ComponentAlias::CoreInstanceExport {
                kind,
                instance_index,
                name,
            } => match kind {
                ExternalKind::Func => self.functions.push(CoreFunction::Export(instance_index, name)),
                ExternalKind::Memory => self.memories.push((instance_index, name)),
                // The table that the stubs call through.
                ExternalKind::Table => {}
                _ => bail!("the export `{name}` of a core module is of another kind"),
            },
            other => self.items.push(Item::Alias(other)),
        }
        Ok(())
    }

    fn canonical(&mut self, function: CanonicalFunction) {
        match function {
            CanonicalFunction::Lift { .. } => self.items.push(Item::Lift(function)),
            _ => self.functions.push(CoreFunction::Canonical(function)),
        }
    }

    /// Returns the number of the instance that defines the memory: the program's.
    pub(super) fn program(&self) -> Result<u32> {
        match self.memories.as_slice() {
            [(instance, _)] => Ok(*instance),
            _ => bail!("it has not exactly one memory"),
        }
    }

    /// Returns the functions of the instance of a module that imports from this instance by an empty name: what
    /// the stubs call.
    pub(super) fn stubs(&self) -> Result<&HashMap<&'c str, u32>> {
        let connected = self.instances.last().context("it has no core instance")?;
        let CoreInstance::Module(_, arguments) = connected else {
            bail!("the last core instance is not one of a module")
        };
        let functions = arguments.get("").and_then(|index| self.instance_at(*index));
        match functions {
            Some(CoreInstance::Functions(functions)) => Ok(functions),
            _ => bail!("nothing connects the stubs"),
        }
    }

    pub(super) fn instance_at(&self, index: u32) -> Option<&CoreInstance<'c>> {
        self.instances.get(usize::try_from(index).ok()?)
    }

    /// Returns the number of a core function that is not a stub: `index` itself, or the function that it calls.
    pub(super) fn behind_stub(&self, index: u32) -> Result<u32> {
        let function = self.function_at(index)?;
        match function {
            CoreFunction::Export(instance, name) if *instance != self.program()? => {
                let called = self.stubs()?.get(name);
                called
                    .copied()
                    .with_context(|| format!("the stub `{name}` calls nothing"))
            }
            _ => Ok(index),
        }
    }

    pub(super) fn function_at(&self, index: u32) -> Result<&CoreFunction<'c>> {
        let found = usize::try_from(index)
            .ok()
            .and_then(|index| self.functions.get(index));
        found.context("it has no such core function")
    }
}
