//! One core module: engine, checks, and the choice between the result and the original.

use anyhow::{Context as _, Result, bail, ensure};

use super::{
    Engine, any_matches,
    finish::finish_module,
    options::{Metric, Options, Task},
    report::{Module, Outcome},
    unavailable::Unavailable,
};
use crate::{
    component::Place,
    custom::{self, Fate},
    deflate,
    features::{self, Features},
    names::{self, Names},
    sections::{self, Custom},
    startup, surface,
};

/// Returns the module to take, with the names of its functions, and the report on it.
///
/// # Errors
/// Fails if the module is damaged.
pub(super) fn shrink(
    module: &[u8],
    place: Place,
    of: usize,
    options: &Options,
    engine: &mut Engine<'_>,
) -> Result<(Vec<u8>, Module)> {
    let (bare, customs) = sections::detach(module)?;
    let needs = features::needs(&bare)?;
    let allowed = needs.union(&options.allow).cloned().collect();
    let original = Original {
        module,
        bare,
        customs,
        place,
    };
    let (taken, outcome) = match original.optimise(&allowed, of, options, engine) {
        Ok(Some(made)) => (made, Outcome::Optimised),
        Ok(None) => (module.to_vec(), Outcome::Unchanged),
        Err(error) if error.is::<Unavailable>() => return Err(error),
        Err(error) => {
            let reason = format!("{error:#}");
            (module.to_vec(), Outcome::Left { reason })
        }
    };
    let report = Module {
        number: place.number,
        offset: place.offset,
        before: module.len(),
        after: finish_module(&taken, place.inside, options)?.len(),
        needs,
        outcome,
    };
    Ok((taken, report))
}

/// Returns `bare` without the count of data segments, if nothing in it wants that. Binaryen always writes it, and a
/// runtime without the feature `bulk_memory` rejects it.
fn without_data_count(bare: Vec<u8>, allowed: &Features) -> Result<Vec<u8>> {
    let fewer = sections::without(&bare, sections::DATA_COUNT)?;
    let enough = fewer.len() < bare.len() && features::accepts(&fewer, allowed).is_ok();
    Ok(if enough { fewer } else { bare })
}

/// The custom section with names.
const NAMES: &str = "name";

/// The original and its parts.
struct Original<'m> {
    module: &'m [u8],
    /// The module without custom sections.
    bare: Vec<u8>,
    customs: Vec<Custom>,
    place: Place,
}

impl Original<'_> {
    /// Returns the engine's result, checked, with the names and the other sections that still fit; `None` if
    /// nothing is gained.
    ///
    /// # Errors
    /// Fails with the reason why the original must stay.
    fn optimise(
        &self,
        allowed: &Features,
        of: usize,
        options: &Options,
        engine: &mut Engine<'_>,
    ) -> Result<Option<Vec<u8>>> {
        let mut names = Names::read(self.module)?;
        if self.place.inside || options.drop_names_of_globals {
            names.globals.clear();
        }
        let numbers: Vec<Custom> = names.numbers().section().into_iter().collect();
        let made = engine(&Task {
            module: &sections::attach(&self.bare, &numbers)?,
            features: allowed,
            number: self.place.number,
            of,
            offset: self.place.offset,
        })?;
        let (bare, _) = sections::detach(&made).context("the engine's result is damaged")?;
        let bare = without_data_count(bare, allowed)?;
        if features::accepts(&bare, allowed).is_err() {
            let needs = features::needs(&bare).context("the engine's result is not valid")?;
            let added: Vec<&str> = needs.difference(allowed).map(String::as_str).collect();
            bail!("it would need `{}`, unlike the original", added.join("`, `"));
        }
        surface::compare(&self.bare, &bare)?;
        startup::compare(&self.bare, &bare)?;

        if bare == self.bare {
            return Ok(None);
        }
        let names = names.follow(names::imported_functions(&self.bare)?, &Names::read(&made)?);
        let mut customs = self.that_fit(options);
        customs.extend(names.section());
        let made = sections::attach(&bare, &customs)?;
        self.choose(made, options)
    }

    /// Returns the custom sections that also fit other functions, without the names.
    fn that_fit(&self, options: &Options) -> Vec<Custom> {
        let fits = |custom: &&Custom| {
            any_matches(&options.keep, &custom.name) || custom::rule_of(&custom.name).fate == Fate::Kept
        };
        let fitting = self.customs.iter().filter(fits);
        fitting.filter(|custom| custom.name != NAMES).cloned().collect()
    }

    /// Returns `made` if it is smaller than the original in the final form of both; `None` if it is as large.
    ///
    /// # Errors
    /// Fails with the reason if it is larger.
    fn choose(&self, made: Vec<u8>, options: &Options) -> Result<Option<Vec<u8>>> {
        let inside = self.place.inside;
        // Hints that no longer fit are no gain.
        let mut customs = self.that_fit(options);
        customs.extend(self.customs.iter().filter(|custom| custom.name == NAMES).cloned());
        let before = finish_module(&sections::attach(&self.bare, &customs)?, inside, options)?;
        let after = finish_module(&made, inside, options)?;
        if after.len() > before.len() {
            bail!("it would grow from {} to {} bytes", before.len(), after.len());
        }
        if options.metric == Metric::Gzip {
            let (before, after) = (deflate::gzip(&before)?.len(), deflate::gzip(&after)?.len());
            ensure!(
                after <= before,
                "it would grow from {before} to {after} bytes in gzip form"
            );
        }
        Ok((after.len() < before.len()).then_some(made))
    }
}
