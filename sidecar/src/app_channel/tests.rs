use super::*;

#[test]
fn a_path_is_escaped_only_where_a_request_line_needs_it() {
    assert_eq!(escape("/actors/T/a b%2eé"), "/actors/T/a%20b%2e%C3%A9");
    assert_eq!(actor_path(&ActorRef::new("T", "a b%20c")), "/actors/T/a%20b%2520c");
}

/// An app that counts the connections to it.
async fn counting() -> (SocketAddr, tokio::sync::watch::Receiver<usize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("listens");
    let addr = listener.local_addr().expect("bound");
    let (open, seen) = tokio::sync::watch::channel(0);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let open = open.clone();
            open.send_modify(|open| *open += 1);
            tokio::spawn(async move {
                let answer = hyper::service::service_fn(|_| async {
                    Ok::<_, std::convert::Infallible>(http::Response::new(Full::new(Bytes::from_static(b"{}"))))
                });
                let stream = hyper_util::rt::TokioIo::new(stream);
                let _ = hyper::server::conn::http1::Builder::new().serve_connection(stream, answer).await;
                open.send_modify(|open| *open -= 1);
            });
        }
    });
    (addr, seen)
}

#[tokio::test]
async fn connections_that_nobody_uses_are_closed_though_another_is_used_all_the_time() {
    let (addr, mut open) = counting().await;
    let config = Config::new("app", addr, crate::Resources::default());
    let app = AppChannel::keeping(Duration::from_secs(1), &config, &Observation::default()).expect("valid");
    let burst = (0..20).map(|_| app.ask("/"));
    futures::future::join_all(burst).await;
    assert!(*open.borrow() > 1, "{:?}", open.borrow());
    let few = open.wait_for(|open| *open <= 1);
    let traffic = async {
        loop {
            app.ask("/").await.expect("answered");
        }
    };
    tokio::select! {
        few = tokio::time::timeout(Duration::from_secs(20), few) => drop(few.expect("closed").expect("counted")),
        () = traffic => {}
    }
}
