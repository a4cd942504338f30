//! `ddtags`: `env:local,service:backstage`, in the event or, of an SDK before version 6, in the URL.

/// The value of a tag, if it has one.
pub(crate) fn tag<'a>(tags: &'a str, name: &str) -> Option<&'a str> {
    let pairs = tags.split(',').filter_map(|tag| tag.split_once(':'));
    pairs.filter(|(known, _)| *known == name).map(|(_, value)| value).find(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_has_the_value_behind_its_name() {
        let tags = "sdk_version:7.16.2,env:local,version:1:2,service:";
        assert_eq!(tag(tags, "env"), Some("local"));
        assert_eq!(tag(tags, "version"), Some("1:2"));
        assert_eq!((tag(tags, "service"), tag(tags, "en")), (None, None));
    }
}
