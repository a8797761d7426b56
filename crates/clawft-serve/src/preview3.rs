//! The component for WASI 0.3.
