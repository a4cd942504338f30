//! Values laid over a config by variables `APP_CONFIG_…`, whatever other variables say.
//!
//! Backstage refuses two variables that say the same, as it does one within another that is no object. So what stands in the
//! way goes: the variable itself, those within it, and the member of an object that a variable around it holds.

use std::ffi::{OsStr, OsString};

use serde_json::Value;

use crate::Environment;

const PREFIX: &str = "APP_CONFIG_";

/// Sets the value at a path. It comes last: a variable that holds an object around it must stand in front.
pub(super) fn set(env: &mut Environment, path: &[&str], value: &str) {
    unset(env, path);
    env.insert(name(path), value.into());
}

/// Removes whatever variables say at a path and below.
pub(super) fn unset(env: &mut Environment, path: &[&str]) {
    let own = name(path);
    let below = format!("{}_", own.display());
    env.retain(|name, _| *name != own && !name.to_string_lossy().starts_with(&below));
    for depth in 1..path.len() {
        let (around, within) = path.split_at(depth);
        let Some(value) = env.get_mut(&name(around)) else { continue };
        if let Some(without) = without(value, within) {
            *value = without;
        }
    }
}

fn name(path: &[&str]) -> OsString {
    format!("{PREFIX}{}", path.join("_")).into()
}

/// The value as JSON without what it holds at a path; `None` if it does not.
fn without(value: &OsStr, path: &[&str]) -> Option<OsString> {
    let mut json: Value = serde_json::from_str(value.to_str()?).ok()?;
    let (last, parents) = path.split_last()?;
    let parent = parents.iter().try_fold(&mut json, |value, key| value.get_mut(*key))?;
    parent.as_object_mut()?.shift_remove(*last)?;
    Some(json.to_string().into())
}
