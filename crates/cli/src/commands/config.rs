//! `config check|show|schema`.

use std::fmt::Write as _;

use anyhow::Context as _;

use crate::args::{Common, Config};
use crate::failure::{DONE, Outcome};
use crate::output;
use crate::settings::{self, Settings};

/// Checks, shows or describes the configuration.
pub(crate) fn config(common: &Common, config: &Config) -> Outcome {
    match config {
        Config::Check => {
            settings::load(common)?;
            output::note(common, "the configuration is valid");
        }
        Config::Show { json } => show(common, *json)?,
        Config::Schema => {
            let schema = schemars::schema_for!(Settings);
            output::write_stdout(format!("{}\n", serde_json::to_string_pretty(&schema)?).as_bytes())?;
        }
    }
    Ok(DONE)
}

fn show(common: &Common, json: bool) -> Result<(), crate::failure::Failure> {
    let loaded = settings::load(common)?;
    let values = toml::Table::try_from(&loaded.settings).context("settings are valid TOML")?;
    let mut text = String::new();
    let mut object = serde_json::Map::new();
    settings::keys(&values, "", &mut |key, value| {
        let origin = loaded.origins.get(key).map_or_else(|| "default".to_owned(), ToString::to_string);
        let variable = settings::variable_of(key);
        let _ = writeln!(text, "{key} = {value}  # {origin}; {variable}");
        object.insert(
            key.to_owned(),
            serde_json::json!({"value": serde_json::to_value(value).unwrap_or_default(), "from": origin, "variable": variable}),
        );
    });
    if json {
        text = format!("{}\n", serde_json::Value::Object(object));
    }
    output::write_stdout(text.as_bytes())?;
    Ok(())
}
