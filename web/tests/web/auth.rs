//! Every kind of token, on the seed's routes and on ours; sessions.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bc_web::Config;
use bc_web::token::{Subject, mint};
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, COOKIE};
use serde_json::json;
use std::time::Duration;

use crate::recording::{FULL, SHORT, recording};
use crate::site::{Answer, SECRET, Site, admin, ask, config, site, site_with, token_for};

fn seed_path() -> String {
    format!("/container/{FULL}/proc")
}

fn api_path() -> String {
    format!("/api/v1/containers/{FULL}")
}

/// A token without a signature, as `alg: none` allows.
fn unsigned() -> String {
    let part = |json: serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
    format!(
        "{}.{}.",
        part(json!({"alg": "none"})),
        part(json!({"aud": "urn:cb/stat", "container": FULL}))
    )
}

/// A good token for job_7 whose claims were then changed to `FULL`.
fn tampered() -> String {
    let token = token_for("job_7");
    let parts: Vec<&str> = token.split('.').collect();
    let claims = URL_SAFE_NO_PAD.encode(
        json!({"aud": "urn:cb/stat", "container": FULL, "exp": 4_000_000_000_u64}).to_string(),
    );
    format!("{}.{claims}.{}", parts[0], parts[2])
}

#[tokio::test]
async fn good_tokens_open_both_families() {
    let site = site(&recording()).await;
    for token in [token_for(FULL), token_for(SHORT), admin()] {
        for scheme in ["token", "Bearer", "TOKEN", "bearer"] {
            for path in [
                seed_path(),
                api_path(),
                seed_path().replace(FULL, SHORT),
                api_path().replace(FULL, SHORT),
            ] {
                let request = site
                    .request(Method::GET, &path)
                    .header(AUTHORIZATION, format!("{scheme} {token}"));
                assert_eq!(ask(request).await.status, 200, "{scheme} {path}");
            }
        }
    }
}

#[tokio::test]
async fn bad_tokens_open_nothing() {
    let site = site(&recording()).await;
    let other_secret = mint(
        "another-secret-of-twenty",
        Subject::Admin,
        Duration::from_secs(60),
    );
    let expired = mint(SECRET, Subject::Admin, Duration::ZERO);
    for token in [
        "",
        "rubbish",
        "a.b.c",
        "ü",
        &unsigned(),
        &tampered(),
        &other_secret,
        &expired,
        &"x".repeat(10_000),
    ] {
        let seed = site.get_as(&seed_path(), token).await;
        assert_eq!(
            (seed.status, seed.body.as_str()),
            (401, "not authorized"),
            "{token}"
        );
        assert!(seed.header("content-type").starts_with("text/plain"));
        refused(&site.get_as(&api_path(), token).await, 401);
        refused(&site.get_as("/api/v1/me", token).await, 401);
        refused(&site.get_as("/api/v1/stream", token).await, 401);
    }
    assert_eq!(site.bare(&seed_path()).await.body, "not authorized");
    refused(&site.bare(&api_path()).await, 401);
}

#[tokio::test]
async fn another_containers_token_is_refused() {
    let site = site(&recording()).await;
    let seed = site.get_as(&seed_path(), &token_for("job_7")).await;
    assert_eq!((seed.status, seed.body.as_str()), (401, "not authorized"));
    for path in [
        api_path(),
        api_path() + "/usage",
        format!("/api/v1/me?container={FULL}"),
        format!("/api/v1/stream?container={FULL}"),
    ] {
        refused(&site.get_as(&path, &token_for("job_7")).await, 403);
    }
    // Not even whether another container exists is told.
    refused(
        &site
            .get_as("/api/v1/containers/job_404", &token_for("job_7"))
            .await,
        403,
    );
}

#[tokio::test]
async fn a_run_named_like_the_beginning_of_an_id_opens_only_itself() {
    let mut batches = recording();
    let life = crate::recording::life(SHORT, crate::recording::T0);
    batches[0].containers.push(crate::recording::container(
        &life,
        bc_schema::ContainerKind::Run,
        None,
    ));
    let site = site(&batches).await;
    assert_eq!(
        site.get_as(&api_path().replace(FULL, SHORT), &token_for(SHORT))
            .await
            .json()["id"],
        SHORT
    );
    refused(&site.get_as(&api_path(), &token_for(SHORT)).await, 403);
    assert_eq!(
        site.get_as(&seed_path(), &token_for(SHORT)).await.status,
        401
    );
    assert_eq!(site.get_as(&api_path(), &token_for(FULL)).await.status, 200);
}

