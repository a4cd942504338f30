//! Keywords of arrays and objects.

use serde_json::{Map, Value as Json};

use super::{Run, scalars::same};

impl<'s> Run<'s> {
    pub(super) fn array(&mut self, schema: &'s Map<String, Json>, items: &[Json]) {
        self.size(schema, ("maxItems", "minItems"), "items", || items.len());
        if schema.get("uniqueItems") == Some(&Json::Bool(true)) {
            self.unique(items);
        }
        match schema.get("items") {
            Some(Json::Array(each)) => self.tuple(schema, each, items),
            Some(every) => {
                for (index, item) in items.iter().enumerate() {
                    self.below(&["items"], &index.to_string(), every, item);
                }
            }
            None => {}
        }
        if let Some(wanted) = schema.get("contains") {
            let before = self.faults.len();
            let mut found =
                |(index, item): (usize, &Json)| self.below(&["contains"], &index.to_string(), wanted, item);
            if items.iter().enumerate().any(&mut found) {
                self.faults.truncate(before);
            } else {
                let params = vec![("minContains", "1".to_owned())];
                self.fault("contains", "must contain at least 1 valid item(s)".to_owned(), params);
            }
        }
    }

    fn tuple(&mut self, schema: &'s Map<String, Json>, each: &'s [Json], items: &[Json]) {
        if let Some(more) = schema.get("additionalItems") {
            if *more == Json::Bool(false) && items.len() > each.len() {
                let limit = each.len().to_string();
                let message = format!("must NOT have more than {limit} items");
                self.fault("additionalItems", message, vec![("limit", limit)]);
            } else {
                for (index, item) in items.iter().enumerate().skip(each.len()) {
                    self.below(&["additionalItems"], &index.to_string(), more, item);
                }
            }
        }
        for (index, (one, item)) in each.iter().zip(items).enumerate() {
            let index = index.to_string();
            self.below(&["items", &index], &index, one, item);
        }
    }

    fn unique(&mut self, items: &[Json]) {
        let twin = |i: usize| (0..i).rev().find(|j| same(&items[i], &items[*j])).map(|j| (i, j));
        if let Some((i, j)) = (0..items.len()).rev().find_map(twin) {
            let message = format!("must NOT have duplicate items (items ## {j} and {i} are identical)");
            self.fault("uniqueItems", message, vec![("i", i.to_string()), ("j", j.to_string())]);
        }
    }

    pub(super) fn object(&mut self, schema: &'s Map<String, Json>, members: &Map<String, Json>) {
        self.size(schema, ("maxProperties", "minProperties"), "properties", || members.len());
        for name in
            schema.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str)
        {
            if !members.contains_key(name) {
                let params = vec![("missingProperty", name.to_owned())];
                self.fault("required", format!("must have required property '{name}'"), params);
            }
        }
        self.dependencies(schema, members);
        if let Some(names) = schema.get("propertyNames") {
            for name in members.keys() {
                if !self.same_place(&["propertyNames"], names, &Json::String(name.clone())) {
                    let params = vec![("propertyName", name.clone())];
                    self.fault("propertyNames", "property name must be valid".to_owned(), params);
                }
            }
        }
        self.members(schema, members);
    }

    fn dependencies(&mut self, schema: &'s Map<String, Json>, members: &Map<String, Json>) {
        let all = schema.get("dependencies").and_then(Json::as_object);
        let present = || all.into_iter().flatten().filter(|(name, _)| members.contains_key(*name));
        for (name, needed) in present() {
            let Json::Array(needed) = needed else { continue };
            let needed: Vec<&str> = needed.iter().filter_map(Json::as_str).collect();
            let list = needed.join(", ");
            for missing in needed.iter().filter(|needed| !members.contains_key(**needed)) {
                let noun = if needed.len() == 1 { "property" } else { "properties" };
                let message = format!("must have {noun} {list} when property {name} is present");
                let params = vec![
                    ("property", name.clone()),
                    ("missingProperty", (*missing).to_owned()),
                    ("depsCount", needed.len().to_string()),
                    ("deps", list.clone()),
                ];
                self.fault("dependencies", message, params);
            }
        }
        for (name, needed) in present().filter(|(_, needed)| !needed.is_array()) {
            self.same_place(&["dependencies", name], needed, &Json::Object(members.clone()));
        }
    }

    fn members(&mut self, schema: &'s Map<String, Json>, members: &Map<String, Json>) {
        let declared = schema.get("properties").and_then(Json::as_object);
        let patterns = schema.get("patternProperties").and_then(Json::as_object);
        if let Some(more) = schema.get("additionalProperties") {
            for (name, member) in members {
                let known = declared.is_some_and(|declared| declared.contains_key(name))
                    || patterns.is_some_and(|all| all.keys().any(|pattern| self.matches(pattern, name)));
                if known {
                    continue;
                }
                if *more == Json::Bool(false) {
                    let params = vec![("additionalProperty", name.clone())];
                    self.fault(
                        "additionalProperties",
                        "must NOT have additional properties".to_owned(),
                        params,
                    );
                } else {
                    self.below(&["additionalProperties"], name, more, member);
                }
            }
        }
        for (name, one) in declared.into_iter().flatten() {
            if let Some(member) = members.get(name) {
                self.below(&["properties", name], name, one, member);
            }
        }
        for (pattern, one) in patterns.into_iter().flatten() {
            for (name, member) in members {
                if self.matches(pattern, name) {
                    self.below(&["patternProperties", pattern], name, one, member);
                }
            }
        }
    }
}
