//! An update of a view: what has changed of it.

use serde_json::{Map, Value};

use super::cut::{MOST, mark};

/// Members that an update holds whole; what is in them and not in the update is gone.
const WHOLE: [&[&str]; 6] =
    [&["context"], &["connectivity"], &["usr"], &["device"], &["privacy"], &["view", "custom_timings"]];
/// A list to which an update adds.
const APPENDED: [&str; 2] = ["_dd", "page_states"];

/// Applies an update. `null` takes a member away; objects are merged; all else is replaced. What would be too much is left out.
pub(super) fn apply(view: &mut Value, update: &Value) {
    let mut path = vec![];
    if merge(view, update, &mut path) {
        mark(view);
    }
}

/// Whether something was left out. It takes as many steps as there is in the update, however much there is in the view.
fn merge<'a>(into: &mut Value, update: &'a Value, path: &mut Vec<&'a str>) -> bool {
    let Value::Object(update) = update else {
        into.clone_from(update);
        return false;
    };
    if !into.is_object() {
        *into = Value::Object(Map::new());
    }
    let Value::Object(members) = into else { return false };
    let mut is_cut = false;
    for (name, value) in update {
        path.push(name);
        match (value, members.get_mut(name)) {
            (Value::Null, _) => {
                // The last one takes its place: else all behind it would have to move, for each that goes.
                members.swap_remove(name);
            }
            (Value::Array(more), Some(Value::Array(items))) if *path == APPENDED => {
                let room = MOST.saturating_sub(items.len());
                is_cut |= more.len() > room;
                items.extend(more.iter().take(room).cloned());
            }
            (Value::Object(_), Some(member)) if !WHOLE.contains(&&path[..]) => {
                is_cut |= merge(member, value, path);
            }
            (_, known) => {
                let is_known = known.is_some();
                if is_known || members.len() < MOST {
                    members.insert(name.clone(), without_nulls(value));
                } else {
                    is_cut = true;
                }
            }
        }
        path.pop();
    }
    is_cut
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

    fn numbered(count: usize, value: &Value) -> Value {
        Value::Object((0..count).map(|number| (format!("m{number}"), value.clone())).collect())
    }

    #[test]
    fn rum_85_what_an_update_takes_away_moves_one_other_member_however_many_there_are() {
        for count in [100, 200, 400] {
            let mut view = numbered(count, &json!(1));
            let names = |view: &Value| view.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
            let before = names(&view);
            apply(&mut view, &json!({"m0": null}));
            let after = names(&view);
            assert_eq!(after.len(), count - 1);
            let moved = after.iter().zip(&before).filter(|(after, before)| after != before).count();
            assert_eq!(moved, 1, "{count}");
        }
    }

    #[test]
    fn rum_85_an_update_adds_no_more_than_there_may_be_and_that_is_marked() {
        let mut view = json!({"view": numbered(MOST - 1, &json!(1)), "_dd": {"page_states": [1]}});
        apply(&mut view, &json!({"view": {"m0": 2, "new": 3}}));
        assert_eq!(view["is_cut"], Value::Null);
        apply(&mut view, &json!({"view": {"m0": 3, "more": 4}, "_dd": {"page_states": vec![2; MOST]}}));
        assert_eq!((&view["view"]["m0"], &view["view"]["new"]), (&json!(3), &json!(3)));
        assert_eq!((&view["view"]["more"], &view["is_cut"]), (&Value::Null, &json!(true)));
        assert_eq!(view["_dd"]["page_states"].as_array().unwrap().len(), MOST);
    }
}
