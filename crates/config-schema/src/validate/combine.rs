//! Keywords that combine schemas.

use serde_json::{Map, Value as Json};

use super::Run;

impl<'s> Run<'s> {
    pub(super) fn combined(&mut self, schema: &'s Map<String, Json>, value: &Json) {
        if let Some(not) = schema.get("not") {
            let before = self.faults.len();
            let good = self.same_place(&["not"], not, value);
            self.faults.truncate(before);
            if good {
                self.fault("not", "must NOT be valid".to_owned(), vec![]);
            }
        }
        let branches = |key: &str| schema.get(key).and_then(Json::as_array);
        if let Some(branches) = branches("anyOf") {
            let before = self.faults.len();
            // The branches after the first good one are not looked at, and what they declare does not count.
            if self.branches("anyOf", branches, value).next_good(0).is_some() {
                self.faults.truncate(before);
            } else {
                self.fault("anyOf", "must match a schema in anyOf".to_owned(), vec![]);
            }
        }
        if let Some(branches) = branches("oneOf") {
            let before = self.faults.len();
            let mut walk = self.branches("oneOf", branches, value);
            let first = walk.next_good(0);
            let second = first.and_then(|first| walk.next_good(first + 1));
            match (first, second) {
                (Some(_), None) => self.faults.truncate(before),
                (None, _) => self.not_one("null".to_owned()),
                (Some(first), Some(second)) => {
                    self.faults.truncate(before);
                    self.not_one(format!("{first},{second}"));
                }
            }
        }
        if let Some(all) = branches("allOf") {
            for (index, branch) in all.iter().enumerate() {
                self.same_place(&["allOf", &index.to_string()], branch, value);
            }
        }
        self.condition(schema, value);
    }

    fn not_one(&mut self, passing: String) {
        let message = "must match exactly one schema in oneOf".to_owned();
        self.fault("oneOf", message, vec![("passingSchemas", passing)]);
    }

    fn condition(&mut self, schema: &'s Map<String, Json>, value: &Json) {
        let Some(condition) = schema.get("if") else { return };
        let before = self.faults.len();
        let holds = self.same_place(&["if"], condition, value);
        self.faults.truncate(before);
        let key = if holds { "then" } else { "else" };
        if let Some(then) = schema.get(key)
            && !self.same_place(&[key], then, value)
        {
            let params = vec![("failingKeyword", key.to_owned())];
            self.fault("if", format!("must match \"{key}\" schema"), params);
        }
    }

    fn branches<'r>(
        &'r mut self,
        keyword: &'static str,
        branches: &'s [Json],
        value: &'r Json,
    ) -> Branches<'r, 's> {
        Branches { run: self, keyword, branches, value }
    }
}

struct Branches<'r, 's> {
    run: &'r mut Run<'s>,
    keyword: &'static str,
    branches: &'s [Json],
    value: &'r Json,
}

impl Branches<'_, '_> {
    /// The next branch that the value matches, from this one on.
    fn next_good(&mut self, from: usize) -> Option<usize> {
        let all = self.branches;
        let good = |index: &usize| {
            let schema: &Json = &all[*index];
            self.run.same_place(&[self.keyword, &index.to_string()], schema, self.value)
        };
        (from..all.len()).find(good)
    }
}
