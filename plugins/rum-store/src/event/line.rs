//! One event, as a line of a batch: its parts as they are written, and those that every event has.

use std::borrow::Cow;

use serde::Deserialize;

use super::{
    members::Members,
    value::{Counted, Date, Flag, Nanoseconds, Score, Text, Texts, or_none},
};

/// What is known of every event, and the parts that depend on its type.
#[derive(Debug, Default)]
pub(crate) struct Line<'a> {
    pub(crate) kind: Cow<'a, str>,
    pub(crate) date: i64,
    pub(crate) session: Session<'a>,
    pub(crate) view: View<'a>,
    pub(crate) user: User<'a>,
    pub(crate) service: Text<'a>,
    pub(crate) version: Text<'a>,
    pub(crate) tags: Text<'a>,
    pub(crate) internal: Internal<'a>,
    /// The member that is called as the type is, unread: `resource` of a resource.
    pub(crate) own: &'a str,
    /// Those during which it was.
    pub(crate) actions: Texts<'a>,
    pub(crate) context: Option<&'a str>,
    pub(crate) feature_flags: Option<&'a str>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Session<'a> {
    #[serde(borrow)]
    pub(crate) id: Text<'a>,
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Text<'a>,
    pub(crate) has_replay: Flag,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct User<'a> {
    #[serde(borrow)]
    pub(crate) id: Text<'a>,
    #[serde(borrow)]
    pub(crate) anonymous_id: Text<'a>,
}

/// `_dd`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Internal<'a> {
    pub(crate) document_version: Counted,
    #[serde(borrow)]
    pub(crate) trace_id: Text<'a>,
    #[serde(borrow)]
    pub(crate) span_id: Text<'a>,
}

/// `view`, which all events have, and of which a view tells all.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct View<'a> {
    #[serde(borrow)]
    pub(crate) id: Text<'a>,
    #[serde(borrow)]
    pub(crate) url: Text<'a>,
    #[serde(borrow)]
    pub(crate) name: Text<'a>,
    #[serde(borrow)]
    pub(crate) loading_type: Text<'a>,
    pub(crate) is_active: Flag,
    pub(crate) time_spent: Nanoseconds,
    pub(crate) loading_time: Nanoseconds,
    pub(crate) first_byte: Nanoseconds,
    pub(crate) first_contentful_paint: Nanoseconds,
    pub(crate) largest_contentful_paint: Nanoseconds,
    #[serde(borrow)]
    pub(crate) largest_contentful_paint_target_selector: Text<'a>,
    pub(crate) interaction_to_next_paint: Nanoseconds,
    #[serde(borrow)]
    pub(crate) interaction_to_next_paint_target_selector: Text<'a>,
    pub(crate) cumulative_layout_shift: Score,
    #[serde(borrow)]
    pub(crate) cumulative_layout_shift_target_selector: Text<'a>,
    #[serde(borrow, deserialize_with = "or_none")]
    pub(crate) performance: Performance<'a>,
    #[serde(deserialize_with = "or_none")]
    pub(crate) action: Count,
    #[serde(deserialize_with = "or_none")]
    pub(crate) error: Count,
    #[serde(deserialize_with = "or_none")]
    pub(crate) long_task: Count,
    #[serde(deserialize_with = "or_none")]
    pub(crate) resource: Count,
    #[serde(deserialize_with = "or_none")]
    pub(crate) frustration: Count,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Count {
    pub(crate) count: Counted,
}

/// Where SDKs since version 6 tell it once more, and later ones perhaps alone.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Performance<'a> {
    #[serde(borrow, deserialize_with = "or_none")]
    pub(crate) fcp: Moment<'a>,
    #[serde(borrow, deserialize_with = "or_none")]
    pub(crate) lcp: Moment<'a>,
    #[serde(borrow, deserialize_with = "or_none")]
    pub(crate) inp: Moment<'a>,
    #[serde(borrow, deserialize_with = "or_none")]
    pub(crate) cls: Moment<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Moment<'a> {
    pub(crate) timestamp: Nanoseconds,
    pub(crate) duration: Nanoseconds,
    pub(crate) score: Score,
    #[serde(borrow)]
    pub(crate) target_selector: Text<'a>,
}

impl<'a> Line<'a> {
    /// `None` if it is no event with a session and a view.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        let mut line = Self::default();
        let mut parts = vec![];
        for (name, value) in Members::of(text)? {
            match name {
                "type" => line.kind = read::<Text<'_>>(value)?.0?,
                "date" => line.date = read::<Date>(value)?.0?,
                "session" => line.session = read(value)?,
                "view" => {
                    line.view = read(value)?;
                    parts.push((name, value));
                }
                "usr" => line.user = read(value)?,
                "service" => line.service = read(value)?,
                "version" => line.version = read(value)?,
                "ddtags" => line.tags = read(value)?,
                "_dd" => line.internal = read(value)?,
                "context" => line.context = Some(value),
                "feature_flags" => line.feature_flags = Some(value),
                "action" | "resource" | "error" | "long_task" | "vital" => parts.push((name, value)),
                _ => {}
            }
        }
        for (name, value) in parts {
            match name {
                _ if name == line.kind => line.own = value,
                "action" => line.actions = read::<OfActions<'_>>(value)?.id,
                _ => {}
            }
        }
        Some(line)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct OfActions<'a> {
    #[serde(borrow)]
    id: Texts<'a>,
}

/// `None` if it is no JSON of that form.
pub(crate) fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    serde_json::from_str(text).ok()
}
