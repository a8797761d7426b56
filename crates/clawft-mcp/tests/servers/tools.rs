//! Lists of tools: names, schemas, pages, headers out of arguments.

use clawft_mcp::{
    Catalog, HttpServer, Outcome, Step,
    limits::{MAX_DESCRIPTION, MAX_NAME, MAX_PAGES, MAX_SCHEMA, MAX_TOOLS, MAX_WARNINGS},
};
use serde_json::{Value, json};

use crate::common::{
    NOW, Response, body, call, header, http, http_with, list, listed, result, text, tool_call, tools,
};

/// Returns the client of a server with this list.
fn with(page: &Value) -> HttpServer {
    let mut server = http();
    list(&mut server, |request| {
        Response::new(200, result(&body(request)["id"], page))
    })
    .unwrap();
    server
}

fn names(catalog: &Catalog) -> Vec<&str> {
    catalog
        .tools()
        .iter()
        .map(|tool| tool.definition.name.as_ref())
        .collect()
}

/// Returns the schema for the model of a tool with this one, or the warning about it.
fn schema(schema: &Value) -> Result<Value, String> {
    let server = with(&json!({"tools": [{"name": "t", "inputSchema": schema}]}));
    let catalog = server.catalog();
    match catalog.tools() {
        [tool] => Ok(serde_json::from_str(&tool.definition.parameters).unwrap()),
        _ => Err(catalog.warnings().join("; ")),
    }
}

#[test]
fn definitions_are_passed_on() {
    let server = with(&json!({"tools": [
        {"name": "search", "title": "Search", "description": "Finds \"things\".\n", "inputSchema": {
            "$schema": "http://json-schema.org/draft-07/schema#", "type": "object",
            "properties": {"q": {"type": "string", "description": "é\n"}}, "required": ["q"], "additionalProperties": false}},
        {"name": "now", "title": "Time", "inputSchema": {"type": "object"}, "outputSchema": {"type": "object"}},
    ]}));
    let tools = server.catalog().tools();
    assert_eq!(
        (
            tools[0].definition.name.as_ref(),
            tools[0].name.as_str(),
            tools[0].permission.as_str()
        ),
        ("mcp__s__search", "search", "mcp.s.search")
    );
    assert_eq!(tools[0].definition.description, "Finds \"things\".\n");
    assert_eq!(
        tools[0].definition.parameters,
        r#"{"type":"object","properties":{"q":{"description":"é\n","type":"string"}},"additionalProperties":false,"required":["q"]}"#
    );
    assert_eq!(tools[1].definition.description, "Time");
    assert_eq!(
        tools[1].definition.parameters,
        r#"{"type":"object","properties":{}}"#
    );
    assert_eq!(server.catalog().warnings(), [""; 0]);
    assert_eq!(server.catalog().find("mcp__s__now").unwrap().name, "now");
    assert!(server.catalog().find("now").is_none());
}

#[test]
fn schemas_are_objects_of_limited_size() {
    let empty = json!({"type": "object", "properties": {}});
    assert_eq!(
        schema(&json!({"type": "object", "properties": null})),
        Ok(empty.clone())
    );
    assert_eq!(schema(&json!({})), Ok(empty));
    let reason = |cause: &str| Err(format!("the tool `t` is left out: {cause}"));
    assert_eq!(schema(&json!(null)), reason("it has no schema"));
    assert_eq!(schema(&json!([])), reason("it has no schema"));
    assert_eq!(
        schema(&json!({"type": "string"})),
        reason("its arguments are no object")
    );
    let padded = |size: usize| {
        let rest = json!({"type": "object", "description": ""}).to_string().len();
        json!({"type": "object", "description": "x".repeat(size - rest)})
    };
    assert!(schema(&padded(MAX_SCHEMA)).is_ok());
    assert_eq!(schema(&padded(MAX_SCHEMA + 1)), reason("its schema is too large"));
}

