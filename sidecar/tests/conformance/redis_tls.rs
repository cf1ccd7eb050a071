//! A Redis that wants TLS, a certificate of its callers, and a user with a password.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use sidecar::Sidecar;
use tempfile::TempDir;
use tokio::process::Command;

use crate::runtime::process::{Process, Programs, free_port};
use crate::runtime::{Runtime, Setup};
use crate::states::item;
use crate::support::{self, App, until};

behaviours![state_is_kept_in_a_redis_behind_tls];

/// The Redis, and what its callers need.
struct Redis {
    _process: Process,
    port: u16,
    cert: String,
    key: String,
    _folder: TempDir,
}

impl Redis {
    async fn start(programs: &Programs) -> Self {
        let folder = TempDir::new().unwrap();
        let (ca, server, client) = certificates();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let port = free_port();
        let mut command = Command::new(&programs.redis_server);
        command.args(["--bind", "127.0.0.1", "--save", "", "--port", "0", "--tls-port", &port.to_string()]);
        command.arg("--tls-ca-cert-file").arg(file("ca.pem", &ca));
        command.arg("--tls-cert-file").arg(file("server.pem", &server.0));
        command.arg("--tls-key-file").arg(file("server.key", &server.1));
        command.args(["--user", "default", "off", "--user", "somebody", "on", ">secret", "~*", "&*", "+@all", "--dir"]);
        let process = Process::start("redis", folder.path(), command.arg(folder.path()));
        until("Redis listens", || async { tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() }).await;
        Self { _process: process, port, cert: client.0, key: client.1, _folder: folder }
    }

    /// A component with these settings besides.
    fn document(&self, more: &str) -> String {
        let indented = |text: &str| text.trim().replace('\n', "\n      ");
        format!(
            "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {{name: kv}}\nspec:\n  type: state.redis\n  \
             version: v1\n  metadata:\n  - {{name: redisHost, value: 'localhost:{}'}}\n  \
             - {{name: enableTLS, value: 'true'}}\n  - {{name: redisUsername, value: somebody}}\n  \
             - {{name: redisPassword, value: secret}}\n  - {{name: redisDB, value: '3'}}\n  \
             - name: clientCert\n    value: |\n      {}\n  - name: clientKey\n    value: |\n      {}\n{more}",
            self.port,
            indented(&self.cert),
            indented(&self.key),
        )
    }
}

type Pair = (String, String);

/// That of an authority, and what it signed for a server and for a client, each with its key.
fn certificates() -> (String, Pair, Pair) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    // Whose issuer has its own name counts as signed by itself.
    params.distinguished_name.push(DnType::CommonName, "authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = params.self_signed(&key).unwrap();
    let issuer = Issuer::new(params, key);
    let signed = || {
        let key = KeyPair::generate().unwrap();
        let cert = CertificateParams::new(vec!["localhost".into()]).unwrap().signed_by(&key, &issuer).unwrap();
        (cert.pem(), key.serialize_pem())
    };
    (ca.pem(), signed(), signed())
}

const UNSEEN: &str = "  - {name: insecureSkipTLSVerify, value: 'true'}\n";

pub async fn state_is_kept_in_a_redis_behind_tls(runtime: Runtime) {
    let Some(programs) = Programs::find() else { return };
    let redis = Redis::start(&programs).await;
    let lab = runtime.with(App::echo(), Setup::documents(&[&redis.document(UNSEEN)])).await;
    lab.save("kv", vec![item("k", "1")]).await.unwrap();
    assert_eq!(lab.read("kv", "k").await.data, b"1");
}

#[tokio::test]
async fn embedded_refuses_a_redis_whose_certificate_nobody_signed_that_is_trusted() {
    let Some(programs) = Programs::find() else { return };
    let redis = Redis::start(&programs).await;
    let folder = TempDir::new().unwrap();
    let config = support::config(App::echo().listen().await, &[&redis.document("")], folder.path());
    let error = Sidecar::start(config).await.unwrap_err().to_string();
    assert!(error.contains("invalid peer certificate") && error.contains("SSL_CERT_FILE"), "{error}");
}
