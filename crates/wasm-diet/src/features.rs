//! The WebAssembly features that a binary needs of a runtime, beyond the first version of WebAssembly.
//!
//! [`needs()`] asks the validator. [`used`] reads them from every operator, and from the sections whose encoding
//! adds to their operators, with the place of the first use; shared and 64-bit memories and exceptions are not
//! distinguished there: [`validate`] rejects them if they are not listed.

mod binaryen;
mod needs;

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use wasmparser::{
    BlockType, CanonicalFunction, CanonicalOption, ConstExpr, DataKind, Element, ElementItems, ElementKind,
    Encoding, ExternalKind, FunctionBody, Operator, Parser, Payload, RefType, TypeRef, ValType, Validator,
    WasmFeatures,
};

pub use self::{
    binaryen::for_binaryen,
    needs::{Features, accepts, every, named, needs},
};

/// A feature, by wasmparser's name for it.
pub type Feature = &'static str;

/// The feature of every component, and of no core module.
pub const COMPONENTS: Feature = "component_model";

/// The feature of components with asynchronous functions, as those of WASI 0.3.
pub const ASYNC: Feature = "cm_async";

const BULK_MEMORY: Feature = "bulk_memory";
const EXTENDED_CONST: Feature = "extended_const";
const MULTI_VALUE: Feature = "multi_value";
const MUTABLE_GLOBAL: Feature = "mutable_global";
const REFERENCE_TYPES: Feature = "reference_types";

/// Returns the features that a core module or a component uses, each with the place of its first use.
///
/// # Errors
/// Fails if the binary is damaged.
pub fn used(binary: &[u8]) -> Result<BTreeMap<Feature, String>> {
    let mut reader = Reader {
        binary,
        used: BTreeMap::new(),
        globals: Vec::new(),
        tables: 0,
        functions: 0,
    };
    for payload in Parser::new(0).parse_all(binary) {
        reader.read(payload?)?;
    }
    Ok(reader.used)
}

/// Compares the features that `binary` uses with a list of them, which has to be exact. Returns the
/// differences, for people.
///
/// # Errors
/// Fails if the binary is damaged.
pub fn differences(binary: &[u8], listed: &[Feature]) -> Result<Vec<String>> {
    let used = used(binary)?;
    let intruders = used.iter().filter(|(name, _)| !listed.contains(name));
    let unused = listed.iter().filter(|name| !used.contains_key(**name));
    Ok(intruders
        .map(|(name, place)| format!("it uses `{name}` ({place}), which is not listed"))
        .chain(unused.map(|name| format!("`{name}` is listed and no longer used")))
        .collect())
}

/// Validates a binary that may use no features but these.
///
/// # Errors
/// Fails if the binary is not valid, or a feature has no such name.
pub fn validate(binary: &[u8], features: &[Feature]) -> Result<()> {
    let known = |name: &&str| {
        WasmFeatures::from_name(&name.to_uppercase())
            .with_context(|| format!("wasmparser knows no feature `{name}`"))
    };
    let allowed = features
        .iter()
        .map(known)
        .try_fold(WasmFeatures::MVP, |all, feature| {
            Ok::<_, anyhow::Error>(all | feature?)
        })?;
    Validator::new_with_features(allowed).validate_all(binary)?;
    Ok(())
}

/// Returns whether a canonical function is an asynchronous one, or serves those.
fn is_async(function: &CanonicalFunction) -> bool {
    match function {
        CanonicalFunction::Lift { options, .. } | CanonicalFunction::Lower { options, .. } => options
            .iter()
            .any(|option| matches!(option, CanonicalOption::Async | CanonicalOption::Callback(_))),
        CanonicalFunction::ResourceNew { .. }
        | CanonicalFunction::ResourceDrop { .. }
        | CanonicalFunction::ResourceRep { .. } => false,
        _ => true,
    }
}

/// The state of reading a binary.
struct Reader<'b> {
    binary: &'b [u8],
    used: BTreeMap<Feature, String>,
    /// For each global of the module, whether it is mutable.
    globals: Vec<bool>,
    /// The number of tables of the module.
    tables: usize,
    /// The number of functions of the module that were read.
    functions: usize,
}

