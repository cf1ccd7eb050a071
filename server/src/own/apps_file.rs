//! `dapr.yaml`: several apps, each with a sidecar of its own. Source: Dapr's Multi-App Run template.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow, bail};
use serde::Deserialize;
use serde_json::Value;
use sidecar::AppHealthCheck;

use super::{
    App,
    app::{channel_address, most_calls},
};

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    common: Entry,
    #[serde(default)]
    apps: Vec<Entry>,
}

#[derive(Clone, Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Entry {
    #[serde(rename = "appID")]
    app_id: Option<String>,
    app_dir_path: Option<PathBuf>,
    app_port: Option<u16>,
    app_protocol: Option<String>,
    app_channel_address: Option<String>,
    app_max_concurrency: Option<i64>,
    command: Vec<String>,
    env: BTreeMap<String, Value>,
    resources_path: Option<PathBuf>,
    resources_paths: Vec<PathBuf>,
    config_file_path: Option<PathBuf>,
    #[serde(rename = "daprHTTPPort")]
    dapr_http_port: Option<u16>,
    #[serde(rename = "daprGRPCPort")]
    dapr_grpc_port: Option<u16>,
    metrics_port: Option<u16>,
    disable_init_endpoints: Option<String>,
    enable_app_health_check: bool,
    app_health_check_path: Option<String>,
    app_health_probe_interval: Option<i64>,
    app_health_probe_timeout: Option<i64>,
    app_health_threshold: Option<i64>,
    #[serde(flatten)]
    more: BTreeMap<String, Value>,
}

