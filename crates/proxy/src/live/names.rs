//! The names of plugins by which metrics and traces may tell. A series stays as long as the process: a name that has had one keeps its
//! place, and there are few places, or else who makes up names would make series.

use std::collections::HashMap;

use super::MOST_PLUGINS;

/// So many may have a place of which it is not certain that they are plugins: the others are left for those that are.
const MOST_UNCERTAIN: usize = MOST_PLUGINS / 2;

/// Each name, and whether it is certain that a plugin has it.
#[derive(Default)]
pub(super) struct Names(HashMap<Box<str>, bool>);

impl Names {
    /// Whether it has a place, or gets one.
    pub(super) fn has_place(&mut self, id: &str, is_certain: bool, is_crowded: bool) -> bool {
        if let Some(known) = self.0.get_mut(id) {
            *known |= is_certain;
            return true;
        }
        let has_room =
            self.0.len() < MOST_PLUGINS && (is_certain || (!is_crowded && self.uncertain() < MOST_UNCERTAIN));
        if has_room {
            self.0.insert(id.into(), is_certain);
        }
        has_room
    }

    fn uncertain(&self) -> usize {
        self.0.values().filter(|is_certain| !**is_certain).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_place_and_names_that_may_be_made_up_leave_room_for_plugins() {
        let mut names = Names::default();
        let made_up = |names: &mut Names, at: usize| names.has_place(&format!("p{at}"), false, false);
        assert_eq!((0..10_000).filter(|at| made_up(&mut names, *at)).count(), MOST_UNCERTAIN);
        // One turns out to be a plugin, which makes room for one more.
        assert!(
            names.has_place("p0", true, false) && made_up(&mut names, 20_000) && !made_up(&mut names, 20_001)
        );
        let certain = (0..10_000).filter(|at| names.has_place(&format!("c{at}"), true, true));
        assert_eq!(certain.count(), MOST_PLUGINS - MOST_UNCERTAIN - 1);
        assert!(names.has_place("p1", false, true) && !names.has_place("late", true, false));
    }
}
