//! Faults on demand, and what is noticed of those who do not honour them.

use std::time::{Duration, Instant};

use estampe_fakes::google::Google;
use estampe_fakes::{Broken, Tls};
use rcgen::{CertificateParams, KeyPair};

use crate::{Bench, answered, refusal};

const GROUPS: &str = "/admin/directory/v1/groups?customer=my_customer";

#[tokio::test]
async fn who_comes_back_too_early_is_noticed() {
    let bench = Bench::new(2);
    let control = bench.google.control();
    control.grace(Duration::ZERO);
    control.throttle_next(1, 2);
    let response = bench.request(reqwest::Method::GET, GROUPS).send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()), (429, "2"));
    // another token is another matter
    let other = bench.as_user(estampe_fakes::google::ADMIN, &["admin.directory.group"]);
    let url = format!("{}{GROUPS}", bench.google.url());
    assert_eq!(answered(bench.client.get(&url).bearer_auth(&other)).await.0, 200);
    assert_eq!(control.violations(), [""; 0]);
    assert_eq!(bench.refused(GROUPS).await.1, "rateLimitExceeded");
    assert_eq!(control.violations().len(), 1);
    tokio::time::sleep(Duration::from_millis(2_050)).await;
    assert_eq!(bench.get(GROUPS).await.0, 200);
    assert_eq!(control.violations().len(), 1);
    control.rate(2, Duration::from_mins(1), 60);
    let statuses = [bench.get(GROUPS).await.0, bench.get(GROUPS).await.0, bench.get(GROUPS).await.0];
    assert_eq!(statuses, [200, 200, 429]);
    assert_eq!(control.count_of("GET", "/groups"), 7);
}

#[tokio::test]
async fn failures_come_by_their_seed() {
    let bench = Bench::new(2);
    let control = bench.google.control();
    control.only(Some("/groups"));
    control.fail_next(1, 503);
    let (status, reason, _) = bench.refused(GROUPS).await;
    assert_eq!((status, reason.as_str()), (503, "backendError"));
    control.flaky(7, 30, 500);
    let mut failed = 0;
    for _ in 0..60 {
        failed += u32::from(bench.get(GROUPS).await.0 == 500);
        assert_eq!(bench.get("/oauth2/v2/userinfo").await.0, 200, "elsewhere it is well");
    }
    assert!((6..36).contains(&failed), "{failed} of 60");
    control.well_again();
    assert_eq!(bench.get(GROUPS).await.0, 200);
}

#[tokio::test]
async fn slow_and_broken_connections() {
    let bench = Bench::new(30);
    let control = bench.google.control();
    control.latency(Duration::from_millis(50));
    let start = Instant::now();
    let (_, whole) = bench.get(GROUPS).await;
    assert!(start.elapsed() >= Duration::from_millis(50));
    control.latency(Duration::ZERO);
    control.slow_bodies(100, Duration::from_millis(5));
    let start = Instant::now();
    assert_eq!(bench.get(GROUPS).await.1, whole);
    assert!(start.elapsed() >= Duration::from_millis(20));
    control.well_again();
    control.break_next(1, Broken::BeforeAnswer);
    assert!(bench.request(reqwest::Method::GET, GROUPS).send().await.is_err());
    assert_eq!(control.log().last().unwrap().status, 0);
    control.break_next(1, Broken::WithinBody);
    let broken = match bench.request(reqwest::Method::GET, GROUPS).send().await {
        Ok(response) => response.text().await.is_err(),
        Err(_) => true,
    };
    assert!(broken);
    assert_eq!(bench.get(GROUPS).await.1, whole);
}

#[tokio::test]
async fn it_speaks_tls() {
    crate::client();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap().pem();
    let google = Google::start_tls(1, &Tls { certificates: certificate.clone(), key: key.serialize_pem() });
    let root = reqwest::Certificate::from_pem(certificate.as_bytes()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([root]).no_proxy().build().unwrap();
    assert!(google.url().starts_with("https://localhost:"));
    let url = format!("{}/oauth2/v2/userinfo", google.url());
    assert_eq!(refusal(client.get(&url)).await.0, 401);
}
