//! Arguments and results of statements, the same for both databases.

use sqlx::Error;

/// An argument of a statement.
#[derive(Clone, Debug)]
pub enum Arg {
    /// A moment, in milliseconds from now on the database's clock.
    In(i64),
    Int(i64),
    Flag(bool),
    Text(String),
    Bytes(Vec<u8>),
    MaybeBytes(Option<Vec<u8>>),
    /// A list: an array in PostgreSQL, JSON in SQLite.
    Ints(Vec<i64>),
    /// A list: an array in PostgreSQL, JSON in SQLite.
    Texts(Vec<String>),
}

impl Arg {
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// A moment after this delay, which counts as a century if it is longer.
    pub(crate) fn after(delay: std::time::Duration) -> Self {
        Self::In(millis(delay))
    }

    /// A moment before now.
    pub(crate) fn before(age: std::time::Duration) -> Self {
        Self::In(-millis(age))
    }
}

pub(crate) fn millis(duration: std::time::Duration) -> i64 {
    const CENTURY: i64 = 100 * 365 * 24 * 60 * 60 * 1000;
    i64::try_from(duration.as_millis()).map_or(CENTURY, |millis| millis.min(CENTURY))
}

/// A row of a result.
#[derive(Debug)]
pub struct Record(pub(super) Vec<Value>);

#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Record {
    pub(crate) fn int(&self, column: usize) -> Result<i64, Error> {
        match self.0.get(column) {
            Some(Value::Int(int)) => Ok(*int),
            _ => Err(unexpected(column)),
        }
    }

    pub(crate) fn flag(&self, column: usize) -> Result<bool, Error> {
        self.int(column).map(|int| int != 0)
    }

    pub(crate) fn maybe_int(&self, column: usize) -> Result<Option<i64>, Error> {
        self.maybe(column, Self::int)
    }

    pub(crate) fn text(&self, column: usize) -> Result<String, Error> {
        match self.0.get(column) {
            Some(Value::Text(text)) => Ok(text.clone()),
            _ => Err(unexpected(column)),
        }
    }

    pub(crate) fn maybe_text(&self, column: usize) -> Result<Option<String>, Error> {
        self.maybe(column, Self::text)
    }

    pub(crate) fn bytes(&self, column: usize) -> Result<Vec<u8>, Error> {
        match self.0.get(column) {
            Some(Value::Bytes(bytes)) => Ok(bytes.clone()),
            _ => Err(unexpected(column)),
        }
    }

    pub(crate) fn maybe_bytes(&self, column: usize) -> Result<Option<Vec<u8>>, Error> {
        self.maybe(column, Self::bytes)
    }

    fn maybe<T>(
        &self,
        column: usize,
        read: impl Fn(&Self, usize) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        match self.0.get(column) {
            Some(Value::Null) => Ok(None),
            _ => read(self, column).map(Some),
        }
    }
}

fn unexpected(column: usize) -> Error {
    Error::Decode(format!("column {column} of the inbox's tables has another type").into())
}
