//! The configuration: one typed value, built once from flags, environment, file and defaults, in that
//! order, and handed down. It remembers where each value came from.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use thiserror::Error;

/// Why there is no configuration.
#[derive(Debug, Error)]
pub enum ConfigError {
    #[error("no home folder is known for this user")]
    NoHome,
    /// A home that would be another one in every folder.
    #[error("{variable} is `{value}`, which is no whole path")]
    Relative {
        variable: &'static str,
        value: String,
    },
    #[error("{path}: {error}")]
    Unreadable { path: PathBuf, error: String },
    #[error("{from}: `{key}` cannot be `{value}`: {want}")]
    Value {
        from: String,
        key: &'static str,
        value: String,
        want: &'static str,
    },
    #[error("{path}: unknown key `{key}`")]
    UnknownKey { path: PathBuf, key: String },
}

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    Default,
    File,
    Environment,
    Flag,
}

impl Origin {
    /// For people and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::File => "file",
            Self::Environment => "environment",
            Self::Flag => "flag",
        }
    }
}

/// One line of `okibi config show`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    pub key: &'static str,
    pub value: String,
    pub origin: Origin,
    /// The environment variable that sets it.
    pub variable: &'static str,
}

/// How a model answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Chat {
    /// The model used when none is named; none: manual mode.
    pub model: Option<String>,
    pub temperature: f32,
    pub top_k: usize,
    pub top_p: f32,
    pub min_p: f32,
    pub repeat_penalty: f32,
    /// Most tokens of one answer.
    pub max_tokens: usize,
    /// Most tokens of context; the model's own limit when none.
    pub context: Option<usize>,
    /// Keep conversations on this node.
    pub save: bool,
}

/// How other nodes are reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Show this node on the local network and look out for others there.
    pub discovery: bool,
    /// UDP port; another is taken where it is in use.
    pub port: u16,
    /// Interfaces by name; empty: all but virtual ones.
    pub interfaces: Vec<String>,
    /// Open no network socket at all.
    pub offline: bool,
    /// Be reached beyond the local network by iroh, also without a relay.
    pub iroh: bool,
    /// UDP port of iroh; another is taken where it is in use.
    pub iroh_port: u16,
    /// Relays of iroh by URL.
    pub relays: Vec<String>,
    /// Use the lookup service of n0, and its relays where none are named.
    pub n0: bool,
    /// Publish in the mainline DHT, and look members up there.
    pub dht: bool,
    /// Nodes of the DHT to begin with, by address or name and port.
    pub dht_bootstrap: Vec<String>,
}

/// Everything that is configured.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Database, keys and blobs.
    pub home: PathBuf,
    /// The configuration file, whether it exists or not.
    pub file: PathBuf,
    pub chat: Chat,
    pub network: Network,
    /// After how long without news a peer counts as stale, in hours.
    pub stale_hours: u64,
    pub courier: Courier,
    pub contents: Contents,
    /// A file whose first line is the passphrase of the root key.
    pub passphrase_file: Option<PathBuf>,
    settings: Vec<Setting>,
}

/// Which contents of others are taken by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contents {
    /// MiB of the largest one.
    pub largest_mib: u64,
    /// MiB of all that one member brings into one circle.
    pub member_mib: u64,
    /// Models as well as documents.
    pub models: bool,
}

/// What a courier carries for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Courier {
    /// MiB of sealed bundles of third parties; 0: none.
    pub carry_mib: u64,
    /// Days that one is carried.
    pub carry_days: u64,
}

/// Where most programs begin that use the mainline DHT: of BitTorrent, Transmission, libtorrent and Pkarr.
const BOOTSTRAP: &str = "router.bittorrent.com:6881,dht.transmissionbt.com:6881,dht.libtorrent.org:25401,relay.pkarr.org:6881";

