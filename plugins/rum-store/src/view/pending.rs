//! What a batch tells of a view.

use serde_json::Value;

use super::{Document, ViewRow};
use crate::{
    batch::{About, Clock},
    event::Line,
};

/// A view to be kept: as a row, where it is a whole one and the last word of this batch; else what else was said of it, too.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub(crate) row: ViewRow,
    /// The text of the row, and its version: only who has to look at it reads it.
    text: String,
    version: i64,
    is_update: bool,
    clock: Clock,
    /// All of it, where there are updates.
    pub(crate) document: Option<Document>,
}

impl Pending {
    /// `None` if it says nothing of its version.
    pub(crate) fn of(text: &str, line: &Line<'_>, about: &About, clock: Clock) -> Option<Self> {
        let version = line.internal.document_version.0?;
        let is_update = line.kind == "view_update";
        let mut pending = Self {
            row: ViewRow::of(line, about, version),
            text: text.to_owned(),
            version,
            is_update,
            clock,
            document: None,
        };
        match is_update {
            true => pending.document = Some(pending.own_document()?),
            false => pending.row.document = Document::pack_whole(version, text),
        }
        Some(pending)
    }

    /// Of the same view.
    pub(crate) fn add(&mut self, other: &Self) {
        match (&mut self.document, other.is_update) {
            (None, false) if other.version > self.version => self.clone_from(other),
            (None, false) => {}
            _ => {
                let mut document = self.document.take().or_else(|| self.own_document()).unwrap_or_default();
                document.join(other.own_document().unwrap_or_default());
                self.document = Some(document);
                if other.version > self.version {
                    (self.row, self.version) = (other.row.clone(), other.version);
                }
            }
        }
    }

    /// The ids of its session and its own.
    pub(crate) fn key(&self) -> (String, String) {
        self.row.key()
    }

    fn own_document(&self) -> Option<Document> {
        let value: Value = serde_json::from_str(&self.text).ok()?;
        Some(match self.is_update {
            true => Document::update(self.version, value),
            false => Document::whole(self.version, value),
        })
    }

    /// The whole view of this row as a document, where it turns out that updates of it are known already.
    pub(crate) fn into_document(self) -> Option<(ViewRow, Document, Clock)> {
        let document = match &self.document {
            Some(document) => document.clone(),
            None => self.own_document()?,
        };
        Some((self.row, document, self.clock))
    }
}
