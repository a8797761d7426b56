//! The functions of `wit/world.wit`, for hosts that embed the component instead of running it as a command.

wit_bindgen::generate!({ world: "agent" });

struct Agent;

export!(Agent);

impl Guest for Agent {
    fn process_message(message: String) -> Result<String, String> {
        clawft_wasm::process_message(&message).map_err(|error| error.to_string())
    }

    fn capabilities() -> String {
        clawft_wasm::capabilities()
    }
}
