//! Text of somebody else's is shown as text.

use greenroom_plugin_rum_store::Pool;

use crate::support::{now_ms, pages};
