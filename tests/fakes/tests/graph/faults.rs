//! The same faults in Graph's words.

use std::time::Duration;

use estampe_fakes::{Broken, Tls};
use reqwest::Method;

use crate::{Bench, refusal};

#[tokio::test]
async fn throttled_failing_broken() {
    let bench = Bench::new(3);
    let control = bench.graph.control();
    control.grace(Duration::ZERO);
    control.throttle_next(1, 30);
    let response = bench.request(Method::GET, "/users").send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()), (429, "30"));
    assert_eq!(control.violations(), [""; 0]);
    assert_eq!(bench.refused("/users").await.1, "TooManyRequests");
    assert_eq!(control.violations().len(), 1);
    let bench = Bench::new(3);
    let control = bench.graph.control();
    control.fail_next(1, 503);
    assert_eq!(bench.refused("/users").await.0, 503);
    control.break_next(1, Broken::BeforeAnswer);
    assert!(bench.request(Method::GET, "/users").send().await.is_err());
    assert_eq!(bench.get("/users").await.0, 200);
    assert_eq!(control.log().last().unwrap().who.as_deref(), Some(estampe_fakes::graph::CLIENT_ID));
    assert_eq!(control.count(), 3);
}

#[tokio::test]
async fn it_speaks_tls() {
    crate::client();
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap().pem();
    let tls = Tls { certificates: certificate.clone(), key: key.serialize_pem() };
    let graph = estampe_fakes::graph::Graph::start_tls(1, &tls);
    let root = reqwest::Certificate::from_pem(certificate.as_bytes()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([root]).no_proxy().build().unwrap();
    assert_eq!(refusal(client.get(format!("{}/v1.0/users", graph.url()))).await.0, 401);
}
