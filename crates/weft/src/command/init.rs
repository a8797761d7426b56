//! `weft init`: writes a configuration after some questions.

mod question;

use std::fs;

use clawft_types::{
    Config,
    config::{PRESETS, Preset},
    json::Writer,
};
use weft_agent::{
    Agent, ConfigFile, Error, Home,
    home::environment::{ANTHROPIC_TOKEN, api_base, default_model, first_provider, key_variable, variable},
    models::Offer,
};

use super::{
    args::Init,
    exit::Exit,
    models,
    nearest::nearest,
    terminal::{self, print},
};
use question::Questions;

/// The answers: one provider and one model.
#[derive(Debug, Default, PartialEq, Eq)]
struct Answers {
    provider: String,
    api_base: Option<String>,
    key_env: Option<String>,
    model: String,
}

impl Init {
    pub(crate) fn run(self, home: &Home) -> Result<Exit, Error> {
        let questions = Questions::new(self.yes);
        let path = home.config.display();
        let exists = fs::symlink_metadata(&home.config).is_ok();
        if exists && !self.force && !questions.agree(&format!("`{path}` exists. Replace it?"))? {
            let advice = "`weft config show` prints it, and `weft init --force` replaces it";
            return Err(Error::other(format!(
                "`{path}` exists and is left as it is: {advice}"
            )));
        }
        let answers = self.answers(home, &questions)?;
        let content = answers.to_json();
        // Only what the other commands can read is written.
        Config::parse(&path.to_string(), content.as_bytes())?;
        home.write_config(content.as_bytes())?;
        print(&format!("{path}\n"))?;
        terminal::hint(&answers.next_step());
        Ok(Exit::Success)
    }

    fn answers(&self, home: &Home, questions: &Questions) -> Result<Answers, Error> {
        let names: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
        let first = first_provider(&variable).map_or("openai", |preset| preset.name);
        let hint = format!(
            "Known providers: {}.\nAnother server gets a name of your own.",
            names.join(", ")
        );
        let provider = questions.answer(self.provider.as_deref(), "Provider", Some(&hint), Some(first))?;
        let preset = Preset::named(&provider);
        let mut answers = Answers {
            api_base: self.api_base.clone(),
            provider,
            ..Answers::default()
        };
        if let Some(preset) = preset.filter(|_| answers.api_base.is_none()) {
            answers.api_base = api_base(preset, &variable);
        }
        if answers.api_base.is_none() && preset.is_none_or(|preset| preset.api_base.is_empty()) {
            if preset.is_none() && !questions.are_answered() {
                return Err(unknown_provider(&answers.provider, &names));
            }
            let hint = "The address ends with the version, as http://127.0.0.1:8000/v1 does.";
            let check = |base| checked_address(&answers.provider, base);
            answers.api_base = Some(questions.checked("Address of the API", Some(hint), None, check)?);
        }
        answers.key_env = self.key_variable(preset, questions)?;
        answers.model = self.model(home, preset, &answers, questions)?;
        Ok(answers)
    }

    /// Returns the variable of the key; `None` if no key is needed.
    fn key_variable(&self, preset: Option<&Preset>, questions: &Questions) -> Result<Option<String>, Error> {
        let usual = match preset {
            Some(preset) => key_variable(preset, &variable),
            None => Some(""),
        };
        let Some(usual) = usual.filter(|_| self.key_env.is_none()) else {
            return checked_variable(self.key_env.clone().unwrap_or_default());
        };
        let hint =
            "The configuration names the environment variable that holds the key, not the key; - for none.";
        let usual = Some(usual).filter(|name| !name.is_empty()).unwrap_or("-");
        questions.checked("Variable", Some(hint), Some(usual), checked_variable)
    }

    /// Returns the model: for a server of unknown models by default the first one that it has.
    fn model(
        &self,
        home: &Home,
        preset: Option<&'static Preset>,
        answers: &Answers,
        questions: &Questions,
    ) -> Result<String, Error> {
        let mut default = preset.and_then(default_model).map(str::to_owned);
        if self.model.is_none() && default.is_none() {
            default = match first_model(home, answers) {
                Ok(first) => first,
                Err(error) if questions.are_answered() => {
                    terminal::warn(&[error]);
                    None
                }
                Err(error) => {
                    return Err(Error::other(format!(
                        "the models of the provider cannot be listed: {error}; give one with `--model`"
                    )));
                }
            };
        }
        questions.answer(self.model.as_deref(), "Model", None, default.as_deref())
    }
}

/// Returns the error for the name of a provider that is neither known nor a server of the user's.
fn unknown_provider(name: &str, known: &[&str]) -> Error {
    let nearest = nearest(name, known.iter().copied());
    let nearest = nearest.map_or_else(String::new, |nearest| format!(", the nearest one is `{nearest}`"));
    Error::other(format!(
        "there is no provider `{name}`{nearest}: a server of your own needs `--api-base` too; known are {}",
        known.join(", ")
    ))
}

/// Refuses a key in the place of a variable's name, without quoting it.
fn checked_variable(name: String) -> Result<Option<String>, Error> {
    let is_name = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.starts_with(|first: char| first.is_ascii_digit());
    match name.as_str() {
        "" | "-" => Ok(None),
        _ if is_name && name.len() <= 64 => Ok(Some(name)),
        _ => Err(Error::other(
            "this is not the name of a variable: export the key as a variable, such as `OPENAI_API_KEY`, and give its name",
        )),
    }
}

