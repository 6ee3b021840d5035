//! The loader: finds the file, reads the layers, lets the `config` crate merge them, and types the result.

use crate::DEFAULT;
use crate::error::{ConfigError, Fault, Origin, Problem};
use crate::kind::Choices;
use crate::layer::{Layer, Reader};
use crate::locate::{self, Environment, Source};
use crate::schema;
use crate::settings::Config;
use std::ffi::OsString;
use std::path::PathBuf;

/// Gathers what may be configured and from where, then loads it.
///
/// Later layers win: the built-in defaults, the file, the environment (`SEALWIRE__SECTION__KEY`), `--set
/// section.key=value`. Nothing is read from the process itself: the environment is passed in.
#[derive(Debug)]
pub struct Loader {
    choices: Choices,
    file: Option<PathBuf>,
    directory: PathBuf,
    environment: Vec<(OsString, OsString)>,
    sets: Vec<String>,
}

impl Loader {
    /// A loader that allows the names in `choices`, looks for files in the current directory and knows no environment
    /// yet.
    pub fn new(choices: Choices) -> Loader {
        Loader { choices, file: None, directory: PathBuf::new(), environment: Vec::new(), sets: Vec::new() }
    }

    /// The file that `--config` names. It must exist.
    pub fn file(mut self, file: Option<PathBuf>) -> Loader {
        self.file = file;
        self
    }

    /// Where `config/config.toml` is looked for, in the place of the current directory.
    pub fn directory(mut self, directory: PathBuf) -> Loader {
        self.directory = directory;
        self
    }

    /// The environment, usually `std::env::vars_os()`. `SEALWIRE__*` are settings; `SEALWIRE_CONFIG`, `XDG_CONFIG_HOME`
    /// and
    /// `HOME` say where things are; all others are left alone.
    pub fn environment<N, V>(mut self, variables: impl IntoIterator<Item = (N, V)>) -> Loader
    where
        N: Into<OsString>,
        V: Into<OsString>,
    {
        self.environment = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        self
    }

    /// The arguments of `--set`, each `section.key=value`; the last one for a key wins. The value is typed by the key:
    /// TOML where it is TOML of that type, else bare text, with commas between the items of a list.
    pub fn sets(mut self, sets: impl IntoIterator<Item = impl Into<String>>) -> Loader {
        self.sets = sets.into_iter().map(Into::into).collect();
        self
    }

    /// Loads, checks and types everything.
    ///
    /// # Errors
    /// [`ConfigError`]: a file that cannot be read or is not TOML, or all settings that are wrong, each with its place
    /// and the values that are allowed.
    pub fn load(self) -> Result<Config, ConfigError> {
        let environment = Environment(&self.environment);
        let file = locate::find(self.file.as_deref(), &environment, &self.directory)?;
        let mut reader = Reader { choices: &self.choices, home: environment.home(), problems: Vec::new() };

        let mut layers = vec![reader.file(DEFAULT, None)?];
        if let Some((path, text)) = &file {
            layers.push(reader.file(text, Some(path))?);
        }
        layers.push(reader.environment(&self.environment));
        layers.push(reader.sets(&self.sets));
        if !reader.problems.is_empty() {
            return Err(ConfigError::Invalid(reader.problems));
        }

        let builder =
            layers.iter().cloned().fold(config::Config::builder(), |builder, layer| builder.add_source(layer));
        let mut config: Config = builder.build()?.try_deserialize()?;
        config.source = file.map_or(Source::BuiltIn, |(path, _)| Source::File(path));
        check_dead_peer(&config, &layers)?;
        check_primes(&config, &layers)?;
        Ok(config)
    }
}

/// What no setting can know of itself: a peer needs time for a keepalive before it is taken for dead.
fn check_dead_peer(config: &Config, layers: &[Layer]) -> Result<(), ConfigError> {
    let (dead_peer, keepalive) = (config.session.dead_peer.as_secs(), config.session.keepalive.as_secs());
    if dead_peer > keepalive {
        return Ok(());
    }
    let allowed = format!("more than session.keepalive, which is {keepalive}");
    Err(at_odds(layers, ["session.dead_peer", "session.keepalive"], dead_peer, allowed))
}

/// Nor this: a prime of three must not be easier to find than one of two, so the modulus has to be larger.
fn check_primes(config: &Config, layers: &[Layer]) -> Result<(), ConfigError> {
    const BITS: [usize; 2] = [3072, 4096];
    let (bits, primes) = (config.key_transport.bits, config.key_transport.primes);
    if primes == 2 || BITS.contains(&bits) {
        return Ok(());
    }
    let allowed = format!("2, and 3 where key_transport.bits is {} or {} (it is {bits})", BITS[0], BITS[1]);
    Err(at_odds(layers, ["key_transport.primes", "key_transport.bits"], primes, allowed))
}

/// The first key has a value that the second one forbids. The place is that of the later one of the two.
fn at_odds(layers: &[Layer], [key, other]: [&'static str; 2], found: impl ToString, allowed: String) -> ConfigError {
    let origin = layers.iter().rev().find_map(|layer| layer.origin(key).or(layer.origin(other)));
    let help = schema::find(key).map_or("", |setting| setting.help);
    let fault = Fault::Value { found: found.to_string(), allowed, help };
    let origin = origin.cloned().unwrap_or(Origin::BuiltIn);
    ConfigError::Invalid(vec![Problem { origin, key: key.to_owned(), fault }])
}
