//! Shorter names between the component and the components inside it.
//!
//! `wit-component` makes a component for each interface that is exported. It imports all functions and types, and
//! exports them under the names of the interface, the only ones that anybody outside sees. The names of its imports
//! are in the file twice.

use std::{borrow::Cow, collections::HashMap};

use anyhow::{Context as _, Result, bail};
use wasm_diet::component::section;
use wasm_encoder::{
    Component, ComponentExportKind, ComponentImportSection, ComponentInstanceSection, ComponentSection as _,
    ComponentSectionId, ComponentTypeRef, Encode as _, RawSection, Section as _, TypeBounds,
};
use wasmparser::{
    BinaryReader, ComponentExternalKind, ComponentInstance, ComponentInstanceSectionReader, Parser, Payload,
};

use super::{read::Item, short_name};

/// The new names of the imports of a component.
type Names = HashMap<String, String>;

/// Shortens the names in the components inside, and where they are instantiated.
pub(super) fn shorten(items: &mut [Item<'_>]) -> Result<()> {
    let mut components: Vec<Names> = Vec::new();
    for item in items {
        let Item::Section(id, content) = item else {
            continue;
        };
        if *id == ComponentSectionId::Component as u8 {
            let (renamed, names) = component(content)?;
            components.push(names);
            *content = Cow::Owned(renamed);
        } else if *id == ComponentSectionId::Instance as u8 {
            *content = Cow::Owned(instances(content, &components)?);
        }
    }
    Ok(())
}

/// Returns a component with shorter names of its imports, and the names.
fn component(bytes: &[u8]) -> Result<(Vec<u8>, Names)> {
    let mut names = Names::new();
    let mut output = Component::HEADER.to_vec();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        match &payload {
            Payload::ComponentImportSection(imports) => {
                let mut renamed = ComponentImportSection::new();
                for import in imports.clone() {
                    let import = import?;
                    let name = letters(names.len());
                    renamed.import(name.as_str(), type_of(import.ty)?);
                    names.insert(import.name.name.to_owned(), name);
                }
                renamed.append_to_component(&mut output);
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                bail!("a component inside holds a module or a component")
            }
            other => {
                if let Some((id, range)) = other.as_section() {
                    let data = section(bytes, range)?;
                    RawSection { id, data }.append_to(&mut output);
                }
            }
        }
    }
    Ok((output, names))
}

fn type_of(kind: wasmparser::ComponentTypeRef) -> Result<ComponentTypeRef> {
    Ok(match kind {
        wasmparser::ComponentTypeRef::Func(index) => ComponentTypeRef::Func(index),
        wasmparser::ComponentTypeRef::Type(wasmparser::TypeBounds::Eq(index)) => {
            ComponentTypeRef::Type(TypeBounds::Eq(index))
        }
        wasmparser::ComponentTypeRef::Type(wasmparser::TypeBounds::SubResource) => {
            ComponentTypeRef::Type(TypeBounds::SubResource)
        }
        other => bail!("a component inside imports something of another kind: {other:?}"),
    })
}

/// Returns the content of a section of instances of the components with these names.
fn instances(bytes: &[u8], components: &[Names]) -> Result<Vec<u8>> {
    let mut renamed = ComponentInstanceSection::new();
    for instance in ComponentInstanceSectionReader::new(BinaryReader::new(bytes, 0))? {
        let ComponentInstance::Instantiate {
            component_index,
            args,
        } = instance?
        else {
            bail!("an instance belongs to no component")
        };
        let names = components.get(usize::try_from(component_index)?);
        let names = names.context("an instance of no component inside")?;
        let mut list = Vec::new();
        for argument in &args {
            let name = names.get(argument.name);
            let name = name.with_context(|| format!("nothing imports `{}`", argument.name))?;
            list.push((name.as_str(), kind_of(argument.kind)?, argument.index));
        }
        renamed.instantiate(component_index, list);
    }
    let mut section = Vec::new();
    renamed.encode(&mut section);
    // The encoder writes the length of the content before it.
    let length = BinaryReader::new(&section, 0).read_var_u32()?;
    Ok(section.split_off(section.len() - usize::try_from(length)?))
}

fn kind_of(kind: ComponentExternalKind) -> Result<ComponentExportKind> {
    Ok(match kind {
        ComponentExternalKind::Func => ComponentExportKind::Func,
        ComponentExternalKind::Type => ComponentExportKind::Type,
        other => bail!("a component inside imports something of another kind: {other:?}"),
    })
}

/// Returns the shortest name for a number that is an identifier of the component model.
fn letters(number: usize) -> String {
    let name = short_name(number);
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        return ["x", &name].concat();
    }
    name
}