#[tokio::test]
async fn a_session_is_a_cookie_for_its_container() {
    let site = site(&recording()).await;
    let (name, value) = open(&site, &token_for(SHORT)).await;
    let with_cookie = |path: String| {
        ask(site
            .request(Method::GET, &path)
            .header(COOKIE, format!("other=1; {name}={value}")))
    };
    assert_eq!(with_cookie(api_path()).await.status, 200);
    assert_eq!(with_cookie(seed_path()).await.status, 200);
    refused(&with_cookie("/api/v1/containers/job_7".into()).await, 403);
    let me = with_cookie(format!("/api/v1/me?container={FULL}"))
        .await
        .json();
    assert_eq!(
        (&me["admin"], &me["container"]),
        (&json!(false), &json!(SHORT))
    );

    let close =
        ask(site.request(Method::DELETE, &format!("/api/v1/session?container={FULL}"))).await;
    assert_eq!(close.status, 204);
    assert_eq!(
        close.header("set-cookie"),
        format!("{name}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
    );
}

/// Opens a session; the cookie's name and value.
async fn open(site: &Site, token: &str) -> (String, String) {
    let answer = post(site, &json!({ "token": token }).to_string()).await;
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    let cookie = answer.header("set-cookie");
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="] {
        assert!(cookie.contains(&format!("; {attribute}")), "{cookie}");
    }
    let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
    (name.to_owned(), value.to_owned())
}

async fn post(site: &Site, body: &str) -> Answer {
    let request = site
        .request(Method::POST, "/api/v1/session")
        .header("content-type", "application/json");
    ask(request.body(body.to_owned())).await
}

#[tokio::test]
async fn two_sessions_live_side_by_side() {
    let site = site(&recording()).await;
    let (one, two) = (
        open(&site, &token_for(FULL)).await,
        open(&site, &token_for("job_7")).await,
    );
    assert_ne!(one.0, two.0);
    let cookies = format!("{}={}; {}={}", one.0, one.1, two.0, two.1);
    for path in [api_path(), "/api/v1/containers/job_7".into()] {
        assert_eq!(
            ask(site.request(Method::GET, &path).header(COOKIE, &cookies))
                .await
                .status,
            200,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_session_wants_a_good_token() {
    let site = site(&recording()).await;
    refused(
        &post(&site, &json!({"token": "x.y.z"}).to_string()).await,
        401,
    );
    refused(
        &post(
            &site,
            &json!({"token": token_for(FULL), "container": "job_7"}).to_string(),
        )
        .await,
        403,
    );
    for body in [
        "",
        "{}",
        "[]",
        "{\"token\":7}",
        "{\"token\":",
        "nonsense",
        "{\"token\":\"\",\"container\":7}",
    ] {
        refused(&post(&site, body).await, 400);
    }
    refused(
        &post(&site, &json!({"token": "x".repeat(70_000)}).to_string()).await,
        413,
    );
    let text = site
        .request(Method::POST, "/api/v1/session")
        .body(json!({"token": admin()}).to_string());
    refused(&ask(text).await, 400);
}

#[tokio::test]
async fn sessions_are_opened_and_closed_by_our_own_page_only() {
    let site = site(&recording()).await;
    let body = json!({"token": admin()}).to_string();
    let from = |origin: String, method: Method| {
        let request = site
            .request(method, "/api/v1/session")
            .header("origin", origin);
        ask(request
            .header("content-type", "application/json")
            .body(body.clone()))
    };
    assert_eq!(from(site.url.clone(), Method::POST).await.status, 204);
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1"] {
        refused(&from(origin.into(), Method::POST).await, 403);
        refused(&from(origin.into(), Method::DELETE).await, 403);
    }
}

#[tokio::test]
async fn without_authentication_everybody_is_admin() {
    let site = site_with(
        Config {
            auth: false,
            ..config()
        },
        &recording(),
    )
    .await;
    let me = site.bare("/api/v1/me").await.json();
    assert_eq!((&me["auth"], &me["admin"]), (&json!(false), &json!(true)));
    assert_eq!(site.bare(&seed_path()).await.status, 200);
    // A page that was opened by a link with a token still exchanges it.
    let answer = post(&site, "{\"token\":\"anything\"}").await;
    assert_eq!((answer.status, answer.header("set-cookie")), (204, ""));
}

#[tokio::test]
async fn unsafe_settings_are_not_served() {
    let site = site_with(
        Config {
            secret: bc_web::Secret::new("short"),
            ..config()
        },
        &[],
    )
    .await;
    let Err(bc_web::Error::Config(refusal)) = (&mut { site }.served).await.unwrap() else {
        panic!("it served")
    };
    assert!(refusal.to_string().contains("AUTH_SECRET"), "{refusal}");
}

fn refused(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!(
        (&problem["type"], &problem["status"]),
        (&json!("about:blank"), &json!(status))
    );
    assert!(
        !problem["title"].as_str().unwrap().is_empty()
            && !problem["detail"].as_str().unwrap().is_empty()
    );
    assert!(answer.header("set-cookie").is_empty());
}
