// OpenAI's client for Node.js.

import { ARGUMENTS, BASE, CLAUDE, ECHO, KEY, MESSAGES, PARAMETERS, TOOLS, load, same, use } from "./uses.mjs";

const { default: OpenAI } = await load("openai");
const client = new OpenAI({ baseURL: BASE, apiKey: KEY, maxRetries: 0 });
const create = (options) => client.chat.completions.create({ model: ECHO, messages: MESSAGES, ...options });
const SCHEMA = {
  type: "object",
  properties: { city: { type: "string" }, temp: { type: "integer" } },
  required: ["city", "temp"],
  additionalProperties: false,
};

await use("create", async () => {
  same("the answer", (await create({})).choices[0].message.content, "echo: hi");
});

await use("stream", async () => {
  let text = "";
  for await (const chunk of await create({ stream: true })) text += chunk.choices[0].delta.content ?? "";
  same("the answer", text, "echo: hi");
});

await use("stream with `include_usage`", async () => {
  let usage;
  const stream = await create({ stream: true, stream_options: { include_usage: true } });
  for await (const chunk of stream) usage = chunk.usage ?? usage;
  same("the usage", usage.total_tokens, 18);
});

await use("tools", async () => {
  const [call] = (await create({ tools: TOOLS })).choices[0].message.tool_calls;
  same("the arguments", JSON.parse(call.function.arguments), ARGUMENTS);
});

await use("`runTools`", async () => {
  const called = [];
  const run = ({ city }) => (called.push(city), "sunny");
  const tool = { name: "get_weather", parameters: PARAMETERS, parse: JSON.parse, function: run };
  const tools = [{ type: "function", function: tool }];
  const runner = client.chat.completions.runTools({ model: ECHO, messages: MESSAGES, tools });
  same("the answer", await runner.finalContent(), "the tool says: sunny");
  same("the calls", called, ["Paris"]);
});

await use("`json_schema`", async () => {
  const json_schema = { name: "weather", strict: true, schema: SCHEMA };
  const answer = await create({ response_format: { type: "json_schema", json_schema } });
  same("the value", JSON.parse(answer.choices[0].message.content), { city: "Paris", temp: 42 });
});

await use("`responses.create`", async () => {
  same("the answer", (await client.responses.create({ model: ECHO, input: "hi" })).output_text, "echo: hi");
});

await use("`responses.stream`", async () => {
  const stream = client.responses.stream({ model: ECHO, input: "hi" });
  same("the answer", (await stream.finalResponse()).output_text, "echo: hi");
});

await use("`embeddings.create`, which asks for base64", async () => {
  const { data } = await client.embeddings.create({ model: ECHO, input: "hi" });
  same("the vector", [...data[0].embedding], [0.5, -0.25, 0.125, 1]);
});

await use("`models.list`", async () => {
  const names = [];
  for await (const model of client.models.list()) names.push(model.id);
  same("the agent's place", names.includes("clawft"), true);
});

await use("Claude: `runTools` streamed", async () => {
  const tool = { name: "get_weather", parameters: PARAMETERS, parse: JSON.parse, function: () => "sunny" };
  const tools = [{ type: "function", function: tool }];
  const runner = client.chat.completions.runTools({ model: CLAUDE, messages: MESSAGES, tools, stream: true });
  same("the answer", await runner.finalContent(), "the tool says: sunny");
});
