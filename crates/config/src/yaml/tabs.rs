//! Where the tab stands that a text cannot be read for: the parser tells of it where the value before it began.

use crate::{error::Fault, place::At};

/// The fault, if what the parser says is of a tab or may be: Node's words, and the tab's own place.
pub(super) fn fault(told: &str, at: &At) -> Option<Fault> {
    let of_tabs = told.contains("tab");
    if !of_tabs && !told.contains("whitespace") {
        return None;
    }
    let rest = at.text.from_line(at.line)?;
    let (line, column, what) = match indented_by_tab(rest).filter(|_| of_tabs) {
        Some((line, column)) => (line, column, "Tabs are not allowed as indentation"),
        None => {
            let column = rest.lines().next()?.chars().position(|c| c == '\t')?;
            (0, column, "A tab stands where a space must")
        }
    };
    let at = At { line: at.line + line as u32, column: column as u32 + 1, chars: 1, ..at.clone() };
    Some(super::fault(what, at).help("write spaces in place of the tab"))
}

/// The first line that has text after a tab in its indentation, and how many characters stand before the tab.
fn indented_by_tab(text: &str) -> Option<(usize, usize)> {
    text.lines().enumerate().find_map(|(number, line)| {
        let rest = line.trim_start_matches([' ', '\t']);
        let tab = line[..line.len() - rest.len()].find('\t')?;
        let has_text = !rest.is_empty() && !rest.starts_with('#');
        has_text.then_some((number, tab))
    })
}