/// Key in the file (`section.key`), environment variable, default.
const KEYS: [(&str, &str, &str); 26] = [
    ("chat.model", "OKIBI_MODEL", ""),
    ("chat.temperature", "OKIBI_TEMPERATURE", "0.7"),
    ("chat.top-k", "OKIBI_TOP_K", "40"),
    ("chat.top-p", "OKIBI_TOP_P", "0.95"),
    ("chat.min-p", "OKIBI_MIN_P", "0.05"),
    ("chat.repeat-penalty", "OKIBI_REPEAT_PENALTY", "1.1"),
    ("chat.max-tokens", "OKIBI_MAX_TOKENS", "512"),
    ("chat.context", "OKIBI_CONTEXT", ""),
    ("network.discovery", "OKIBI_DISCOVERY", "true"),
    ("network.port", "OKIBI_PORT", "6542"),
    ("network.interfaces", "OKIBI_INTERFACES", ""),
    ("network.offline", "OKIBI_OFFLINE", "false"),
    ("network.iroh", "OKIBI_IROH", "false"),
    ("network.iroh-port", "OKIBI_IROH_PORT", "6543"),
    ("network.relays", "OKIBI_RELAYS", ""),
    ("network.n0", "OKIBI_N0", "false"),
    ("network.dht", "OKIBI_DHT", "false"),
    ("network.dht-bootstrap", "OKIBI_DHT_BOOTSTRAP", BOOTSTRAP),
    ("chat.save", "OKIBI_SAVE", "true"),
    ("status.stale-hours", "OKIBI_STALE_HOURS", "168"),
    ("courier.carry-mib", "OKIBI_CARRY_MIB", "4096"),
    ("courier.carry-days", "OKIBI_CARRY_DAYS", "90"),
    ("contents.largest-mib", "OKIBI_LARGEST_MIB", "8192"),
    ("contents.member-mib", "OKIBI_MEMBER_MIB", "32768"),
    ("contents.models", "OKIBI_FETCH_MODELS", "true"),
    ("keys.passphrase-file", "OKIBI_PASSPHRASE_FILE", ""),
];