impl Reader<'_> {
    fn uses(&mut self, feature: Feature, place: impl Into<String>) {
        self.used.entry(feature).or_insert_with(|| place.into());
    }

    fn read(&mut self, payload: Payload<'_>) -> Result<()> {
        match payload {
            Payload::Version {
                encoding: Encoding::Component,
                ..
            } => self.uses(COMPONENTS, "the header"),
            Payload::Version { .. } => (self.globals, self.tables, self.functions) = (Vec::new(), 0, 0),
            Payload::TypeSection(types) => {
                for function in types.into_iter_err_on_gc_types() {
                    let function = function?;
                    if function.results().len() > 1 {
                        self.uses(MULTI_VALUE, "the type of a function");
                    }
                    function
                        .params()
                        .iter()
                        .chain(function.results())
                        .for_each(|value| self.value(*value));
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    self.import(import?.ty);
                }
            }
            Payload::TableSection(tables) => {
                for table in tables {
                    self.table(table?.ty.element_type);
                }
            }
            Payload::GlobalSection(globals) => {
                for global in globals {
                    let global = global?;
                    self.value(global.ty.content_type);
                    self.globals.push(global.ty.mutable);
                    self.constant(&global.init_expr)?;
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    let mutable = self
                        .globals
                        .get(export.index as usize)
                        .copied()
                        .unwrap_or_default();
                    if export.kind == ExternalKind::Global && mutable {
                        self.uses(MUTABLE_GLOBAL, format!("the export `{}`", export.name));
                    }
                }
            }
            Payload::ElementSection(elements) => {
                for element in elements {
                    self.element(element?)?;
                }
            }
            Payload::DataCountSection { .. } => self.uses(BULK_MEMORY, "a count of data segments"),
            Payload::DataSection(segments) => {
                for segment in segments {
                    match segment?.kind {
                        DataKind::Passive => self.uses(BULK_MEMORY, "a passive data segment"),
                        DataKind::Active { offset_expr, .. } => self.constant(&offset_expr)?,
                    }
                }
            }
            Payload::CodeSectionEntry(body) => self.function(&body)?,
            Payload::ComponentCanonicalSection(functions) => {
                for function in functions {
                    if is_async(&function?) {
                        self.uses(ASYNC, "a canonical function");
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn import(&mut self, import: TypeRef) {
        match import {
            TypeRef::Global(global) => {
                self.value(global.content_type);
                self.globals.push(global.mutable);
                if global.mutable {
                    self.uses(MUTABLE_GLOBAL, "an import");
                }
            }
            TypeRef::Table(table) => self.table(table.element_type),
            _ => {}
        }
    }

    fn table(&mut self, element: RefType) {
        self.tables += 1;
        if self.tables > 1 || element != RefType::FUNCREF {
            self.uses(REFERENCE_TYPES, "a table");
        }
    }

    fn element(&mut self, element: Element<'_>) -> Result<()> {
        match element.kind {
            ElementKind::Active {
                table_index: None,
                offset_expr,
            } => self.constant(&offset_expr)?,
            // The encoding that names a table, even the first, came with several tables.
            ElementKind::Active { .. } => {
                self.uses(REFERENCE_TYPES, "an element segment that names its table")
            }
            ElementKind::Passive | ElementKind::Declared => {
                self.uses(BULK_MEMORY, "a passive element segment")
            }
        }
        if let ElementItems::Expressions(..) = element.items {
            self.uses(REFERENCE_TYPES, "an element segment of expressions");
        }
        Ok(())
    }

    fn value(&mut self, value: ValType) {
        match value {
            ValType::Ref(_) => self.uses(REFERENCE_TYPES, "a type"),
            ValType::V128 => self.uses("simd", "a type"),
            _ => {}
        }
    }

    fn constant(&mut self, expression: &ConstExpr<'_>) -> Result<()> {
        for operator in expression.get_operators_reader() {
            let operator = operator?;
            let (feature, name) = origin(&operator);
            match operator {
                Operator::I32Const { .. }
                | Operator::I64Const { .. }
                | Operator::F32Const { .. }
                | Operator::F64Const { .. }
                | Operator::GlobalGet { .. }
                | Operator::End => {}
                _ if feature == "mvp" => self.uses(EXTENDED_CONST, format!("`{name}` in a constant")),
                _ => self.uses(feature, format!("`{name}` in a constant")),
            }
        }
        Ok(())
    }

    fn function(&mut self, body: &FunctionBody<'_>) -> Result<()> {
        for local in body.get_locals_reader()? {
            self.value(local?.1);
        }
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            let (operator, start) = operators.read_with_offset()?;
            let bytes = self
                .binary
                .get(usize::try_from(start)?..usize::try_from(operators.original_position())?);
            if let Some((feature, name)) = feature_of(&operator, bytes.context("an operator is nowhere")?) {
                self.uses(feature, format!("`{name}` in function {}", self.functions));
            }
        }
        self.functions += 1;
        Ok(())
    }
}

/// Returns the feature of an operator that is encoded as `bytes`, and its name; `None` for the first
/// version's.
fn feature_of(operator: &Operator<'_>, bytes: &[u8]) -> Option<(Feature, &'static str)> {
    let (feature, name) = origin(operator);
    let feature = match operator {
        Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty }
            if matches!(blockty, BlockType::FuncType(_)) =>
        {
            MULTI_VALUE
        }
        Operator::CallIndirect { table_index: 1.., .. } => REFERENCE_TYPES,
        // Table 0 was a byte before it was a number: where linkers leave room for larger ones, old readers
        // stumble.
        Operator::CallIndirect { .. } if bytes.ends_with(&[0x80, 0]) => "call_indirect_overlong",
        // Runtimes have these two without the rest of the proposal.
        Operator::MemoryCopy { .. } | Operator::MemoryFill { .. } => "bulk_memory_opt",
        _ if feature == "mvp" => return None,
        _ => feature,
    };
    Some((feature, name))
}

/// Defines [`origin`] from wasmparser's list of operators.
macro_rules! origin {
    ($( @$proposal:ident $operator:ident $({ $($argument:ident: $type:ty),* })? => $visit:ident ($($rest:tt)*) )*) => {
        /// Returns the proposal that an operator came with, and its name.
        pub(crate) fn origin(operator: &Operator<'_>) -> (Feature, &'static str) {
            match operator {
                $( Operator::$operator { .. } => (stringify!($proposal), name(stringify!($visit))), )*
                _ => ("unknown", "an operator"),
            }
        }
    };
}

wasmparser::for_each_operator!(origin);

/// Returns the operator of a method of wasmparser's visitors.
fn name(visit: &'static str) -> &'static str {
    visit.trim_start_matches("visit_")
}

#[cfg(test)]
mod tests;
