//! Test support that `smoke` and `bench` share.

pub(crate) mod load_generator;
