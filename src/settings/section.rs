//! A section of the configuration file: the keys it knows, each once. What the keys mean is left to file.rs.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, Visitor};

use super::nearest::nearest;

/// Declares a section: a struct in which each key may be left out, and how it is read.
///
/// serde's own `deny_unknown_fields` would do but for what it says: it lists every key there is, and not the one that is meant.
macro_rules! section {
    ($($(#[$attribute:meta])* $name:ident { $($(#[$of_key:meta])* $key:ident: $kind:ty,)* })*) => {$(
        $(#[$attribute])*
        #[derive(Default)]
        struct $name {
            $($(#[$of_key])* $key: Option<$kind>,)*
        }

        impl $name {
            const KEYS: &[&str] = &[$(stringify!($key)),*];
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(section: D) -> Result<Self, D::Error> {
                struct Read;

                impl<'de> serde::de::Visitor<'de> for Read {
                    type Value = $name;

                    fn expecting(&self, words: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(words, "settings by name: {}", $name::KEYS.join(", "))
                    }

                    /// A section of comments alone is no mapping, yet says nothing wrong.
                    fn visit_unit<E: serde::de::Error>(self) -> Result<$name, E> {
                        Ok($name::default())
                    }

                    fn visit_map<M: serde::de::MapAccess<'de>>(self, mut section: M) -> Result<$name, M::Error> {
                        let mut read = $name::default();
                        let mut keys = crate::settings::section::Keys::of($name::KEYS, SECTIONS);
                        while let Some(key) = section.next_key_seed(&mut keys)? {
                            match key {
                                $(stringify!($key) => read.$key = section.next_value()?,)*
                                _ => unreachable!("only known keys are given"),
                            }
                        }
                        Ok(read)
                    }
                }

                section.deserialize_any(Read)
            }
        }
    )*};
}

pub(super) use section;

/// The keys of a section, as they are met.
pub(super) struct Keys {
    known: &'static [&'static str],
    elsewhere: &'static [(&'static str, &'static [&'static str])],
    met: Vec<&'static str>,
}

impl Keys {
    /// Those of a section; `elsewhere` is every section by name, to find a key that stands in the wrong one.
    pub(super) fn of(
        known: &'static [&'static str],
        elsewhere: &'static [(&'static str, &'static [&'static str])],
    ) -> Self {
        Self {
            known,
            elsewhere,
            met: Vec::new(),
        }
    }

    fn stranger(&self, key: &str) -> String {
        let elsewhere = || {
            self.elsewhere
                .iter()
                .find(|(_, keys)| keys.contains(&key))
                .map(|(section, _)| format!("{section}{key}"))
        };
        let meant = elsewhere().or_else(|| nearest(key, self.known).map(str::to_owned));
        match meant {
            Some(meant) => format!("there is no setting `{key}` here (is `{meant}` meant?)"),
            None => format!(
                "there is no setting `{key}` here (there are: {})",
                self.known.join(", ")
            ),
        }
    }
}

impl<'de> DeserializeSeed<'de> for &mut Keys {
    type Value = &'static str;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<&'static str, D::Error> {
        key.deserialize_identifier(self)
    }
}

/// It is here that a key is refused, and not when the section is read: so the error has the key's own line.
impl Visitor<'_> for &mut Keys {
    type Value = &'static str;

    fn expecting(&self, words: &mut fmt::Formatter<'_>) -> fmt::Result {
        words.write_str("the name of a setting")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<&'static str, E> {
        let Some(known) = self.known.iter().find(|known| **known == key) else {
            return Err(E::custom(self.stranger(key)));
        };
        if self.met.contains(known) {
            return Err(E::custom(format!("`{key}` is set twice")));
        }
        self.met.push(known);
        Ok(known)
    }
}
