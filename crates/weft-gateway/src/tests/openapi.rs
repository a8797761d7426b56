//! The OpenAPI description agrees with the readers and writers, the routes and the documentation.

use axum::{
    body::Body,
    http::{Method, Request as HttpRequest},
};
use clawft_api::{Answer, Context, Dialect, EmbeddingsRequest, ErrorBody, ErrorKind, Models, Request};
use serde_json::{Map, Value, json};

use crate::{openapi::DESCRIPTION, routes::tests::local};

fn description() -> Value {
    serde_json::from_str(DESCRIPTION).unwrap()
}

fn schema(name: &str) -> Value {
    description()["components"]["schemas"][name].clone()
}

/// A reader of a body, which says what is wrong.
type Reader = fn(&Value) -> Result<(), String>;

fn read(dialect: Dialect, body: &Value) -> Result<(), String> {
    let read = Request::read(dialect, body.to_string().as_bytes());
    read.map(drop).map_err(|error| error.to_string())
}

/// Returns the requests of the description, with their readers and a smallest body.
fn requests() -> [(&'static str, Reader, Value); 4] {
    [
        (
            "ChatRequest",
            |body| read(Dialect::Chat, body),
            json!({"model": "m", "messages": []}),
        ),
        (
            "ResponsesRequest",
            |body| read(Dialect::Responses, body),
            json!({"model": "m"}),
        ),
        (
            "MessagesRequest",
            |body| read(Dialect::Messages, body),
            json!({"model": "m", "messages": []}),
        ),
        (
            "EmbeddingsRequest",
            |body| {
                let read = EmbeddingsRequest::read(body.to_string().as_bytes());
                read.map(drop).map_err(|error| error.to_string())
            },
            json!({"model": "m", "input": "x"}),
        ),
    ]
}

/// Clients may leave out the model, because the gateway adds the configuration's.
#[test]
fn required_members_are_those_that_readers_miss() {
    for (name, read, smallest) in requests() {
        read(&smallest).unwrap();
        let schema = schema(name);
        let mut required: Vec<_> = schema["required"].as_array().into_iter().flatten().collect();
        let model = json!("model");
        required.push(&model);
        let members: Vec<&String> = smallest.as_object().unwrap().keys().collect();
        assert_eq!(members.len(), required.len(), "{name}");
        for member in required {
            let mut body = smallest.clone();
            body.as_object_mut().unwrap().remove(member.as_str().unwrap());
            assert_eq!(
                read(&body).unwrap_err(),
                format!("{}: missing", member.as_str().unwrap())
            );
        }
    }
}

#[test]
fn readers_take_values_of_the_described_types() {
    for (name, read, smallest) in requests() {
        for (key, property) in schema(name)["properties"].as_object().unwrap() {
            let Some(value) = example(property) else {
                continue;
            };
            let mut body = smallest.clone();
            body[key] = value;
            read(&body).unwrap_or_else(|error| panic!("{name} {key}: {error}"));
        }
    }
}

/// Returns a value of a schema with one simple type.
fn example(schema: &Value) -> Option<Value> {
    if let Some(first) = schema.pointer("/oneOf/0") {
        return example(first).or_else(|| first.pointer("/enum/0").cloned());
    }
    match (schema["type"].as_str()?, schema.get("required")) {
        ("string", _) => Some(json!("x")),
        ("number", _) => Some(json!(0.5)),
        ("integer", _) => Some(json!(3)),
        ("boolean", _) => Some(json!(true)),
        ("array", _) => Some(json!([])),
        ("object", None) => Some(json!({})),
        _ => None,
    }
}

/// Asserts that a value has the types and members of a schema.
fn assert_fits(value: &Value, schema: &Value) {
    let schema = match schema["$ref"].as_str() {
        Some(path) => description().pointer(&path[1..]).unwrap().clone(),
        None => schema.clone(),
    };
    if let Some(constant) = schema.get("const") {
        assert_eq!(value, constant);
    }
    let empty = Map::new();
    let members = value.as_object().unwrap_or(&empty);
    for required in schema["required"].as_array().into_iter().flatten() {
        assert!(
            members.contains_key(required.as_str().unwrap()),
            "{required} is missing in {value}"
        );
    }
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(member) = members.get(key).filter(|member| !member.is_null()) {
            assert_fits(member, property);
        }
    }
    for item in value.as_array().into_iter().flatten() {
        assert_fits(item, &schema["items"]);
    }
    let fits = match schema["type"].as_str() {
        Some("string") => value.is_string(),
        Some("integer") => value.is_u64(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => true,
    };
    assert!(fits, "{value} is not {schema}");
}

#[test]
fn answers_and_errors_have_the_described_members() {
    let body = json!({
        "id": "a", "model": "m", "created": 1, "usage": {"prompt_tokens": 1, "completion_tokens": 2},
        "choices": [{"message": {"content": "Hi", "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}},
        ]}, "finish_reason": "tool_calls"}],
    });
    let answer = Answer::read(Dialect::Chat, body.to_string().as_bytes()).unwrap();
    let error = ErrorBody::new(ErrorKind::RateLimit, "Slow down");
    for (dialect, name, error_name) in [
        (Dialect::Chat, "ChatCompletion", "OpenAiError"),
        (Dialect::Responses, "Response", "OpenAiError"),
        (Dialect::Messages, "MessagesAnswer", "AnthropicError"),
    ] {
        let body = answer.write(dialect, &Context::new(17)).unwrap().body;
        assert_fits(&serde_json::from_slice(&body).unwrap(), &schema(name));
        let body = error.write(dialect);
        assert_fits(&serde_json::from_slice(&body).unwrap(), &schema(error_name));
        let models = Models::read(br#"{"data":[{"id":"m"}]}"#).unwrap();
        assert_fits(
            &serde_json::from_slice(&models.write(dialect)).unwrap(),
            &schema("Models"),
        );
    }
}

#[test]
fn each_reference_has_a_schema() {
    let text = DESCRIPTION.split("#/components/schemas/").skip(1);
    let names: Vec<&str> = text.map(|rest| rest.split('"').next().unwrap()).collect();
    let schemas = description()["components"]["schemas"]
        .as_object()
        .unwrap()
        .clone();
    assert!(names.iter().all(|name| schemas.contains_key(*name)), "{names:?}");
    for name in schemas.keys() {
        assert!(names.contains(&name.as_str()), "nothing refers to {name}");
    }
}

#[test]
fn shortened_description_is_the_file() {
    let file: Value = serde_json::from_str(include_str!("../openapi.json")).unwrap();
    assert_eq!(description(), file);
    assert!(!DESCRIPTION.contains('\n'));
}

/// Returns each method and path of the description.
fn operations() -> Vec<(String, String)> {
    let paths = description()["paths"].as_object().unwrap().clone();
    let of_path = |(path, methods): (&String, &Value)| {
        let methods = methods.as_object().unwrap().clone();
        let named = methods.keys().map(|method| (method.to_uppercase(), path.clone()));
        named.collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

#[tokio::test]
async fn each_described_operation_has_a_route() {
    let gateway = local();
    for (method, path) in operations() {
        let path = path.replace("{id}", "none").replace("{name}", "none");
        let request = HttpRequest::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(&path)
            .header("host", "localhost")
            .header("content-type", "application/json");
        let response = gateway.send(request.body(Body::from("{}")).unwrap()).await;
        let body = String::from_utf8_lossy(&response.body).into_owned();
        assert!(
            response.status != 405 && !body.contains("there is no path"),
            "{method} {path}: {} {body}",
            response.status
        );
    }
}

/// The table of paths, except for those of the page.
#[test]
fn documentation_lists_the_described_operations() {
    let document = include_str!("../../../../docs/gateway.md");
    let rows = document.lines().filter(|line| line.starts_with("| `"));
    let mut documented: Vec<_> = rows.flat_map(row_operations).collect();
    documented.retain(|(_, path)| path != "/" && !path.starts_with("/page/"));
    documented.sort();
    documented.dedup();
    let mut described = operations();
    described.sort();
    assert_eq!(documented, described);
}

/// Returns the methods and paths in the first cell of a row; a path without a method has the one before it.
fn row_operations(row: &str) -> Vec<(String, String)> {
    let cell = row.split('|').nth(1).unwrap();
    let mut found = Vec::new();
    let mut method = None;
    for code in cell.split('`').skip(1).step_by(2) {
        let path = match code.split_once(' ') {
            Some((named, path)) => {
                method = Some(named.to_owned());
                path
            }
            None => code,
        };
        let path = path.split('?').next().unwrap_or_default();
        let path = path.replace("/ID", "/{id}").replace("/NAME", "/{name}");
        if let Some(method) = method.clone().filter(|_| path.starts_with('/')) {
            found.push((method, path));
        }
    }
    found
}
