//! A source map that has been read.

use std::mem::size_of;

use sourcemap::{DecodedMap, RawToken, SourceMap};

use super::ContextLine;
use crate::text::first_bytes;

/// How many lines are shown before and behind a line.
const LINES_AROUND: usize = 2;
/// How much of a line is shown: some sources are minified themselves.
const MOST_LINE_BYTES: usize = 240;
/// How long the path of a source and a name may be.
const MOST_NAME_BYTES: usize = 256;

pub(super) struct Map(SourceMap);

/// A place in a source.
pub(super) struct Place {
    pub(super) source: String,
    pub(super) line: u32,
    pub(super) column: u32,
    /// What stands there, where the bundle calls it otherwise.
    pub(super) name: Option<String>,
    pub(super) is_library: bool,
    /// The number of the source in its map.
    id: u32,
}

impl Map {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, sourcemap::Error> {
        Ok(Self(match sourcemap::decode_slice(bytes)? {
            DecodedMap::Regular(map) => map,
            DecodedMap::Index(index) => index.flatten()?,
            DecodedMap::Hermes(_) => return Err(sourcemap::Error::IncompatibleSourceMap),
        }))
    }

    /// About how much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        let tokens = self.0.get_token_count() as usize * size_of::<RawToken>();
        let names: usize = self.0.names().chain(self.0.sources()).map(|name| name.len() + 32).sum();
        let sources: usize = self.0.source_contents().flatten().map(|text| text.len() + 64).sum();
        tokens + names + sources
    }

    /// What is at this place of the script. Lines and columns begin with 1.
    pub(super) fn place(&self, line: u32, column: u32) -> Option<Place> {
        let (line, column) = (line.checked_sub(1)?, column.checked_sub(1)?);
        // The nearest one before may be of a line before, which tells nothing of this one.
        let token = self.0.lookup_token(line, column).filter(|token| token.get_dst_line() == line)?;
        let source = token.get_source()?;
        let is_ignored = self.0.ignore_list().any(|id| *id == token.get_src_id());
        let source = path(source);
        Some(Place {
            line: token.get_src_line().saturating_add(1),
            column: token.get_src_col().saturating_add(1),
            name: token.get_name().map(|name| first_bytes(name, MOST_NAME_BYTES).to_owned()),
            is_library: is_ignored || is_library(source),
            source: first_bytes(source, MOST_NAME_BYTES).to_owned(),
            id: token.get_src_id(),
        })
    }

    /// The line of a place with those around it; nothing where the map does not hold the source.
    pub(super) fn context(&self, place: &Place) -> Vec<ContextLine> {
        let text = self.0.get_source_contents(place.id);
        text.map(|text| context(text, place.line as usize - 1)).unwrap_or_default()
    }
}

/// The path of a source without what a bundler puts in front of it, and what leads out of its directory.
fn path(source: &str) -> &str {
    // `webpack://name/./src/App.tsx`, `webpack:///../../plugins/graph/src/Graph.tsx?0a1b`
    let path = match source.split_once("://") {
        Some((_, behind)) => behind.split_once('/').map_or(behind, |(_, path)| path),
        None => source,
    };
    let mut path = path.split('?').next().unwrap_or(path);
    while let Some(rest) = path.strip_prefix("./").or(path.strip_prefix("../")).or(path.strip_prefix('/')) {
        path = rest;
    }
    match path.rfind("node_modules/") {
        Some(at) => &path[at..],
        None => path,
    }
}

/// Whether it is of a package, or of the bundler's own code.
fn is_library(path: &str) -> bool {
    path.starts_with("node_modules/") || path.starts_with("webpack/") || path.starts_with("rspack/")
}

fn context(text: &str, line: usize) -> Vec<ContextLine> {
    let first = line.saturating_sub(LINES_AROUND);
    let lines = text.lines().enumerate().skip(first).take(line - first + 1 + LINES_AROUND);
    let context: Vec<_> = lines
        .map(|(at, text)| ContextLine {
            number: u32::try_from(at + 1).unwrap_or(u32::MAX),
            text: first_bytes(text, MOST_LINE_BYTES).to_owned(),
        })
        .collect();
    // A map that tells of a line that its source does not have.
    let has_line = context.iter().any(|shown| shown.number as usize == line + 1);
    if has_line { context } else { vec![] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_source_is_that_of_its_repository() {
        for (source, expected, library) in [
            ("webpack://app/./src/App.tsx", "src/App.tsx", false),
            ("webpack:///../../plugins/graph/src/Graph.tsx?0a1b", "plugins/graph/src/Graph.tsx", false),
            ("../../node_modules/a/node_modules/react/index.js", "node_modules/react/index.js", true),
            ("webpack://app/webpack/bootstrap", "webpack/bootstrap", true),
            ("app.src.js", "app.src.js", false),
            ("/abs/src/a.ts", "abs/src/a.ts", false),
            ("", "", false),
        ] {
            assert_eq!((path(source), is_library(path(source))), (expected, library), "{source}");
        }
    }

    #[test]
    fn a_line_is_shown_with_those_around_it() {
        let text = "1\n2\n3\n4\n5\n6\n7";
        let numbers = |line| context(text, line).iter().map(|line| line.number).collect::<Vec<_>>();
        assert_eq!(numbers(3), [2, 3, 4, 5, 6]);
        assert_eq!(numbers(0), [1, 2, 3]);
        assert_eq!(numbers(6), [5, 6, 7]);
        assert_eq!(numbers(7), [0; 0]);
        assert_eq!(context(&"é".repeat(1000), 0)[0].text.len(), MOST_LINE_BYTES);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_map_or_refused(
            mappings in "[A-Za-z0-9+/,;]{0,40}",
            line in 0u32..9,
            column in 0u32..99,
            cut in 0usize..200,
        ) {
            let json = format!(
                r#"{{"version":3,"sources":["a.js"],"sourcesContent":["x\ny"],"names":["n"],"mappings":"{mappings}"}}"#
            );
            for bytes in [json.as_bytes(), &json.as_bytes()[..cut.min(json.len())]] {
                if let Ok(map) = Map::read(bytes) {
                    let context = map.place(line, column).map(|place| map.context(&place));
                    proptest::prop_assert!(context.is_none_or(|lines| lines.len() <= 2 * LINES_AROUND + 1));
                    proptest::prop_assert!(map.bytes() > 0);
                }
            }
        }
    }
}
