//! What a start would have had to do faster to end earlier.

use std::time::Duration;

use super::{BootReport, Step, report::last_to_end};

/// One link of a [critical path](BootReport::critical_path).
#[derive(Clone, Debug)]
pub struct Link {
    /// The step.
    pub step: Step,
    /// How long the start was held up by it: from the end of the link before to its own end.
    pub held: Duration,
}

impl BootReport {
    /// The longest chain of steps of which each waited for the one before, in order: nothing beside it would have made the
    /// start shorter. While the backend starts, the chain to what ended last.
    ///
    /// The times add up to when the last one ended; once the start is over, that is the start itself.
    pub fn critical_path(&self) -> Vec<Link> {
        let steps = self.steps();
        let start = &steps[Self::START.0];
        let mut next = match start.ended {
            Some(_) => Some(start.id),
            None => last_to_end(&steps, &steps.iter().map(|step| step.id).collect::<Vec<_>>()),
        };
        let mut path = Vec::new();
        while let Some(id) = next {
            let step = &steps[id.0];
            next = last_to_end(&steps, &step.waited_for);
            let before = next.and_then(|id| steps[id.0].ended).unwrap_or_default();
            let held = step.ended.unwrap_or_default().saturating_sub(before);
            path.push(Link { step: step.clone(), held });
        }
        path.reverse();
        path
    }
}
