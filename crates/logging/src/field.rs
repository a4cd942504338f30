//! A field of one call, and the fields that a child logger keeps.

use std::borrow::Cow;

use crate::value::{FieldValue, OwnedValue, ToField};

/// What is known of a field beside key and value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags(u8);

impl Flags {
    /// Greenroom's addition to what Node prints: the `node` format leaves it out.
    pub(crate) const ADDED: Self = Self(1);
    /// The key stands in source code: it holds no secret, and nothing else ever has its address.
    pub(crate) const LITERAL: Self = Self(2);
    /// The value is the framework's: never masked.
    pub(crate) const TRUSTED: Self = Self(4);
    /// It is for programs: people have read it elsewhere.
    pub(crate) const FOR_PROGRAMS: Self = Self(8);

    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// One field of a record.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    pub(crate) key: &'a str,
    pub(crate) value: FieldValue<'a>,
    pub(crate) flags: Flags,
}

impl<'a> Field<'a> {
    /// A field whose key may hold anything; macros make those whose key is written out.
    pub fn new(key: &'a str, value: FieldValue<'a>) -> Self {
        Self { key, value, flags: Flags::default() }
    }

    #[doc(hidden)]
    pub fn literal(key: &'static str, value: FieldValue<'a>) -> Self {
        Self { key, value, flags: Flags::LITERAL }
    }

    /// Marks it as Greenroom's addition, which the `node` format leaves out.
    #[must_use]
    pub fn added(mut self) -> Self {
        self.flags = self.flags.and(Flags::ADDED);
        self
    }

    pub(crate) fn trusted(mut self) -> Self {
        self.flags = self.flags.and(Flags::TRUSTED);
        self
    }

    /// The key.
    pub fn key(&self) -> &'a str {
        self.key
    }

    /// The value.
    pub fn value(&self) -> FieldValue<'a> {
        self.value
    }

    /// Whether its key stands in source code: it is never masked.
    pub fn is_literal(&self) -> bool {
        self.flags.has(Flags::LITERAL)
    }

    /// Whether its value is the framework's: it is never masked.
    pub fn is_trusted(&self) -> bool {
        self.flags.has(Flags::TRUSTED)
    }

    /// Whether Node would not have it.
    pub fn is_added(&self) -> bool {
        self.flags.has(Flags::ADDED)
    }
}

/// Fields that outlive a call, in the order of a JavaScript object: a key set again keeps its place.
///
/// ```
/// use greenroom_logging::fields;
///
/// let id = 7;
/// let fields = fields! { task: id, kind: "shell", "other-key": true };
/// assert_eq!(fields.keys().collect::<Vec<_>>(), ["task", "kind", "other-key"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields(Vec<Owned>);

#[derive(Clone, Debug, PartialEq)]
struct Owned {
    key: Cow<'static, str>,
    value: OwnedValue,
    flags: Flags,
}

impl Fields {
    /// No fields.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Sets a field.
    pub fn insert(&mut self, key: impl Into<Cow<'static, str>>, value: impl ToField) {
        let key = key.into();
        self.set(key, value.to_field().into(), Flags::default());
    }

    /// Sets a field for programs: JSON has it, and lines for people do not, as where it repeats what stands above it.
    pub fn insert_for_programs(&mut self, key: impl Into<Cow<'static, str>>, value: impl ToField) {
        self.set(key.into(), value.to_field().into(), Flags::FOR_PROGRAMS);
    }

    #[doc(hidden)]
    pub fn insert_literal(&mut self, key: &'static str, value: FieldValue<'_>, added: bool) {
        let flags = if added { Flags::LITERAL.and(Flags::ADDED) } else { Flags::LITERAL };
        self.set(Cow::Borrowed(key), value.into(), flags);
    }

    pub(crate) fn set(&mut self, key: Cow<'static, str>, value: OwnedValue, flags: Flags) {
        debug_assert!(
            !flags.has(Flags::LITERAL) || matches!(key, Cow::Borrowed(_)),
            "{key} was made at run time"
        );
        match self.0.iter_mut().find(|field| field.key == key) {
            Some(field) => (field.value, field.flags) = (value, flags),
            None => self.0.push(Owned { key, value, flags }),
        }
    }

    /// Takes over the other's fields; theirs win.
    pub fn extend(&mut self, other: Self) {
        for Owned { key, value, flags } in other.0 {
            self.set(key, value, flags);
        }
    }

    /// These and the other's; theirs win.
    pub(crate) fn and(&self, other: Self) -> Self {
        let mut all = Self(Vec::with_capacity(self.0.len() + other.0.len()));
        all.0.extend_from_slice(&self.0);
        all.extend(other);
        all
    }

    /// Leaves out what no field may set: `level` and `message`.
    pub(crate) fn without_reserved(mut self) -> Self {
        self.0.retain(|field| field.key != "level" && field.key != "message");
        self
    }

    /// The value of a field.
    pub fn get(&self, key: &str) -> Option<FieldValue<'_>> {
        self.0.iter().find(|field| field.key == key).map(|field| field.value.view())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|field| &*field.key)
    }

    /// The fields, in order.
    pub fn iter(&self) -> impl Iterator<Item = Field<'_>> {
        self.0.iter().map(|f| Field { key: &f.key, value: f.value.view(), flags: f.flags })
    }

    pub(crate) fn at(&self, index: usize) -> Field<'_> {
        let f = &self.0[index];
        Field { key: &f.key, value: f.value.view(), flags: f.flags }
    }
}

impl<K: Into<Cow<'static, str>>, V: ToField> FromIterator<(K, V)> for Fields {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(iter: T) -> Self {
        let mut fields = Self::new();
        for (key, value) in iter {
            fields.insert(key, value);
        }
        fields
    }
}

impl From<&serde_json::Map<String, serde_json::Value>> for Fields {
    fn from(map: &serde_json::Map<String, serde_json::Value>) -> Self {
        map.iter().map(|(key, value)| (key.clone(), value)).collect()
    }
}
