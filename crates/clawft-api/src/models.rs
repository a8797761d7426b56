//! Lists of models.

use alloc::{string::String, vec::Vec};

use clawft_types::{
    json::{self, Node, Writer},
    memory,
};

use crate::{
    dialect::Dialect,
    error::Error,
    path::Path,
    raw::Field,
    read::{list, members, rest, text},
    template::{Slot, fill},
};

/// A model that a provider offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Name that a request uses.
    pub id: String,
    /// Time in seconds since 1970; 0 if it is unknown.
    pub created: u64,
    /// Name of the owner. Only OpenAI has it.
    pub owned_by: String,
    /// Name for people. Only Anthropic has it.
    pub display_name: Option<String>,
    /// All other members.
    pub extra: Vec<Field>,
}

/// The answer to `GET /v1/models`.
///
/// ```
/// use clawft_api::{Dialect, Models};
///
/// let body = br#"{"data":[{"type":"model","id":"m","display_name":"M","created_at":"2025-02-19T00:00:00Z"}]}"#;
/// let models = Models::read(body)?;
/// assert_eq!(
///     String::from_utf8_lossy(&models.write(Dialect::Chat)),
///     r#"{"object":"list","data":[{"id":"m","object":"model","created":1739923200,"owned_by":""}]}"#,
/// );
/// # Ok::<(), clawft_api::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Models(pub Vec<Model>);

impl Models {
    /// Parses a list of OpenAI or of Anthropic.
    pub fn read(body: &[u8]) -> Result<Models, Error> {
        let document = json::parse_owned(memory::copy(body)?)?;
        let data = Node::root(&document).require("data")?;
        Ok(Models(list(data, &Path::ROOT.key("data"), read)?))
    }

    /// Returns the list in `dialect`. Members that the other company's models have are left out.
    pub fn write(&self, dialect: Dialect) -> Vec<u8> {
        let mut writer = Writer::default();
        let start = match dialect {
            Dialect::Messages => r#"{"data":"#,
            _ => r#"{"object":"list","data":"#,
        };
        fill(&mut writer, start, &[]);
        writer.array(&self.0, |writer, model| model.write(dialect, writer));
        if dialect == Dialect::Messages {
            let [first, last] =
                [self.0.first(), self.0.last()].map(|model| model.map(|model| model.id.as_str()));
            let slots = [Slot::Maybe(first), Slot::Maybe(last)];
            fill(
                &mut writer,
                r#","has_more":false,"first_id":$,"last_id":$"#,
                &slots,
            );
        }
        fill(&mut writer, "}", &[]);
        writer.into_bytes()
    }
}

fn read(node: Node<'_>, path: &Path<'_>) -> Result<Model, Error> {
    let mut model = Model {
        id: text(node.require("id")?)?,
        created: 0,
        owned_by: String::new(),
        display_name: None,
        extra: rest(
            node,
            path,
            &[
                "id",
                "object",
                "type",
                "created",
                "created_at",
                "owned_by",
                "display_name",
            ],
        )?,
    };
    for (key, value) in members(node)? {
        match key {
            "created" => model.created = value.whole().unwrap_or_default(),
            "created_at" => model.created = value.as_text().and_then(seconds).unwrap_or_default(),
            "owned_by" => model.owned_by = text(value)?,
            "display_name" => model.display_name = Some(text(value)?),
            _ => {}
        }
    }
    Ok(model)
}

impl Model {
    /// Writes the model as `dialect` describes it.
    pub fn write(&self, dialect: Dialect, writer: &mut Writer) {
        let id = Slot::Text(&self.id);
        if dialect == Dialect::Messages {
            let name = Slot::Text(self.display_name.as_ref().unwrap_or(&self.id));
            let created = timestamp(self.created);
            let slots = [id, name, Slot::Text(&created)];
            return fill(
                writer,
                r#"{"type":"model","id":$,"display_name":$,"created_at":$}"#,
                &slots,
            );
        }
        let slots = [id, Slot::Number(self.created), Slot::Text(&self.owned_by)];
        fill(
            writer,
            r#"{"id":$,"object":"model","created":$,"owned_by":$}"#,
            &slots,
        );
    }
}

/// The length of 400 years in days, after which the calendar repeats itself.
const ERA: u64 = 146_097;

/// Returns the seconds since 1970 of a time such as `2025-02-19T00:00:00Z`. The time zone is taken to be UTC.
fn seconds(text: &str) -> Option<u64> {
    let number = |start: usize, end: usize| text.get(start..end)?.parse::<u64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    // Years begin in March, so that the leap day is the last one.
    let year = year.checked_sub(u64::from(month < 3))?;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day.checked_sub(1)?;
    let days = 365 * year + year / 4 - year / 100 + year / 400 + day_of_year;
    let days = days.checked_sub(719_468)?;
    let time = [(11, 13, 3600), (14, 16, 60), (17, 19, 1)];
    let time = time.map(|(start, end, unit)| number(start, end).unwrap_or_default() * unit);
    Some(days * 86_400 + time.iter().sum::<u64>())
}

/// Returns a time such as `2025-02-19T00:00:00Z`.
fn timestamp(seconds: u64) -> String {
    let days = seconds / 86_400 + 719_468;
    let second = seconds % 86_400;
    let era = days / ERA;
    let day = days % ERA;
    let year = (day - day / 1460 + day / 36_524 - day / (ERA - 1)) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month < 3);
    let two = |number: u64| alloc::format!("{number:02}");
    let date = [two(year), two(month), two(day)].join("-");
    let time = [second / 3600, second / 60 % 60, second % 60].map(two).join(":");
    [&date, "T", &time, "Z"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn converts_times_both_ways() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T23:59:59Z", 951_868_799),
            ("2025-02-19T00:00:00Z", 1_739_923_200),
            ("2100-03-01T12:30:05Z", 4_107_587_405),
        ] {
            assert_eq!(seconds(text), Some(expected));
            assert_eq!(timestamp(expected), text);
        }
        for text in ["", "x", "1969-12-31T00:00:00Z", "2025-00-00"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