/// Returns an address that the configuration of a provider may have.
fn checked_address(provider: &str, base: String) -> Result<String, Error> {
    let answers = Answers {
        provider: provider.to_owned(),
        api_base: Some(base.clone()),
        key_env: None,
        model: "unknown".to_owned(),
    };
    match Config::parse("config.json", answers.to_json().as_bytes()) {
        Ok(_) => Ok(base),
        Err(error) => Err(Error::other(error.cause.to_string())),
    }
}

/// Asks the server for the first of its models; `None` if it lists none.
fn first_model(home: &Home, answers: &Answers) -> Result<Option<String>, Error> {
    let named = Answers {
        model: "unknown".to_owned(),
        provider: answers.provider.clone(),
        api_base: answers.api_base.clone(),
        key_env: answers.key_env.clone(),
    };
    let file = ConfigFile::of_text(home, named.to_json());
    let providers = file.part(|root| Ok(Config::providers(root)))?;
    let asked = models::ask(&Agent::new(home)?, &file, providers)?;
    let offer = asked.into_iter().next().map(|asked| asked.offer).transpose()?;
    Ok(match offer {
        Some(Offer::Models(models)) => models.into_iter().next(),
        Some(Offer::Unlisted) | None => None,
    })
}

impl Answers {
    /// Returns the configuration, indented for people to edit.
    fn to_json(&self) -> String {
        let text = |text: &str| {
            let mut writer = Writer::default();
            writer.text(text);
            String::from_utf8_lossy(&writer.into_bytes()).into_owned()
        };
        let mut fields = Vec::new();
        match Preset::named(&self.provider) {
            // The name is enough, but for a provider at another address.
            Some(_) if self.api_base.is_none() => {}
            Some(preset) => fields.push(("kind", text(preset.name))),
            None => fields.push(("kind", text("openai"))),
        }
        fields.extend(self.api_base.as_deref().map(|base| ("api_base", text(base))));
        match &self.key_env {
            Some(name) => {
                fields.push(("api_key_env", text(name)));
                if name == ANTHROPIC_TOKEN {
                    fields.push(("auth", text("bearer")));
                }
            }
            None => fields.push(("auth", text("none"))),
        }
        let fields: Vec<String> = fields
            .into_iter()
            .map(|(name, value)| format!("\n        \"{name}\": {value}"))
            .collect();
        let provider = text(&self.provider);
        let model = text(&self.model);
        let fields = fields.join(",");
        // The files are those of `--workspace`, and changes are asked about.
        format!(
            "{{\n  \"agents\": {{\n    \"provider\": {provider},\n    \"model\": {model}\n  }},\n  \
             \"providers\": {{\n    \"providers\": {{\n      {provider}: {{{fields}\n      }}\n    }}\n  }},\n  \
             \"tools\": {{\n    \"files\": {{\"write\": true}}\n  }}\n}}\n"
        )
    }

    fn next_step(&self) -> String {
        let missing = self
            .key_env
            .as_deref()
            .filter(|name| variable(name).is_none_or(|key| key.trim().is_empty()));
        let export = missing.map(|name| format!("set the key first: export {name}=…\n"));
        export.unwrap_or_default() + "try it: weft chat \"Hello!\""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_makes_a_valid_configuration() {
        for preset in &PRESETS {
            let answers = Answers {
                provider: preset.name.to_owned(),
                api_base: preset
                    .api_base
                    .is_empty()
                    .then(|| "https://a.example/v1".to_owned()),
                key_env: key_variable(preset, &|_| None).map(str::to_owned),
                model: "a \"model\"".to_owned(),
            };
            let config = Config::parse("written", answers.to_json().as_bytes()).unwrap();
            assert_eq!(config.provider.preset, preset);
            assert_eq!(
                (config.provider.name.as_str(), config.agents.model.as_str()),
                (preset.name, "a \"model\"")
            );
        }
    }

    #[test]
    fn a_name_of_ones_own_needs_an_address() {
        let answers = Answers {
            provider: "local".to_owned(),
            api_base: Some("http://127.0.0.1:1/v1".to_owned()),
            key_env: None,
            model: "m".to_owned(),
        };
        let config = Config::parse("written", answers.to_json().as_bytes()).unwrap();
        assert_eq!(config.provider.api_base, "http://127.0.0.1:1/v1");
        assert_eq!(config.provider.auth, clawft_types::Auth::None);
    }

    #[test]
    fn misspelt_provider_is_told_apart_from_a_server() {
        let error = unknown_provider("opnai", &["anthropic", "openai"]).to_string();
        assert!(
            error.starts_with("there is no provider `opnai`, the nearest one is `openai`: "),
            "{error}"
        );
        let error = unknown_provider("local", &["anthropic", "openai"]).to_string();
        assert!(error.starts_with("there is no provider `local`: "), "{error}");
    }

    #[test]
    fn refuses_a_key_without_quoting_it() {
        for key in ["sk-proj-abcdef", "AIza/x", "1234", "a b"] {
            let error = checked_variable(key.to_owned()).unwrap_err().to_string();
            assert!(!error.contains(key), "{error}");
        }
        assert_eq!(
            checked_variable("MY_KEY".to_owned()).unwrap().as_deref(),
            Some("MY_KEY")
        );
        assert_eq!(checked_variable("-".to_owned()).unwrap(), None);
    }
}
