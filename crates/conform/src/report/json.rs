//! The report for programs.

use serde_json::{Value, json};

use super::{Report, Verdict};
use crate::area::Area;

impl Report {
    /// For programs: one JSON document.
    pub fn json(&self) -> String {
        let areas: Vec<Value> = self
            .areas()
            .map(|(area, count)| {
                json!({
                    "area": area.name(),
                    "same": count.same,
                    "differs": count.differs,
                    "known": count.known,
                    "notComparable": count.not_comparable,
                })
            })
            .collect();
        let checked: Vec<Value> = self
            .checked
            .iter()
            .map(|checked| {
                let subject = &checked.subject;
                let (verdict, why, differences) = match &checked.verdict {
                    Verdict::Same => ("same", None, vec![]),
                    Verdict::NotComparable(why) => ("notComparable", Some(why), vec![]),
                    Verdict::Differs(all) => {
                        let verdict = if checked.is_known() { "known" } else { "differs" };
                        let told = all.iter().map(|(difference, known)| {
                            json!({
                                "what": difference.what,
                                "a": difference.a,
                                "b": difference.b,
                                "known": known.map(|index| &self.known.0[index].why),
                            })
                        });
                        (verdict, None, told.collect())
                    }
                };
                json!({
                    "area": subject.area.name(),
                    "name": subject.name,
                    "request": subject.request,
                    "curl": subject.curl,
                    "verdict": verdict,
                    "why": why,
                    "differences": differences,
                    "normalised": checked.applied,
                })
            })
            .collect();
        let unused: Vec<Value> = self
            .unused()
            .into_iter()
            .map(|index| {
                let known = &self.known.0[index];
                let area = known.area.map(Area::name);
                json!({"area": area, "request": known.request, "what": known.what, "why": known.why})
            })
            .collect();
        let origin = |side: usize| self.origins.as_ref().map(|origins| origins[side].to_string());
        let report = json!({
            "same": self.is_same(),
            "a": origin(0),
            "b": origin(1),
            "areas": areas,
            "checked": checked,
            "unusedKnown": unused,
            "notMade": self.left_out.as_ref().map(|(why, count)| json!({"requests": count, "why": why})),
        });
        format!("{report:#}")
    }
}
