//! What a batch tells of a view.

use super::{Document, ViewRow, cut::cut_text};
use crate::{
    batch::{About, Clock},
    event::Line,
};

/// A view to be kept: as a row, where it is a whole one and the last word of this batch; else what else was said of it, too.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub(crate) row: ViewRow,
    version: i64,
    /// Of a whole one, as long as there is no document: only who has to look at it reads it.
    text: String,
    clock: Clock,
    /// All of it, where there are updates.
    pub(crate) document: Option<Document>,
}

impl Pending {
    /// `None` if it says nothing of its version.
    pub(crate) fn of(text: &str, line: &Line<'_>, about: &About, clock: Clock) -> Option<Self> {
        let version = line.internal.document_version.0?;
        let row = ViewRow::of(line, about, version);
        let mut pending = Self { row, version, text: String::new(), clock, document: None };
        if line.kind == "view_update" {
            pending.document = Some(Document::update(version, serde_json::from_str(text).ok()?));
        } else {
            let text = cut_text(text)?;
            pending.row.document = Document::pack_whole(version, &text);
            pending.text = text.into_owned();
        }
        Some(pending)
    }

    /// What else was said of the same view.
    pub(crate) fn add(&mut self, mut other: Self) {
        let is_newer = other.version > self.version;
        if self.document.is_some() || other.document.is_some() {
            let mut document = self.take_document().unwrap_or_default();
            document.join(other.take_document().unwrap_or_default());
            (self.document, self.text) = (Some(document), String::new());
            if is_newer {
                (self.row, self.version) = (other.row, other.version);
            }
        } else if is_newer {
            *self = other;
        }
    }

    /// The ids of its session and its own.
    pub(crate) fn key(&self) -> (String, String) {
        self.row.key()
    }

    /// All that was said of it. A whole view is read for that: it turns out that updates of it are known.
    pub(crate) fn into_document(mut self) -> Option<(ViewRow, Document, Clock)> {
        let document = self.take_document()?;
        Some((self.row, document, self.clock))
    }

    fn take_document(&mut self) -> Option<Document> {
        let whole = || Some(Document::whole(self.version, serde_json::from_str(&self.text).ok()?));
        self.document.take().or_else(whole)
    }
}
