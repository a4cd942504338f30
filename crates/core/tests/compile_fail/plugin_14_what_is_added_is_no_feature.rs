#![allow(unused)]
use greenroom_core::Backend;

struct NoFeature;

fn main() {
    let backend = Backend::new([]).add(NoFeature);
}
