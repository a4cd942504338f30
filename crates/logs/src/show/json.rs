//! Records as JSON lines.

use std::io::{self, Write};

use greenroom_node_log::{Kind, Plugin, Record};
use serde_json::{Map, Value};

use crate::field::Fields;

pub(crate) fn json(
    record: &Record<'_>,
    fields: &Fields<'_>,
    chosen: Option<&[String]>,
    out: &mut impl Write,
) -> io::Result<()> {
    let object = match chosen {
        None if record.kind == Kind::Json => {
            out.write_all(record.raw.trim_ascii())?;
            return out.write_all(b"\n");
        }
        None => made(record, fields),
        Some(names) => {
            let found = names.iter().filter_map(|name| Some((name.clone(), fields.get(name)?.value())));
            found.collect()
        }
    };
    serde_json::to_writer(&mut *out, &object).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

/// What Node's logger would have made of it. A plugin that is a guess is told apart.
fn made(record: &Record<'_>, fields: &Fields<'_>) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("level".to_owned(), record.level.as_str().into());
    object.insert("message".to_owned(), (&*record.message).into());
    let plugin = match &record.plugin {
        Some(Plugin::Named(id)) => Some(("plugin", &**id)),
        Some(Plugin::Guess(id)) => Some(("pluginGuess", &**id)),
        None => None,
    };
    let texts = [
        plugin,
        record.service.as_deref().map(|text| ("service", text)),
        record.record_type.as_deref().map(|text| ("type", text)),
        record.stack.as_deref().map(|text| ("stack", text)),
        fields.time().map(|text| ("timestamp", text)),
    ];
    for (key, text) in texts.into_iter().flatten() {
        object.insert(key.to_owned(), text.into());
    }
    if record.truncated_bytes > 0 {
        object.insert("truncatedBytes".to_owned(), record.truncated_bytes.into());
    }
    for field in fields.others() {
        object.insert(field.key.clone().into_owned(), field.value());
    }
    object
}
