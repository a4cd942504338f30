//! Stacks with the maps of their scripts.

use greenroom_plugin_app_node::SourceMapFile;
use serde_json::{Value, json};

use super::*;

/// A page of two lines whose error three versions of the SDK have told, bundled by esbuild.
const MAP: &str = include_str!("../../tests/fixtures/source-map/app.min.js.map");
const SOURCE: &str = include_str!("../../tests/fixtures/source-map/app.src.js");

/// Knows these maps by the paths of their scripts.
fn symbolicator(maps: &[(&'static str, Value)]) -> Symbolicator {
    let known: Vec<_> = maps.iter().map(|(path, map)| (*path, map.to_string())).collect();
    let maps = SourceMaps::default();
    maps.provide(move |path| {
        let (name, map) = known.iter().find(|(known, _)| *known == path)?.clone();
        Some(SourceMapFile::new(name, move || Ok(map.clone().into_bytes())))
    });
    Symbolicator::new(maps, Routes::new(["http://127.0.0.1:17200"]), Logger::noop())
}

fn recorded() -> Value {
    let mut map: Value = serde_json::from_str(MAP).unwrap();
    map["sourcesContent"] = json!([SOURCE]);
    map
}

/// A map of scripts of one line each: for each column a source, a line of it, and a name.
fn made(sources: &[&str], names: &[&str], mappings: &str) -> Value {
    json!({"version": 3, "sources": sources, "names": names, "mappings": mappings})
}

fn told(resolved: &[Resolved<'_>]) -> Vec<String> {
    let told = resolved.iter().map(|frame| match &frame.original {
        Some(at) => {
            format!("{} {}:{}:{}", at.function.as_deref().unwrap_or("-"), at.source, at.line, at.column)
        }
        None => format!("{} {}", frame.frame.function.unwrap_or("-"), frame.frame.url),
    });
    told.collect()
}

const CATALOG_ERROR: &str = "CatalogError: Cannot render entity wayback-42\n  \
    at <anonymous> @ http://127.0.0.1:17200/app.min.js:1:509\n  \
    at document.getElementById.onclick @ http://127.0.0.1:17200/app.min.js:1:590";

#[tokio::test]
async fn rum_72_a_frame_is_shown_with_its_source_its_name_and_the_lines_around() {
    let symbolicator = symbolicator(&[("/app.min.js", recorded())]);
    let resolved = symbolicator.resolve(&Stack::parse(CATALOG_ERROR)).await;
    assert_eq!(
        told(&resolved),
        ["renderEntity app.src.js:5:39", "document.getElementById.onclick app.src.js:8:51"]
    );
    let context = &resolved[0].original.as_ref().unwrap().context;
    assert_eq!(context.iter().map(|line| line.number).collect::<Vec<_>>(), [3, 4, 5, 6, 7]);
    let expected: Vec<_> = SOURCE.lines().skip(2).take(5).collect();
    assert_eq!(context.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), expected);
    let located = symbolicator.locate(&Stack::parse(CATALOG_ERROR)).await;
    assert_eq!(told(&located), told(&resolved));
    let cause = "TypeError: spec is undefined\n  at <anonymous> @ http://127.0.0.1:17200/app.min.js:1:553";
    assert_eq!(told(&symbolicator.resolve(&Stack::parse(cause)).await), ["- app.src.js:5:104"]);
}

#[tokio::test]
async fn rum_72_without_a_map_a_frame_stays_as_the_browser_sent_it() {
    let symbolicator =
        symbolicator(&[("/app.min.js", recorded()), ("/broken.js", json!({"version": 3, "mappings": 1}))]);
    for place in [
        "http://127.0.0.1:17200/other.js:1:509",
        "http://127.0.0.1:17200/broken.js:1:509",
        "http://127.0.0.1:17200/app.min.js",
        "http://127.0.0.1:17200/app.min.js:9:1",
        "http://127.0.0.1:17200/app.min.js:0:0",
        "<anonymous>:1:1",
        ":1:1",
    ] {
        let text = format!("Error: x\n  at f @ {place}");
        let stack = Stack::parse(&text);
        let resolved = symbolicator.resolve(&stack).await;
        assert_eq!(resolved, [Resolved { frame: stack.frames[0], original: None }], "{place}");
    }
    let none = Symbolicator::new(SourceMaps::default(), Routes::default(), Logger::noop());
    assert!(none.resolve(&Stack::parse(CATALOG_ERROR)).await.iter().all(|frame| frame.original.is_none()));
}

#[tokio::test]
async fn rum_73_a_script_of_another_host_is_another_script() {
    let symbolicator = symbolicator(&[("/app.min.js", recorded()), ("/static/main.3f2a1b9c.js", recorded())]);
    for (url, is_known) in [
        ("http://127.0.0.1:17200/app.min.js", true),
        ("http://evil.example/app.min.js", false),
        ("file:///app.min.js", false),
        // A name with the hash of its content is of this bundle, under whatever host the portal is reached.
        ("https://second.example/static/main.3f2a1b9c.js?x", true),
        ("https://second.example/static/main.00000000.js", false),
    ] {
        let text = format!("Error: x\n  at f @ {url}:1:509");
        let resolved = symbolicator.resolve(&Stack::parse(&text)).await;
        assert_eq!(resolved[0].original.is_some(), is_known, "{url}");
    }
}

#[tokio::test]
async fn the_culprit_is_the_first_call_in_the_apps_own_sources() {
    let sources = ["webpack://app/../../node_modules/react-dom/index.js", "webpack://app/./src/App.tsx"];
    // Column 0 is of the library, column 10 of the app, which calls `render` there.
    let map = made(&sources, &["render"], "AAAA,UCAAA");
    let symbolicator = symbolicator(&[("/static/main.js", map)]);
    let text = "Error: x\n  at a @ chrome-extension://abc/x.js:1:1\n  at t @ http://127.0.0.1:17200/static/main.js:1:1\n  \
                at r @ http://127.0.0.1:17200/static/main.js:1:11";
    let resolved = symbolicator.resolve(&Stack::parse(text)).await;
    assert_eq!(
        told(&resolved),
        ["a chrome-extension://abc/x.js", "render node_modules/react-dom/index.js:1:1", "r src/App.tsx:1:1"]
    );
    assert_eq!(Resolved::culprit(&resolved), Some(Culprit { file: "src/App.tsx", function: Some("r") }));
    assert_eq!(Resolved::culprit(&resolved[..2]).unwrap().file, "node_modules/react-dom/index.js");
    assert_eq!(Resolved::culprit(&resolved[..1]), None);
}

#[tokio::test]
async fn one_stack_has_few_maps_read() {
    let maps: Vec<(&str, Value)> =
        (0..2 * MOST_MAPS).map(|at| (&*format!("/{at}.js").leak(), made(&["a.js"], &[], "AAAA"))).collect();
    let lines: String =
        maps.iter().map(|(path, _)| format!("\n  at f @ http://127.0.0.1:17200{path}:1:1")).collect();
    let text = format!("Error: x{lines}");
    let resolved = symbolicator(&maps).resolve(&Stack::parse(&text)).await;
    assert_eq!(resolved.iter().filter(|frame| frame.original.is_some()).count(), MOST_MAPS);
}
