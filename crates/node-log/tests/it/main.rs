//! What the reader makes of recorded and of generated output.

mod bounds;
mod development;
mod facts;
mod greenroom;
mod joined;
mod node_boot;
mod recorded;
mod split;
mod support;