#[test]
fn long_descriptions_are_cut() {
    let described = |description: &str| {
        let server = with(&json!({"tools": [{"name": "t", "description": description, "inputSchema": {}}]}));
        server.catalog().tools()[0].definition.description.to_string()
    };
    let longest = "x".repeat(MAX_DESCRIPTION);
    assert_eq!(described(&longest), longest);
    assert_eq!(described(&format!("{longest}y")), format!("{longest}…"));
    assert_eq!(
        described(&format!("{}éé", "x".repeat(MAX_DESCRIPTION - 1))),
        format!("{}…", "x".repeat(MAX_DESCRIPTION - 1))
    );
}

#[test]
fn names_fit_every_provider_and_never_collide() {
    let long = "n".repeat(60);
    let server = with(&tools(&[
        "a.b",
        "a/b",
        "a_b",
        &long,
        &format!("{long}x"),
        "a_b_2",
        "A-1",
    ]));
    let catalog = server.catalog();
    let cut = format!("mcp__s__{}", "n".repeat(56));
    let cut_again = format!("mcp__s__{}_2", "n".repeat(54));
    assert_eq!(
        names(catalog),
        [
            "mcp__s__a_b_3",
            "mcp__s__a_b_4",
            "mcp__s__a_b",
            &cut,
            &cut_again,
            "mcp__s__a_b_2",
            "mcp__s__A-1"
        ]
    );
    assert_eq!(catalog.find("mcp__s__a_b_4").unwrap().name, "a/b");
    assert_eq!(catalog.tools()[1].permission, "mcp.s.a/b");
    // The server is called by its own name.
    let mut server = server;
    let found = call(&mut server, "mcp__s__a_b_4", "{}", |request| {
        assert_eq!(
            (&body(request)["params"]["name"], header(request, "mcp-name")),
            (&json!("a/b"), Some("a/b"))
        );
        Response::new(200, result(&body(request)["id"], &text("x")))
    });
    assert!(!found.is_error);
}

#[test]
fn invalid_names_are_left_out() {
    let longest = "n".repeat(MAX_NAME);
    let server = with(&tools(&[
        "",
        "a b",
        "ä",
        "a\n",
        "same",
        "same",
        &longest,
        &format!("{longest}n"),
    ]));
    assert_eq!(
        server
            .catalog()
            .tools()
            .iter()
            .map(|tool| tool.name.as_str())
            .collect::<Vec<_>>(),
        ["same", &longest]
    );
    let warnings = server.catalog().warnings();
    assert_eq!(warnings.len(), 6);
    assert_eq!(warnings[0], "the tool `` is left out: its name is not valid");
    assert_eq!(
        warnings[4],
        "the tool `same` is left out: another one has the same name"
    );
    let server = with(&json!({"tools": vec![json!({}); 100]}));
    assert_eq!(
        (server.catalog().tools().len(), server.catalog().warnings().len()),
        (0, MAX_WARNINGS)
    );
}

#[test]
fn only_configured_tools_are_offered() {
    let mut server = http_with(&json!({"url": "http://h", "tools": ["b", "z"]}));
    list(&mut server, |request| {
        Response::new(200, result(&body(request)["id"], &tools(&["a", "b", "c"])))
    })
    .unwrap();
    assert_eq!(names(server.catalog()), ["mcp__s__b"]);
    assert_eq!(
        server.catalog().warnings(),
        ["there is no tool `z`, which `tools` names"]
    );
}

#[test]
fn tools_for_tasks_are_not_offered() {
    let tool = |name: &str, support: Value| json!({"name": name, "inputSchema": {}, "execution": {"taskSupport": support}});
    let server = with(
        &json!({"tools": [tool("a", json!("required")), tool("b", json!("optional")), tool("c", json!(null))]}),
    );
    assert_eq!(names(server.catalog()), ["mcp__s__b", "mcp__s__c"]);
    assert_eq!(server.catalog().warnings(), [""; 0]);
}

