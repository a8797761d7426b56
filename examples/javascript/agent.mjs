// The turn, which is the same in Node.js and in a browser.

/** The host's tool, as the model sees it. */
const TOOL = {
  name: "lookup_order",
  description: "Returns the state of an order.",
  parameters: JSON.stringify({ type: "object", properties: { id: { type: "string" } }, required: ["id"] }),
};

/** Performs a call of the tool. Returns the result, and whether it is an error. */
function lookupOrder({ id }) {
  return id === "A-17" ? ["shipped", false] : [`there is no order \`${id}\``, true];
}

/**
 * Asks `message` in the session `orders`, and gives the text to `print` as it arrives. `turns` is the interface of the
 * component; in a browser its functions return promises. Returns the end of the turn.
 */
export async function ask(turns, message, { configuration, print, warn }) {
  const options = { message, session: "orders", configuration, streamed: true, tools: [TOOL] };
  const turn = await turns.begin(options);
  for (;;) {
    const { tag, val } = await turn.next();
    switch (tag) {
      case "text":
        print(val);
        break;
      case "call":
        await turn.answer(val.id, ...lookupOrder(JSON.parse(val.arguments)));
        break;
      case "notice":
      case "warning":
        warn(`${tag}: ${val}`);
        break;
      case "end":
        return val;
    }
  }
}

/** Returns the text of an error of the component: its kind, and the message for the user. */
export function explain(error) {
  const { tag, val } = error.payload ?? {};
  return tag ? `${tag}: ${val.message ?? val}` : String(error?.stack ?? error);
}
