//! Keys of which a table has one.

use crate::field::Spanned;

/// The key that is there.
pub struct Chosen<T> {
    /// The key and where it stands.
    pub key: Spanned<&'static str>,
    /// Its value.
    pub value: T,
}

/// Declares a member of a table that is one of several keys, and what each of them makes.
///
/// `rule` says why two of them are a mistake; without it, whoever reads the table tells that.
macro_rules! choice {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident -> $held:ty $(, $rule:literal)?;
        |$chosen:pat_param| { $($key:ident: $form:ty => $made:expr,)* }
    ) => {
        $(#[$meta])*
        $vis enum $name {}

        impl $name {
            /// The keys.
            const KEYS: &'static [&'static str] = &[$(stringify!($key)),*];
        }

        impl $crate::form::Member for $name {
            type Held = $crate::field::Field<$held>;

            fn keys(_: &'static str, to: &mut Vec<$crate::form::Key>) {
                $(to.push($crate::form::Key::of::<$form>(stringify!($key)));)*
            }

            fn take(
                _: &'static str,
                fields: &$crate::reader::Fields<'_, '_>,
            ) -> Self::Held {
                use $crate::{field::Field, form::Chosen};
                let rule = None$(.or(Some($rule)))?;
                let key = match fields.only(Self::KEYS, rule) {
                    Field::Absent => return Field::Absent,
                    Field::Bad(span) => return Field::Bad(span),
                    Field::Given(key) => key,
                };
                $(if key.value == stringify!($key) {
                    return fields.read::<$form>(key.value).map(|value| {
                        let $chosen = Chosen { key, value };
                        $made
                    });
                })*
                Field::Absent
            }
        }
    };
}
pub(crate) use choice;
