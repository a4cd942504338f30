//! Whether the sources of the front end can be read by everybody.

use crate::{
    finding::Finding,
    seen::{Seen, listed, many, said},
};

const ID: &str = "source-maps";

pub(super) fn check(seen: &Seen) -> Vec<Finding> {
    if seen.maps.iter().all(|map| map.asked.reply().is_none()) {
        return vec![Finding::unknown(
            ID,
            "Whether source maps are public cannot be known: no script of the page was found on this origin",
        )];
    }
    let public: Vec<_> =
        seen.maps.iter().filter(|map| map.asked.with(200).is_some_and(|reply| !reply.is_html())).collect();
    if public.is_empty() {
        let names = listed(seen.maps.iter().map(|map| &map.path), 3);
        return vec![Finding::ok(ID, format!("The source maps are not public ({names})"))];
    }
    let with_text = |map: &&&crate::seen::Map| map.content.as_ref().is_some_and(|content| content.has_text);
    let own: Vec<_> = public
        .iter()
        .filter(with_text)
        .flat_map(|map| map.content.iter().flat_map(|content| &content.own).map(|own| (&map.path, own)))
        .collect();
    let mut unfamiliar: Vec<&str> = public
        .iter()
        .filter(with_text)
        .flat_map(|map| map.content.iter().flat_map(|content| content.unfamiliar.iter().map(|name| &**name)))
        .collect();
    unfamiliar.sort_unstable();
    unfamiliar.dedup();
    let change = "Leave the maps out of the image, after whoever needs them for error reports has got them:\n\
                  find packages/app/dist -name '*.map' -delete";
    let why = "Names of internal services, comments and unreleased features stand in there; each lazy chunk has such a map, too";
    let Some((map, (_, (example, _)))) = own.first() else {
        let url = seen.url(&public[0].path);
        let packages = match &*unfamiliar {
            [] => "what was read of them holds no sources of your own".to_owned(),
            names => format!("they hold sources of {}, which may be yours", listed(names, 5)),
        };
        return vec![
            Finding::warn(ID, format!("Source maps are public, such as {}; {packages}", said(&url)))
                .why(why)
                .change(change),
        ];
    };
    let files: usize = own.iter().map(|(_, (_, (_, count)))| count).sum();
    let packages = listed(own.iter().map(|(_, (package, _))| package), 8);
    let more = match &*unfamiliar {
        [] => String::new(),
        names => format!("; also of {}, which may be yours", listed(names, 5)),
    };
    vec![
        Finding::fail(
            ID,
            format!(
                "Your own TypeScript is public: {} holds the text of {} of {packages}, such as {}{more}",
                said(&seen.url(map)),
                many(files, "file"),
                said(example)
            ),
        )
        .why(why)
        .change(change),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        checks::tests::{healthy, json, only_ok, only_problem, reply},
        finding::Severity,
        source_map::SourceMap,
    };

    #[test]
    fn sources_of_the_portal_in_a_public_map_are_told_by_package() {
        let mut seen = healthy();
        only_ok(check(&seen), ID);
        let map = br#"{"sources":["webpack://app/../../plugins/payroll/src/api.ts"],"sourcesContent":["x"]}"#;
        (seen.maps[0].asked, seen.maps[0].content) = (json(200, ""), SourceMap::parse(map));
        let told = only_problem(check(&seen), ID);
        assert_eq!(told.severity, Some(Severity::Fail));
        assert!(told.observed.contains("/static/main.1.js.map holds the text of 1 file of plugins/payroll, such as plugins/payroll/src/api.ts"), "{told:?}");
    }

    #[test]
    fn a_map_of_others_sources_is_a_smaller_matter_and_the_page_is_no_map() {
        let mut seen = healthy();
        let map = br#"{"sources":["webpack://app/../../node_modules/@acme/x/a.js"],"sourcesContent":["x"]}"#;
        (seen.maps[0].asked, seen.maps[0].content) = (json(200, ""), SourceMap::parse(map));
        let told = only_problem(check(&seen), ID);
        assert!(
            told.severity == Some(Severity::Warn) && told.observed.contains("@acme/x, which may be yours"),
            "{told:?}"
        );
        seen.maps[0].asked = reply(200, &[("content-type", "text/html")], "");
        only_ok(check(&seen), ID);
    }
}
