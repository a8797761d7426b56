//! Checks that an artifact has one heap, its own.
//!
//! The C library brings one as soon as anything that is linked calls `malloc`: it takes 5 KB, and memory that the own
//! heap then lacks.

use anyhow::{Result, ensure};
use wasm_diet::{component, names};

/// The functions of the C library's heap, with the names behind which it hides them.
const FOREIGN: [&str; 15] = [
    "aligned_alloc",
    "calloc",
    "dlcalloc",
    "dlfree",
    "dlmalloc",
    "dlmemalign",
    "dlrealloc",
    "free",
    "internal_memalign",
    "malloc",
    "malloc_usable_size",
    "memalign",
    "posix_memalign",
    "realloc",
    "sbrk",
];

/// Fails if a core module in `named`, an artifact with the names of its functions, defines a function of the C
/// library's heap, or no function has a name.
pub(super) fn check(named: &[u8]) -> Result<()> {
    let mut has_names = false;
    for module in component::modules(named)? {
        let functions = names::defined_functions(&module)?;
        has_names |= !functions.is_empty();
        let foreign = functions
            .into_values()
            .find(|name| FOREIGN.contains(&name.as_str()));
        if let Some(name) = foreign {
            anyhow::bail!(
                "the C library's heap is linked beside its own, by its name `{name}`: `cargo xtask size top` lists the \
                 functions, and a dependency that is new calls `malloc`"
            );
        }
    }
    ensure!(has_names, "its functions have no names, so its heap is unknown");
    Ok(())
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{
        CodeSection, Component, Function, FunctionSection, Module, ModuleSection, NameMap, NameSection,
        TypeSection,
    };

    use super::check;

    fn module(names: &[&str]) -> Module {
        let (mut types, mut functions, mut code) =
            (TypeSection::new(), FunctionSection::new(), CodeSection::new());
        types.ty().function([], []);
        let mut map = NameMap::new();
        for (number, name) in (0..).zip(names) {
            functions.function(0);
            let mut function = Function::new([]);
            function.instructions().end();
            code.function(&function);
            map.append(number, name);
        }
        let mut section = NameSection::new();
        section.functions(&map);
        let mut module = Module::new();
        module.section(&types).section(&functions);
        module.section(&code).section(&section);
        module
    }

    #[test]
    fn accepts_module_with_own_heap() {
        check(&module(&["cabi_realloc", "clawft_free", "main"]).finish()).unwrap();
    }

    #[test]
    fn refuses_heap_of_c_library_in_component() {
        let linked = module(&["main", "dlmalloc"]);
        let mut component = Component::new();
        component.section(&ModuleSection(&linked));
        let error = check(&component.finish()).unwrap_err().to_string();
        assert!(error.contains("by its name `dlmalloc`"), "{error}");
    }

    #[test]
    fn refuses_artifact_without_names() {
        assert!(check(&Module::new().finish()).is_err());
    }
}
