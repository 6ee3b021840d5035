//! `SEALWIRE_CPU`: the most of the processor that may be used, for tests, valgrind and comparisons. It lowers what detection finds and
//! never raises it, so that every value is allowed, and means the same, on every machine.

use std::env;
use std::sync::LazyLock;

/// The variable. Set to nothing it counts as not set, like the others of the program.
pub(crate) const VARIABLE: &str = "SEALWIRE_CPU";

/// What may be used, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Portable,
    AesNi,
    Vaes,
    Avx512,
}

/// The values of [`VARIABLE`].
const LEVELS: [(&str, Level); 4] =
    [("portable", Level::Portable), ("aes-ni", Level::AesNi), ("vaes", Level::Vaes), ("avx512", Level::Avx512)];

static LIMIT: LazyLock<Result<Level, String>> = LazyLock::new(|| {
    let Some(value) = env::var_os(VARIABLE).filter(|value| !value.is_empty()) else {
        return Ok(Level::Avx512);
    };
    let level = LEVELS.iter().find(|(name, _)| value == *name);
    level.map(|(_, level)| *level).ok_or_else(|| value.to_string_lossy().into_owned())
});

/// The limit, which is the highest level where none is set.
///
/// # Errors
/// The value of [`VARIABLE`], when it is none of [`names`].
pub(crate) fn limit() -> Result<Level, &'static str> {
    LIMIT.as_ref().copied().map_err(String::as_str)
}

/// The values that [`VARIABLE`] may have.
pub(crate) fn names() -> Vec<&'static str> {
    LEVELS.iter().map(|(name, _)| *name).collect()
}
