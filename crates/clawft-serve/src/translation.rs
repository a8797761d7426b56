//! Translations between the dialects of clients and providers, if the build has any.

#[cfg(any(feature = "chat", feature = "messages", feature = "responses"))]
mod full;
#[cfg(any(feature = "chat", feature = "messages", feature = "responses"))]
pub(crate) use full::{Request, Translated, Translation, Translator, read, write};

#[cfg(not(any(feature = "chat", feature = "messages", feature = "responses")))]
mod none;
#[cfg(not(any(feature = "chat", feature = "messages", feature = "responses")))]
pub(crate) use none::{Request, Translated, Translation, Translator, read, write};