#[test]
fn lists_have_pages_up_to_a_limit() {
    let mut server = http();
    let mut pages = 0;
    list(&mut server, |request| {
        let cursor = body(request)["params"]["cursor"].clone();
        assert_eq!(
            cursor,
            if pages == 0 {
                Value::Null
            } else {
                json!(format!("after \"{pages}\""))
            }
        );
        pages += 1;
        let mut page = tools(&[&format!("t{pages}")]);
        page["nextCursor"] = json!(format!("after \"{pages}\""));
        Response::new(200, result(&body(request)["id"], &page))
    })
    .unwrap();
    assert_eq!(
        (pages, server.catalog().tools().len()),
        (MAX_PAGES, MAX_PAGES as usize)
    );
    assert_eq!(
        server.catalog().warnings(),
        ["there are too many pages of tools: the others are left out"]
    );
}

#[test]
fn page_that_names_itself_is_the_last() {
    let mut server = http();
    let mut pages = 0;
    list(&mut server, |request| {
        pages += 1;
        let mut page = tools(&[&format!("t{pages}")]);
        page["nextCursor"] = json!("same");
        Response::new(200, result(&body(request)["id"], &page))
    })
    .unwrap();
    assert_eq!((pages, server.catalog().tools().len()), (2, 2));
    assert_eq!(
        server.catalog().warnings(),
        ["a page of tools names itself as the next one: the others are left out"]
    );
}

#[test]
fn number_of_tools_is_limited() {
    let all: Vec<_> = (0..=MAX_TOOLS).map(|number| format!("t{number}")).collect();
    let all: Vec<_> = all.iter().map(String::as_str).collect();
    let mut page = tools(&all);
    page["nextCursor"] = json!("more");
    let server = with(&page);
    assert_eq!(server.catalog().tools().len(), MAX_TOOLS);
    assert_eq!(
        server.catalog().warnings(),
        ["there are too many tools: the others are left out"]
    );
    let server = with(&tools(&all[1..]));
    assert_eq!(
        (server.catalog().tools().len(), server.catalog().warnings().len()),
        (MAX_TOOLS, 0)
    );
}

#[test]
fn a_list_has_to_be_one() {
    for (page, cause) in [
        (json!({}), "tools: missing"),
        (json!({"tools": {}}), "tools: expected an array, found an object"),
        (json!([]), "expected an object, found an array"),
    ] {
        let listed = list(&mut http(), |request| {
            Response::new(200, result(&body(request)["id"], &page))
        });
        let error = listed.unwrap_err();
        assert!(error.cause.ends_with(cause), "{error}");
    }
    // A list that cannot be read any more offers nothing.
    let mut server = listed(&["a"]);
    assert!(list(&mut server, |_| Response::new(500, "")).is_err());
    assert_eq!(server.catalog().tools().len(), 0);
}

#[test]
fn unknown_tools_and_malformed_arguments_are_not_sent() {
    let mut server = listed(&["a"]);
    for (name, arguments, content) in [
        ("a", "{}", "there is no tool `a`"),
        ("mcp__s__b", "{}", "there is no tool `mcp__s__b`"),
        (
            "mcp__s__a",
            "{",
            "the arguments are not valid: 1:1: not JSON, the text ends early",
        ),
        (
            "mcp__s__a",
            "[]",
            "the arguments are not valid: expected an object, found an array",
        ),
    ] {
        let step = server.call(&tool_call(name, arguments), NOW);
        let Step::Done(Outcome::Called(failed)) = step else {
            panic!("{step:?}")
        };
        assert_eq!(
            (failed.id.as_str(), failed.content.as_str(), failed.is_error),
            ("call-1", content, true)
        );
    }
    for arguments in ["", " \n", "{ }"] {
        call(&mut server, "mcp__s__a", arguments, |request| {
            assert_eq!(body(request)["params"]["arguments"], json!({}));
            Response::new(200, result(&body(request)["id"], &text("x")))
        });
    }
}

