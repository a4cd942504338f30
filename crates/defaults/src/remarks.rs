//! What is said of a config that nothing is wrong with, and that is probably not what was meant.

use greenroom_config::RootConfig;

/// How the config was found and written, secrets that are likely to be part of other text, and origins that no browser
/// sends.
pub(crate) fn of(config: &RootConfig) -> Vec<String> {
    let mut out = config.warnings();
    // A list of exceptions that is none is refused by who reads it.
    out.extend(greenroom_logging::doubtful_secrets(config).unwrap_or_default());
    out.extend(origins_that_never_match(config));
    out
}

/// A browser's `Origin` has no path, not even a slash.
fn origins_that_never_match(config: &RootConfig) -> Vec<String> {
    const KEY: &str = "backend.cors.origin";
    let written = config.optional_get(KEY).ok().flatten().unwrap_or_default();
    let single = written.as_str().map(|origin| (KEY.to_owned(), origin));
    let listed = written.as_array().into_iter().flatten().enumerate();
    let listed = listed.filter_map(|(index, origin)| Some((format!("{KEY}[{index}]"), origin.as_str()?)));
    let slashed = single.into_iter().chain(listed).filter(|(_, origin)| origin.ends_with('/'));
    let told = slashed.map(|(key, origin)| {
        let place = config.place(&key).map(|place| format!(" ({place})")).unwrap_or_default();
        let meant = origin.trim_end_matches('/');
        format!("{key} ends with a slash, which no browser sends: it never matches; write '{meant}'{place}")
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_with_a_slash_at_its_end_is_told_with_its_place() {
        let told = |yaml: &str| of(&RootConfig::from_yaml(yaml).unwrap());
        let one = told("backend: {cors: {origin: 'https://a.example/'}}");
        assert_eq!(
            one,
            ["backend.cors.origin ends with a slash, which no browser sends: it never matches; write \
              'https://a.example' (mock-config:1:26)"]
        );
        let listed = told("backend: {cors: {origin: ['https://a.example', 'https://b.example/']}}");
        assert!(listed[0].starts_with("backend.cors.origin[1] ends with a slash"), "{listed:?}");
        assert_eq!(told("backend: {cors: {origin: 'https://a.example'}}"), [""; 0]);
    }
}
