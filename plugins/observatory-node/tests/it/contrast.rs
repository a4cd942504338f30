//! Text is 4.5 times as bright as what it stands on, or the other way round, and marks 3 times: in both schemes, computed
//! from the tokens of the style sheet (WCAG 2.2, 1.4.3 and 1.4.11).

use std::collections::BTreeMap;

use greenroom_plugin_observatory_node::assets::STYLE;

type Tokens = BTreeMap<String, String>;

const TINTS: [&str; 6] = ["ok-tint", "warn-tint", "fail-tint", "good-tint", "needs-tint", "poor-tint"];
const GROUNDS: [&str; 4] = ["page", "surface", "sunk", "hover"];

/// The tokens of a scheme; those of the dark one replace some of the light one.
fn schemes() -> [(&'static str, Tokens); 2] {
    let mut blocks = STYLE.split(":root {").skip(1).map(|rest| tokens(rest.split('}').next().unwrap()));
    let light = blocks.next().unwrap();
    let dark = blocks.next().unwrap();
    assert!(STYLE.split(":root {").nth(1).unwrap().contains("@media (prefers-color-scheme: dark)"));
    [("light", light.clone()), ("dark", light.into_iter().chain(dark).collect())]
}

fn tokens(block: &str) -> Tokens {
    let pairs = block.split(';').filter_map(|line| line.trim().strip_prefix("--")?.split_once(':'));
    pairs.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
}

fn luminance(tokens: &Tokens, name: &str) -> f64 {
    let value = tokens.get(name).unwrap_or_else(|| panic!("no token --{name}"));
    if let Some(other) = value.strip_prefix("var(--") {
        return luminance(tokens, other.trim_end_matches(')'));
    }
    let hex = value.strip_prefix('#').unwrap_or_else(|| panic!("--{name} is no colour: {value}"));
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
}

/// Those pairs that are closer than `least`.
fn too_close<'a>(least: f64, pairs: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> Vec<String> {
    let mut found = vec![];
    for (scheme, tokens) in schemes() {
        for (front, back) in pairs.clone() {
            let (one, other) = (luminance(&tokens, front), luminance(&tokens, back));
            let ratio = (one.max(other) + 0.05) / (one.min(other) + 0.05);
            if ratio < least {
                found.push(format!("{scheme}: --{front} on --{back} is {ratio:.2}"));
            }
        }
    }
    found
}

#[test]
fn text_is_read_on_every_ground_and_tint() {
    let grounds = || GROUNDS.into_iter().chain(TINTS).chain(["accent-tint"]);
    let pairs = ["ink", "ink-2", "accent", "ok", "warn", "fail", "good", "needs", "poor"]
        .into_iter()
        .flat_map(|text| grounds().map(move |ground| (text, ground)));
    assert_eq!(too_close(4.5, pairs), [""; 0]);
}

#[test]
fn marks_and_edges_of_controls_are_seen_on_what_they_stand_on() {
    let marks = ["ok", "warn", "fail", "good", "needs", "poor", "data", "brand", "focus"];
    let pairs = marks.into_iter().flat_map(|mark| GROUNDS.into_iter().map(move |ground| (mark, ground)));
    // Bars and lines stand on panels and tracks alone.
    let drawn = ["data-mid", "data-mute"]
        .into_iter()
        .flat_map(|mark| ["surface", "sunk"].map(move |ground| (mark, ground)));
    let edges = [("edge", "surface"), ("edge", "page")];
    assert_eq!(too_close(3.0, pairs.chain(drawn).chain(edges)), [""; 0]);
}

#[test]
fn components_name_roles_and_no_colours() {
    let components = STYLE.rsplit_once("/* Base */").unwrap().1;
    let named = components.split([' ', ':', ';', ',']).filter(|word| {
        word.starts_with('#') && word.len() >= 4 && word[1..].bytes().all(|byte| byte.is_ascii_hexdigit())
            || word.starts_with("rgb")
            || word.starts_with("hsl")
    });
    assert_eq!(named.collect::<Vec<_>>(), [""; 0]);
    assert!(!STYLE.contains("@import") && !STYLE.contains("url("), "nothing is loaded from elsewhere");
}
