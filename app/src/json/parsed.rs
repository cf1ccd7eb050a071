//! A document that has been parsed: by serde on the server, and in the browser by the browser, which need not download a
//! parser for what it does itself.

#[cfg(not(feature = "ssr"))]
pub use self::browser::Value;
#[cfg(feature = "ssr")]
pub use self::server::Value;

#[cfg(feature = "ssr")]
mod server {
    /// A value of a parsed document.
    #[derive(Clone, Copy, Debug)]
    pub struct Value<'a>(&'a serde_json::Value);

    impl<'a> From<&'a serde_json::Value> for Value<'a> {
        fn from(value: &'a serde_json::Value) -> Self {
            Self(value)
        }
    }

    impl<'a> Value<'a> {
        /// What `read` makes of a document; `None` if it is no JSON.
        pub fn parse<T>(json: &str, read: impl FnOnce(&Value<'_>) -> T) -> Option<T> {
            let document: serde_json::Value = serde_json::from_str(json).ok()?;
            Some(read(&Value(&document)))
        }

        /// A field of an object.
        #[must_use]
        pub fn get(&self, name: &str) -> Option<Self> {
            self.0.get(name).map(Self)
        }

        /// What is in a list.
        #[must_use]
        pub fn items(&self) -> Option<impl Iterator<Item = Self> + use<'a>> {
            Some(self.0.as_array()?.iter().map(Self))
        }

        /// A text.
        #[must_use]
        pub fn text(&self) -> Option<String> {
            self.0.as_str().map(str::to_owned)
        }

        /// A whole number from 0.
        #[must_use]
        pub fn u64(&self) -> Option<u64> {
            self.0.as_u64()
        }

        /// A whole number.
        #[must_use]
        pub fn i64(&self) -> Option<i64> {
            self.0.as_i64()
        }

        /// Yes or no.
        #[must_use]
        pub fn bool(&self) -> Option<bool> {
            self.0.as_bool()
        }

        /// Whether it is nothing.
        #[must_use]
        pub fn is_null(&self) -> bool {
            self.0.is_null()
        }
    }
}

#[cfg(not(feature = "ssr"))]
mod browser {
    use std::marker::PhantomData;

    use js_sys::{Array, JSON, Reflect};
    use wasm_bindgen::JsValue;

    /// A value of a parsed document.
    #[derive(Debug)]
    pub struct Value<'a>(JsValue, PhantomData<&'a ()>);

    impl<'a> Value<'a> {
        /// What `read` makes of a document; `None` if it is no JSON.
        pub fn parse<T>(json: &str, read: impl FnOnce(&Self) -> T) -> Option<T> {
            JSON::parse(json).ok().map(|document| read(&Self::from(document)))
        }

        fn from(value: JsValue) -> Self {
            Self(value, PhantomData)
        }

        /// A field of an object.
        #[must_use]
        pub fn get(&self, name: &str) -> Option<Self> {
            // What is no object has no fields.
            let value = Reflect::get(&self.0, &name.into()).ok()?;
            (!value.is_undefined()).then(|| Self::from(value))
        }

        /// What is in a list.
        #[must_use]
        pub fn items(&self) -> Option<impl Iterator<Item = Self> + use<'a>> {
            Array::is_array(&self.0).then(|| Array::from(&self.0).into_iter().map(Self::from))
        }

        /// A text.
        #[must_use]
        pub fn text(&self) -> Option<String> {
            self.0.as_string()
        }

        /// A whole number from 0. Those of the lab are far below 2^53, up to which the browser has them all.
        #[must_use]
        pub fn u64(&self) -> Option<u64> {
            self.0.as_f64().map(|number| number as u64)
        }

        /// A whole number.
        #[must_use]
        pub fn i64(&self) -> Option<i64> {
            self.0.as_f64().map(|number| number as i64)
        }

        /// Yes or no.
        #[must_use]
        pub fn bool(&self) -> Option<bool> {
            self.0.as_bool()
        }

        /// Whether it is nothing.
        #[must_use]
        pub fn is_null(&self) -> bool {
            self.0.is_null()
        }
    }
}
