//! Depth-first search for circles, in services and among modules.

use greenroom_errors::Error;

use super::Services;

/// Every circle reachable from a node that an earlier one did not lead to, as the nodes from its start back to it.
pub(super) fn find(nodes: usize, next: impl Fn(usize) -> Vec<usize>) -> Vec<Vec<usize>> {
    let (mut done, mut path, mut circles) = (vec![false; nodes], vec![], vec![]);
    for node in 0..nodes {
        visit(node, &next, &mut done, &mut path, &mut circles);
    }
    circles
}

fn visit(
    node: usize,
    next: &impl Fn(usize) -> Vec<usize>,
    done: &mut [bool],
    path: &mut Vec<usize>,
    circles: &mut Vec<Vec<usize>>,
) {
    if let Some(at) = path.iter().position(|on_path| *on_path == node) {
        circles.push(path[at..].iter().copied().chain([node]).collect());
        return;
    }
    if done[node] {
        return;
    }
    path.push(node);
    for next_node in next(node) {
        visit(next_node, next, done, path, circles);
    }
    path.pop();
    done[node] = true;
}

/// `'a' -> 'b' -> 'a'`
pub(super) fn chain<'a>(circle: &[usize], name: impl Fn(usize) -> &'a str) -> String {
    circle.iter().map(|node| format!("'{}'", name(*node))).collect::<Vec<_>>().join(" -> ")
}

/// The circles among services, as one error.
pub(super) fn services(services: &Services) -> Option<Error> {
    let circles = find(services.installed.len(), |at| {
        services.installed[at].dependencies().flat_map(|d| services.positions(d.id)).copied().collect()
    });
    if circles.is_empty() {
        return None;
    }
    let mut text = String::from("Circular dependencies detected:");
    for circle in circles {
        text.push_str(&format!("\n  {}", chain(&circle, |at| services.installed[at].factory.id)));
    }
    Some(Error::conflict(text))
}
