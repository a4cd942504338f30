//! Node's production line: one object, its keys sorted.

use greenroom_redact::Secrets;

use crate::{
    Format,
    encode::{
        Fragments, Message, Part, Target, View, is_origin, is_undefined,
        order::{self, LEVEL, MESSAGE, Step, TIMESTAMP},
        plan::Plans,
        text,
    },
    field::{Field, Fields},
};

/// A child's fields as `"key":value`, in the order of a line.
pub(super) fn fragments(own: &Fields, secrets: &Secrets, additions: bool) -> Fragments {
    // About what they take.
    let (mut bytes, mut value) = (Vec::with_capacity(own.len() * 32), String::new());
    let mut parts = Vec::with_capacity(own.len());
    let clock = &mut super::Clock::default();
    for (i, mut field) in own.iter().enumerate() {
        if is_undefined(&field) || (field.is_added() && !additions) {
            continue;
        }
        if is_origin(field.key) {
            field = field.trusted();
        }
        let from = bytes.len();
        let mut to = Target { out: &mut bytes, value: &mut value, clock, secrets };
        to.key(&field);
        to.out.push(b':');
        to.json_value(&field, true);
        parts.push(Part { field: i, bytes: from..bytes.len() });
    }
    parts.sort_by(|a: &Part, b| greenroom_js::key::cmp(own.at(a.field).key, own.at(b.field).key));
    Fragments { generation: secrets.generation(), bytes, parts, prefix: None, plans: Plans::default() }
}

pub(super) fn encode(to: &mut Target<'_>, view: &View<'_>, fragments: &Fragments, format: Format) {
    let mut line = Line { to, view, fragments, separator: b'{' };
    match fragments.plans.find(view) {
        Some(plan) => plan.steps().for_each(|(step, key)| line.write(step, Some(key))),
        None => {
            order::steps(view, fragments, format, |step| line.write(step, None));
            fragments.plans.learn(view, fragments, format);
        }
    }
    line.to.out.push(b'}');
}

/// A line on its way out.
struct Line<'l, 't> {
    to: &'l mut Target<'t>,
    view: &'l View<'l>,
    fragments: &'l Fragments,
    separator: u8,
}

impl Line<'_, '_> {
    /// Writes a field; its key, as JSON with its colon, may be there already.
    fn write(&mut self, step: Step, key: Option<&[u8]>) {
        let Self { to, view, .. } = self;
        let field = match step {
            Step::Field(i) if i < TIMESTAMP => Some(view.at(i.into())),
            _ => None,
        };
        if field.is_some_and(is_undefined) {
            return;
        }
        to.out.push(std::mem::replace(&mut self.separator, b','));
        match (step, field) {
            (_, Some(field)) => {
                match key {
                    Some(key) => to.out.extend_from_slice(key),
                    None => self::key(to, field),
                }
                to.json_value(field, true);
            }
            (Step::Part(i), _) => {
                to.out.extend_from_slice(&self.fragments.bytes[self.fragments.parts[i].bytes.clone()]);
            }
            (Step::Field(LEVEL), _) => {
                to.out.extend_from_slice(b"\"level\":\"");
                to.out.extend_from_slice(view.level.as_str().as_bytes());
                to.out.push(b'"');
            }
            (Step::Field(MESSAGE), _) => {
                to.out.extend_from_slice(b"\"message\":");
                message(to, view);
            }
            (Step::Field(_), _) => {
                to.out.extend_from_slice(b"\"timestamp\":\"");
                to.out.extend_from_slice(to.clock.bytes(view.time));
                to.out.push(b'"');
            }
        }
    }
}

fn message(to: &mut Target<'_>, view: &View<'_>) {
    match view.message {
        Message::Text(text) => text::masked(to.out, text, to.secrets),
        Message::Unmasked(text) => greenroom_js::json::string(to.out, text),
        Message::Args(args) => match args.as_str() {
            Some(text) => text::masked(to.out, text, to.secrets),
            None => text::formatted(to.out, to.value, args, to.secrets),
        },
    }
}

fn key(to: &mut Target<'_>, field: &Field<'_>) {
    to.key(field);
    to.out.push(b':');
}
