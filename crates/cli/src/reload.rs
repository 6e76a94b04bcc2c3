//! What a configuration that was read again means for a service that runs: what changes at once, which sources begin anew, and
//! what needs a restart (docs/operations.md).

use crate::inputs::{self, EXCHANGEABLE, PUSH};
use crate::settings::{self, Settings};

/// When a changed setting takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    /// While everything runs on.
    AtOnce,
    /// When the service is started again.
    Restart,
}

/// When a setting takes effect, by its dotted key. `pushed`: there is a push door.
fn effect(key: &str, pushed: bool) -> Effect {
    let section = key.split('.').next().unwrap_or(key);
    match key {
        "push.token" | "push.token_file" if pushed => Effect::AtOnce,
        _ if section == "log" || EXCHANGEABLE.contains(&section) => Effect::AtOnce,
        _ => Effect::Restart,
    }
}

/// What is in force when `new` was read while `old` was in force: what needs a restart stays as it was.
pub(crate) fn in_force(old: &Settings, new: &Settings, pushed: bool) -> Settings {
    let mut push = old.push.clone();
    if pushed {
        push.token.clone_from(&new.push.token);
        push.token_file.clone_from(&new.push.token_file);
    }
    Settings {
        push,
        bluesky: new.bluesky.clone(),
        mastodon: new.mastodon.clone(),
        feeds: new.feeds.clone(),
        kafka: new.kafka.clone(),
        log: new.log.clone(),
        ..old.clone()
    }
}

/// What changed, by dotted keys; never a value, since a value may be a secret.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// In force now.
    pub(crate) at_once: Vec<String>,
    /// Not in force before the next start.
    pub(crate) restart: Vec<String>,
}

impl Changes {
    /// What is different in `new`.
    pub(crate) fn between(old: &Settings, new: &Settings, pushed: bool) -> Self {
        let mut changed = Vec::new();
        if let (Ok(before), Ok(now)) = (toml::Table::try_from(old), toml::Table::try_from(new)) {
            settings::keys(&now, "", &mut |key, value| {
                if settings::get(&before, key) != Some(value) {
                    changed.push(key.to_owned());
                }
            });
        }
        // Secrets look alike as text.
        for (key, same) in [
            ("mastodon.instances", old.mastodon.instances == new.mastodon.instances),
            ("deliver.receivers", old.deliver == new.deliver),
            ("kafka.password", old.kafka.password == new.kafka.password),
            ("push.token", old.push.token == new.push.token),
        ] {
            if !same && !changed.iter().any(|changed| changed == key) {
                changed.push(key.to_owned());
            }
        }
        let mut changes = Self::default();
        for key in changed {
            match effect(&key, pushed) {
                Effect::AtOnce => changes.at_once.push(key),
                Effect::Restart => changes.restart.push(key),
            }
        }
        changes
    }
}

/// The sources that are not as they were: their settings, or a file that these name. `contents` are those of the old settings.
pub(crate) fn changed_sources(
    old: &Settings,
    new: &Settings,
    contents: impl Fn(&str) -> Option<u64>,
) -> Vec<&'static str> {
    let changed = |name: &&str| !inputs::same(old, new, name) || contents(name) != Some(inputs::contents(new, name));
    EXCHANGEABLE.into_iter().chain([PUSH]).filter(changed).collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::logging::LogFormat;
    use crate::settings::{MastodonInstance, Secret};

    #[test]
    fn each_change_takes_effect_at_once_or_with_a_restart_and_is_named() {
        let old = Settings::default();
        let mut new = old.clone();
        assert_eq!(Changes::between(&old, &new, true), Changes::default());
        new.log.format = LogFormat::Json;
        new.feeds.urls.push("https://a.example/feed".to_owned());
        new.gate.k = 12;
        new.workers = 3;
        new.push.late_seconds = 5;
        let changes = Changes::between(&old, &new, true);
        assert_eq!(changes.at_once, ["feeds.urls", "log.format"]);
        assert_eq!(changes.restart, ["gate.k", "push.late_seconds", "workers"]);
        let now = in_force(&old, &new, true);
        assert_eq!((now.log.format, &now.feeds.urls), (LogFormat::Json, &new.feeds.urls));
        assert_eq!((now.gate.k, now.workers, now.push.late_seconds), (10, 0, 600));
        assert_eq!(Changes::between(&now, &new, true).restart, changes.restart, "said again until it is done");
    }

    #[test]
    fn a_changed_secret_is_noticed_and_not_said() {
        let mut old = Settings::default();
        old.mastodon.instances =
            vec![MastodonInstance { token: Secret("one".to_owned()), ..MastodonInstance::default() }];
        let mut new = old.clone();
        new.mastodon.instances[0].token = Secret("two".to_owned());
        new.push.token = Secret("three".to_owned());
        let changes = Changes::between(&old, &new, false);
        assert_eq!(
            (&*changes.at_once, &*changes.restart),
            (&["mastodon.instances".to_owned()][..], &["push.token".to_owned()][..])
        );
        assert_eq!(in_force(&old, &new, false).push, old.push, "without a door there is nothing to open");
        assert_eq!(in_force(&old, &new, true).push, new.push);
    }

    #[test]
    fn a_source_has_changed_when_a_file_that_it_names_has() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("list.opml");
        std::fs::write(&list, "one").unwrap();
        let mut settings = Settings::default();
        settings.feeds.opml = vec![list.clone(), PathBuf::from("/nowhere")];
        let before = inputs::contents(&settings, "feeds");
        let known = |name: &str| Some(if name == "feeds" { before } else { inputs::contents(&settings, name) });
        assert_eq!(changed_sources(&settings, &settings, known), Vec::<&str>::new());
        std::fs::write(&list, "two").unwrap();
        assert_eq!(changed_sources(&settings, &settings, known), ["feeds"]);
        let mut other = settings.clone();
        other.bluesky.enabled = false;
        assert_eq!(changed_sources(&settings, &other, known), ["bluesky", "feeds"]);
    }
}
