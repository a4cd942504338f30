//! The marked blocks of the documents.
//!
//! A comment above a code block says what it holds: `<!-- include: examples/src/bin/healthcheck.rs#plugin -->` a file or a
//! region of one, other words what a program printed. Tests compare ([`settle`]); under `UPDATE_DOCS=1` they rewrite.

use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

/// A code block with a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What stands in the comment, such as `include: <path>`.
    pub mark: String,
    /// What stands between the fences, with the last line's end.
    pub text: String,
}

/// The checkout that this was built from.
pub fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_owned()
}

/// All marked blocks of a document's text, in order.
pub fn blocks(text: &str) -> Vec<Block> {
    pieces(text).into_iter().filter_map(|piece| piece.block).collect()
}

/// What a mark `include: <path>` or `include: <path>#<region>` stands for; `None` for another mark.
pub fn included(mark: &str) -> Option<io::Result<String>> {
    let target = mark.strip_prefix("include: ")?;
    let (path, region) = target.split_once('#').map_or((target, None), |(path, region)| (path, Some(region)));
    let missing = || io::Error::new(io::ErrorKind::NotFound, format!("no region in {target}"));
    Some(fs::read_to_string(root().join(path)).and_then(|text| match region {
        None => Ok(text),
        Some(region) => part(&text, region).ok_or_else(missing),
    }))
}

/// Compares the marked blocks of a document with what they should hold, by number; rewrites them under `UPDATE_DOCS=1`.
///
/// # Errors
/// When a block differs, naming it and the way to update.
pub fn settle(path: &str, expected: &[(usize, String)]) -> io::Result<()> {
    let file = fs::OpenOptions::new().read(true).write(true).open(root().join(path))?;
    // Tests of several processes may update one document.
    file.lock()?;
    let mut text = io::read_to_string(&file)?;
    let found = blocks(&text);
    let differs = expected.iter().find(|(n, text)| found.get(*n).is_none_or(|block| block.text != *text));
    let Some((number, wanted)) = differs else { return Ok(()) };
    if std::env::var_os("UPDATE_DOCS").is_none() {
        let found = found.get(*number).map_or("nothing", |block| &block.text);
        let mark = blocks(&text).get(*number).map(|block| block.mark.clone()).unwrap_or_default();
        return Err(io::Error::other(format!(
            "{path}, block `{mark}` differs; UPDATE_DOCS=1 rewrites it. It holds:\n{found}\nIt should hold:\n{wanted}"
        )));
    }
    text = rewritten(&text, expected);
    io::Seek::rewind(&mut &file)?;
    file.set_len(0)?;
    (&file).write_all(text.as_bytes())
}

fn rewritten(text: &str, expected: &[(usize, String)]) -> String {
    let mut number = 0;
    let mut out = String::new();
    for piece in pieces(text) {
        out.push_str(piece.before);
        if let Some(block) = piece.block {
            let new = expected.iter().find(|(n, _)| *n == number);
            out.push_str(new.map_or(&block.text, |(_, text)| text));
            number += 1;
        }
    }
    out
}

/// Text up to and including an opening fence, and the marked block that follows.
struct Piece<'a> {
    before: &'a str,
    block: Option<Block>,
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = vec![];
    let (mut start, mut end) = (0, 0);
    let mut mark: Option<String> = None;
    let mut lines = text.split_inclusive('\n');
    while let Some(line) = lines.next() {
        end += line.len();
        let bare = line.trim_end();
        if let Some(comment) = bare.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->")) {
            mark = Some(comment.to_owned());
        } else if bare.starts_with("```") {
            let before = &text[start..end];
            let inside: String = lines.by_ref().take_while(|line| line.trim_end() != "```").collect();
            let closing = text[end + inside.len()..].split_inclusive('\n').next().map_or(0, str::len);
            if let Some(mark) = mark.take() {
                start = end + inside.len();
                pieces.push(Piece { before, block: Some(Block { mark, text: inside.clone() }) });
            }
            end += inside.len() + closing;
        } else if !bare.is_empty() {
            mark = None;
        }
    }
    pieces.push(Piece { before: &text[start..], block: None });
    pieces
}

/// The lines between `// region: <name>` and `// endregion`, or `#` for `//`, less their common indentation.
fn part(text: &str, region: &str) -> Option<String> {
    let comment = |line: &str| {
        let line = line.trim();
        let rest = line.strip_prefix("//").or_else(|| line.strip_prefix('#'))?;
        Some(rest.trim().to_owned())
    };
    let open = format!("region: {region}");
    let mut lines = text.lines().skip_while(|line| comment(line).as_ref() != Some(&open));
    lines.next()?;
    let lines: Vec<&str> = lines.take_while(|line| comment(line).as_deref() != Some("endregion")).collect();
    let indent = lines.iter().filter(|line| !line.trim().is_empty());
    let indent = indent.map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    Some(lines.iter().map(|line| format!("{}\n", line.get(indent..).unwrap_or_default())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "# A\n\n<!-- one -->\n```rust\na();\n```\n\n```sh\nplain\n```\n\n<!-- two -->\n\n```\nb\n```\nend\n";

    #[test]
    fn marked_blocks_are_found_and_plain_ones_passed_over() {
        let found = blocks(TEXT);
        let found: Vec<_> = found.iter().map(|block| (&*block.mark, &*block.text)).collect();
        assert_eq!(found, [("one", "a();\n"), ("two", "b\n")]);
    }

    #[test]
    fn rewriting_touches_only_the_block() {
        assert_eq!(rewritten(TEXT, &[]), TEXT);
        assert_eq!(rewritten(TEXT, &[(1, "c\nd\n".into())]), TEXT.replace("\nb\n", "\nc\nd\n"));
    }

    #[test]
    fn a_region_loses_its_indentation() {
        let text = "fn a() {\n    // region: x\n    b();\n\n      c();\n    // endregion\n}\n";
        assert_eq!(part(text, "x").unwrap(), "b();\n\n  c();\n");
        assert_eq!(part(text, "y"), None);
    }
}
