//! The one way in which this crate's types read from JSON strings.

use core::fmt;
use core::marker::PhantomData;
use core::str::FromStr;

struct TextVisitor<T>(PhantomData<T>);

impl<T> serde::de::Visitor<'_> for TextVisitor<T>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

/// Reads a string and parses it with the type's own strict parser.
pub(crate) fn from_str<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr,
    T::Err: fmt::Display,
    D: serde::Deserializer<'de>,
{
    deserializer.deserialize_str(TextVisitor(PhantomData))
}
