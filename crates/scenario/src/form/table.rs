//! Tables with keys of their own.

use super::{Definitions, Form};
use crate::{
    diag::{Problem, Span},
    field::{Field, Spanned},
    reader::Fields,
};
use serde_json::Value;
use std::marker::PhantomData;

/// A key of a table, and what may stand behind it.
pub struct Key {
    /// The key.
    pub name: &'static str,
    /// The schema of what stands there.
    pub schema: fn(&mut Definitions) -> Value,
}

impl Key {
    /// A key with a value of form `F`.
    pub fn of<F: Form>(name: &'static str) -> Self {
        let schema = F::schema;
        Self { name, schema }
    }
}

/// The keys of a table, and how they are read.
pub trait Members: Sized {
    /// Adds all its keys.
    fn add_keys(to: &mut Vec<Key>);

    /// Reads what stands behind them.
    fn of(fields: &Fields<'_, '_>) -> Self;
}

/// A kind of table with keys of its own.
pub trait Table: Members {
    /// Its name in messages and the reference.
    const TITLE: &'static str;
}

/// The keys of a table.
pub fn keys<M: Members>() -> Vec<Key> {
    let mut keys = Vec::new();
    M::add_keys(&mut keys);
    keys
}

/// A line of a table's declaration: mostly one key, with a value of some form.
pub trait Member {
    /// The type of the field that holds its value.
    type Held;

    /// Adds its keys.
    fn keys(name: &'static str, to: &mut Vec<Key>);

    /// Reads what stands behind them.
    fn take(name: &'static str, fields: &Fields<'_, '_>) -> Self::Held;
}

impl<F: Form> Member for F {
    type Held = Field<F::Value>;

    fn keys(name: &'static str, to: &mut Vec<Key>) {
        to.push(Key::of::<F>(name));
    }

    fn take(name: &'static str, fields: &Fields<'_, '_>) -> Self::Held {
        fields.read::<F>(name)
    }
}

/// A key that must be there.
pub struct Required<F>(PhantomData<F>);

impl<F: Form> Member for Required<F> {
    type Held = Field<F::Value>;

    fn keys(name: &'static str, to: &mut Vec<Key>) {
        to.push(Key::of::<F>(name));
    }

    fn take(name: &'static str, fields: &Fields<'_, '_>) -> Self::Held {
        let field = fields.read::<F>(name);
        if field.is_absent() {
            let problem = Problem::new(fields.span, format!("`{name}` is missing"));
            fields.reader.problem(problem);
            return Field::Bad(fields.span);
        }
        field
    }
}

/// No key: where the table itself stands.
pub enum Here {}

impl Member for Here {
    type Held = Span;

    fn keys(_: &'static str, _: &mut Vec<Key>) {}

    fn take(_: &'static str, fields: &Fields<'_, '_>) -> Span {
        fields.span
    }
}

/// No key: the name that the table itself stands under, which [`super::Named`] puts there.
pub enum Name {}

impl Member for Name {
    type Held = Spanned<String>;

    fn keys(_: &'static str, _: &mut Vec<Key>) {}

    fn take(_: &'static str, _: &Fields<'_, '_>) -> Self::Held {
        Spanned::default()
    }
}

/// Declares a table: the struct that mirrors it, its keys, how they are read, and its schema.
///
/// A line is `name: Member`, or `name as "key": Member` where the key is called otherwise. Without a
/// title it is no form, but something that tables of several titles have in common.
macro_rules! table {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident $(as $title:literal)? {
            $($(#[$doc:meta])* $field:ident $(as $key:literal)?: $member:ty,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Default)]
        $vis struct $name {
            $($(#[$doc])* pub $field: <$member as $crate::form::Member>::Held,)*
        }

        // There are tables without keys.
        #[allow(unused_variables)]
        impl $crate::form::Members for $name {
            fn add_keys(to: &mut Vec<$crate::form::Key>) {
                $(<$member as $crate::form::Member>::keys(
                    $crate::form::table!(@key $field $($key)?), to,
                );)*
            }

            fn of(fields: &$crate::reader::Fields<'_, '_>) -> Self {
                Self {
                    $($field: <$member as $crate::form::Member>::take(
                        $crate::form::table!(@key $field $($key)?), fields,
                    ),)*
                }
            }
        }

        $(impl $crate::form::Table for $name {
            const TITLE: &'static str = $title;
        }

        impl $crate::form::Form for $name {
            type Value = Self;

            fn read(
                reader: &$crate::reader::Reader,
                node: &$crate::tree::Node,
            ) -> Option<Self> {
                reader.table(node)
            }

            fn schema(to: &mut $crate::form::Definitions) -> serde_json::Value {
                to.table::<Self>()
            }
        })?
    };
    (@key $field:ident) => { stringify!($field) };
    (@key $field:ident $key:literal) => { $key };
}
pub(crate) use table;