/// Reads the apps of a file, or of the `dapr.yaml` in a folder; with it a line for each setting that is not used.
///
/// # Errors
/// A file that cannot be read, or that is none of the kind: one line that says what to do.
pub fn read(path: &Path) -> anyhow::Result<(Vec<App>, Vec<String>)> {
    let path = if path.is_dir() { path.join("dapr.yaml") } else { path.to_path_buf() };
    let name = path.display();
    let text = fs::read_to_string(&path).with_context(|| format!("{name} cannot be read: name a dapr.yaml with -f"))?;
    let read: Result<File, _> = serde_saphyr::from_str(&text);
    let File { common, apps } = read.map_err(|error| {
        let whole = error.to_string();
        anyhow::anyhow!(
            "{name}: {} (apps: is a list with appID, appPort and command)",
            whole.lines().next().unwrap_or_default()
        )
    })?;
    if apps.is_empty() {
        bail!("{name} lists no apps: give it apps: with appID, appPort and command");
    }
    let folder =
        fs::canonicalize(path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
    let mut unused: Vec<String> = Vec::new();
    let mut note = |entry: &Entry| {
        for setting in entry.more.keys() {
            let words = format!("{name}: {setting} is not used here");
            if !unused.contains(&words) {
                unused.push(words);
            }
        }
    };
    note(&common);
    apps.iter().for_each(note);
    let apps: Vec<_> = apps.iter().map(|entry| app(entry, &common, &folder)).collect::<anyhow::Result<_>>()?;
    if let Some(twice) = apps.iter().enumerate().find(|(at, app)| apps[..*at].iter().any(|other| other.id == app.id)) {
        bail!("{name}: two apps have the appID {}: give each its own", twice.1.id);
    }
    Ok((apps, unused))
}

fn app(entry: &Entry, common: &Entry, base: &Path) -> anyhow::Result<App> {
    let folder = base.join(entry.app_dir_path.as_deref().unwrap_or(Path::new("")));
    let folder = fs::canonicalize(&folder).with_context(|| format!("appDirPath {} is not there", folder.display()))?;
    let named = || folder.file_name().map(|name| name.to_string_lossy().into_owned());
    let id = entry.app_id.clone().or_else(named).unwrap_or_default();
    let protocol = entry.app_protocol.as_deref().or(common.app_protocol.as_deref()).unwrap_or("http");
    if !protocol.eq_ignore_ascii_case("http") {
        bail!("the app {id} speaks {protocol}: this sidecar calls apps over plain HTTP only");
    }
    if entry.command.is_empty() {
        bail!("the app {id} has no command: say what starts it, as a list");
    }
    let address = entry.app_channel_address.as_deref().or(common.app_channel_address.as_deref()).unwrap_or("localhost");
    let address =
        channel_address(address).map_err(|why| anyhow!("appChannelAddress {address} of {id} cannot be used: {why}"))?;
    // Those of all apps start from the file's folder, those of one from the app's.
    let resources = |entry: &Entry, from: &Path| -> Vec<PathBuf> {
        entry.resources_paths.iter().chain(&entry.resources_path).map(|path| from.join(path)).collect()
    };
    let mut all = resources(entry, &folder);
    all.extend(resources(common, base));
    let configuration = entry.config_file_path.as_ref().map(|path| folder.join(path));
    let configuration = configuration.or_else(|| common.config_file_path.as_ref().map(|path| base.join(path)));
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut environment = common.env.clone();
    environment.extend(entry.env.clone());
    let path = entry.app_health_check_path.clone().unwrap_or_else(|| AppHealthCheck::default().path);
    let [interval, timeout, threshold] =
        [entry.app_health_probe_interval, entry.app_health_probe_timeout, entry.app_health_threshold]
            .map(Option::unwrap_or_default);
    let Some(check) = AppHealthCheck::of(path, interval, timeout, threshold) else {
        bail!("appHealthProbeTimeout of {id} is more than its appHealthProbeInterval: make it less");
    };
    let not_asked = entry.disable_init_endpoints.as_deref().unwrap_or_default();
    let calls = entry.app_max_concurrency.or(common.app_max_concurrency).unwrap_or_default();
    Ok(App {
        id,
        address,
        command: Some(entry.command.iter().map(OsString::from).collect()),
        environment: environment.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
        resources: all,
        configurations: configuration.into_iter().collect(),
        http_port: entry.dapr_http_port,
        grpc_port: entry.dapr_grpc_port,
        metrics_port: entry.metrics_port,
        health: entry.enable_app_health_check.then_some(check),
        max_concurrency: most_calls(calls),
        not_asked: not_asked.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        ..App::at(entry.app_port.unwrap_or(0), folder)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> anyhow::Result<(Vec<App>, Vec<String>)> {
        let dir = tempfile::TempDir::new().unwrap();
        fs::create_dir(dir.path().join("chat")).unwrap();
        fs::write(dir.path().join("dapr.yaml"), text).unwrap();
        read(dir.path())
    }

    #[test]
    fn each_app_has_what_is_common_and_what_is_its_own() {
        let text = "version: 1
common:
  resourcesPath: ./components
  env: {LEVEL: 1}
  daprdLogDestination: file
apps:
- appID: chat-app
  appDirPath: ./chat
  appPort: 8000
  command: [uvicorn, main:app, --port, '8000']
  enableAppHealthCheck: true
  appHealthProbeInterval: 2
  env: {LEVEL: two}
- appDirPath: ./chat
  command: [python, caller.py]
";
        let (apps, unused) = read_text(text).unwrap();
        assert_eq!(unused.len(), 1);
        assert!(unused[0].ends_with("daprdLogDestination is not used here"), "{unused:?}");
        let [chat, caller] = &apps[..] else { panic!("{apps:?}") };
        assert_eq!(
            (chat.id.as_str(), chat.port, chat.words().as_str()),
            ("chat-app", 8000, "uvicorn main:app --port 8000")
        );
        assert_eq!(chat.environment, [("LEVEL".to_owned(), "two".to_owned())]);
        let health = chat.health.as_ref().map(|health| (health.path.as_str(), health.interval.as_secs()));
        assert_eq!(health, Some(("/healthz", 2)));
        assert!(chat.resources[0].ends_with("components") && chat.folder.ends_with("chat"));
        assert_eq!((caller.id.as_str(), caller.port), ("chat", 0));
        assert_eq!(caller.environment, [("LEVEL".to_owned(), "1".to_owned())]);
    }

    #[test]
    fn what_is_no_such_file_is_refused_with_what_to_do() {
        for (text, words) in [
            ("apps: []\n", "lists no apps"),
            ("apps: 7\n", "apps: is a list"),
            ("apps: [{appID: a}]\n", "has no command"),
            ("apps: [{appID: a, command: [x], appProtocol: grpc}]\n", "plain HTTP only"),
            ("apps: [{appID: a, command: [x], appDirPath: nowhere}]\n", "nowhere"),
            ("apps: [{appID: a, command: [x], appChannelAddress: 'there'}]\n", "no IP address"),
            ("apps: [{appID: a, command: [x]}, {appID: a, command: [x]}]\n", "two apps"),
        ] {
            let error = format!("{:#}", read_text(text).unwrap_err());
            assert!(error.contains(words) && error.lines().count() == 1, "{error}");
        }
    }
}
