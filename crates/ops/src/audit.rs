//! What operators do, a line each.

use greenroom_logging::{Logger, fields, info};

use crate::operator::Operator;

/// The longest text of a line that somebody else chooses.
const LONGEST: usize = 500;

/// Writes the lines.
#[derive(Clone)]
pub(crate) struct Audit(Logger);

impl Audit {
    pub(crate) fn new(logger: &Logger) -> Self {
        Self(logger.child(fields! { "type": "audit" }))
    }

    /// `target` is what it was done to, `reason` what for.
    pub(crate) fn tell(&self, operator: &Operator, action: &str, target: &str, reason: &str) {
        operator.audited();
        self.told(operator.actor(), action, target, reason);
    }

    /// The same of somebody who is no operator yet.
    pub(crate) fn told(&self, actor: &str, action: &str, target: &str, reason: &str) {
        let (target, reason) = (cut(target), cut(reason));
        info!(self.0, actor = actor, action = action, target = target, reason = reason, "Operator: {action}");
    }
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(cut("short"), "short");
        assert_eq!(cut(&"ä".repeat(LONGEST)).len(), LONGEST);
        assert_eq!(cut(&format!("x{}", "ä".repeat(LONGEST))).len(), LONGEST - 1);
    }
}
