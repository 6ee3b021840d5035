//! One layer of settings: the defaults, a file, the environment or the `--set` arguments, each value checked against
//! the schema.

use crate::error::{ConfigError, Fault, Origin, Problem, shown};
use crate::kind::{Choices, Kind, written};
use crate::schema::{self, Setting};
use config::{Map, Source, Value, ValueKind};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// Environment variables with this prefix are settings: `SEALWIRE__SECTION__KEY`.
const PREFIX: &str = "SEALWIRE__";

/// The checked values of one layer, by key. The `config` crate lays the layers over each other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layer(Map<String, (Value, Origin)>);

impl Layer {
    /// Where this layer sets `key`, if it does.
    pub(crate) fn origin(&self, key: &str) -> Option<&Origin> {
        self.0.get(key).map(|(_, origin)| origin)
    }
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
        Ok(self.0.iter().map(|(key, (value, _))| (key.clone(), value.clone())).collect())
    }
}

/// Reads layers and gathers everything that is wrong with them.
pub(crate) struct Reader<'a> {
    /// The names the program knows.
    pub(crate) choices: &'a Choices,
    /// What `~/` stands for.
    pub(crate) home: Option<PathBuf>,
    /// Found so far, in the order of reading.
    pub(crate) problems: Vec<Problem>,
}

/// A value on its way into a layer.
struct Entry<'a> {
    setting: &'static Setting,
    /// Its key, which in a table is not the setting's own.
    key: &'a str,
    value: ValueKind,
    /// As it was written.
    found: &'a str,
    origin: Origin,
    /// The folder where relative paths start.
    folder: Option<&'a Path>,
}

impl Reader<'_> {
    /// Reads `text`, the contents of the file `path`, or the built-in defaults when there is no path.
    ///
    /// # Errors
    /// [`ConfigError::Syntax`] alone: what is wrong with single settings is gathered in `problems`.
    pub(crate) fn file(&mut self, text: &str, path: Option<&Path>) -> Result<Layer, ConfigError> {
        let table = DeTable::parse(text).map_err(|error| syntax(text, path, &error))?.into_inner();
        let mut document = Document { reader: self, text, path, layer: Layer::default() };
        document.sections(&table);
        Ok(document.layer)
    }

    /// Reads the variables that begin with `SEALWIRE__`; others are not ours.
    pub(crate) fn environment(&mut self, variables: &[(OsString, OsString)]) -> Layer {
        let mut layer = Layer::default();
        for (name, value) in variables {
            let name = name.to_string_lossy();
            if let Some(key) = name.strip_prefix(PREFIX) {
                let key = key.to_lowercase().replace("__", ".");
                self.text(&mut layer, &key, value, Origin::Environment(shown(&name)));
            }
        }
        layer
    }

    /// Reads arguments of the form `section.key=value`.
    pub(crate) fn sets(&mut self, arguments: &[String]) -> Layer {
        let mut layer = Layer::default();
        for argument in arguments {
            match argument.split_once('=') {
                Some((key, value)) => self.text(&mut layer, key.trim(), OsStr::new(value), Origin::Set),
                None => self.refuse(Origin::Set, argument, "without =", "section.key=value".to_owned(), "an override"),
            }
        }
        layer
    }

    /// One override, whose type the schema tells.
    fn text(&mut self, layer: &mut Layer, key: &str, text: &OsStr, origin: Origin) {
        let Some(setting) = schema::find(key) else {
            return self.unknown_key(origin, key);
        };
        let found = text.to_string_lossy();
        let value = text.to_str().map_or(ValueKind::Nil, |text| setting.kind.read(text));
        self.insert(layer, Entry { setting, key, value, found: &format!("\"{found}\""), origin, folder: None });
    }

    fn insert(&mut self, layer: &mut Layer, entry: Entry<'_>) {
        let Entry { setting, key, value, found, origin, folder } = entry;
        let accepted = setting.kind.accept(value, self.choices).ok_or_else(|| setting.kind.allowed(self.choices));
        match accepted.and_then(|value| resolve(setting.kind, value, folder, self.home.as_deref())) {
            Ok(value) => {
                let value = Value::new(Some(&origin.to_string()), value);
                layer.0.insert(key.to_owned(), (value, origin));
            }
            Err(allowed) => self.refuse(origin, key, found, allowed, setting.help),
        }
    }

    fn refuse(&mut self, origin: Origin, key: &str, found: &str, allowed: String, help: &'static str) {
        let fault = Fault::Value { found: shown(found), allowed, help };
        self.problems.push(Problem { origin, key: shown(key), fault });
    }

    /// Suggests among all keys, and tells those of the section if none is near.
    fn unknown_key(&mut self, origin: Origin, key: &str) {
        let meant = schema::nearest(key, &schema::keys_of(""));
        self.unknown(origin, key, meant, schema::keys_of(schema::section_of(key)));
    }

    fn unknown(&mut self, origin: Origin, key: &str, meant: Option<&'static str>, known: Vec<&'static str>) {
        self.problems.push(Problem { origin, key: shown(key), fault: Fault::Unknown { meant, known } });
    }
}

