//! What a setting may be: how a value is read from text, checked, and described to somebody who got it wrong.

use crate::schema::is_target;
use base64ct::{Base64Unpadded, Encoding};
use config::{Value, ValueKind};
use toml::de::{DeTable, DeValue};

/// The names that only the program knows, because its registries hold them. A new backend needs no change in this
/// crate.
#[derive(Clone, Debug, Default)]
pub struct Choices {
    /// For `transport.kind`, for example `tcp`.
    pub transports: Vec<&'static str>,
    /// For `cipher.suite`, for example `aes-256-gcm`.
    pub suites: Vec<&'static str>,
    /// For `cipher.backend`, for example `portable`; `auto` is always allowed and need not be listed.
    pub backends: Vec<&'static str>,
    /// For `key_transport.scheme`, for example `rsa-oaep-sha256`.
    pub schemes: Vec<&'static str>,
    /// For `key_transport.engine`, for example `num-bigint`; `auto` is always allowed and need not be listed.
    pub engines: Vec<&'static str>,
    /// For `server.services`, for example `print`.
    pub services: Vec<&'static str>,
    /// For `client.service`: those of the services that a client asks for by this name.
    pub requests: Vec<&'static str>,
}

/// A set of names: fixed here, or one of the [`Choices`].
#[derive(Clone, Copy, Debug)]
pub enum Names {
    /// These and no others.
    Fixed(&'static [&'static str]),
    /// [`Choices::transports`].
    Transports,
    /// [`Choices::suites`].
    Suites,
    /// `auto` and [`Choices::backends`].
    Backends,
    /// [`Choices::schemes`].
    Schemes,
    /// `auto` and [`Choices::engines`].
    Engines,
    /// [`Choices::services`].
    Services,
    /// [`Choices::requests`].
    Requests,
}

impl Names {
    /// The names themselves.
    pub fn list(self, choices: &Choices) -> Vec<&'static str> {
        let with_auto = |names: &[&'static str]| {
            std::iter::once("auto").chain(names.iter().copied().filter(|n| *n != "auto")).collect()
        };
        match self {
            Names::Fixed(names) => names.to_vec(),
            Names::Transports => choices.transports.clone(),
            Names::Suites => choices.suites.clone(),
            Names::Backends => with_auto(&choices.backends),
            Names::Schemes => choices.schemes.clone(),
            Names::Engines => with_auto(&choices.engines),
            Names::Services => choices.services.clone(),
            Names::Requests => choices.requests.clone(),
        }
    }
}

/// The values a setting may have.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Number {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
        /// It must be a multiple of this.
        step: i64,
        /// What is counted.
        unit: &'static str,
        /// A word that is allowed in the place of the number.
        or: Option<&'static str>,
    },
    /// An address of the transport, not empty. With `./`, `../` or `~/` in front it is a path.
    Address,
    /// A path; empty for the default place.
    Path,
    /// SHA-256 fingerprints of keys: one, or a list, which may be empty.
    Fingerprints,
    /// A table of addresses by name, which may be empty.
    Targets,
    /// `LISTEN=TARGET`: an address and the name of a target; one, or a list, which may be empty. Addresses as above.
    Forwards,
    /// Exactly one of the names.
    OneOf(Names),
    /// One of the names, or a list of different ones.
    ListOf(Names),
}

pub(crate) const fn number(min: i64, max: i64, unit: &'static str) -> Kind {
    Kind::Number { min, max, step: 1, unit, or: None }
}

pub(crate) const fn seconds(min: i64, max: i64) -> Kind {
    number(min, max, "seconds")
}

/// Sizes of RSA keys that can be made.
pub(crate) const fn bits() -> Kind {
    Kind::Number { min: 2048, max: 4096, step: 16, unit: "bits", or: None }
}

impl Kind {
    /// The same, with a word in the place of the number.
    pub(crate) const fn or(self, word: &'static str) -> Kind {
        match self {
            Kind::Number { min, max, step, unit, .. } => Kind::Number { min, max, step, unit, or: Some(word) },
            other => other,
        }
    }

    /// The allowed values in words.
    pub fn allowed(&self, choices: &Choices) -> String {
        match self {
            Kind::Bool => "true or false".to_owned(),
            Kind::Number { min, max, step, unit, or } => {
                let multiple = if *step > 1 { format!(", a multiple of {step}") } else { String::new() };
                let word = or.map(|w| format!(", or \"{w}\"")).unwrap_or_default();
                format!("a whole number of {unit} from {min} to {max}{multiple}{word}")
            }
            Kind::Address => "an address in quotes, not empty".to_owned(),
            Kind::Path => "a path in quotes, or \"\" for the default".to_owned(),
            Kind::Fingerprints => "\"SHA256:\" with 43 characters of base64, or a list of them".to_owned(),
            Kind::Targets => "a table of NAME = \"ADDRESS\", with names of a-z, 0-9, - and _".to_owned(),
            Kind::Forwards => {
                "\"LISTEN=TARGET\", an address and a name of a-z, 0-9, - and _, or a list of them".to_owned()
            }
            Kind::OneOf(names) => format!("one of {}", quoted(&names.list(choices))),
            Kind::ListOf(names) => format!("one of, or a list of different ones of, {}", quoted(&names.list(choices))),
        }
    }

