//! Steps of a search: in tests they are counted, so that a rule that takes more than a text's length is found without a clock.
//!
//! The rules of `greenroom-redact` count none here; the browser's script, which has the same ones, counts them all.

/// What a search looks at: a character, a byte, one of a list.
#[inline]
pub(super) fn seen<T>(one: T) -> T {
    #[cfg(test)]
    tests::STEPS.set(tests::STEPS.get() + 1);
    one
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    use super::super::text::{Parameters, findings};

    thread_local! {
        pub(super) static STEPS: Cell<u64> = const { Cell::new(0) };
    }

    /// Where rules begin and end, and what they go over: characters of one, two and more bytes too.
    #[rustfmt::skip] // Those of one kind are on one line.
    const PARTS: &[&str] = &[
        "a", "a@", "@", "a.", "%40a.b", "a:", "#", "?", "?a=", "&", "&a=b", "=", "/", "//a@", "://", "a://b@", ";", "%",
        "%25", "%3D", "%22", "?a=%2F%3Fb%3D", "    ", "\n", "*", "\u{e9}", "\u{20ac}", "\u{1f600}",
        "eyJ", "eyJa.", "bearer ", "basic ", "ghp_", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----", "-----END -----",
        "/hooks", "token=", "token:>", "token]", "token:\"", "token:\"\\", "token:['", "token\\\":\\\"",
        "token={a}", "token={}]", "token=a\"", "token='')", "cookie:", "cookie:\"",
        "authorization:", "\"authorization: ", "authorization\"={", "\"", "'", "`", "\\", "(", "<", ">", "[", "]", "{", "}",
    ];

    /// How many characters a text has, or few more: twice as many as the longest domain that is looked at.
    const LENGTH: usize = 512;

    /// Each part, and each two of them, over and over: a text, and one of twice its length.
    pub(crate) fn repeated() -> Vec<[String; 2]> {
        let pairs = PARTS.iter().flat_map(|first| PARTS.iter().map(move |second| [*first, *second].concat()));
        let times = |part: &String| LENGTH.div_ceil(part.chars().count());
        pairs.map(|part| [part.repeat(times(&part)), part.repeat(2 * times(&part))]).collect()
    }

    /// The beginnings of those texts that take more than twice the steps at twice the length: a rule that goes over all of a
    /// text at each of its parts takes four times as many.
    pub(crate) fn takes_too_long(steps: &[[u64; 2]]) -> Vec<String> {
        let texts = repeated();
        assert_eq!(steps.len(), texts.len());
        let is_too_many = |[short, long]: [u64; 2]| long > short * 22 / 10;
        let long = texts.iter().zip(steps).filter(|(_, steps)| is_too_many(**steps));
        long.map(|([text, _], steps)| format!("{text:.40}: {steps:?}")).collect()
    }

    #[test]
    fn a_text_of_twice_the_length_takes_twice_the_steps() {
        let kept = Parameters::with([]);
        let steps = |text: String| {
            let before = STEPS.get();
            findings(&text, &kept);
            STEPS.get() - before
        };
        let steps: Vec<_> = repeated().into_iter().map(|texts| texts.map(steps)).collect();
        assert_eq!(takes_too_long(&steps), Vec::<String>::new());
    }
}
