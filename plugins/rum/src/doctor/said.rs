//! How much is told of what others say: no secret, and no more than somebody reads.

use greenroom::config::{Masks, RootConfig};

/// So many characters of a text that a server has said.
pub(super) const MOST_OF_A_SERVER: usize = 200;

/// What no finding shows.
pub(super) struct Secrets {
    token: Option<String>,
    masks: Masks,
}

impl Secrets {
    /// The token is one that the config need not hold.
    pub(super) fn of(config: Option<&RootConfig>, token: Option<&str>) -> Self {
        let token = token.map(str::trim).filter(|token| !token.is_empty()).map(str::to_owned);
        Self { token, masks: config.map(RootConfig::masks).unwrap_or_default() }
    }

    pub(super) fn hide(&self, text: &str) -> String {
        let text = self.masks.all(text);
        self.token.iter().fold(text, |text, token| text.replace(token, greenroom::redact::MASK))
    }

    /// What a server has said: it may repeat what it was sent, and as much as it likes. Nothing is cut before it is hidden.
    pub(super) fn of_a_server(&self, text: &str) -> String {
        shortened(&self.hide(text), MOST_OF_A_SERVER)
    }
}

/// The beginning of a longer text.
pub(super) fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rum_48_what_a_server_says_is_hidden_before_it_is_cut() {
        let config = RootConfig::from_yaml("mail: {password: hunter2hunter2}").unwrap();
        let secrets = Secrets::of(Some(&config), Some("tokentokentoken\n"));
        let said = format!("{}tokentokentoken hunter2hunter2", "x".repeat(190));
        assert_eq!(secrets.of_a_server(&said), format!("{}*** ***", "x".repeat(190)));
        assert_eq!(secrets.of_a_server(&"é".repeat(201)), format!("{}…", "é".repeat(200)));
        assert_eq!(Secrets::of(None, Some("tokentokentoken")).hide("a tokentokentoken"), "a ***");
        assert_eq!(Secrets::of(None, Some(" ")).hide("a b"), "a b");
    }
}