    /// `value` in its normal form (a list where a list is meant), or nothing if it is not allowed.
    pub(crate) fn accept(&self, value: ValueKind, choices: &Choices) -> Option<ValueKind> {
        match (self, value) {
            (Kind::Bool, ValueKind::Boolean(b)) => Some(b.into()),
            (Kind::Number { min, max, step, .. }, ValueKind::I64(n)) => {
                ((*min..=*max).contains(&n) && n % step == 0).then_some(n.into())
            }
            (Kind::Number { or: Some(word), .. }, ValueKind::String(s)) => (s == *word).then_some(s.into()),
            (Kind::Address, ValueKind::String(s)) => {
                (!s.trim().is_empty() && !s.contains(char::is_control)).then_some(s.into())
            }
            (Kind::Path, ValueKind::String(s)) => (!s.contains('\0')).then_some(s.into()),
            (Kind::OneOf(names), ValueKind::String(s)) => names.list(choices).contains(&s.as_str()).then_some(s.into()),
            (Kind::ListOf(names), list) => {
                let (list, names) = (strings(list)?, names.list(choices));
                let different = list.iter().enumerate().all(|(i, s)| !list[..i].contains(s));
                (!list.is_empty() && different && list.iter().all(|s| names.contains(&s.as_str()))).then(|| list.into())
            }
            (Kind::Fingerprints | Kind::Forwards, ValueKind::String(s)) if s.is_empty() => {
                Some(Vec::<Value>::new().into())
            }
            (Kind::Fingerprints, list) => {
                let list = strings(list)?;
                list.iter().all(|s| is_fingerprint(s)).then(|| list.into())
            }
            (Kind::Forwards, list) => {
                let list = strings(list)?;
                list.iter().all(|s| is_forward(s)).then(|| list.into())
            }
            _ => None,
        }
    }

    /// Reads the text of an override as this kind: TOML where it is TOML of a fitting type, else the bare text, with
    /// commas between the items of a list.
    pub(crate) fn read(&self, text: &str) -> ValueKind {
        let is_list = matches!(self, Kind::ListOf(_) | Kind::Fingerprints | Kind::Forwards);
        match (self, toml_value(text)) {
            (_, Some(value @ ValueKind::String(_))) => value,
            (Kind::Bool | Kind::Number { .. }, Some(value)) => value,
            (_, Some(value @ ValueKind::Array(_))) if is_list => value,
            _ if is_list => text.split(',').map(str::trim).filter(|s| !s.is_empty()).collect::<Vec<_>>().into(),
            _ => text.trim().into(),
        }
    }
}

/// A TOML value in the form that the layers are merged in. What no setting can be becomes nil.
pub(crate) fn written(value: &DeValue<'_>) -> ValueKind {
    match value {
        DeValue::String(s) => s.as_ref().into(),
        DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix()).ok().into(),
        DeValue::Boolean(b) => (*b).into(),
        DeValue::Array(items) => {
            items.iter().map(|item| Value::from(written(item.get_ref()))).collect::<Vec<_>>().into()
        }
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Table(_) => ValueKind::Nil,
    }
}

/// `text` as one TOML value.
fn toml_value(text: &str) -> Option<ValueKind> {
    let document = format!("value = {text}");
    let table = DeTable::parse(&document).ok()?.into_inner();
    let mut values = table.values();
    match (values.next(), values.next()) {
        (Some(value), None) => Some(written(value.get_ref())),
        _ => None,
    }
}

fn strings(value: ValueKind) -> Option<Vec<String>> {
    let string = |kind| match kind {
        ValueKind::String(s) => Some(s),
        _ => None,
    };
    match value {
        ValueKind::Array(items) => items.into_iter().map(|item| string(item.kind)).collect(),
        one => Some(vec![string(one)?]),
    }
}

/// As `ssh-keygen -l` prints it: 32 bytes in base64 without padding.
fn is_fingerprint(text: &str) -> bool {
    let mut hash = [0; 32];
    text.strip_prefix("SHA256:").is_some_and(|b64| Base64Unpadded::decode(b64, &mut hash).is_ok_and(|h| h.len() == 32))
}

pub(crate) fn is_forward(text: &str) -> bool {
    let parts = text.rsplit_once('=');
    parts.is_some_and(|(listen, target)| {
        !listen.trim().is_empty() && !listen.contains(char::is_control) && is_target(target)
    })
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|n| format!("\"{n}\"")).collect::<Vec<_>>().join(", ")
}
