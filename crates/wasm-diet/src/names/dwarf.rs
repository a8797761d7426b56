//! Names of functions from debug information (DWARF), where a module has no section with names.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context as _, Result};
use gimli::{
    AttributeValue, DW_AT_abstract_origin, DW_AT_linkage_name, DW_AT_low_pc, DW_AT_name, DW_AT_specification,
    DW_TAG_subprogram, DebuggingInformationEntry, Dwarf, EndianSlice, LittleEndian, Unit,
};
use wasmparser::{Parser, Payload};

type Slice<'m> = EndianSlice<'m, LittleEndian>;

/// Returns the names of the functions that a core module defines, by their position. Debug information that is damaged
/// names none, or fewer.
///
/// # Errors
/// Fails if the module is damaged.
pub(super) fn functions(module: &[u8]) -> Result<BTreeMap<u32, String>> {
    let mut sections: HashMap<String, &[u8]> = HashMap::new();
    let mut code = 0;
    let mut ends = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::CodeSectionStart {
                unchecked_range: range,
                ..
            } => code = range.start,
            Payload::CodeSectionEntry(body) => ends.push(body.range().end),
            Payload::CustomSection(custom) if custom.name().starts_with(".debug_") => {
                sections.insert(custom.name().to_owned(), custom.data());
            }
            _ => {}
        }
    }
    if !sections.contains_key(".debug_info") {
        return Ok(BTreeMap::new());
    }
    // Addresses count from the first byte of the code section.
    let ends: Vec<u64> = ends.iter().map(|end| end.saturating_sub(code)).collect();
    let mut named = BTreeMap::new();
    for (address, name) in subprograms(&sections).unwrap_or_default() {
        let position = ends.partition_point(|end| *end <= address);
        if position < ends.len() {
            named
                .entry(u32::try_from(position).context("too many functions")?)
                .or_insert(name);
        }
    }
    Ok(named)
}

/// The entry of a function.
struct Subprogram {
    address: Option<u64>,
    name: Option<String>,
    /// The position of the entry with the name, where it is another.
    origin: Option<usize>,
}

/// Returns the address and the name of each function that has both.
fn subprograms(sections: &HashMap<String, &[u8]>) -> gimli::Result<Vec<(u64, String)>> {
    let dwarf = Dwarf::load(|id| {
        let bytes = sections.get(id.name()).copied().unwrap_or_default();
        Ok::<_, gimli::Error>(EndianSlice::new(bytes, LittleEndian))
    })?;
    let mut found: HashMap<usize, Subprogram> = HashMap::new();
    let mut headers = dwarf.units();
    while let Ok(Some(header)) = headers.next() {
        // A damaged unit does not hide the others.
        let Ok(unit) = dwarf.unit(header) else { continue };
        let mut entries = unit.entries();
        while let Ok(Some(entry)) = entries.next_dfs() {
            if entry.tag() == DW_TAG_subprogram
                && let Some(place) = entry.offset().to_debug_info_offset(&unit.header)
            {
                found.insert(place.0, read(&dwarf, &unit, entry));
            }
        }
    }
    let named = found.values().filter_map(|subprogram| {
        // A linker that drops a function leaves such an address behind.
        let address = subprogram
            .address
            .filter(|address| !matches!(*address, 0 | 0xffff_ffff | u64::MAX))?;
        Some((address, name_of(&found, subprogram)?))
    });
    let mut named: Vec<(u64, String)> = named.collect();
    named.sort();
    Ok(named)
}

fn read<'m>(
    dwarf: &Dwarf<Slice<'m>>,
    unit: &Unit<Slice<'m>>,
    entry: &DebuggingInformationEntry<Slice<'m>>,
) -> Subprogram {
    let text = |attribute| {
        let value = dwarf.attr_string(unit, entry.attr_value(attribute)?).ok()?;
        Some(value.to_string_lossy().into_owned())
    };
    let address = entry.attr_value(DW_AT_low_pc);
    let origin = entry.attr_value(DW_AT_abstract_origin);
    let origin = match origin.or_else(|| entry.attr_value(DW_AT_specification)) {
        Some(AttributeValue::UnitRef(offset)) => offset.to_debug_info_offset(&unit.header),
        Some(AttributeValue::DebugInfoRef(offset)) => Some(offset),
        _ => None,
    };
    Subprogram {
        address: address.and_then(|value| dwarf.attr_address(unit, value).ok().flatten()),
        name: text(DW_AT_linkage_name).or_else(|| text(DW_AT_name)),
        origin: origin.map(|offset| offset.0),
    }
}

/// Returns the name of a function, which may be in the entry that it refers to, or in the one behind that.
fn name_of(found: &HashMap<usize, Subprogram>, subprogram: &Subprogram) -> Option<String> {
    let mut subprogram = subprogram;
    for _ in 0..3 {
        if let Some(name) = &subprogram.name {
            return Some(name.clone());
        }
        subprogram = found.get(&subprogram.origin?)?;
    }
    None
}
