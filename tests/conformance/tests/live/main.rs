//! Greenroom and the real Node backend in one run. Needs the Node backend: `sh tests/conformance/peer/install.sh`.

mod differential;
mod https;
mod lifecycle;
