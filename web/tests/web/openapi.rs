//! The API's description against what the server does: every route is in it, and every answer is as it says.

use std::collections::BTreeSet;

use jsonschema::Validator;
use reqwest::Method;
use serde_json::{Value, json};

use crate::recording::{FULL, process, recording};
use crate::site::{Site, ask, config, site, site_with, token_for};

const PROSE: &str = include_str!("../../../docs/api.md");

async fn document(site: &Site) -> Value {
    let answer = site.bare("/api/v1/openapi.json").await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "application/json")
    );
    answer.json()
}

/// `GET /containers/{id}` of every operation.
fn operations(document: &Value) -> BTreeSet<String> {
    let paths = document["paths"].as_object().unwrap();
    let of = |(path, methods): (&String, &Value)| -> Vec<String> {
        let methods = methods.as_object().unwrap().keys();
        methods
            .map(|method| format!("{} {path}", method.to_uppercase()))
            .collect()
    };
    paths.iter().flat_map(of).collect()
}

/// A schema of the document that stands by itself. What an object has and its schema does not name is an error.
fn schema(document: &Value, mut schema: Value) -> Validator {
    let mut components = document["components"].clone();
    let mut parts = BTreeSet::new();
    parts_of(&components, &mut parts);
    for (name, one) in components["schemas"].as_object_mut().unwrap() {
        if !parts.contains(&format!("#/components/schemas/{name}")) {
            close(one);
        }
    }
    schema["components"] = components;
    jsonschema::draft202012::new(&schema).unwrap()
}

/// What other schemas are made up of: those may not be closed by themselves.
fn parts_of(value: &Value, parts: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            let all_of = object.get("allOf").and_then(Value::as_array);
            let refs = all_of
                .into_iter()
                .flatten()
                .filter_map(|part| part["$ref"].as_str());
            parts.extend(refs.map(str::to_owned));
            object.values().for_each(|value| parts_of(value, parts));
        }
        Value::Array(list) => list.iter().for_each(|value| parts_of(value, parts)),
        _ => {}
    }
}

fn close(schema: &mut Value) {
    if schema.get("properties").is_some() || schema.get("allOf").is_some() {
        schema["unevaluatedProperties"] = json!(false);
    }
}

/// The schema of an operation's answer.
fn answer_schema(document: &Value, path: &str, status: &str, content: &str) -> Validator {
    let content = &document["paths"][path]["get"]["responses"][status]["content"][content];
    assert!(content["schema"].is_object(), "{path} {status}: {content}");
    schema(document, content["schema"].clone())
}

