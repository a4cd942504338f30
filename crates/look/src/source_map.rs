//! Which sources a script's map holds, by package.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// What a map gives away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SourceMap {
    /// Whether it holds the text of its sources, not only their names.
    pub(crate) has_text: bool,
    /// Sources of the portal itself, by the package or directory that they are of, with one path of each and how many there are.
    pub(crate) own: BTreeMap<String, (String, usize)>,
    /// Packages from a registry whose scope is none that is known to be public, by name.
    pub(crate) unfamiliar: BTreeSet<String>,
}

/// No portal is made of more packages: of a map that names more, the first ones are kept.
const MOST: usize = 1000;

#[derive(Deserialize)]
struct Content {
    #[serde(default)]
    sources: Vec<Option<String>>,
    #[serde(default, rename = "sourcesContent")]
    texts: Vec<Option<String>>,
}

/// Scopes of packages in public registries which portals often have. Packages without a scope are taken for public ones.
const PUBLIC: &[&str] = &[
    "@apidevtools",
    "@asyncapi",
    "@babel",
    "@backstage",
    "@backstage-community",
    "@codemirror",
    "@date-io",
    "@datadog",
    "@emotion",
    "@floating-ui",
    "@formatjs",
    "@grafana",
    "@internationalized",
    "@janus-idp",
    "@jsdevtools",
    "@juggle",
    "@kubernetes",
    "@kubernetes-models",
    "@lezer",
    "@material-table",
    "@material-ui",
    "@microsoft",
    "@mui",
    "@n1ru4l",
    "@oclif",
    "@octokit",
    "@opentelemetry",
    "@popperjs",
    "@protobufjs",
    "@react-aria",
    "@react-hookz",
    "@react-stately",
    "@red-hat-developer-hub",
    "@remirror",
    "@remix-run",
    "@rjsf",
    "@roadiehq",
    "@segment",
    "@sentry",
    "@sindresorhus",
    "@smithy",
    "@aws-sdk",
    "@spotify",
    "@stoplight",
    "@swagger-api",
    "@swc",
    "@tanstack",
    "@types",
    "@typespec",
    "@uiw",
    "@xstate",
    "@xterm",
    "@azure",
    "@google-cloud",
    "@gitbeaker",
    "@graphiql",
    "@hello-pangea",
    "@iconify",
    "@jridgewell",
    "@mapbox",
    "@motionone",
    "@nivo",
    "@noble",
    "@patternfly",
    "@radix-ui",
    "@reduxjs",
    "@remixicon",
    "@tabler",
    "@testing-library",
    "@visx",
    "@vscode",
    "@webassemblyjs",
    "@xyflow",
    "@yarnpkg",
    "@dagrejs",
    "@jsep-plugin",
    "@open-draft",
    "@module-federation",
    "@rspack",
    "@zod",
    "@standard-schema",
];

impl SourceMap {
    /// Of the text of a map; `None` where it is none.
    pub(crate) fn parse(json: &[u8]) -> Option<Self> {
        let content: Content = serde_json::from_slice(json).ok()?;
        if content.sources.is_empty() {
            return None;
        }
        let has_text = content.texts.iter().flatten().any(|text| !text.is_empty());
        let mut told = Self { has_text, ..Self::default() };
        for source in content.sources.iter().flatten() {
            match Origin::of(source) {
                Some(Origin::Own { package, path })
                    if told.own.len() < MOST || told.own.contains_key(&package) =>
                {
                    told.own.entry(package).or_insert((path, 0)).1 += 1;
                }
                Some(Origin::Registry(package)) if told.unfamiliar.len() < MOST => {
                    let scope = package.split('/').next().unwrap_or_default();
                    if package.starts_with('@') && !PUBLIC.contains(&scope) {
                        told.unfamiliar.insert(package);
                    }
                }
                _ => {}
            }
        }
        Some(told)
    }
}

enum Origin {
    Own { package: String, path: String },
    Registry(String),
}

impl Origin {
    fn of(source: &str) -> Option<Self> {
        let (bundle, path) = match source.strip_prefix("webpack://") {
            Some(rest) => rest.split_once('/')?,
            None => ("", source),
        };
        if let Some((_, inside)) = path.rsplit_once("node_modules/") {
            let mut parts = inside.split('/');
            let first = parts.next().filter(|name| !name.is_empty())?;
            let name = match first.starts_with('@') {
                true => format!("{first}/{}", parts.next()?),
                false => first.to_owned(),
            };
            return Some(Self::Registry(name));
        }
        let path = path.trim_start_matches("./");
        let inside = path.trim_start_matches("../");
        // What a bundler adds of its own has no directory, such as `webpack/bootstrap`.
        let (directory, _) = inside.split_once("src/")?;
        let package = match directory.trim_matches('/') {
            "" if bundle.is_empty() => "the app".to_owned(),
            "" => bundle.to_owned(),
            directory => directory.to_owned(),
        };
        let file = inside.split(['?', ' ']).next().unwrap_or(inside);
        Some(Self::Own { package, path: file.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sources_of_the_portal_are_told_from_those_of_registries() {
        let map = r#"{"version":3,"sources":[
            "webpack://app/./src/App.tsx","webpack://app/./src/index.tsx",
            "webpack://app/../../plugins/payroll/src/api.ts",
            "webpack://app/../../node_modules/@backstage/core/dist/x.js",
            "webpack://app/../../node_modules/@acme/backstage-plugin-costs/dist/x.js",
            "webpack://app/../../node_modules/lodash/lodash.js",
            "webpack://app/webpack/bootstrap", null],
            "sourcesContent":["import x","",null]}"#;
        let told = SourceMap::parse(map.as_bytes()).unwrap();
        assert!(told.has_text);
        let own: Vec<_> = told.own.iter().map(|(name, (path, count))| (&**name, &**path, *count)).collect();
        assert_eq!(own, [("app", "src/App.tsx", 2), ("plugins/payroll", "plugins/payroll/src/api.ts", 1)]);
        assert_eq!(told.unfamiliar.into_iter().collect::<Vec<_>>(), ["@acme/backstage-plugin-costs"]);
    }

    #[test]
    fn names_alone_give_away_no_text() {
        let told = SourceMap::parse(br#"{"sources":["src/App.tsx"],"sourcesContent":[""]}"#).unwrap();
        assert!(!told.has_text);
        for none in ["", "<html>", "{}", r#"{"sources":7}"#, "[]"] {
            assert_eq!(SourceMap::parse(none.as_bytes()), None, "{none}");
        }
    }

    #[test]
    fn of_a_map_that_names_no_end_of_packages_the_first_ones_are_kept() {
        let foreign = (0..300_000).map(|number| format!("node_modules/@p{number}/x/y.js"));
        let own = (0..2 * MOST).map(|number| format!("plugins/p{number}/src/x.ts"));
        let sources = foreign.chain(own).collect::<Vec<_>>().join("\",\"");
        let json = format!(r#"{{"sources":["{sources}"],"sourcesContent":[]}}"#);
        let told = SourceMap::parse(json.as_bytes()).unwrap();
        assert_eq!((told.unfamiliar.len(), told.own.len()), (MOST, MOST));
        assert!(told.unfamiliar.contains("@p0/x") && told.own.contains_key("plugins/p999"));
    }

    proptest! {
        #[test]
        fn any_names_are_read_without_a_panic(names in prop::collection::vec("(webpack://|app|/|\\.\\./|node_modules/|@a|src/|x){0,8}", 0..8)) {
            let json = serde_json::json!({"sources": names}).to_string();
            SourceMap::parse(json.as_bytes());
        }
    }
}
