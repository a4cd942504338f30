//! What a frame was before it was bundled: its source, line, name and the lines around, by the source maps beside the
//! scripts that this backend serves.
//!
//! A URL in an event is looked up in the index of the bundle and nowhere else: nothing is fetched, and no path of it meets
//! the disk. A frame without a map stays as the browser sent it.

mod cache;
mod map;

use std::sync::Arc;

use greenroom::prelude::Logger;
use greenroom_plugin_app_node::{SourceMapFile, SourceMaps};

use crate::{
    fingerprint::Culprit,
    route::Routes,
    stack::{Frame, Stack},
};
use cache::Cache;
use map::{Map, Place};

/// How many maps are read for one stack.
const MOST_MAPS: usize = 8;

/// Finds the sources of frames. Clones share what they have read.
#[derive(Clone)]
pub struct Symbolicator(Arc<Inner>);

struct Inner {
    maps: SourceMaps,
    routes: Routes,
    cache: Cache,
}

/// A frame, and where it is in the sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved<'a> {
    /// As the browser sent it.
    pub frame: Frame<'a>,
    /// `None` where no map tells it.
    pub original: Option<Original>,
}

/// A place in a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// Its path: `src/App.tsx`, `node_modules/react-dom/index.js`.
    pub source: String,
    /// The first is 1.
    pub line: u32,
    /// The first is 1.
    pub column: u32,
    /// The name of the function that is called here, as its caller has it.
    pub function: Option<String>,
    /// Whether it is of a library, or of the bundler itself.
    pub is_library: bool,
    /// The line, with those around it; empty where the map holds no sources.
    pub context: Vec<ContextLine>,
}

/// A line of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextLine {
    /// The first is 1.
    pub number: u32,
    /// Without its end, and cut where it is long.
    pub text: String,
}

impl Symbolicator {
    /// By the maps of the app, for the portal with these routes.
    pub fn new(maps: SourceMaps, routes: Routes, logger: Logger) -> Self {
        Self(Arc::new(Inner { maps, routes, cache: Cache::new(logger) }))
    }

    /// All frames of a stack, in its order, with the lines around each: for a page.
    pub async fn resolve<'a>(&self, stack: &Stack<'a>) -> Vec<Resolved<'a>> {
        self.resolved(stack, Map::context).await
    }

    /// As [`resolve`](Self::resolve), without the lines around: for the fingerprint.
    pub async fn locate<'a>(&self, stack: &Stack<'a>) -> Vec<Resolved<'a>> {
        self.resolved(stack, |_, _| vec![]).await
    }

    async fn resolved<'a>(
        &self,
        stack: &Stack<'a>,
        context: fn(&Map, &Place) -> Vec<ContextLine>,
    ) -> Vec<Resolved<'a>> {
        let maps = self.maps(&stack.frames).await;
        let places = stack.frames.iter().map(|frame| {
            let map = maps.of(frame.url)?;
            Some((map, map.place(frame.line?, frame.column.unwrap_or(1))?))
        });
        let places: Vec<_> = places.collect();
        // A minified function has no name of its own that means something: its caller's source calls it by its name.
        let callers =
            places.iter().skip(1).map(|caller| caller.as_ref().and_then(|(_, caller)| caller.name.clone()));
        let names = callers.chain([None]);
        let frames = stack.frames.iter().zip(&places).zip(names);
        let resolved = frames.map(|((frame, place), name)| {
            let original = place.as_ref().map(|(map, place)| Original {
                source: place.source.clone(),
                line: place.line,
                column: place.column,
                function: name.or_else(|| frame.function.map(str::to_owned)),
                is_library: place.is_library,
                context: context(map, place),
            });
            Resolved { frame: *frame, original }
        });
        resolved.collect()
    }

    async fn maps(&self, frames: &[Frame<'_>]) -> Maps {
        let mut found = Maps::default();
        for frame in frames.iter().filter(|frame| frame.line.is_some()) {
            if found.0.len() >= MOST_MAPS {
                break;
            }
            if found.0.iter().any(|(url, _)| url == frame.url) {
                continue;
            }
            if let Some(file) = self.file(frame.url)
                && let Some(map) = self.0.cache.map(file).await
            {
                found.0.push((frame.url.to_owned(), map));
            }
        }
        found
    }

    fn file(&self, url: &str) -> Option<SourceMapFile> {
        self.0.maps.find(self.0.routes.script(url)?)
    }
}

/// Maps by the URLs of their scripts.
#[derive(Default)]
struct Maps(Vec<(String, Arc<Map>)>);

impl Maps {
    fn of(&self, url: &str) -> Option<&Map> {
        self.0.iter().find(|(known, _)| known == url).map(|(_, map)| &**map)
    }
}

impl<'a> Resolved<'a> {
    /// The place of a group of errors: the first call that is in the app's own code, by its source where that is known.
    pub fn culprit<'b>(frames: &'b [Resolved<'a>]) -> Option<Culprit<'b>> {
        let is_library = |frame: &&Self| frame.original.as_ref().is_some_and(|original| original.is_library);
        let in_app = || frames.iter().filter(|frame| frame.frame.is_in_app());
        let top = in_app().find(|frame| !is_library(frame)).or_else(|| in_app().next())?;
        Some(match &top.original {
            Some(original) => Culprit { file: &original.source, function: original.function.as_deref() },
            None => Culprit::from(&top.frame),
        })
    }
}

#[cfg(test)]
mod tests;
