//! What was probably meant by a name that nobody knows.

/// So much of a name is compared.
const MOST: usize = 64;

/// The name that is most like what was written, if one is like it: a letter or two are left out, put in, replaced, or
/// swapped with their neighbour, in any case.
///
/// ```
/// use greenroom_config::nearest;
///
/// assert_eq!(nearest("taks", ["tasks", "mail"]), Some("tasks"));
/// assert_eq!(nearest("rollbar", ["tasks", "mail"]), None);
/// ```
pub fn nearest<'n>(written: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let written: String = written.to_lowercase().chars().take(MOST).collect();
    let distances = names.into_iter().map(|name| {
        let lower = name.to_lowercase();
        (strsim::osa_distance(&written, &lower), lower.chars().count(), name)
    });
    let nearest = distances.filter(|(distance, length, _)| *distance <= (length / 3).clamp(1, 2)).min();
    nearest.map(|(_, _, name)| name)
}
