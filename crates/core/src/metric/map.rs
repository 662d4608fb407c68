//! Arrays that an enum indexes.

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, Visitor},
};
use std::{
    borrow::Cow,
    fmt,
    marker::PhantomData,
    ops::{AddAssign, Index, IndexMut, SubAssign},
};

/// An enum whose variants have places in an array, and names in text.
pub trait Key: Copy + fmt::Debug + 'static {
    /// Noun for a key in messages.
    const KIND: &'static str;

    /// Every one, in the order of their places.
    const ALL: &'static [Self];

    /// Place in [`Key::ALL`].
    fn index(self) -> usize;

    /// The name in files.
    fn name(self) -> &'static str;

    /// The one of this name.
    fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|key| key.name() == name)
    }
}

/// A value for each variant of `K`, of which there are `N`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct EnumMap<K, V, const N: usize> {
    values: [V; N],
    keys: PhantomData<K>,
}

impl<K: Key, V, const N: usize> EnumMap<K, V, N> {
    /// Makes each value from its key.
    pub fn of(value: impl Fn(K) -> V) -> Self {
        Self {
            values: std::array::from_fn(|index| value(K::ALL[index])),
            keys: PhantomData,
        }
    }

    /// Keys with their values, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (K, &V)> {
        K::ALL.iter().copied().zip(&self.values)
    }

    /// Keys with their values, mutable.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (K, &mut V)> {
        K::ALL.iter().copied().zip(&mut self.values)
    }
}

impl<K: Key, V: Default, const N: usize> Default for EnumMap<K, V, N> {
    fn default() -> Self {
        Self::of(|_| V::default())
    }
}

impl<K: Key, V, const N: usize> Index<K> for EnumMap<K, V, N> {
    type Output = V;

    #[inline]
    fn index(&self, key: K) -> &V {
        &self.values[key.index()]
    }
}

impl<K: Key, V, const N: usize> IndexMut<K> for EnumMap<K, V, N> {
    #[inline]
    fn index_mut(&mut self, key: K) -> &mut V {
        &mut self.values[key.index()]
    }
}

/// Counts saturate: what was read from a file may be anything.
impl<K: Key, const N: usize> AddAssign for EnumMap<K, u64, N> {
    fn add_assign(&mut self, other: Self) {
        for (mine, more) in self.values.iter_mut().zip(other.values) {
            *mine = mine.saturating_add(more);
        }
    }
}

impl<K: Key, const N: usize> SubAssign for EnumMap<K, u64, N> {
    fn sub_assign(&mut self, other: Self) {
        for (mine, less) in self.values.iter_mut().zip(other.values) {
            *mine = mine.saturating_sub(less);
        }
    }
}

/// Serializes as a map from names to values, without zeros.
impl<K: Key, V: Serialize + Default + PartialEq, const N: usize> Serialize for EnumMap<K, V, N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let present = self.iter().filter(|(_, value)| !is_default(*value));
        serializer.collect_map(present.map(|(key, value)| (key.name(), value)))
    }
}

impl<'de, K: Key, V: Deserialize<'de> + Default, const N: usize> Deserialize<'de>
    for EnumMap<K, V, N>
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Values(PhantomData))
    }
}

struct Values<K, V, const N: usize>(PhantomData<EnumMap<K, V, N>>);

impl<'de, K: Key, V: Deserialize<'de> + Default, const N: usize> Visitor<'de> for Values<K, V, N> {
    type Value = EnumMap<K, V, N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a map from each {} to its value", K::KIND)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut map = EnumMap::default();
        while let Some(name) = access.next_key::<Cow<'de, str>>()? {
            map[key_named(&name)?] = access.next_value()?;
        }
        Ok(map)
    }
}

/// Returns true if a value is the default, which is left out of what is written.
pub fn is_default<V: Default + PartialEq>(value: &V) -> bool {
    *value == V::default()
}

fn key_named<K: Key, E: Error>(name: &str) -> Result<K, E> {
    K::named(name).ok_or_else(|| E::custom(format_args!("`{name}` is no {}", K::KIND)))
}

/// Writes a key as its name, and reads it again.
pub mod by_name {
    use super::{Cow, Deserialize, Deserializer, Key, Serializer, key_named};

    /// The name.
    pub fn serialize<K: Key, S: Serializer>(key: &K, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(key.name())
    }

    /// The key of the name.
    pub fn deserialize<'de, K: Key, D: Deserializer<'de>>(deserializer: D) -> Result<K, D::Error> {
        key_named(&Cow::<str>::deserialize(deserializer)?)
    }
}

impl<K: Key, V: fmt::Debug, const N: usize> fmt::Debug for EnumMap<K, V, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Declares an enum with its table: the order, and the properties of each variant.
macro_rules! table {
    (
        $(#[$meta:meta])*
        $name:ident, $kind:literal, $info:ident;
        $($(#[$doc:meta])* $variant:ident { $($property:tt)* })*
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// Every one, in the order of reports.
            pub const ALL: [Self; [$(stringify!($variant)),*].len()] = [$(Self::$variant),*];

            /// The properties of the variant.
            pub const fn info(self) -> &'static $info {
                match self {
                    $(Self::$variant => {
                        const INFO: $info = $info { $($property)*, ..$info::PLAIN };
                        &INFO
                    })*
                }
            }
        }

        impl $crate::metric::Key for $name {
            const KIND: &'static str = $kind;
            const ALL: &'static [Self] = &Self::ALL;

            #[inline]
            fn index(self) -> usize {
                self as usize
            }

            fn name(self) -> &'static str {
                self.info().name
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.info().name)
            }
        }
    };
}
pub(super) use table;
