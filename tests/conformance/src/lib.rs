//! Replays recorded traffic of the Node backend against Greenroom.
