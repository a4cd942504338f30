//! How much is kept of a view, and of an update.
//!
//! Whoever writes waits while a view is put together. So no view may have so much in it that this takes long.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use memchr::memchr2_iter;
use serde::Serialize;
use serde_json::Value;

/// How many members an object has at most, and how many items a list: as many as an SDK tells states of a page.
pub(super) const MOST: usize = 500;
/// How many bytes a view is at most as a text. As many are its updates together, so that all of it is 256 KiB with what is around them.
pub(super) const LARGEST: usize = 124 << 10;
/// The member that says that there was more.
pub(crate) const IS_CUT: &str = "is_cut";
/// The bytes of that, about.
const MARK: usize = 16;

/// Leaves out what is too much, and marks it then. Whether it was.
pub(super) fn cut(value: &mut Value) -> bool {
    let is_long = first_of_each(value);
    let is_large = size(value) > LARGEST;
    if is_large {
        shrink(value, LARGEST - MARK);
    }
    if is_long || is_large {
        mark(value);
    }
    is_long || is_large
}

/// The text of a view as far as it is kept; `None` if it has to be cut and cannot be read.
pub(super) fn cut_text(text: &str) -> Option<Cow<'_, str>> {
    // Each member has a colon, and a comma is between two: where there are few, the view need not be read, as that costs most.
    let marks = memchr2_iter(b':', b',', text.as_bytes()).count();
    if text.len() <= LARGEST && marks <= MOST {
        return Some(Cow::Borrowed(text));
    }
    let mut view: Value = serde_json::from_str(text).ok()?;
    let is_cut = cut(&mut view);
    Some(if is_cut || text.len() > LARGEST { Cow::Owned(view.to_string()) } else { Cow::Borrowed(text) })
}

/// Says that there was more.
pub(super) fn mark(view: &mut Value) {
    if let Value::Object(members) = view {
        members.insert(IS_CUT.to_owned(), true.into());
    }
}

/// How many bytes it is as a text.
pub(super) fn size<T: Serialize + ?Sized>(value: &T) -> usize {
    let mut counted = Counted(0);
    // Nothing is in the way of counting.
    let _ = serde_json::to_writer(&mut counted, value);
    counted.0
}

struct Counted(usize);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Leaves of each object and each list as many as there may be, the first ones: an SDK tells what is its own first.
fn first_of_each(value: &mut Value) -> bool {
    match value {
        Value::Object(members) => {
            let is_more = members.len() > MOST;
            let mut place = 0;
            members.retain(|_, _| {
                place += 1;
                place <= MOST
            });
            members.values_mut().fold(is_more, |is_cut, value| first_of_each(value) || is_cut)
        }
        Value::Array(items) => {
            let is_more = items.len() > MOST;
            items.truncate(MOST);
            items.iter_mut().fold(is_more, |is_cut, item| first_of_each(item) || is_cut)
        }
        _ => false,
    }
}

/// Has a text, a list or an object be at most so many bytes: what is small in it stays, and what is large shares the rest. Whether that
/// can be.
fn shrink(value: &mut Value, most: usize) -> bool {
    if most < 2 {
        return false;
    }
    match value {
        Value::String(text) => {
            let mut left = most - 2;
            let mut has_room = |character: char| {
                let written = match character {
                    '"' | '\\' => 2,
                    control if control < ' ' => 6,
                    other => other.len_utf8(),
                };
                let has_room = written <= left;
                left = left.saturating_sub(written);
                has_room
            };
            let kept: usize = text.chars().take_while(|each| has_room(*each)).map(char::len_utf8).sum();
            text.truncate(kept);
        }
        Value::Array(items) => {
            let share = share(items.iter().map(|item| size(item) + 1).collect(), most - 2);
            items.retain_mut(|item| fits(item, share.saturating_sub(1)));
        }
        Value::Object(members) => {
            // The name, a colon and a comma.
            let besides = |name: &str| size(name) + 2;
            let sizes = members.iter().map(|(name, value)| besides(name) + size(value)).collect();
            let share = share(sizes, most - 2);
            members.retain(|name, value| fits(value, share.saturating_sub(besides(name))));
        }
        _ => return false,
    }
    true
}

fn fits(value: &mut Value, most: usize) -> bool {
    size(value) <= most || shrink(value, most)
}

/// How large each may be, so that all are together at most so many bytes.
fn share(mut sizes: Vec<usize>, most: usize) -> usize {
    sizes.sort_unstable();
    let mut left = most;
    for (place, size) in sizes.iter().enumerate() {
        let share = left / (sizes.len() - place);
        if *size > share {
            return share;
        }
        left -= size;
    }
    most
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn of_what_is_large_the_small_members_stay_and_the_large_ones_are_cut() {
        let list = vec![json!({"number": 1, "text": "x".repeat(400)}); 400];
        let mut view = json!({"date": 1, "context": {"all": list, "a": 1}, "view": {"id": "v"}});
        assert!(cut(&mut view));
        assert!(size(&view) <= LARGEST && size(&view) > LARGEST / 2, "{}", size(&view));
        assert_eq!((&view["date"], &view["is_cut"]), (&json!(1), &json!(true)));
        assert_eq!(view["view"], json!({"id": "v"}));
        assert_eq!(view["context"]["a"], json!(1));
    }

    #[test]
    fn a_view_as_sdks_send_it_stays_as_it_was_written() {
        let text = r#"{ "type": "view", "view": { "id": "v" } }"#;
        assert_eq!(cut_text(text).unwrap(), text);
        let timings = vec![r#""a": [1, 2]"#; 400].join(", ");
        let text = format!("{{ {timings} }}");
        assert_eq!(cut_text(&text).unwrap(), text);
    }

    #[test]
    fn of_a_long_list_the_first_items_stay() {
        let text = json!({"items": (0..20_000).collect::<Vec<_>>()}).to_string();
        let kept = json!({"items": (0..MOST).collect::<Vec<_>>(), "is_cut": true});
        assert_eq!(cut_text(&text).unwrap(), kept.to_string());
    }

    proptest! {
        #[test]
        fn there_is_never_more(
            members in prop::collection::btree_map(
                "[a-z\"\u{1}]{0,8}",
                prop::collection::vec("[a\"\u{1}]{0,60}", 0..8),
                0..30,
            ),
            most in 2_usize..900,
        ) {
            let mut value = json!(members);
            prop_assert_eq!(size(&value), value.to_string().len());
            prop_assert!(shrink(&mut value, most));
            prop_assert!(size(&value) <= most, "{value}");
        }
    }
}