impl Config {
    /// Builds the configuration. `home_flag` is `--home`; `env` looks a variable up.
    pub fn load(
        home_flag: Option<&Path>,
        env: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, ConfigError> {
        let (home, file, home_origin) = places(home_flag, &env)?;
        let text = |variable: &str, key| match env(variable).map(OsString::into_string) {
            None => Ok(None),
            Some(Ok(value)) => Ok(Some(value)),
            Some(Err(value)) => Err(ConfigError::Value {
                from: variable.to_owned(),
                key,
                value: value.to_string_lossy().into_owned(),
                want: "text in UTF-8",
            }),
        };
        let table = read(&file)?;
        let mut settings = vec![Setting {
            key: "home",
            value: home.display().to_string(),
            origin: home_origin,
            variable: "OKIBI_HOME",
        }];
        for (key, variable, default) in KEYS {
            let found = table
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value.clone());
            let (value, origin) = match (text(variable, key)?, found) {
                (Some(value), _) => (value, Origin::Environment),
                (None, Some(value)) => (value, Origin::File),
                (None, None) => (default.to_owned(), Origin::Default),
            };
            settings.push(Setting {
                key,
                value,
                origin,
                variable,
            });
        }
        if let Some((key, _)) = table
            .iter()
            .find(|(key, _)| KEYS.iter().all(|(k, _, _)| k != key))
        {
            return Err(ConfigError::UnknownKey {
                path: file,
                key: key.clone(),
            });
        }
        let reader = Reader {
            settings: &settings,
            file: &file,
        };
        let chat = Chat {
            model: Some(reader.text("chat.model")).filter(|name| !name.is_empty()),
            temperature: reader.number("chat.temperature", "a number from 0 to 5", |t| {
                (0.0..=5.0).contains(t)
            })?,
            top_k: reader.number("chat.top-k", "a whole number, 0 for no limit", |_| true)?,
            top_p: reader.number("chat.top-p", "a number above 0, up to 1", |p| {
                *p > 0.0 && *p <= 1.0
            })?,
            min_p: reader.number("chat.min-p", "a number from 0 to 1", |p| {
                (0.0..=1.0).contains(p)
            })?,
            repeat_penalty: reader.number(
                "chat.repeat-penalty",
                "a number from 0.5 to 2",
                |p| (0.5..=2.0).contains(p),
            )?,
            max_tokens: reader.number("chat.max-tokens", "a whole number above 0", |n| *n > 0)?,
            context: match reader.text("chat.context").as_str() {
                "" => None,
                _ => Some(reader.number(
                    "chat.context",
                    "a whole number above 0, or nothing",
                    |n| *n > 0,
                )?),
            },
            save: reader.number("chat.save", "true or false", |_| true)?,
        };
        let network = Network {
            discovery: reader.number("network.discovery", "true or false", |_| true)?,
            port: reader.number("network.port", "a port from 0 to 65535", |_| true)?,
            interfaces: reader.list("network.interfaces"),
            offline: reader.number("network.offline", "true or false", |_| true)?,
            iroh: reader.number("network.iroh", "true or false", |_| true)?,
            iroh_port: reader.number("network.iroh-port", "a port from 0 to 65535", |_| true)?,
            relays: reader.list("network.relays"),
            n0: reader.number("network.n0", "true or false", |_| true)?,
            dht: reader.number("network.dht", "true or false", |_| true)?,
            dht_bootstrap: reader.list("network.dht-bootstrap"),
        };
        let stale_hours =
            reader.number("status.stale-hours", "a whole number of hours", |_| true)?;
        let contents = Contents {
            largest_mib: reader
                .number("contents.largest-mib", "a whole number of MiB", |_| true)?,
            member_mib: reader.number("contents.member-mib", "a whole number of MiB", |_| true)?,
            models: reader.number("contents.models", "true or false", |_| true)?,
        };
        let courier = Courier {
            carry_mib: reader.number("courier.carry-mib", "a whole number of MiB", |_| true)?,
            carry_days: reader.number("courier.carry-days", "a whole number of days", |_| true)?,
        };
        let passphrase_file = reader.text("keys.passphrase-file");
        Ok(Self {
            home,
            file,
            chat,
            courier,
            contents,
            passphrase_file: (!passphrase_file.is_empty()).then(|| passphrase_file.into()),
            network,
            stale_hours,
            settings,
        })
    }

    /// Every value with its origin.
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }
}

struct Reader<'a> {
    settings: &'a [Setting],
    file: &'a Path,
}

impl Reader<'_> {
    fn setting(&self, key: &'static str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.key == key)
    }

    fn text(&self, key: &'static str) -> String {
        self.setting(key)
            .map_or_else(String::new, |setting| setting.value.clone())
    }

    /// Words with commas or spaces between them.
    fn list(&self, key: &'static str) -> Vec<String> {
        let text = self.text(key);
        let words = text.split([',', ' ']).filter(|word| !word.is_empty());
        words.map(str::to_owned).collect()
    }

    fn number<T: std::str::FromStr>(
        &self,
        key: &'static str,
        want: &'static str,
        fits: impl Fn(&T) -> bool,
    ) -> Result<T, ConfigError> {
        let value = self.text(key);
        value.trim().parse().ok().filter(fits).ok_or_else(|| {
            let from = match self.setting(key) {
                Some(setting) if setting.origin == Origin::Environment => {
                    setting.variable.to_owned()
                }
                _ => self.file.display().to_string(),
            };
            ConfigError::Value {
                from,
                key,
                value,
                want,
            }
        })
    }
}

