//! An update of a view: what has changed of it.

use serde_json::{Map, Value};

/// Members that an update holds whole; what is in them and not in the update is gone.
const WHOLE: [&[&str]; 6] =
    [&["context"], &["connectivity"], &["usr"], &["device"], &["privacy"], &["view", "custom_timings"]];
/// A list to which an update adds.
const APPENDED: [&str; 2] = ["_dd", "page_states"];

/// Applies an update. `null` takes a member away; objects are merged; all else is replaced.
pub(super) fn apply(view: &mut Value, update: &Value) {
    let mut path = vec![];
    merge(view, update, &mut path);
}

fn merge<'a>(into: &mut Value, update: &'a Value, path: &mut Vec<&'a str>) {
    let Value::Object(update) = update else {
        into.clone_from(update);
        return;
    };
    if !into.is_object() {
        *into = Value::Object(Map::new());
    }
    let Value::Object(members) = into else { return };
    for (name, value) in update {
        path.push(name);
        match (value, members.get_mut(name)) {
            (Value::Null, _) => {
                members.shift_remove(name);
            }
            (Value::Array(more), Some(Value::Array(items))) if *path == APPENDED => {
                items.extend(more.iter().cloned())
            }
            (Value::Object(_), Some(member)) if !WHOLE.contains(&&path[..]) => merge(member, value, path),
            _ => {
                members.insert(name.clone(), without_nulls(value));
            }
        }
        path.pop();
    }
}

/// What is to be taken away is not there to begin with.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(name, value)| (name.clone(), without_nulls(value))).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rum_85_an_update_changes_what_it_tells_of() {
        let mut view = json!({
            "view": {"action": {"count": 1}, "loading_time": 5, "custom_timings": {"a": 1}, "performance": {"cls": {"score": 0.1}}},
            "context": {"a": 1, "b": 2},
            "_dd": {"document_version": 1, "page_states": [{"state": "active"}]},
            "display": {"viewport": {"width": 1}},
        });
        let update = json!({
            "view": {"action": {"count": 2}, "loading_time": null, "custom_timings": {"b": 2}, "performance": {"lcp": {"timestamp": 7, "x": null}}},
            "context": {"c": 3},
            "_dd": {"document_version": 2, "page_states": [{"state": "hidden"}]},
            "display": {"scroll": {"max_depth": 2}},
        });
        apply(&mut view, &update);
        assert_eq!(
            view,
            json!({
                "view": {
                    "action": {"count": 2}, "custom_timings": {"b": 2},
                    "performance": {"cls": {"score": 0.1}, "lcp": {"timestamp": 7}},
                },
                "context": {"c": 3},
                "_dd": {"document_version": 2, "page_states": [{"state": "active"}, {"state": "hidden"}]},
                "display": {"viewport": {"width": 1}, "scroll": {"max_depth": 2}},
            })
        );
    }
}