/// Returns the headers of a call with these arguments, of a tool with these properties.
fn headers(properties: &Value, arguments: &Value) -> Vec<(String, String)> {
    let page = json!({"tools": [{"name": "t", "inputSchema": {"type": "object", "properties": properties}}]});
    let mut server = with(&page);
    assert_eq!(server.catalog().warnings(), [""; 0]);
    let mut sent = Vec::new();
    call(&mut server, "mcp__s__t", &arguments.to_string(), |request| {
        let copied = request
            .headers
            .iter()
            .filter(|header| header.name.starts_with("mcp-param-"));
        sent = copied
            .map(|header| (header.name.to_string(), header.value.expose().to_owned()))
            .collect();
        Response::new(200, result(&body(request)["id"], &text("x")))
    });
    sent
}

#[test]
fn marked_arguments_are_sent_as_headers() {
    let properties = json!({
        "region": {"type": "string", "x-mcp-header": "Region"},
        "size": {"type": "integer", "x-mcp-header": "Size"},
        "where": {"type": "object", "properties": {"dry": {"type": "boolean", "x-mcp-header": "Dry-Run"}}},
        "query": {"type": "string"},
    });
    let owned = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        headers(
            &properties,
            &json!({"region": "us-west1", "size": -7, "where": {"dry": true}, "query": "x"})
        ),
        [
            owned("mcp-param-region", "us-west1"),
            owned("mcp-param-size", "-7"),
            owned("mcp-param-dry-run", "true")
        ]
    );
    assert_eq!(
        headers(&properties, &json!({"region": null, "size": [1], "where": 3})),
        []
    );
    // The examples of the specification, and the other lengths of base64.
    for (value, sent) in [
        ("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="),
        (" padded ", "=?base64?IHBhZGRlZCA=?="),
        ("line1\nline2", "=?base64?bGluZTEKbGluZTI=?="),
        ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
        ("", ""),
        ("a b", "a b"),
        ("\t", "=?base64?CQ==?="),
    ] {
        assert_eq!(
            headers(&properties, &json!({"region": value})),
            [owned("mcp-param-region", sent)]
        );
    }
    assert_eq!(headers(&properties, &json!({"region": "x".repeat(4097)})), []);
}

#[test]
fn tools_with_invalid_marks_are_left_out() {
    let string = |name: &Value| json!({"type": "string", "x-mcp-header": name});
    let mut deep = string(&json!("Deep"));
    for _ in 0..8 {
        deep = json!({"type": "object", "properties": {"a": deep}});
    }
    let many: serde_json::Map<_, _> = (0..17)
        .map(|number| (format!("p{number}"), string(&json!(format!("H{number}")))))
        .collect();
    for properties in [
        json!({"a": string(&json!(""))}),
        json!({"a": string(&json!("a b"))}),
        json!({"a": string(&json!("a\r\n"))}),
        json!({"a": string(&json!(1))}),
        json!({"a": string(&json!(null))}),
        json!({"a": {"type": "number", "x-mcp-header": "A"}}),
        json!({"a": {"type": "object", "x-mcp-header": "A"}}),
        json!({"a": {"x-mcp-header": "A"}}),
        json!({"a": string(&json!("A")), "b": string(&json!("a"))}),
        json!({"a": {"type": "array", "items": string(&json!("A"))}}),
        json!({"a": {"anyOf": [string(&json!("A"))]}}),
        json!({"a": deep}),
        Value::Object(many),
    ] {
        let page = json!({"tools": [{"name": "t", "inputSchema": {"type": "object", "properties": properties}},
            {"name": "u", "inputSchema": {"type": "object"}}]});
        let server = with(&page);
        assert_eq!(names(server.catalog()), ["mcp__s__u"], "{page}");
        assert_eq!(
            server.catalog().warnings(),
            ["the tool `t` is left out: an `x-mcp-header` in its schema is not valid"]
        );
    }
}