fn assert_valid(validator: &Validator, answer: &Value, what: &str) {
    let errors: Vec<String> = validator
        .iter_errors(answer)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{what}: {errors:#?}\n{answer:#}");
}

#[tokio::test]
async fn what_is_described_is_there_and_in_the_prose() {
    let site = site(&recording()).await;
    let document = document(&site).await;
    let operations = operations(&document);
    assert!(operations.len() >= 10, "{operations:?}");
    for operation in &operations {
        let (method, path) = operation.split_once(' ').unwrap();
        assert!(
            PROSE.contains(&format!("`{method} /api/v1{path}")),
            "docs/api.md says nothing of {operation}"
        );
        let id = process(2).to_string();
        let path = path.replace("{id}", FULL).replace("{process}", &id);
        let method: Method = method.parse().unwrap();
        let request = site.request(method, &format!("/api/v1{path}"));
        // Without a token: a route that is not there says 404 to anybody.
        let answer = ask(request).await;
        assert!(![404, 405].contains(&answer.status), "{operation}");
    }
    let told = PROSE.lines().filter_map(|line| {
        let (method, rest) = line.split_once("`")?.1.split_once(" /api/v1")?;
        let path = rest.split(['?', '`', ' ']).next()?;
        ["GET", "POST", "DELETE"]
            .contains(&method)
            .then(|| format!("{method} {path}"))
    });
    let unknown: Vec<String> = told.filter(|told| !operations.contains(told)).collect();
    assert_eq!(
        unknown, [""; 0],
        "docs/api.md tells of routes that are not there"
    );
}

#[test]
fn no_route_goes_round_the_description() {
    let routes = include_str!("../../src/api.rs");
    assert!(routes.contains(".routes(routes!(") && !routes.contains(".route("));
}

#[tokio::test]
async fn answers_are_as_described() {
    let site = site(&recording()).await;
    let document = document(&site).await;
    let one = "/containers/{id}";
    for (path, asked) in [
        ("/me", "/me".to_owned()),
        ("/containers", "/containers".into()),
        (one, format!("/containers/{FULL}")),
        (
            "/containers/{id}/lives",
            format!("/containers/{FULL}/lives"),
        ),
        (
            "/containers/{id}/processes",
            format!("/containers/{FULL}/processes"),
        ),
        (
            "/containers/{id}/processes/{process}",
            format!("/containers/{FULL}/processes/{}", process(3)),
        ),
        (
            "/containers/{id}/usage",
            format!("/containers/{FULL}/usage?top=1"),
        ),
        (
            "/containers/{id}/usage",
            format!("/containers/{FULL}/usage?metric=memory"),
        ),
        (
            "/containers/{id}/usage",
            format!("/containers/{FULL}/usage?metric=block_io&resolution=d"),
        ),
        (
            "/containers/{id}/processes/{process}/cpus",
            format!("/containers/{FULL}/processes/{}/cpus", process(2)),
        ),
        (
            "/containers/{id}/losses",
            format!("/containers/{FULL}/losses"),
        ),
    ] {
        let schema = answer_schema(&document, path, "200", "application/json");
        assert_valid(
            &schema,
            &site.json(&format!("/api/v1{asked}")).await,
            &asked,
        );
        assert!(
            !schema.is_valid(&json!({"surprise": 1})),
            "{path} allows anything"
        );
    }
    let problem = "application/problem+json";
    for (path, asked, token, status) in [
        ("/containers", "/containers?limit=0".to_owned(), None, "400"),
        (
            "/containers",
            "/containers".into(),
            Some("rubbish".to_owned()),
            "401",
        ),
        (
            one,
            format!("/containers/{FULL}"),
            Some(token_for("job_7")),
            "403",
        ),
        (one, "/containers/job_404".into(), None, "404"),
    ] {
        let token = token.unwrap_or_else(crate::site::admin);
        let answer = site.get_as(&format!("/api/v1{asked}"), &token).await;
        assert_eq!(answer.status.to_string(), status, "{asked}");
        assert_eq!(answer.header("content-type"), problem);
        assert_valid(
            &answer_schema(&document, path, status, problem),
            &answer.json(),
            &asked,
        );
    }
}

/// Every example of the document, with the schema it is an example of.
fn examples(value: &Value, found: &mut Vec<(Value, Value)>) {
    match value {
        Value::Object(object) => {
            if let (Some(schema), Some(example)) = (object.get("schema"), object.get("example")) {
                found.push((schema.clone(), example.clone()));
            }
            if object.contains_key("type") {
                let many = object.get("examples").and_then(Value::as_array);
                let all = many.into_iter().flatten().chain(object.get("example"));
                found.extend(all.map(|example| (value.clone(), example.clone())));
            }
            object.values().for_each(|value| examples(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| examples(value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn examples_are_valid() {
    let document = document(&site(&[]).await).await;
    let mut found = Vec::new();
    examples(&document, &mut found);
    assert!(found.len() >= 3, "{found:?}");
    for (of, example) in found {
        assert_valid(&schema(&document, of.clone()), &example, &of.to_string());
    }
}

#[tokio::test]
async fn the_description_knows_its_prefix_and_who_may_ask() {
    let prefixed = bc_web::Config {
        prefix: "/stats/".into(),
        ..config()
    };
    let site = site_with(prefixed, &[]).await;
    let document = document(&site).await;
    assert_eq!(document["servers"], json!([{"url": "/stats/api/v1"}]));
    assert_eq!(
        document["security"],
        json!([{"token": []}, {"session": []}])
    );
    let body = json!({"token": crate::site::admin()}).to_string();
    let open = site
        .request(Method::POST, "/stats/api/v1/session")
        .header("content-type", "application/json")
        .body(body);
    let set = ask(open).await.header("set-cookie").to_owned();
    let cookie = document["components"]["securitySchemes"]["session"]["name"]
        .as_str()
        .unwrap();
    assert!(set.starts_with(&format!("{cookie}=")), "{set}");
}
