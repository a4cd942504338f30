//! Entity references, as far as identity needs them.

/// The one spelling of an entity reference: `user:default/ada`, in lower case. `None` if it is none.
///
/// Without a namespace it is in `default`; without a kind it is of `default_kind`, if there is one.
///
/// ```
/// use greenroom_auth::canonical_entity_ref;
///
/// assert_eq!(canonical_entity_ref("User:Ada", None).as_deref(), Some("user:default/ada"));
/// assert_eq!(canonical_entity_ref("ada", Some("user")).as_deref(), Some("user:default/ada"));
/// assert_eq!(canonical_entity_ref("ada", None), None);
/// ```
pub fn canonical_entity_ref(text: &str, default_kind: Option<&str>) -> Option<String> {
    let slash = text.find('/');
    let colon = text.find(':').filter(|colon| slash.is_none_or(|slash| *colon < slash));
    let kind = colon.map(|colon| &text[..colon]).or(default_kind)?;
    let rest = &text[colon.map_or(0, |colon| colon + 1)..];
    let (namespace, name) = rest.split_once('/').unwrap_or(("default", rest));
    let is_whole = [kind, namespace, name].iter().all(|part| !part.is_empty());
    is_whole.then(|| format!("{kind}:{namespace}/{name}").to_lowercase())
}
