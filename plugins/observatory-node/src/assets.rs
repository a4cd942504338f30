//! The style sheet and the script, and where they are served.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::LazyLock,
};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The style sheet of all pages.
pub const STYLE: &str = include_str!("../assets/style.css");
/// The script of all pages: keys, the clock, the event stream, copying. Everything works without it.
pub const SCRIPT: &str = include_str!("../assets/script.js");

/// The icon of all pages.
pub const ICON: &str = include_str!("../assets/icon.svg");

/// Where the ops surface serves files that need no credential.
pub const FILES: &str = "/.greenroom/assets";
/// The first page.
pub const NOW: &str = "/.greenroom/";
/// The last lines of the log: all that are kept, or those of `?request=<id>`, `?trace=<id>`, `?plugin=<id>`.
pub const LINES: &str = "/.greenroom/lines";

/// All but what stands for itself in a URL: the unreserved characters of RFC 3986 §2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where the lines of one are: `of` is `request`, `trace` or `plugin`.
///
/// ```
/// use greenroom_plugin_observatory_node::assets;
///
/// assert_eq!(assets::lines("plugin", "a b&c"), "/.greenroom/lines?plugin=a%20b%26c");
/// ```
pub fn lines(of: &str, id: &str) -> String {
    format!("{LINES}?{of}={}", utf8_percent_encode(id, RESERVED))
}
/// The stream of events of pages that have none of their own.
pub const EVENTS: &str = "/.greenroom/events";

/// Where the style sheet is: its name changes with its content, so that browsers may keep it.
pub fn style_path() -> &'static str {
    static PATH: LazyLock<String> = LazyLock::new(|| format!("{FILES}/{}", style_name()));
    &PATH
}

/// Where the script is.
pub fn script_path() -> &'static str {
    static PATH: LazyLock<String> = LazyLock::new(|| format!("{FILES}/{}", script_name()));
    &PATH
}

/// Where the icon is.
pub fn icon_path() -> &'static str {
    static PATH: LazyLock<String> = LazyLock::new(|| format!("{FILES}/{}", icon_name()));
    &PATH
}

/// The name of the style sheet's file.
pub fn style_name() -> String {
    format!("observatory-{}.css", name_of(STYLE))
}

/// The name of the script's file.
pub fn script_name() -> String {
    format!("observatory-{}.js", name_of(SCRIPT))
}

/// The name of the icon's file.
pub fn icon_name() -> String {
    format!("observatory-{}.svg", name_of(ICON))
}

/// Not for secrets: it is the same for all who have the same version.
fn name_of(content: &str) -> String {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
