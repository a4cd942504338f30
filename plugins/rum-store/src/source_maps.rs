//! Where a frame of a built script was written.
