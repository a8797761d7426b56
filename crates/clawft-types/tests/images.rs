//! Images in messages: both protocols, and session files.

use clawft_types::{
    CompletionRequest, Input, Message, MessagesRequest, Role, Secret, Session, SessionId, image::Image,
    session,
};
use serde_json::{Value, json};

fn image() -> Image {
    Image {
        media_type: "image/png".to_owned(),
        data: "iVBORw0KGgo=".to_owned(),
    }
}

fn message(text: &str) -> Message {
    Input::with_images(text, vec![image()]).unwrap().into_message()
}

fn completion(message: &Message) -> Value {
    let request = CompletionRequest {
        model: "m",
        messages: vec![message],
        tools: &[],
        max_tokens: None,
        max_tokens_field: "max_tokens",
        temperature: None,
        stream: false,
        stream_usage: false,
        extra: &Secret::empty(),
    };
    serde_json::from_slice(&request.to_json().unwrap()).unwrap()
}

fn messages(message: Message) -> Value {
    let request = MessagesRequest {
        model: "m",
        max_tokens: 1,
        max_tokens_field: "max_tokens",
        system: None,
        messages: [&[message], &[]],
        tools: &[],
        temperature: None,
        stream: false,
        extra: &Secret::empty(),
    };
    serde_json::from_slice(&request.to_json().unwrap()).unwrap()
}

#[test]
fn chat_completions_carry_images_before_the_text() {
    let url = json!({ "type": "image_url", "image_url": { "url": "data:image/png;base64,iVBORw0KGgo=" } });
    let text = json!({ "type": "text", "text": "what is it?" });
    let sent = completion(&message("what is it?"));
    assert_eq!(sent["messages"][0]["content"], json!([url, text]));
    assert_eq!(completion(&message(""))["messages"][0]["content"], json!([url]));
}

#[test]
fn anthropic_carries_images_before_the_text() {
    let source = json!({ "type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo=" });
    let block = json!({ "type": "image", "source": source });
    let text = json!({ "type": "text", "text": "what is it?" });
    assert_eq!(
        messages(message("what is it?"))["messages"][0]["content"],
        json!([block, text])
    );
    assert_eq!(messages(message(""))["messages"][0]["content"], json!([block]));
}

#[test]
fn sessions_keep_images_in_version_of_own() {
    let mut kept = Session::new(SessionId::default());
    kept.messages.push(Message::new(Role::User, "a"));
    assert_eq!(session::version(kept.messages.iter()), 1);
    kept.messages.push(message("b"));
    assert_eq!(session::version(kept.messages.iter()), 3);
    let bytes = kept.to_json();
    let file: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(file["version"], 3);
    assert_eq!(
        file["messages"][1]["images"],
        json!([{ "media_type": "image/png", "data": "iVBORw0KGgo=" }])
    );
    assert_eq!(Session::parse(&bytes).unwrap(), kept);
}

#[test]
fn a_message_without_text_needs_an_image() {
    assert!(Input::with_images(" ", Vec::new()).is_err());
    assert_eq!(message(" ").content, "");
    // A large image does not push the conversation out of the request.
    let large = Message {
        images: vec![Image {
            data: "A".repeat(1 << 20),
            ..image()
        }],
        ..Message::new(Role::User, "a")
    };
    assert!(large.size() < 10_000);
}
