//! About how many bytes events take in memory once they are read.

/// A byte of a text: it is there as it came, as it is written anew, and as what is kept of it.
const OF_BYTE: usize = 4;
/// A list or an object: it has room for its first members at once.
const OF_BRACKET: usize = 384;
/// One more member: lists and objects grow by doubling.
const OF_COMMA: usize = 256;

/// Rather too much than too little: a view that is nothing but brackets takes a hundred times its text once it is read.
pub(super) fn weight(text: &str) -> usize {
    text.lines().map(of_line).sum()
}

/// What stands within texts is no list and no object.
fn of_line(line: &str) -> usize {
    let (mut weight, mut is_text, mut is_escaped) = ((line.len() + 1) * OF_BYTE, false, false);
    for byte in line.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b'[' | b'{' if !is_text => weight += OF_BRACKET,
            b',' if !is_text => weight += OF_COMMA,
            _ => {}
        }
    }
    weight
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn rum_53_a_text_weighs_at_least_what_its_values_take() {
        let of_value = size_of::<Value>();
        let of_many = |item: &str| weight(&[item, ","].concat().repeat(1_000));
        // There may be room for twice as many as there are, and for four in a list that has one.
        assert!(of_many("0") >= 1_000 * 2 * of_value);
        assert!(of_many("[0]") >= 1_000 * (2 + 4) * of_value);
        // With a name of its own, and its place in what finds it by that.
        let of_member = of_value + 2 * size_of::<String>();
        assert!(of_many(r#"{"a":0}"#) >= 1_000 * (2 * of_value + 3 * of_member));
        assert_eq!(weight(&"x".repeat(999)), 4_000);
        assert_eq!(
            weight(r#"{"a":"[[,,\"{","b":0}"#),
            22 * OF_BYTE + OF_BRACKET + OF_COMMA,
            "texts are texts"
        );
    }
}
