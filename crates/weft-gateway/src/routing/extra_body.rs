//! `extra_body` of a provider: members of every request for an answer of its models.

use clawft_types::{
    Secret,
    json::{Node, Writer},
};

/// The members of a provider's `extra_body`.
#[derive(Debug, Default)]
pub(crate) struct ExtraBody(Vec<Member>);

/// A member that replaces that of a request.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    /// The name and the value as JSON: `"name":value`. The value may hold a key.
    pub(crate) json: Secret,
    /// Whether the value is `false`.
    is_false: bool,
}

impl ExtraBody {
    /// Reads the `extra_body` of the provider `name` below the `root` of the configuration, which is valid.
    pub(crate) fn read(root: Node<'_>, name: &str) -> ExtraBody {
        let providers = root.get("providers").and_then(|part| part.get("providers"));
        let extra = providers
            .and_then(|providers| providers.get(name))
            .and_then(|provider| provider.get("extra_body"));
        let mut members: Vec<Member> = Vec::new();
        for (name, value) in extra.into_iter().flat_map(Node::each_member) {
            members.retain(|member| member.name != name);
            members.push(Member::new(name, value));
        }
        ExtraBody(members)
    }

    /// Returns the members in their order.
    pub(crate) fn members(&self) -> &[Member] {
        &self.0
    }

    /// Returns whether a member of a request is replaced or left out. Without a stream there are no options of
    /// streams, which servers reject then.
    pub(crate) fn replaces(&self, name: &str) -> bool {
        let whole = |member: &Member| member.name == "stream" && member.is_false;
        self.0.iter().any(|member| member.name == name)
            || name == "stream_options" && self.0.iter().any(whole)
    }
}

impl Member {
    fn new(name: &str, value: Node<'_>) -> Member {
        let mut writer = Writer::default();
        writer.object(|object| object.member(name, |writer| writer.value(value)));
        let object = String::from_utf8(writer.into_bytes()).unwrap_or_default();
        let member = object.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        Member {
            name: name.to_owned(),
            json: Secret::new(member.unwrap_or_default().to_owned()),
            is_false: value.flag() == Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use clawft_types::json;

    use super::*;

    fn read(extra: &str) -> ExtraBody {
        let config = format!(r#"{{"providers":{{"providers":{{"a":{{"extra_body":{extra}}}}}}}}}"#);
        let tree = json::parse(config.as_bytes()).unwrap();
        ExtraBody::read(Node::root(&tree), "a")
    }

    fn members(extra: &str) -> String {
        let extra = read(extra);
        let members = extra.members().iter().map(|member| member.json.expose());
        members.collect::<Vec<_>>().join(",")
    }

    #[test]
    fn last_of_equal_members_counts() {
        assert_eq!(
            members(r#"{"a":1,"b":null,"a":{"c":[2]}}"#),
            r#""b":null,"a":{"c":[2]}"#
        );
        assert_eq!(members("{}"), "");
    }

    #[test]
    fn options_of_streams_go_with_the_stream() {
        assert!(read(r#"{"stream":false}"#).replaces("stream_options"));
        assert!(!read(r#"{"stream":true}"#).replaces("stream_options"));
        assert!(read(r#"{"a":null}"#).replaces("a"));
    }

    #[test]
    fn value_is_not_shown() {
        let shown = format!("{:?}", read(r#"{"k":"secret"}"#));
        assert!(!shown.contains("secret"), "{shown}");
    }
}
