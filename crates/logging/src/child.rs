//! The way of a record: level rules, encoding, sinks.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use arrayvec::ArrayVec;
use greenroom_context::{Context, ContextField};
use greenroom_redact::Secrets;

use crate::{
    FieldValue, Fields, Format, Level, Logger, LoggerService, Record,
    cached::{Cached, Kept},
    encode::{Fragments, Message, Scratch, View, encode, raw, text::render},
    engine::Engine,
    field::Field,
    rules::{Subject, Verdict},
    sink::Emitted,
};

/// A logger: the engine, and the fields that its lines carry.
pub(crate) struct Child {
    engine: Arc<Engine>,
    fields: Fields,
    /// Its lines are of another process: nothing of ours belongs to them.
    is_foreign: bool,
    /// The generation of the verdict and its most talkative level, in one word.
    gate: AtomicU64,
    verdict: Cached<Verdict>,
    /// The fields encoded, per output.
    fragments: Box<[Cached<Fragments>]>,
}

impl Child {
    pub(crate) fn new(engine: Arc<Engine>, fields: Fields) -> Self {
        let fragments = engine.outputs.iter().map(|_| Cached::new()).collect();
        let (gate, verdict) = (AtomicU64::new(0), Cached::new());
        let fields = fields.without_reserved();
        Self { engine, fields, is_foreign: false, gate, verdict, fragments }
    }

    /// For the lines of another process.
    pub(crate) fn foreign(engine: Arc<Engine>, fields: Fields) -> Self {
        Self { is_foreign: true, ..Self::new(engine, fields) }
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// The verdict on the rules in force.
    fn verdict(&self) -> Kept<'_, Verdict> {
        let now = self.engine.generation();
        self.verdict.get(
            |verdict| verdict.generation >= now,
            || {
                let verdict = self.engine.rules().settle(&self.fields);
                self.gate.store(verdict.generation << 8 | verdict.most as u64, Ordering::Relaxed);
                verdict
            },
        )
    }

    #[cold]
    fn most(&self) -> Level {
        self.verdict().most
    }

    /// Whether a field of the call could turn a settled rule round.
    fn may_turn(&self, level: Level, keys: &[&str]) -> bool {
        let verdict = self.verdict();
        level <= verdict.most_of_all() && keys.iter().any(|key| verdict.unsettled_by(&self.fields, key))
    }

    /// The fields encoded for an output, with the secrets of this very generation masked.
    fn fragments(&self, index: usize, format: Format, secrets: &Secrets) -> Kept<'_, Fragments> {
        self.fragments[index].get(
            |kept| kept.generation == secrets.generation(),
            || Fragments::new(format, &self.fields, secrets),
        )
    }

    fn emit(&self, record: &Record<'_>, spread: &[Field<'_>], appended: Option<&str>) {
        let secrets = self.engine.secrets();
        let verdict = self.verdict();
        Scratch::with(|Scratch { line, text, value, clock }| {
            let context = if self.is_foreign { Context::default() } else { Context::current() };
            let of_context = context_fields(&context);
            let mut view = View {
                time: record.time(),
                level: record.level(),
                message: Message::Args(record.message()),
                own: &self.fields,
                call: record.fields(),
                spread,
                context: &of_context,
                is_foreign: self.is_foreign,
            };
            let read = verdict.reads_message();
            if read {
                render_message(text, record, appended);
                if !verdict.keeps(&self.fields, &View { message: Message::Text(text), ..view }) {
                    return;
                }
            } else if !verdict.keeps(&self.fields, &view) {
                return;
            }
            let appends = appended.is_some() || record.fields().iter().any(|f| f.key == "message");
            if !read && (appends || secrets.is_active()) {
                render_message(text, record, appended);
            }
            let mut raw = record.raw();
            if record.is_cut() && secrets.is_active() {
                text.truncate(text.len() - secrets.begun_at_end(text.as_bytes()));
                raw = raw.map(|raw| &raw[..raw.len() - secrets.begun_at_end(raw)]);
            }
            if read || appends || secrets.is_active() {
                let is_unmasked = record.is_unmasked() && !appends;
                view.message = if is_unmasked { Message::Unmasked(text) } else { Message::Text(text) };
            }

            for (index, output) in self.engine.outputs.iter().enumerate() {
                line.clear();
                match (output.format, raw) {
                    (Some(format), Some(raw)) if !format.has_additions() => raw::line(line, raw, &secrets),
                    _ if record.is_only_raw() => continue,
                    (Some(format), _) => {
                        let fragments = self.fragments(index, format, &secrets);
                        encode(format, &view, &fragments, &secrets, line, value, clock);
                    }
                    (None, _) => {}
                }
                let (own, context) = (&self.fields, &context);
                let message = view.message;
                let (secrets, is_foreign) = (&*secrets, self.is_foreign);
                let emitted = Emitted { record, own, spread, message, context, line, secrets, is_foreign };
                output.sinks.iter().for_each(|sink| sink.emit(&emitted));
            }
        });
    }
}

/// What the context adds to a line.
fn context_fields(context: &Context) -> ArrayVec<Field<'_>, { ContextField::MOST }> {
    let mut fields = ArrayVec::new();
    context.each_field(|from| {
        let field = Field::literal(from.key, FieldValue::Str(from.value)).added();
        fields.push(if from.is_foreign() { field } else { field.trusted() });
    });
    fields
}

/// The text of a line: the call's, its `message` field's, its error's.
fn render_message(out: &mut String, record: &Record<'_>, appended: Option<&str>) {
    out.clear();
    render(out, record.message());
    let extra = record.field("message").filter(FieldValue::truthy);
    if let Some(extra) = extra {
        out.push(' ');
        extra.push_text(out);
    }
    if let Some(text) = appended.filter(|text| !text.is_empty()) {
        out.push(' ');
        out.push_str(text);
    }
}

impl Subject for View<'_> {
    fn field(&self, key: &str) -> Option<FieldValue<'_>> {
        let all = self.call.iter().chain(self.spread);
        let called = all.rev().find(|field| field.key == key).map(|field| field.value);
        let context = || self.context.iter().find(|field| field.key == key).map(|field| field.value);
        called.or_else(|| self.own.get(key)).or_else(context)
    }

    fn called(&self) -> impl Iterator<Item = &str> {
        self.call.iter().chain(self.spread).map(|field| field.key)
    }

    fn added(&self) -> impl Iterator<Item = &str> {
        self.context.iter().map(|field| field.key)
    }

    fn message(&self) -> &str {
        match self.message {
            Message::Text(text) | Message::Unmasked(text) => text,
            Message::Args(args) => args.as_str().unwrap_or_default(),
        }
    }

    fn level(&self) -> Level {
        self.level
    }
}

impl LoggerService for Child {
    #[inline]
    fn enabled(&self, level: Level, keys: &[&str]) -> bool {
        let gate = self.gate.load(Ordering::Relaxed);
        let most =
            if gate >> 8 == self.engine.generation() { Level::from_u8(gate as u8) } else { self.most() };
        level <= most || (!keys.is_empty() && self.may_turn(level, keys))
    }

    fn log(&self, record: &Record<'_>) {
        match record.error() {
            None => self.emit(record, &[], None),
            Some(error) => {
                let (message, fields) = crate::error::spread(error);
                let spread: Vec<Field<'_>> = fields.iter().collect();
                self.emit(record, &spread, Some(&message));
            }
        }
    }

    fn child(&self, fields: Fields) -> Logger {
        let (engine, fields) = (self.engine.clone(), self.fields.and(fields));
        Logger::new(Self { is_foreign: self.is_foreign, ..Self::new(engine, fields) })
    }
}
