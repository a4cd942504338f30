//! All schemas of one config: those of this program, the built-in tables, and what is found beside it.

use std::{any::Any, path::Path, sync::Arc};

use greenroom_config::RootConfig;

use crate::{ConfigSchema, Found, Result, Schema, find, well_formed};

impl ConfigSchema {
    /// All that is declared of a config: the built-in tables, `own` schemas, and those of built apps and installed
    /// packages in the directory of the config.
    ///
    /// What was found and cannot be used is left out and told in [`notes`](Self::notes): it never fails a start.
    ///
    /// # Errors
    /// As [`new`](Self::new), for the `own` ones.
    pub fn discover(config: &RootConfig, own: impl IntoIterator<Item = Schema>) -> Result<Self> {
        let file = config.file();
        let Found { schemas, mut notes } =
            file.as_deref().and_then(Path::parent).map(find::find).unwrap_or_default();
        let (well_formed, malformed): (Vec<_>, Vec<_>) = schemas
            .into_iter()
            .map(|schema| (well_formed::check(&schema.value, &schema.path), schema))
            .partition(|(checked, _)| checked.is_ok());
        notes.extend(malformed.into_iter().filter_map(|(checked, _)| Some(checked.err()?.to_string())));
        let found = well_formed.into_iter().map(|(_, schema)| schema).collect();
        Self::of(own.into_iter().collect(), found, notes)
    }

    fn of(own: Vec<Schema>, found: Vec<Schema>, mut notes: Vec<String>) -> Result<Self> {
        let ours = || own.iter().cloned().chain([Schema::built_in()]);
        let mut schema = match Self::new(ours().chain(found.iter().cloned())) {
            Ok(schema) => schema,
            Err(error) => {
                notes.push(format!("the schemas of packages are not used: {error}"));
                Self::new(ours())?
            }
        };
        schema.notes = notes;
        schema.parts = Some((own, found));
        Ok(schema)
    }

    /// Makes it hold in a config that nothing was declared of, or no more than by this function before. Whether it did.
    ///
    /// # Errors
    /// As [`discover`](Self::discover). What was declared before stays.
    pub fn declare(config: &RootConfig, own: Vec<Schema>) -> Result<bool> {
        let before = Self::declared(config);
        let schema = match before.as_deref().map(|before| (&before.notes, &before.parts)) {
            None if config.declarations().is_none() => Self::discover(config, own)?,
            Some((notes, Some((all, found)))) if own.iter().any(|schema| !all.contains(schema)) => {
                let new = own.into_iter().filter(|schema| !all.contains(schema));
                Self::of(all.iter().cloned().chain(new).collect(), found.clone(), notes.clone())?
            }
            _ => return Ok(false),
        };
        config.declare(Arc::new(schema));
        Ok(true)
    }

    /// Whether this schema is one of those that it is made of.
    pub fn holds(&self, schema: &Schema) -> bool {
        self.parts.as_ref().is_some_and(|(own, _)| own.contains(schema))
    }

    /// What was declared of a config, if it was a schema.
    pub fn declared(config: &RootConfig) -> Option<Arc<Self>> {
        let declared: Arc<dyn Any + Send + Sync> = config.declarations()?;
        declared.downcast().ok()
    }
}