/// A file while it is walked through.
struct Document<'a, 'r, 'c> {
    reader: &'r mut Reader<'c>,
    text: &'a str,
    path: Option<&'a Path>,
    layer: Layer,
}

type Item<'a, 'i> = (&'a Spanned<DeString<'i>>, &'a Spanned<DeValue<'i>>);

impl Document<'_, '_, '_> {
    fn sections(&mut self, table: &DeTable<'_>) {
        for (name, value) in in_order(table) {
            let (section, origin) = (name.get_ref().as_ref(), self.origin(name.span().start));
            match value.get_ref() {
                DeValue::Table(keys) if schema::sections().contains(&section) => self.keys(section, keys),
                DeValue::Table(_) => {
                    let known = schema::sections();
                    self.reader.unknown(origin, &quoted_key(section), schema::nearest(section, &known), known);
                }
                _ if schema::sections().contains(&section) => {
                    let found = &self.text[value.span()];
                    self.reader.refuse(origin, section, found, format!("[{section}] with its keys"), "a section");
                }
                _ => self.reader.unknown_key(origin, &quoted_key(section)),
            }
        }
    }

    fn keys(&mut self, section: &str, table: &DeTable<'_>) {
        for (name, value) in in_order(table) {
            let key = format!("{section}.{}", quoted_key(name.get_ref()));
            let origin = self.origin(name.span().start);
            if let (schema::TARGETS, DeValue::Table(targets)) = (key.as_str(), value.get_ref()) {
                self.keys(&key, targets);
                continue;
            }
            let Some(setting) = schema::find(&key) else {
                self.reader.unknown_key(origin, &key);
                continue;
            };
            let found = match value.get_ref() {
                DeValue::Table(_) => "a table",
                _ => &self.text[value.span()],
            };
            let folder = self.path.and_then(Path::parent);
            let entry = Entry { setting, key: &key, value: written(value.get_ref()), found, origin, folder };
            self.reader.insert(&mut self.layer, entry);
        }
    }

    fn origin(&self, offset: usize) -> Origin {
        match self.path {
            Some(path) => Origin::File(path.to_owned(), position(self.text, offset).0),
            None => Origin::BuiltIn,
        }
    }
}

/// The table's entries as they stand in the file, so that problems are told from top to bottom.
fn in_order<'a, 'i>(table: &'a DeTable<'i>) -> Vec<Item<'a, 'i>> {
    let mut items: Vec<_> = table.iter().collect();
    items.sort_by_key(|(name, _)| name.span().start);
    items
}

/// A key as TOML would have it written: one that contains a dot is not two keys.
fn quoted_key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    if bare { name.to_owned() } else { format!("\"{name}\"") }
}

fn syntax(text: &str, path: Option<&Path>, error: &toml::de::Error) -> ConfigError {
    let (line, column) = position(text, error.span().map_or(0, |span| span.start));
    let path = path.unwrap_or(Path::new("the built-in defaults")).to_owned();
    ConfigError::Syntax { path, line, column, message: shown(error.message()) }
}

/// Line and column of a byte, both from 1.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |i| i + 1);
    (1 + before.matches('\n').count(), 1 + before[line_start..].chars().count())
}

/// Makes a path of what is a path: `~/` is the home directory, a relative one starts in `folder`. On failure says what
/// would do.
fn resolve(kind: Kind, value: ValueKind, folder: Option<&Path>, home: Option<&Path>) -> Result<ValueKind, String> {
    if let (Kind::Forwards, ValueKind::Array(items)) = (kind, &value) {
        let resolved = items.iter().map(|item| resolve(Kind::Address, item.kind.clone(), folder, home));
        return Ok(resolved.collect::<Result<Vec<_>, _>>()?.into());
    }
    let ValueKind::String(text) = &value else { return Ok(value) };
    let is_path = match kind {
        Kind::Path => !text.is_empty(),
        Kind::Address => ["./", "../", "~/"].iter().any(|start| text.starts_with(start)),
        _ => false,
    };
    if !is_path {
        return Ok(value);
    }
    let path = match (text.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        (Some(_), None) => return Err("a path without ~/, for HOME is not set in the environment".to_owned()),
        (None, _) => folder.unwrap_or(Path::new("")).join(text),
    };
    // `components` drops the `./` that joining leaves in the middle.
    let path: PathBuf = path.components().collect();
    path.to_str().map(ValueKind::from).ok_or_else(|| format!("an absolute path, for {} is not UTF-8", path.display()))
}
