//! Addresses of webhooks: whoever knows one may post there, so that its path is a secret.

use std::ops::Range;

/// What hosts and segments are called that such paths follow.
const HOOKS: [&str; 5] = ["hook", "hooks", "webhook", "webhookb2", "webhooks"];

/// Longer segments are no words, whatever they are made of.
const LONGEST_WORD: usize = 20;

/// Longer numbers may be a part of a secret.
const LONGEST_NUMBER: usize = 5;

/// Whether a text may hold such an address.
pub(crate) fn is_likely(text: &str) -> bool {
    // Its last letter is the rarest.
    memchr::memchr_iter(b'k', text.as_bytes()).any(|last| text.as_bytes()[..=last].ends_with(b"hook"))
}

/// What stands behind a host or a segment that is named like one, from the first segment on that is
/// no word. The path ends at `query`.
pub(crate) fn secret_path(text: &str, query: usize) -> Option<Range<usize>> {
    let (path, mut at, mut is_behind) = (&text[..query], 0, false);
    if !is_likely(path) {
        return None;
    }
    for segment in path.split('/') {
        if is_behind && !is_word(segment) && !HOOKS.contains(&segment) {
            return Some(at..query);
        }
        is_behind |= segment.split(['.', '@']).any(|label| HOOKS.contains(&label));
        at += segment.len() + 1;
    }
    None
}

/// `services`, `catch`, `v1`, `42`; nothing is one too.
fn is_word(segment: &str) -> bool {
    let is_all = |is_one: fn(u8) -> bool, text: &str| text.bytes().all(is_one);
    let is_number = |text: &str| text.len() <= LONGEST_NUMBER && is_all(|c| c.is_ascii_digit(), text);
    let is_lower = |text: &str| is_all(|c| c.is_ascii_lowercase() || b"-_.:".contains(&c), text);
    is_number(segment.strip_prefix('v').unwrap_or(segment))
        || (segment.len() < LONGEST_WORD && is_lower(segment))
}

#[cfg(test)]
mod tests {
    use crate::{text, url};

    #[test]
    fn paths_of_webhooks_are_masked_behind_their_words() {
        for (given, told) in [
            ("https://hooks.slack.com/services/T0A1/B0C2/aBcD1234", "https://hooks.slack.com/services/***"),
            (
                "https://discord.com/api/webhooks/123456789/a-B_c?wait=true",
                "https://discord.com/api/webhooks/***?wait=true",
            ),
            (
                "https://x.webhook.office.com/webhookb2/12ab@34cd/IncomingWebhook/56ef",
                "https://x.webhook.office.com/webhookb2/***",
            ),
            ("https://hooks.zapier.com/hooks/catch/123456/abc1/", "https://hooks.zapier.com/hooks/catch/***"),
            ("https://chat.example.com/hooks/abcdefghijklmnopqrst", "https://chat.example.com/hooks/***"),
            ("/x?to=https%3A%2F%2Fhooks.slack.com%2Fservices%2FT0A1%2FB0C2&y=1", "/x?to=***&y=1"),
            ("/x?to=https://hooks.slack.com/services/T0A1/B0C2&y=1", "/x?to=***&y=1"),
            ("/api/webhooks/github", "/api/webhooks/github"),
            ("/api/v1/hooks/42/deliveries", "/api/v1/hooks/42/deliveries"),
            ("/assets/react-hooks/Abc1", "/assets/react-hooks/Abc1"),
            ("/services/T0A1/B0C2", "/services/T0A1/B0C2"),
        ] {
            assert_eq!(url(given), told);
            assert_eq!(url(told), told);
        }
        assert_eq!(
            text("cannot post to 'https://hooks.slack.com/services/T0A1/B0C2'"),
            "cannot post to 'https://hooks.slack.com/services/***'"
        );
    }
}
