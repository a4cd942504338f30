//! Where things are: numbers as SVG's attributes.

/// A part of the width, as `12.5%`; what is no part of it is put at its edges.
pub(super) fn percent(part: f64) -> String {
    format!("{}%", number(within(part) * 100.0, 2))
}

/// From 0 to 1.
pub(super) fn within(part: f64) -> f64 {
    if part.is_nan() { 0.0 } else { part.clamp(0.0, 1.0) }
}

/// A coordinate without needless digits.
pub(super) fn number(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_placed_outside() {
        assert_eq!(
            [0.125, -3.0, 7.0, f64::NAN, f64::INFINITY].map(percent),
            ["12.5%", "0%", "100%", "0%", "100%"]
        );
    }
}
