//! JSON: what the browser reads, and what the server functions answer in.

mod parsed;
mod read;

use leptos::server_fn::{Bytes, ContentType, Decodes, Encodes, Format, FormatType, codec::Post};
use serde::Serialize;

#[cfg(feature = "ssr")]
pub use self::read::deserialize;
pub(crate) use self::read::{read_as, read_fields, read_words};
pub use self::{
    parsed::Value,
    read::{FromJson, Unread, field, field_or, read, word},
};

/// JSON, written by serde and read as [`FromJson`] does, as what the page begins with and the stream's events are.
pub struct TextJson;

/// What the server functions answer in.
pub type Json = Post<TextJson>;

impl ContentType for TextJson {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for TextJson {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for TextJson {
    type Error = serde_json::Error;

    fn encode(value: &T) -> Result<Bytes, Self::Error> {
        serde_json::to_string(value).map(Bytes::from)
    }
}

impl<T: FromJson> Decodes<T> for TextJson {
    type Error = Unread;

    fn decode(bytes: Bytes) -> Result<T, Self::Error> {
        read(&String::from_utf8_lossy(&bytes))
    }
}
