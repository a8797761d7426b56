//! The input of a response that the gateway keeps, as a list of items.

use axum::{http::Uri, response::Response};
use clawft_types::json::{self, Node, Writer};

use crate::{api_error::ApiError, reply};

/// The number of items of a page, unless `limit` says another one.
const USUAL: usize = 20;

/// The maximum number of items of a page.
const MOST: usize = 100;

/// A part of the list that a client asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page {
    limit: usize,
    /// The last item that the client knows.
    after: Option<usize>,
    /// Whether the oldest item is the first one.
    ascending: bool,
}

impl Page {
    /// Reads `limit`, `after` and `order`.
    ///
    /// # Errors
    /// 400 with the parameter that is wrong.
    pub(super) fn read(uri: &Uri) -> Result<Page, ApiError> {
        let mut page = Page {
            limit: USUAL,
            after: None,
            ascending: false,
        };
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            let wrong =
                |name, expected| Err(ApiError::invalid(format!("{name}: expected {expected}")).at(name));
            match (name.as_ref(), value.as_ref()) {
                ("limit", text) => match text.parse() {
                    Ok(limit) if (1..=MOST).contains(&limit) => page.limit = limit,
                    _ => return wrong("limit", "a number from 1 to 100"),
                },
                ("after", id) => match index(id) {
                    Some(index) => page.after = Some(index),
                    None => return wrong("after", "the `id` of an item of this list"),
                },
                ("order", "asc") => page.ascending = true,
                ("order", "desc") => page.ascending = false,
                ("order", _) => return wrong("order", "`asc` or `desc`"),
                _ => {}
            }
        }
        Ok(page)
    }

    /// Returns the page of the `input` in a kept request.
    ///
    /// # Errors
    /// If the request cannot be read.
    pub(super) fn respond(&self, request: &[u8]) -> Result<Response, json::JsonError> {
        let tree = json::parse(request)?;
        let items: Vec<_> = match Node::root(&tree).get("input") {
            Some(input) => input.items()?.enumerate().collect(),
            None => Vec::new(),
        };
        let (shown, has_more) = self.choose(items);
        let first_and_last = [shown.first(), shown.last()].map(|item| item.map(|(at, _)| id(*at)));
        let mut response = Writer::default();
        response.object(|list| {
            list.text_member("object", "list");
            list.member("data", |data| {
                data.array(shown, |writer, (at, item)| write(writer, at, item))
            });
            for (name, id) in ["first_id", "last_id"].into_iter().zip(&first_and_last) {
                reply::optional_member(list, name, id.as_deref());
            }
            list.literal_member("has_more", if has_more { "true" } else { "false" });
        });
        Ok(reply::json(axum::http::StatusCode::OK, response.into_bytes()))
    }

    /// Returns the items of the page, and whether there are more.
    fn choose<T>(&self, mut items: Vec<(usize, T)>) -> (Vec<(usize, T)>, bool) {
        if !self.ascending {
            items.reverse();
        }
        if let Some(after) = self.after {
            let known = items.iter().position(|(at, _)| *at == after);
            items.drain(..known.map_or(items.len(), |known| known + 1));
        }
        let has_more = items.len() > self.limit;
        items.truncate(self.limit);
        (items, has_more)
    }
}

fn id(at: usize) -> String {
    format!("item_{at}")
}

fn index(id: &str) -> Option<usize> {
    id.strip_prefix("item_")?.parse().ok()
}

/// Writes an item with an identifier. A content that is one text becomes a list, as clients expect it.
fn write(writer: &mut Writer, at: usize, item: Node<'_>) {
    let is_output = item.text_of("role") == Some("assistant");
    writer.object(|object| {
        object.text_member("id", &id(at));
        for (name, value) in item.each_member().filter(|(name, _)| *name != "id") {
            match value.as_text().filter(|_| name == "content") {
                Some(text) => object.member(name, |content| {
                    content.array([text], |writer, text| {
                        writer.object(|part| {
                            part.text_member("type", if is_output { "output_text" } else { "input_text" });
                            part.text_member("text", text);
                        });
                    });
                }),
                None => object.member(name, |writer| writer.value(value)),
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(query: &str) -> Result<Page, String> {
        let uri = format!("/v1/responses/resp_1/input_items?{query}");
        Page::read(&uri.parse().unwrap()).map_err(|error| error.message)
    }

    #[test]
    fn pages_follow_each_other_in_both_orders() {
        let shown = |query: &str| {
            let (items, has_more) = page(query).unwrap().choose((0..5).map(|at| (at, ())).collect());
            (items.into_iter().map(|(at, ())| at).collect::<Vec<_>>(), has_more)
        };
        assert_eq!(shown(""), (vec![4, 3, 2, 1, 0], false));
        assert_eq!(shown("limit=2&order=asc"), (vec![0, 1], true));
        assert_eq!(shown("limit=2&order=asc&after=item_1"), (vec![2, 3], true));
        assert_eq!(shown("limit=2&after=item_1"), (vec![0], false));
        assert_eq!(shown("after=item_9"), (vec![], false));
    }

    #[test]
    fn wrong_parameters_are_named() {
        for (query, name) in [
            ("limit=0", "limit"),
            ("limit=101", "limit"),
            ("limit=x", "limit"),
            ("after=msg_1", "after"),
            ("order=up", "order"),
        ] {
            assert!(page(query).unwrap_err().starts_with(name), "{query}");
        }
    }
}
