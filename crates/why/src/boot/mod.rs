//! How a start went: as Greenroom's surface tells it, as it is kept in the data directory, or as a log of Node's tells it.

mod fetch;
mod screen;
mod slower;
mod tree;
mod wrong;

use std::path::Path;

use greenroom_boot_document::{BootDocument, KeptBoots, Outcome};
use greenroom_logging::visible_json;
use jiff::Timestamp;
use serde::Serialize;

use crate::log::Log;

pub(crate) use fetch::node;
pub(crate) use wrong::{port_taken, wrong};

/// Starts, the newest first.
///
/// ```
/// use greenroom_why::{Boots, Log};
///
/// let text = "2026-12-01T10:00:00.123456789Z Loading config from MergedConfigSource{FileConfigSource{}}\n\
///     {\"level\":\"error\",\"message\":\"Plugin 'catalog' threw an error during startup. no key\",\"service\":\"backstage\",\
///     \"timestamp\":\"2026-12-01T10:00:02.000Z\"}\n";
/// let boots = Boots::of_log(&Log::read(text.as_bytes(), |_| true)?);
/// assert_eq!(boots.exit_code(), 1);
/// assert!(boots.text(jiff::Timestamp::now()).contains("plugin 'catalog': no key"));
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Boots(pub(crate) Vec<BootDocument>);

impl Boots {
    /// Those that are kept in a data directory.
    ///
    /// ```
    /// use greenroom_why::Boots;
    ///
    /// // Nothing is kept there.
    /// assert!(Boots::in_dir("/nowhere".as_ref()).newest().is_none());
    /// ```
    pub fn in_dir(dir: &Path) -> Self {
        let mut boots = KeptBoots::in_dir(dir).read();
        boots.reverse();
        Self(boots)
    }

    /// The last start that a log tells of.
    pub fn of_log(log: &Log) -> Self {
        Self(log.document().into_iter().collect())
    }

    /// The newest.
    pub fn newest(&self) -> Option<&BootDocument> {
        self.0.first()
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &BootDocument> {
        self.0.iter()
    }

    /// The newest of each backend, with the one before it that went well: Node's first, which is what takes long.
    pub(crate) fn latest(&self) -> Vec<(&BootDocument, Option<&BootDocument>)> {
        let of = |is_nodes: bool| {
            let mut all = self.0.iter().filter(|boot| boot.is_nodes() == is_nodes);
            let newest = all.next()?;
            Some((newest, all.find(|boot| boot.outcome == Some(Outcome::Success))))
        };
        [true, false].into_iter().filter_map(of).collect()
    }

    /// All of it for people, at most one screen for each backend.
    pub fn text(&self, now: Timestamp) -> String {
        let screens: Vec<_> =
            self.latest().into_iter().map(|(boot, before)| screen::of(boot, before, now)).collect();
        screens.join("\n")
    }

    /// As JSON.
    pub fn json(&self) -> String {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Shown<'a> {
            #[serde(flatten)]
            boot: &'a BootDocument,
            before: Option<slower::Slower>,
        }
        let shown: Vec<_> = self
            .latest()
            .into_iter()
            .map(|(boot, before)| Shown {
                boot,
                before: before.and_then(|before| slower::Slower::of(boot, before)),
            })
            .collect();
        let json = serde_json::to_string_pretty(&serde_json::json!({ "boots": shown })).unwrap_or_default();
        visible_json(&json).into_owned()
    }

    /// 0 if the newest start of each went well, else 1.
    pub fn exit_code(&self) -> u8 {
        let well =
            |(boot, _): &(&BootDocument, Option<&BootDocument>)| boot.outcome == Some(Outcome::Success);
        u8::from(!self.latest().iter().all(well))
    }
}

/// `Greenroom`, `The Node backend`.
fn who(boot: &BootDocument) -> &'static str {
    if boot.is_nodes() { "The Node backend" } else { "Greenroom" }
}

#[cfg(test)]
mod tests;