/// Home, configuration file, and where the home came from.
fn places(
    flag: Option<&Path>,
    env: &impl Fn(&str) -> Option<OsString>,
) -> Result<(PathBuf, PathBuf, Origin), ConfigError> {
    let moved = match flag {
        Some(path) => Some((path.to_owned(), Origin::Flag)),
        None => env("OKIBI_HOME")
            .filter(|path| !path.is_empty())
            .map(|path| (PathBuf::from(path), Origin::Environment)),
    };
    if let Some((home, origin)) = moved {
        // From an environment it holds everywhere; on the command line it is meant from here.
        let variable = "OKIBI_HOME";
        whole(variable, &home, origin == Origin::Flag)?;
        let home = std::path::absolute(&home).unwrap_or(home);
        let file = home.join("config.toml");
        return Ok((home, file, origin));
    }
    let base = etcetera::choose_base_strategy().map_err(|_| ConfigError::NoHome)?;
    whole("HOME", &base.data_dir(), false)?;
    let file = base.config_dir().join("okibi").join("config.toml");
    Ok((base.data_dir().join("okibi"), file, Origin::Default))
}

/// An identity is not made below whatever folder a program happens to stand in.
fn whole(variable: &'static str, path: &Path, meant: bool) -> Result<(), ConfigError> {
    if path.is_absolute() || meant {
        return Ok(());
    }
    let value = path.display().to_string();
    Err(ConfigError::Relative { variable, value })
}

/// Reads the file as `section.key` pairs; a missing file is an empty one.
fn read(path: &Path) -> Result<Vec<(String, String)>, ConfigError> {
    let unreadable = |error: String| ConfigError::Unreadable {
        path: path.to_owned(),
        error,
    };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        // A home that is a file is said by who opens it.
        Err(error)
            if [
                std::io::ErrorKind::NotFound,
                std::io::ErrorKind::NotADirectory,
            ]
            .contains(&error.kind()) =>
        {
            return Ok(Vec::new());
        }
        Err(error) => return Err(unreadable(error.to_string())),
    };
    let table: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| unreadable(error.to_string()))?;
    let mut pairs = Vec::new();
    for (section, value) in table {
        let toml::Value::Table(inner) = value else {
            return Err(ConfigError::UnknownKey {
                path: path.to_owned(),
                key: section,
            });
        };
        for (key, value) in inner {
            let value = match value {
                toml::Value::String(text) => text,
                other => other.to_string(),
            };
            pairs.push((format!("{section}.{key}"), value));
        }
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(home: &Path, env: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::load(Some(home), |name| {
            env.iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| OsString::from(*value))
        })
    }

    #[test]
    fn environment_goes_before_file_before_default() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(
            dir.path().join("config.toml"),
            "[chat]\ntop-k = 7\ntemperature = 0.5\n",
        )
        .unwrap();
        let config = load(dir.path(), &[("OKIBI_TOP_K", "9")]).unwrap();
        assert_eq!(
            (
                config.chat.top_k,
                config.chat.temperature,
                config.chat.top_p
            ),
            (9, 0.5, 0.95)
        );
        let origin = |key| {
            config
                .settings()
                .iter()
                .find(|s| s.key == key)
                .unwrap()
                .origin
        };
        assert_eq!(origin("home"), Origin::Flag);
        assert_eq!(origin("chat.top-k"), Origin::Environment);
        assert_eq!(origin("chat.temperature"), Origin::File);
        assert_eq!(origin("chat.top-p"), Origin::Default);
    }

    #[test]
    fn mistakes_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.toml");
        let fails = |text: &str| {
            std::fs::write(&file, text).unwrap();
            load(dir.path(), &[]).unwrap_err().to_string()
        };
        assert!(fails("[chat]\ntop-k = -1").contains("chat.top-k"));
        assert!(fails("[chat]\nmodle = \"x\"").contains("chat.modle"));
        assert!(fails("chat = 1").contains("chat"));
        assert!(fails("[chat").contains("config.toml"));
        std::fs::remove_file(&file).unwrap();
        let error = load(dir.path(), &[("OKIBI_TOP_P", "7")])
            .unwrap_err()
            .to_string();
        assert!(error.contains("OKIBI_TOP_P"), "{error}");
    }
}
