//! Makes a failing request smaller.

use super::Case;

/// The smallest request that can be reached by leaving something out, one thing after the other, while it still fails.
pub async fn shrink(case: &Case, mut fails: impl AsyncFnMut(&Case) -> bool) -> Case {
    const ATTEMPTS: usize = 120;
    let mut smallest = case.clone();
    let mut attempts = 0;
    'again: loop {
        for smaller in smaller(&smallest) {
            attempts += 1;
            if attempts > ATTEMPTS {
                return smallest;
            }
            if fails(&smaller).await {
                smallest = smaller;
                continue 'again;
            }
        }
        return smallest;
    }
}

/// What a request may be replaced with, the greatest steps first.
fn smaller(case: &Case) -> Vec<Case> {
    let mut all = Vec::new();
    let mut with = |change: &dyn Fn(&mut Case)| {
        let mut changed = case.clone();
        change(&mut changed);
        if changed != *case {
            all.push(changed);
        }
    };
    with(&|c| c.headers.clear());
    with(&|c| (c.body, c.chunked) = (Vec::new(), false));
    with(&|c| c.query.clear());
    with(&|c| c.method = "GET".to_owned());
    for at in 0..case.headers.len() {
        with(&|c| drop(c.headers.remove(at)));
    }
    with(&|c| c.chunked = false);
    with(&|c| c.host = true);
    with(&|c| c.version = "1.1");
    with(&|c| c.body.truncate(c.body.len() / 2));
    for at in (1..case.path.len()).filter(|&at| case.path[at] == b'/') {
        with(&|c| c.path.truncate(at));
    }
    with(&|c| c.path.truncate((c.path.len() - 1).max(1)));
    with(&|c| c.query.truncate(c.query.len().saturating_sub(1)));
    all.retain(|changed| !changed.path.is_empty());
    all
}
